"""docs/connectors-csv.md: whoever does what its quick start says has a source that works."""

import json
import re
from pathlib import Path

import pytest
import yaml

from alumni_sync.cli.main import run_command_line

PAGE = Path(__file__).parents[2] / "docs" / "connectors-csv.md"
AS_OF = ("--as-of", "2026-11-03T09:00:00+01:00")


def blocks() -> list[str]:
    """Return the files that the quick start shows: source, export, mapping, lines of the pack."""
    page = PAGE.read_text(encoding="utf-8")
    start = page.partition("## Quick start\n")[2].partition("\n## ")[0]
    return re.findall(r"```(?:yaml)?\n(.*?)```\n", start, re.DOTALL)[:4]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a deployment as the first two steps leave it."""
    _, export, mapping, _ = blocks()
    assert 0 == run_command_line(["init", str(tmp_path / "alumni")])
    (tmp_path / "alumni" / "leavers.csv").write_text(export, encoding="utf-8")
    written = tmp_path / "alumni" / "rules" / "mappings" / "hr.yaml"
    written.write_text(mapping, encoding="utf-8")
    return tmp_path / "alumni"


def accept(folder: Path) -> None:
    """Put the two lines of the third step into the pack."""
    pack = folder / "rules" / "jurisdictions" / "eu.yaml"
    text = pack.read_text(encoding="utf-8")
    for line in blocks()[3].splitlines():
        text = re.sub(rf"(?m)^{line.partition(':')[0]}:.*$", line, text)
    pack.write_text(text, encoding="utf-8")


def test_the_source_is_the_one_that_init_writes(folder: Path) -> None:
    """A newcomer who compares the two and finds a difference trusts neither."""
    shown = yaml.safe_load(blocks()[0])["sources"]
    written = yaml.safe_load((folder / "alumni_sync.yaml").read_text(encoding="utf-8"))

    assert written["sources"] == shown


@pytest.mark.slow
def test_the_quick_start_ends_with_an_invitation(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A guide that stops one step short of the first mail leaves its reader there."""
    at = ("--config", str(folder / "alumni_sync.yaml"), *AS_OF)
    assert 0 == run_command_line([*at, "doctor"])
    assert "accepted_by" in capsys.readouterr().out
    assert 0 == run_command_line([*at, "run", "--dry-run"])
    assert re.search(r"Blocked +2 wait", capsys.readouterr().out)

    accept(folder)

    assert 0 == run_command_line([*at, "doctor"])
    assert "accepted_by" not in capsys.readouterr().out
    assert 0 == run_command_line([*at, "run", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert (2, 2) == (said["read"], said["leavers"]["new"])
    assert 2 == said["verdicts"]["eligible"]
    assert (1, 1, 1) == tuple(said["invitations"][key] for key in ("due", "sent", "no_contact"))
    assert 1 == len(list((folder / "var" / "outbox").glob("*.eml")))
