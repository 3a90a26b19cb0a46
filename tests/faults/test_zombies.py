"""Somebody who has left stays away, whatever the source says next (T22)."""

import csv
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from tests.conftest import NOW
from tests.faults.company import CONFIG, FIRST_RUN_ENDS, command, mails, tables
from tests.invariants.checker import assert_sound
from tests.invariants.world import _columns

pytestmark = pytest.mark.slow


def _exports(folder: Path) -> list[tuple[Path, str]]:
    """Return the exports of the company, each with its column of job titles."""
    sources = yaml.safe_load((folder / CONFIG).read_text("utf-8"))["sources"].values()
    return [
        (
            folder / each["path"],
            _columns(yaml.safe_load((folder / each["mapping"]).read_text("utf-8")))["job_title"],
        )
        for each in sources
    ]


def _written_anew(path: Path, change: Callable[[list[dict[str, str]]], None]) -> None:
    content = path.read_text("utf-8-sig")
    delimiter = csv.Sniffer().sniff(content.splitlines()[0], ";,\t").delimiter
    rows = list(csv.DictReader(content.splitlines(), delimiter=delimiter))
    change(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def listed_again(folder: Path) -> None:
    """Let the next full export list everybody again, in another order."""
    for path, _ in _exports(folder):
        _written_anew(path, lambda rows: rows.reverse())


def with_another_fact(folder: Path) -> None:
    """Let HR correct everybody's job title."""
    for path, title in _exports(folder):

        def correct(rows: list[dict[str, str]], title: str = title) -> None:
            for row in rows:
                row[title] += " (corrected)"

        _written_anew(path, correct)


def from_the_beginning(folder: Path) -> None:
    """Let somebody backfill: nothing of what was read before is remembered."""
    with closing(sqlite3.connect(folder / "var" / "ledger.db")) as ledger:
        ledger.execute("DELETE FROM watermark")
        ledger.commit()
    listed_again(folder)


def _shown(folder: Path) -> set[str]:
    with closing(sqlite3.connect(folder / "var" / "community.db")) as directory:
        return {name for (name,) in directory.execute("SELECT name FROM member WHERE visible = 1")}


@pytest.mark.parametrize("said", [listed_again, with_another_fact, from_the_beginning])
def test_whoever_left_is_brought_back_by_nothing_that_the_source_says(
    settled: Path, tmp_path: Path, said: Callable[[Path], None]
) -> None:
    """A withdrawal that the next export undoes is none (T22)."""
    folder = tmp_path / "acme"
    shutil.copytree(settled, folder)
    before, members, sent = _shown(folder), _members(folder), mails(folder)
    assert 1 == len(members["removed"]), "one member has left"

    said(folder)
    assert command(folder, "run", "--close", "2026-11-02") in FIRST_RUN_ENDS
    assert command(folder, "sync") == 0

    assert before == _shown(folder)
    assert members == _members(folder)
    assert sent == mails(folder)
    assert_sound(folder / CONFIG, NOW)


def _members(folder: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in tables(folder)["membership"]:
        found.setdefault(row["state"], set()).add(row["person_id"])
    return found
