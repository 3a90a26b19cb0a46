"""Cases open, change, reopen, close and expire as the verdicts do."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from alumni_sync.clock import FixedClock
from alumni_sync.domain import NOT_VISIBLE
from alumni_sync.eligibility.judging.decisions import decisions_by_id
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import CaseEvent, t
from alumni_sync.review.queue.following import QueueCounts, Waiting, count_waiting, sync_queue
from tests.review.queue_of import Desk


def _counts(**changed: int) -> QueueCounts:
    nothing = dict.fromkeys(("open", "overdue", "opened", "reopened", "closed", "expired"), 0)
    return QueueCounts(**{**nothing, **changed})


def test_only_excluded_and_review_are_cases(desk: Desk) -> None:
    """A queue full of people who merely wait is one that nobody works in."""
    cases = [desk.roster.add(exit_kind="misconduct"), desk.roster.add(exit_kind="performance")]
    desk.roster.add()
    desk.roster.add(exit_kind="death")
    desk.roster.add(last_working_day=date(2026, 12, 31))

    counts = desk.round()

    assert _counts(open=2, opened=2) == counts
    assert [("excluded", True), ("review", False)] == [
        (desk.case(who).verdict, desk.case(who).two_person) for who in cases
    ]
    assert [[("opened", "system", "")]] * 2 == [desk.events(who) for who in cases]


def test_a_second_round_writes_nothing(desk: Desk) -> None:
    """A run without changes must leave the queue as it is (I7)."""
    who = desk.roster.add(exit_kind="misconduct")
    desk.round()
    before = desk.case(who)

    assert _counts(open=1) == desk.round("R-2")

    assert before == desk.case(who)
    assert 1 == len(desk.events(who))


def test_more_cases_than_a_page(desk_here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's edge must neither lose nor repeat a case."""
    monkeypatch.setattr("alumni_sync.review.queue.selection.PAGE", 3)
    for _ in range(8):
        desk_here.roster.add(exit_kind="performance")

    assert _counts(open=8, opened=8) == desk_here.round()


def test_new_facts_reopen_an_admitted_case(desk: Desk) -> None:
    """A ruling on one fact must not cover another."""
    who = desk.roster.add(exit_kind="performance")
    desk.round()
    desk.rule(who, "admit")
    admitted = desk.case(who)

    desk.roster.change(who, exit_kind="misconduct")
    counts = desk.round("R-2")

    reopened = desk.case(who)
    assert _counts(open=1, reopened=1) == counts
    assert ("reopened", "excluded", True) == (
        reopened.status,
        reopened.verdict,
        reopened.two_person,
    )
    assert reopened.version > admitted.version
    assert None is reopened.closed_at
    assert ["opened", "admitted", "reopened"] == [event for event, _, _ in desk.events(who)]


def test_a_fact_that_the_rules_did_not_look_at_reopens_nothing(desk: Desk) -> None:
    """A corrected birth date must not cost a reviewer a second ruling on performance."""
    who = desk.roster.add(exit_kind="performance")
    desk.round()
    desk.rule(who, "admit")

    desk.roster.change(who, birth_date=date(1979, 1, 1), job_level=9)
    counts = desk.round("R-2")

    assert _counts() == counts
    assert "admitted" == desk.case(who).status
    assert desk.roster.spell(who).basis == desk.case(who).basis


def test_an_open_case_follows_its_facts(desk: Desk) -> None:
    """A reviewer must rule on what is so now; an older link must not work."""
    who = desk.roster.add(exit_kind="performance")
    desk.round()

    desk.roster.change(who, exit_kind="dispute")
    counts = desk.round("R-2")

    case = desk.case(who)
    assert _counts(open=1) == counts
    assert ("open", "excluded", True, 2) == (
        case.status,
        case.verdict,
        case.two_person,
        case.version,
    )
    assert ["opened", "changed"] == [event for event, _, _ in desk.events(who)]


def test_changed_facts_void_the_first_of_two(desk: Desk) -> None:
    """The second would confirm what the first never saw."""
    who = desk.roster.add(exit_kind="misconduct")
    desk.round()
    desk.rule(who, "admit")

    desk.roster.change(who, exit_kind="dispute")
    desk.round("R-2")

    assert "open" == desk.case(who).status
    assert "awaiting_second" == desk.rule(who, "admit", "both").status


def test_a_case_closes_when_the_rules_no_longer_object(desk: Desk) -> None:
    """A corrected code is no case any more, and nobody should be asked about it."""
    waiting = desk.roster.add(exit_kind="misconduct")
    upheld = desk.roster.add(exit_kind="performance")
    desk.round()
    desk.rule(upheld, "uphold")

    for who in (waiting, upheld):
        desk.roster.change(who, exit_kind="resignation")
    counts = desk.round("R-2")

    assert _counts(closed=2) == counts
    assert ["closed", "closed"] == [desk.case(who).status for who in (waiting, upheld)]
    assert _counts() == desk.round("R-3")


def test_a_closed_case_opens_again_with_its_reason(desk: Desk) -> None:
    """Whoever flips a code to and fro must not slip through between."""
    who = desk.roster.add(exit_kind="misconduct")
    desk.round()
    desk.roster.change(who, exit_kind="resignation")
    desk.round("R-2")

    desk.roster.change(who, exit_kind="misconduct")
    counts = desk.round("R-3")

    assert _counts(open=1, reopened=1) == counts
    assert "reopened" == desk.case(who).status


def test_a_cancelled_rehire_keeps_the_ruling(desk: Desk) -> None:
    """A member should not need a second ruling because they almost came back."""
    who = desk.roster.add(exit_kind="performance")
    desk.round()
    desk.rule(who, "admit")
    desk.roster.set(who, rehire_on=date(2027, 1, 1))
    desk.round("R-2")
    held = desk.roster.spell(who).verdict

    desk.roster.set(who, rehire_on=None)
    desk.round("R-3")

    assert ("held", "admitted") == (held, desk.case(who).status)
    assert desk.roster.spell(who).basis == desk.case(who).basis


def test_a_taken_back_exit_closes_an_open_case(desk: Desk) -> None:
    """Somebody who stayed is an employee, and no case."""
    who = desk.roster.add(exit_kind="misconduct")
    desk.round()

    desk.roster.set(who, record_status="rescinded")
    counts = desk.round("R-2")

    assert _counts(closed=1) == counts


def test_silence_keeps_out(desk: Desk, clock: FixedClock) -> None:
    """No answer until retention ends is an upheld case, never an admitted one."""
    who = desk.roster.add(exit_kind="misconduct")
    desk.round()
    desk.roster.set(who, purge_after=clock.now() + timedelta(days=30))
    assert _counts(open=1) == desk.round("R-2")

    clock.advance(timedelta(days=30))
    counts = desk.round("R-3")

    assert _counts(expired=1) == counts
    assert ("expired", [("opened", "system", ""), ("expired", "system", "")]) == (
        desk.case(who).status,
        desk.events(who),
    )


def test_what_cannot_be_read_takes_two_people(desk: Desk) -> None:
    """A case whose record is gone might be the gravest."""
    who = desk.roster.add(exit_kind="performance")
    desk.round()
    desk.roster.ledger.vault.shred([who.person], [KeyKind.EVIDENCE])
    desk.roster.set(who, basis="another")

    sync_queue(desk.d, run_id="R-2")

    assert desk.case(who).two_person


def test_an_exit_of_which_nobody_knows_the_kind_takes_two_people(desk: Desk) -> None:
    """What the source hides, or what cannot be opened, might be misconduct."""
    who = desk.roster.add(exit_kind=NOT_VISIBLE)
    desk.round()

    assert ("review", True) == (desk.case(who).verdict, desk.case(who).two_person)


def test_cases_are_due_in_five_working_days(desk: Desk, clock: FixedClock) -> None:
    """Opened on a Tuesday; 11 November is a holiday in Poland, and none in Germany."""
    polish = desk.roster.add("acme-pl", exit_kind="unknown")
    german = desk.roster.add("acme-de", exit_kind="unknown")
    desk.round()

    assert datetime(2026, 11, 10, 23, tzinfo=UTC) == desk.case(german).due_at
    assert datetime(2026, 11, 10, 23, tzinfo=UTC) == desk.case(polish).due_at
    clock.set(datetime(2026, 11, 5, 9, tzinfo=UTC))
    later = desk.roster.add("acme-pl", exit_kind="unknown")
    desk.round("R-2")
    assert datetime(2026, 11, 13, 23, tzinfo=UTC) == desk.case(later).due_at


def test_what_is_late_is_counted(desk: Desk, clock: FixedClock) -> None:
    """An overdue case that nobody counts is one that nobody works on."""
    desk.roster.add(exit_kind="unknown")
    desk.round()
    in_time = count_waiting(desk.d)

    clock.advance(timedelta(days=8))

    assert (Waiting(1, 0), Waiting(1, 1)) == (in_time, count_waiting(desk.d))
    assert _counts(open=1, overdue=1) == desk.round("R-2")


def test_somebody_who_rules_meanwhile_wins(
    desk_here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue must not overwrite a ruling that it has not seen."""
    from alumni_sync.review.queue import following as queue

    desk = desk_here
    who = desk.roster.add(exit_kind="performance")
    desk.round()
    desk.roster.change(who, exit_kind="unknown")
    judged = decisions_by_id

    def slow(*arguments: object) -> object:
        monkeypatch.undo()
        desk.rule(who, "uphold")
        return judged(*arguments)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(queue, "decisions_by_id", slow)
    counts = desk.round("R-2")

    assert (0, "upheld") == (counts.reopened, desk.case(who).status)
    assert _counts(open=1, reopened=1) == desk.round("R-3")


def test_a_source_that_was_taken_out_keeps_its_cases(desk: Desk) -> None:
    """A configuration change must not stop the queue of the others."""
    who = desk.roster.add(exit_kind="unknown")
    desk.round()
    desk.roster.set(who, source="acme-fr", basis="another")

    sync_queue(desk.d, run_id="R-2")

    table = t(CaseEvent)
    with desk.d.ledger.read() as connection:
        events = connection.execute(select(func.count()).select_from(table)).scalar_one()
    assert 2 == events
