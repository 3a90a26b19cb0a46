"""A slip in HR's list of experts, which only gives flags, stops nothing and rewrites nothing."""

from pathlib import Path

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.eligibility.judging.records import load_record
from alumni_sync.eligibility.revisions.publishing import broken_problems
from alumni_sync.eligibility.revisions.ruleset import load_ruleset
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.store import Ledger
from tests.eligibility.rulebooks import CONDUCT, SENIOR, Book
from tests.roster import Leaver

GOOD = "source/employee,topic\nacme-pl/10001,payroll law\n"
BAD = f"{GOOD}nonsense;;;\n"


@pytest.fixture
def book(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Book:
    """Return a company with a list of experts."""
    experts = tmp_path / "experts.csv"
    experts.write_text(GOOD, "utf-8")
    return Book.of(tmp_path, ledger, clock, CONDUCT, experts=experts)


def _write(book: Book, text: str) -> None:
    (book.root / "experts.csv").write_text(text, "utf-8")


def _flags(book: Book, who: Leaver) -> frozenset[str]:
    row = book.roster.decisions(who)[-1]
    sealed = book.roster.ledger.vault.open(who.person, KeyKind.EVIDENCE, "decision", row.sealed)
    return load_record(sealed).judgement.flags


def test_a_slip_in_the_list_stops_no_run_and_takes_no_flag(book: Book) -> None:
    """A stray line must neither stop removals nor unsay thousands of decisions at once."""
    expert = book.roster.add()
    book.judge()
    _write(book, BAD)
    fired = book.roster.add(exit_kind="misconduct")

    counts = book.judge()

    assert 2 == counts.rules_broken
    assert {"excluded": 1} == counts.verdicts  # nobody but the new one
    assert ("excluded", frozenset({"expert"})) == (book.verdict(fired), _flags(book, expert))
    (problem,) = broken_problems(book.roster.deployment)
    assert ("experts.csv:3", "must be source/employee,topic") == (problem.where, problem.what)
    assert not book.judge().verdicts


def test_who_was_judged_without_the_list_is_judged_again_with_it(book: Book) -> None:
    """A new leaver must not lose a flag for ever because of the week in which they left."""
    _write(book, BAD)
    expert = book.roster.add()
    assert 2 == book.judge().rules_broken  # nothing was active before
    assert frozenset() == _flags(book, expert)
    assert load_ruleset(book.roster.deployment, "acme-pl").list_problems

    _write(book, GOOD)
    counts = book.judge()

    assert (0, {"expert": 1}) == (counts.rules_broken, counts.flags)
    assert not book.judge().verdicts


def test_new_rules_wait_for_the_list(book: Book) -> None:
    """A change of the rules must not judge everybody again while nobody can be flagged."""
    expert = book.roster.add()
    book.judge()
    _write(book, BAD)
    book.edit(CONDUCT, SENIOR)

    counts = book.judge()

    assert (2, {}) == (counts.rules_broken, counts.verdicts)
    assert frozenset({"expert"}) == _flags(book, expert)
