"""`alumni-sync trace` and `alumni-sync report`: what they print, and how they refuse."""

import json
from pathlib import Path

import pytest

from alumni_sync.cli.init import write_deployment
from alumni_sync.cli.main import run_command_line
from alumni_sync.clock import FixedClock
from alumni_sync.deployment import Deployment
from alumni_sync.domain import ConsentState
from tests.raw_rows import RawLedger, Who
from tests.reporting.test_trace import ASKED

AS_OF = ["--as-of", "2026-10-29T21:10:00+00:00"]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return a deployment with eight leavers, six of whom said yes; the first is number 10001."""
    write_deployment(tmp_path, from_sample=True)
    path = tmp_path / "alumni_sync.yaml"
    with Deployment.open(path, clock=FixedClock(ASKED)) as d:
        raw = RawLedger(d.ledger, ASKED)
        for _ in range(6):
            raw.member(raw.invite(raw.leaver(), ConsentState.GIVEN), seq=2)
        for _ in range(2):
            raw.invite(raw.leaver())
    return path


def said(capsys: pytest.CaptureFixture[str], config: Path, *arguments: str) -> tuple[int, str, str]:
    """Run a command; return exit code, output and errors."""
    capsys.readouterr()
    code = run_command_line([*arguments, "--config", str(config), *AS_OF])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_trace_names_the_person_and_tells_the_way(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The walkthrough's first command must work as it is printed there."""
    code, out, _ = said(capsys, config, "trace", "acme-pl/10001")
    lines = out.splitlines()
    assert (0, True) == (code, lines[0].startswith("acme-pl/10001 (P-"))
    assert ["intake", "eligibility", "mail", "consent", "platform", "next"] == [
        line.split()[0] for line in lines[1:]
    ]


def test_trace_as_json(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A ticket system takes the same steps as data."""
    code, out, _ = said(capsys, config, "trace", "10001", "--json")
    found = json.loads(out)
    assert (0, "10001", "acme-pl") == (code, found["employee"], found["source"])
    assert {"stage", "at", "text"} == set(found["steps"][0])


def test_trace_refuses_an_address_without_repeating_it(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The address is in the history already; it need not be in the log as well."""
    code, out, err = said(capsys, config, "trace", "somebody@poczta.example")
    assert (2, "", 1) == (code, out, len(err.splitlines()))
    assert "somebody" not in err


def test_report_on_the_screen(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The quickest look at the programme is one command."""
    code, out, _ = said(capsys, config, "report")
    assert code == 0
    assert "said yes" in out
    assert "acme-pl" in out


def test_report_as_a_page(config: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The page goes to the management; it must be where the command says."""
    out = tmp_path / "reports" / "october.html"
    code, text, _ = said(capsys, config, "report", "--out", str(out))
    assert (0, f"{out}: the report, one page.\n") == (code, text)
    assert "Acme sp. z o.o." in out.read_text(encoding="utf-8")


def test_report_as_json(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever draws their own chart gets the hidden cells as null, not as zero."""
    code, out, _ = said(capsys, config, "report", "--json")
    numbers = json.loads(out)
    assert (0, 8, 6) == (code, numbers["total"]["leavers"], numbers["total"]["yes"])
    assert numbers["boomerangs"] is None


def test_neither_makes_a_ledger(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A report of a ledger that was just made by asking for it says that nobody ever left."""
    write_deployment(tmp_path, from_sample=True)
    config = tmp_path / "alumni_sync.yaml"
    assert 2 == said(capsys, config, "report")[0]
    assert 2 == said(capsys, config, "trace", Who("P-1", "").person)[0]
