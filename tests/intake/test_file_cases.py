"""What becomes of a row: every one ends in exactly one state, and the next run knows it."""

import json
from pathlib import Path
from typing import Any

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.errors import SafetyStop
from alumni_sync.intake.counts import IntakeCounts
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Brake, Quarantine
from connectors.hris.csv import CsvConnector, CsvSettings
from tests.connectors.hris.exports import CASES, MAPPING
from tests.intake.desk import Desk, context

NAMES = sorted(path.parent.name for path in CASES.glob("*/expected.json"))


def file_desk(ledger: Ledger, clock: FixedClock, folder: Path) -> tuple[Desk, dict[str, Any]]:
    """Return a desk over the file of a case, and what is expected of it."""
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    own = folder / "mapping.yaml"
    settings = CsvSettings(
        path=str(folder / "input.csv"),
        mapping=str(own if own.exists() else MAPPING),
        **expected.get("settings", {}),
    )
    return Desk(ledger, clock, CsvConnector(settings, context(ledger))), expected


@pytest.mark.parametrize("name", NAMES)
def test_a_file_gives_the_counts_of_its_case_and_nothing_new_the_second_time(
    sqlite_ledger: Ledger, clock: FixedClock, name: str
) -> None:
    """Counts that do not add up hide a lost leaver; a second run must repeat nothing."""
    one, expected = file_desk(sqlite_ledger, clock, CASES / name)
    if "guards" in expected:
        with pytest.raises(SafetyStop):
            one.pull()
        assert expected["guards"] == [row["name"] for row in one.rows(Brake)]
        return
    if "intake" not in expected:
        return

    first, second = one.pull(), one.pull()

    assert IntakeCounts(**expected["intake"]) == first
    assert (first.read, first.not_leavers, first.rejected) == (
        second.read,
        second.not_leavers,
        second.rejected,
    )
    assert (0, 0, 0) == (second.new, second.changed, second.newly_rejected)
    reasons = [[row["field"], row["reason"]] for row in one.rows(Quarantine)]
    assert expected.get("reasons", reasons) == reasons
