"""`run`: the sample company's payroll close by one command, and what stops it."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from alumni_sync.cli.exits import report_error
from alumni_sync.cli.init import write_deployment
from alumni_sync.cli.main import run_command_line
from alumni_sync.errors import ConfigError
from tests.assets.small import write_small_sample

CLOSE = "2026-10-29T18:10:00+01:00"
"""Ten minutes after payroll has closed in Poland and Germany."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a command ended with and printed."""

    code: int
    out: Mapping[str, Any]
    err: str


def call(capsys: pytest.CaptureFixture[str], config: Path, *arguments: str) -> Said:
    """Run a command with `--json` on the sample's clock."""
    capsys.readouterr()
    at = ["--config", str(config), "--as-of", CLOSE]
    code = run_command_line([*at, *arguments, "--json"])
    shown = capsys.readouterr()
    return Said(int(code), json.loads(shown.out) if shown.out else {}, shown.err)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return the configuration of a fresh sample company."""
    write_deployment(tmp_path, from_sample=True)
    return tmp_path / "alumni_sync.yaml"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Return the configuration of a company with a few rows, where it is not about how many."""
    return write_small_sample(tmp_path)


def mails(config: Path) -> list[str]:
    """Return the names of the mails that went out."""
    outbox = config.parent / "var" / "outbox"
    return sorted(path.name for path in outbox.rglob("*.eml")) if outbox.exists() else []


def rows(config: Path, table: str) -> int:
    """Return how many rows a table of the ledger has."""
    with sqlite3.connect(config.parent / "var" / "ledger.db") as connection:
        (number,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 our own names
    return int(number)


@pytest.mark.slow
def test_one_command_takes_a_payroll_close_to_invitations(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is the promise of the product: nobody retypes anything, and the counts add up."""
    first = call(capsys, config, "run")

    assert (1, "") == (first.code, first.err)  # the sample has rows that cannot be used
    assert ["acme-de|2026-10-29", "acme-pl|2026-10-29"] == first.out["closes"]
    assert first.out["read"] == sum(first.out["leavers"].values())
    assert first.out["queue"]["open"] == sum(
        first.out["verdicts"][verdict] for verdict in ("excluded", "review")
    )
    assert first.out["invitations"]["sent"] == len(mails(config)) > 0

    again = call(capsys, config, "run")

    assert (0, "", []) == (again.code, again.err, again.out["closes"])
    assert first.out["invitations"]["sent"] == len(mails(config))
    assert first.out["queue"] == again.out["queue"]


@pytest.mark.slow
def test_a_dry_run_says_what_the_run_then_does(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A forecast that is wrong is worse than none: people plan the month by it."""
    dry = call(capsys, config, "run", "--dry-run")

    assert not (config.parent / "var").exists()
    assert set(dry.out["unmapped"]) <= {"acme-pl", "acme-de"}
    real = call(capsys, config, "run")
    for key in ("read", "leavers", "verdicts", "flags", "queue"):
        assert (key, real.out[key]) == (key, dry.out[key])
    for key in ("due", "no_contact"):
        assert real.out["invitations"][key] == dry.out["invitations"][key]
    reach = dry.out["reach"]
    assert ["acme-de", "acme-pl"] == [each["source"] for each in reach]
    assert dry.out["invitations"]["due"] == sum(each["by_mail"] for each in reach)
    unreachable = sum(each["by_letter"] + sum(each["closed"].values()) for each in reach)
    assert dry.out["invitations"]["no_contact"] == unreachable


@pytest.mark.slow
def test_a_dry_run_of_a_live_deployment_leaves_it_as_it_is(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is run on the production ledger, by somebody who is only curious."""
    call(capsys, small, "run")
    before = {
        path: path.read_bytes() for path in (small.parent / "var").rglob("*") if path.is_file()
    }

    dry = call(capsys, small, "run", "--dry-run")

    assert 0 == dry.code
    assert 0 == dry.out["leavers"]["new"] == dry.out["invitations"]["due"]
    after = {path: path.read_bytes() for path in before if path.exists()}
    assert [] == [
        path.name
        for path, content in before.items()
        if not path.name.endswith(("-wal", "-shm")) and after.get(path) != content
    ]


@pytest.mark.slow
def test_a_guard_stops_one_source_and_not_the_other(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An export that came out empty must not read as "nobody works here any more"."""
    export = small.parent / "leavers-pl.csv"
    export.write_text(export.read_text(encoding="utf-8-sig").splitlines()[0] + "\n")

    said = call(capsys, small, "run")

    assert 3 == said.code
    assert ["acme-de|2026-10-29"] == said.out["closes"]
    (guard,) = said.out["guards"]
    assert guard.startswith("GU-")
    assert guard in said.err


@pytest.mark.slow
def test_a_missing_file_is_named_and_the_other_source_goes_on(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2 wins over the rejected rows of the other source."""
    (small.parent / "leavers-pl.csv").unlink()

    said = call(capsys, small, "run")

    assert 2 == said.code
    assert "leavers-pl.csv" in said.err
    assert said.out["read"] > 0


def without_column(config: Path, name: str) -> None:
    """Rename the first column of a source's export, as an export job does over night."""
    export = config.parent / f"leavers-{name}.csv"
    export.write_text("Renamed " + export.read_text(encoding="utf-8-sig"))


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--dry-run"]], ids=["run", "dry-run"])
def test_a_missing_column_names_the_source_too(
    options: list[str], small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two exports may have files and columns of the same names; which one is to be mended?"""
    without_column(small, "pl")

    said = call(capsys, small, "run", *options)

    assert 2 == said.code
    assert said.err.startswith("alumni-sync: source acme-pl: leavers-pl.csv:1: column `")
    assert said.out["read"] > 0


@pytest.mark.slow
def test_a_dry_run_says_whose_leavers_are_not_in_its_figures(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Half a forecast that passes for a whole one is believed in the planning of a month."""
    without_column(small, "pl")
    at = ["--config", str(small), "--as-of", CLOSE]

    said = call(capsys, small, "run", "--dry-run")
    run_command_line([*at, "run", "--dry-run"])

    assert ["acme-pl"] == said.out["unread"]
    assert "Not read        acme-pl:" in capsys.readouterr().out


@pytest.mark.parametrize("options", [[], ["--source", "acme-pl"]])
def test_a_dry_run_that_reads_nothing_foretells_nothing(
    options: list[str], small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table of zeros above the error looks like a quiet month."""
    without_column(small, "pl")
    without_column(small, "de")

    said = call(capsys, small, "run", "--dry-run", *options)

    assert (2, {}) == (said.code, said.out)
    assert "source acme-pl: leavers-pl.csv:1" in said.err


@pytest.mark.slow
def test_what_stops_every_flow_is_said_once(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same sentence four times reads like four mistakes."""
    pack = small.parent / "rules" / "eligibility" / "default.yaml"
    pack.write_text(pack.read_text(encoding="utf-8") + "colour: blue\n", encoding="utf-8")

    said = call(capsys, small, "run")

    assert 2 == said.code
    (line,) = said.err.splitlines()
    assert "colour" in line


def test_the_only_source_need_not_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Words that say nothing new hide those that do."""
    error = ConfigError.of("x.csv:1", "column `No` is missing")

    report_error(error, debug=False)
    report_error(error, debug=False, source="hr")

    assert [
        "alumni-sync: x.csv:1: column `No` is missing",
        "alumni-sync: source hr: x.csv:1: column `No` is missing",
    ] == capsys.readouterr().err.splitlines()


@pytest.mark.slow
def test_a_source_can_be_run_alone_and_for_a_day(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Payroll of one country was late; the other's must not be touched for it."""
    said = call(capsys, small, "run", "--source", "acme-de", "--close", "2026-10-29")

    assert ["acme-de|2026-10-29"] == said.out["closes"]
    assert 1 == rows(small, "close_done")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--source", "acme-uk"), "known: acme-pl, acme-de"),
        (("--close", "last friday"), "does not match"),
        (("--dry-run", "--close", "2026-10-30"), "take --close out"),
    ],
)
def test_wrong_options_are_said(
    arguments: tuple[str, ...],
    what: str,
    small: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Before anything is read."""
    said = call(capsys, small, "run", *arguments)

    assert (2, True) == (said.code, what in said.err)
