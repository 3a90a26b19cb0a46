"""The queue as lists: complete, in pages, with tickets that work, and without anybody's name."""

from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from alumni_sync.clock import FixedClock
from alumni_sync.deployment import Configuration, Deployment
from alumni_sync.domain import CaseStatus
from alumni_sync.ledger.store import Ledger
from alumni_sync.review.queue.inbox import inbox
from alumni_sync.review.queue.listing import CaseFilter, list_cases, longest_waiting, stream_cases
from alumni_sync.review.rulings.ruling import rule_case
from assets.links import case_entry
from tests.review.queue_of import PEOPLE, Desk, who
from tests.roster import Roster, company


def test_a_case_in_a_list(desk: Desk) -> None:
    """This is what `queue list --json` prints; others rely on it."""
    leaver = desk.roster.add(exit_kind="misconduct")
    desk.round()

    (line,) = list_cases(desk.d).cases

    case = desk.case(leaver)
    assert {
        "case": desk.number(leaver),
        "source": "acme-pl",
        "verdict": "excluded",
        "rules": ("conduct-exit",),
        "opened_at": case.opened_at,
        "due_at": case.due_at,
        "due_on": date(2026, 11, 10),
        "status": "open",
        "version": 1,
        "two_person": True,
        "admitted_until": None,
    } == asdict(line)
    assert line.waits


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Pacific/Auckland"])
def test_a_case_is_due_on_the_last_of_its_days_at_the_site(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock, zone: str
) -> None:
    """The end of Tuesday in London is the beginning of Wednesday for whoever asks in UTC."""
    settings = company(tmp_path, people=PEOPLE)
    site = settings.sources["acme-pl"].model_copy(update={"timezone": ZoneInfo(zone)})
    moved = settings.model_copy(update={"sources": {**settings.sources, "acme-pl": site}})
    desk = Desk(Roster(Deployment(Configuration(moved, {}), sqlite_ledger, clock)))
    desk.roster.add(exit_kind="performance")
    desk.round()

    (line,), (entry,) = list_cases(desk.d).cases, inbox(desk.d)

    assert (date(2026, 11, 10), date(2026, 11, 10)) == (line.due_on, entry.due_on)
    assert f"due {line.due_on}" in case_entry(desk.d, entry)


def test_lists_are_cut_to_what_is_asked_for(desk: Desk) -> None:
    """A reviewer of one source has no business with another's cases."""
    first = desk.roster.add("acme-pl", exit_kind="performance")
    second = desk.roster.add("acme-de", exit_kind="performance")
    third = desk.roster.add("acme-pl", exit_kind="unknown")
    desk.round()
    desk.rule(first, "uphold")
    numbers = sorted(desk.number(leaver) for leaver in (first, second, third))

    def listed(**wanted: object) -> list[str]:
        filters = CaseFilter(**wanted)  # type: ignore[arg-type]  # each test knows its own
        return [line.case for line in list_cases(desk.d, filters=filters).cases]

    assert numbers == listed()
    assert [desk.number(second)] == listed(sources=frozenset({"acme-de"}))
    assert [] == listed(sources=frozenset())
    assert sorted([desk.number(second), desk.number(third)]) == listed(waiting=True)
    assert [desk.number(first)] == listed(status=CaseStatus.UPHELD)
    assert [] == listed(status=CaseStatus.UPHELD, waiting=True)
    after = int(numbers[0].removeprefix("EX-"))
    assert numbers[1:] == [line.case for line in list_cases(desk.d, after=after).cases]


def test_a_long_queue_is_read_in_pages(desk_here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty thousand cases must not be in memory at once, nor read for the first forty."""
    monkeypatch.setattr("alumni_sync.review.queue.listing.PAGE", 4)
    for _ in range(11):
        desk_here.roster.add(exit_kind="performance")
    desk_here.round()
    statements: list[str] = []
    event.listen(
        desk_here.d.ledger.engine,
        "before_cursor_execute",
        lambda _c, _cur, statement, *_: statements.append(statement),
    )

    stream = stream_cases(desk_here.d)
    next(stream)
    begun = sum("FROM exclusion_case" in statement for statement in statements)
    rest = list(stream)

    assert (1, 10) == (begun, len(rest))


def test_the_longest_waiting_come_first(desk: Desk, clock: FixedClock) -> None:
    """Whoever was forgotten longest is on top, reopened ones by when they were reopened."""
    leavers = []
    for _ in range(4):
        leavers.append(desk.roster.add(exit_kind="performance"))
        desk.round()
        clock.advance(timedelta(hours=1))
    desk.rule(leavers[0], "admit")
    desk.roster.change(leavers[0], exit_kind="unknown")
    desk.round("R-2")
    desk.rule(leavers[1], "admit")

    waiting = longest_waiting(desk.d, 10)

    assert [desk.number(leavers[n]) for n in (2, 3, 0)] == [line.case for line in waiting]
    assert waiting[:2] == longest_waiting(desk.d, 2)


def test_tickets_of_the_inbox_rule(desk: Desk) -> None:
    """The links in Dagster are made of these."""
    admitted = desk.roster.add(exit_kind="performance")
    grave = desk.roster.add(exit_kind="misconduct")
    desk.round()
    entries = {entry.case: entry for entry in inbox(desk.d)}

    def follow(ticket: str, user: str) -> str:
        result = rule_case(desk.d, ticket=ticket, reason="other", identity=who(user), run_id="R")
        return str(result.status)

    assert "admitted" == follow(entries[desk.number(admitted)].admit_ticket, "rev")
    assert "awaiting_second" == follow(entries[desk.number(grave)].uphold_ticket, "rev")
    (left,) = inbox(desk.d)
    assert (desk.number(grave), True) == (left.case, left.awaits_second)
    assert "upheld" == follow(left.uphold_ticket, "sec")


def test_a_ticket_fits_into_a_link(desk: Desk) -> None:
    """It stands in an address and in one line of YAML, unquoted; a longer entry is hidden."""
    desk.roster.add(exit_kind="misconduct")
    desk.round()

    (entry,) = inbox(desk.d)

    assert entry.admit_ticket == quote(entry.admit_ticket, safe="")
    assert len(entry.admit_ticket) < 120
    assert not {"Jaworowska", "Zofia", "misconduct"} & set(str(entry).split("'"))


def test_a_case_whose_record_is_gone_is_still_listed(desk: Desk) -> None:
    """A case without rules is odd; a case that vanished is worse."""
    leaver = desk.roster.add(exit_kind="performance")
    desk.round()
    desk.d.ledger.vault.shred([leaver.person])

    (line,) = list_cases(desk.d).cases

    assert (desk.number(leaver), ()) == (line.case, line.rules)
