"""Ways around the second person: changes that move nobody on the day on which they are made."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.domain import ExitKind, MappingSaid
from alumni_sync.eligibility.language.reading import parse_pack
from alumni_sync.eligibility.revisions.differences import mapping_change
from alumni_sync.eligibility.revisions.publishing import waiting_rules, waiting_sentences
from alumni_sync.ledger.store import Ledger
from tests.eligibility.rulebooks import CONDUCT, GOOD, SENIOR, Book, pack_text

SENIOR_WHEN = "- {id: senior, when: {job_level: {at_least: 8}}, then: review"
CODED = "- {id: coded, when: {exit_code: {equals: X1}}, then: review}"
YOUNG = "- {id: young, when: {birth_date: {after: 18 years ago}}, then: held}"


def _until(day: str, by: str = "run_date") -> str:
    return f"{SENIOR_WHEN}, valid: {{to: {day}, by: {by}}}}}"


@pytest.fixture
def book(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> Book:
    """Return a company with two rules."""
    return Book.of(tmp_path, sqlite_ledger, clock, CONDUCT, SENIOR)


def test_a_rule_that_is_to_end_tomorrow_waits(book: Book, clock: FixedClock) -> None:
    """Nobody moves today, and tomorrow everybody would, with no second person asked."""
    senior = book.roster.add(job_level=9)
    book.judge()

    book.edit(CONDUCT, _until(f"{clock.now():%Y-%m-%d}"))
    assert 1 == book.judge().rules_waiting
    clock.advance(timedelta(days=3))
    book.judge()

    assert "review" == book.verdict(senior)
    (row,) = waiting_rules(book.roster.deployment)
    assert (0, 1) == (row.counts["towards_eligible"], row.counts["possible"])


def test_a_rule_that_fits_nobody_today_is_not_taken_out_alone(book: Book) -> None:
    """The first who leaves from level eight would be asked to join, and nobody had looked."""
    who = book.roster.add(job_level=2)
    book.judge()

    book.edit(CONDUCT)
    assert 1 == book.judge().rules_waiting
    later = book.roster.add(job_level=8)
    book.judge()

    assert ("eligible", "review") == (book.verdict(who), book.verdict(later))
    (sentence,) = waiting_sentences(book.roster.deployment)
    assert "(leavers to come may move towards eligible)" in sentence


def test_an_exit_kind_that_nobody_has_today_is_not_let_in_alone(book: Book) -> None:
    """The first who is dismissed next month would be asked to join."""
    book.edit(CONDUCT, CODED)
    book.roster.add()
    book.judge()

    book.edit(CONDUCT, CODED, good=(*GOOD, "performance"))

    assert 1 == book.judge().rules_waiting
    (row,) = waiting_rules(book.roster.deployment)
    assert (0, 1) == (row.counts["towards_eligible"], row.counts["kinds"])


@pytest.mark.parametrize(
    ("before", "after", "waits"),
    [
        (_until("2030-01-01"), SENIOR, False),  # for always now
        (_until("2030-01-01"), _until("2031-01-01"), False),
        (_until("2031-01-01"), _until("2030-01-01"), True),
        (_until("2030-01-01"), "", True),
        (_until("2030-01-01"), _until("2030-01-01", "exit_date"), True),
        (SENIOR, f"{SENIOR}\n  {YOUNG}", False),  # one more
        (f"{SENIOR}\n  {YOUNG}", SENIOR, True),
        (f"{SENIOR}\n  {YOUNG}", f"{SENIOR}\n  {YOUNG.replace('18', '16')}", True),
        (SENIOR, SENIOR.replace("8", "9"), True),  # whoever leaves at level eight next week
        (SENIOR, SENIOR.replace("8", "7"), False),
        (f"{SENIOR}\n  {YOUNG}", f"{SENIOR}\n  {YOUNG.replace('18', '21')}", False),
        (_until("2020-01-01"), "", False),  # it has ended
    ],
)
def test_what_hangs_on_the_day(book: Book, before: str, after: str, *, waits: bool) -> None:
    """Whoever closes a hole must not wait; whoever opens one for later must."""
    book.edit(CONDUCT, before)
    book.roster.add()
    book.judge()

    book.edit(CONDUCT, after)

    assert int(waits) == book.judge().rules_waiting


def test_a_reason_that_is_none_of_our_business_stays_so_under_another_mapping() -> None:
    """A simulation would send everybody to review who left over their health."""
    pack = parse_pack(pack_text(CONDUCT))
    kinds = {"17": ExitKind.RETIREMENT}

    def said(codes: dict[str, ExitKind]) -> MappingSaid:
        return MappingSaid(lambda code: codes.get(code, ExitKind.UNKNOWN), codes, (), {})

    change = mapping_change(
        said(kinds), said({"17": ExitKind.DISPUTE}), pack, pack, date(2026, 11, 3)
    )

    assert change.recode is not None
    assert ("dispute", "undisclosed") == (change.recode("17"), change.recode("undisclosed"))
