"""Rows that cannot be used: shown to who may see them, sealed, and not news twice."""

from datetime import date, timedelta

from sqlalchemy import update

from alumni_sync.clock import FixedClock
from alumni_sync.intake.quarantine import list_quarantine, show_quarantine
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Quarantine, t
from alumni_sync.ports import SourceRecord
from alumni_sync.testing.fake_hris import leaver
from tests.intake.desk import SOURCE, Desk, counts, desk, say


def bad(line: int, text: str = "galina;;;", reason: str = "cell-count") -> SourceRecord:
    """Return a row that cannot be used."""
    return SourceRecord(f"leavers.csv:{line}", {}, (("row", reason), ("mail", "missing")), text)


def test_a_rejected_row_names_line_field_and_reason_and_is_sealed(
    ledger: Ledger, clock: FixedClock
) -> None:
    """HR has to find and mend it, and nobody else may read it."""
    one = desk(ledger, clock, leaver(1), bad(3))

    assert counts(2, new=1, rejected=1) == one.pull(run_id="R-4")

    (shown,) = list_quarantine(one.deployment)
    assert (SOURCE, "leavers.csv:3", "row", "cell-count", "R-4", clock.now()) == tuple(
        shown[name] for name in ("source", "position", "field", "reason", "run_id", "created_at")
    )
    assert clock.now() + timedelta(days=14) == shown["purge_after"]
    assert "sealed" not in shown
    assert "galina;;;" == show_quarantine(one.deployment, shown["id"])
    (row,) = one.rows(Quarantine)
    assert b"galina" not in row["sealed"]
    assert [] == list_quarantine(one.deployment, "acme-de")


def test_a_row_that_was_rejected_before_is_not_new_wherever_it_stands(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """A run that ends with exit 1 every day is one that nobody reads any more."""
    one = desk(sqlite_ledger, clock, leaver(1), bad(3))
    one.pull()

    assert counts(4, unchanged=1, new=1, rejected=2, newly_rejected=1) == say(
        one, leaver(1), leaver(2), bad(4), bad(5, "another;;;")
    )
    assert counts(2, rejected=2, newly_rejected=0) == say(one, bad(1), bad(2))


def test_the_same_bad_row_twice_is_one_new_rejection(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """Both are counted as read; there is one thing to mend."""
    one = desk(sqlite_ledger, clock, bad(1), bad(2), bad(3, "x"), bad(4), page_rows=3)

    assert counts(4, rejected=4, newly_rejected=2) == one.pull()


def test_a_purged_row_is_still_recognised(sqlite_ledger: Ledger, clock: FixedClock) -> None:
    """After fourteen days the text is gone, and the row still no news."""
    one = desk(sqlite_ledger, clock, bad(1))
    one.pull()
    with sqlite_ledger.write() as connection:
        connection.execute(update(t(Quarantine)).values(sealed=None))

    (shown,) = list_quarantine(one.deployment)
    assert None is show_quarantine(one.deployment, shown["id"])
    assert None is show_quarantine(one.deployment, "Q-none")
    assert counts(1, rejected=1, newly_rejected=0) == one.pull()


def test_contradicting_rows_are_both_kept_for_somebody_to_decide(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """Taking either would be a guess about a person."""
    one = desk(sqlite_ledger, clock, leaver(1), leaver(1, department="IT"), leaver(2))

    assert counts(3, new=1, rejected=2) == one.pull()

    texts = [show_quarantine(one.deployment, row["id"]) for row in list_quarantine(one.deployment)]
    assert {("row", "conflicting-repeat")} == {
        (row["field"], row["reason"]) for row in list_quarantine(one.deployment)
    }
    assert [True, True] == ["Żółwica-1" in str(text) for text in texts]


def test_a_spell_whose_rows_begin_to_contradict_each_other_stays_as_it_was(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """A slip in the export must not undo what was begun."""
    one = desk(sqlite_ledger, clock, leaver(1), leaver(2))
    one.pull()
    before = one.spells()

    say(one, leaver(1), leaver(1, exit_kind="misconduct"), leaver(2))

    assert before == one.spells()


def test_quarantine_has_keys_of_its_own(sqlite_ledger: Ledger, clock: FixedClock) -> None:
    """Whose row it is cannot be known, so no person's key may be used, nor kept alive by it."""
    one: Desk = desk(sqlite_ledger, clock, bad(1))
    one.pull()

    (row,) = one.rows(Quarantine)
    ring = sqlite_ledger.vault.load([row["id"]])

    assert (True, False) == (
        ring.has(row["id"], KeyKind.PROFILE),
        ring.has(row["id"], KeyKind.EVIDENCE),
    )


def test_a_record_that_a_connector_should_have_refused_is_refused(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """A plugin with a gap must neither stop the run nor place somebody nowhere."""
    gaps = ("person_id", "hire_date", "record_status", "last_working_day")
    one = desk(sqlite_ledger, clock, leaver(9), *(leaver(1, **{gap: None}) for gap in gaps))

    assert counts(5, new=1, rejected=4) == one.pull()
    assert {("row", "incomplete")} == {
        (row["field"], row["reason"]) for row in list_quarantine(one.deployment)
    }


def test_a_spell_without_an_id_is_known_by_its_hire_date(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """Most sources have no id for an employment."""
    bare = {name: fact for name, fact in leaver(1).items() if name != "spell_id"}
    one = desk(sqlite_ledger, clock, bare)
    one.pull()

    assert counts(1, unchanged=1) == one.pull()
    later = {**bare, "hire_date": date(2026, 9, 1), "record_status": "active"}
    assert counts(1, not_leavers=1) == say(one, later)
