"""Any decision that is kept can be worked out again: its sealed facts, the rules of its day."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.eligibility.evaluation.explain import rules_said
from alumni_sync.eligibility.judging.reproducing import judge_again, past_decisions
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.store import Ledger
from tests.eligibility.rulebooks import CONDUCT, PLANT, SENIOR, Book
from tests.roster import release_changed_rules

SOURCE = "acme-pl"


@pytest.fixture
def book(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Book:
    """Return a company with two rules, on either database."""
    return Book.of(tmp_path, ledger, clock, CONDUCT, SENIOR)


def test_r8_old_decisions_come_out_the_same(book: Book, clock: FixedClock) -> None:
    """R8: a works council asks in two years, and the folder has been edited five times since."""
    people = [
        book.roster.add(exit_kind="misconduct"),
        book.roster.add(job_level=9, department="Produkcja"),
        book.roster.add(birth_date=None, exit_kind="retirement"),
        book.roster.add(last_working_day=date(2026, 12, 31)),
    ]
    people.append(book.roster.add(of=people[0]))
    book.judge()
    for rules in ((CONDUCT, SENIOR, PLANT), (CONDUCT,), (SENIOR.replace("8", "9"), PLANT)):
        book.edit(*rules)
        clock.advance(timedelta(days=40))
        book.judge()
        release_changed_rules(book.roster.deployment)
        book.judge()
    book.configure(audience={"location": ["Berlin"]}, pilot={"share": 0.5})
    book.judge()
    (book.root / "pack.yaml").write_text("nothing that anybody could judge by")

    kept = [
        one
        for person in dict.fromkeys(who.person for who in people)
        for one in past_decisions(book.roster.deployment, person)
    ]

    assert 4 < len({record.judgement.revision for _, _, record in kept})
    assert 20 < len(kept)
    for _, source, record in kept:
        assert record.judgement == judge_again(book.roster.deployment, source, record)


def test_clauses_are_those_of_the_day(book: Book) -> None:
    """Today's rules must not be shown as the reason for yesterday's verdict."""
    who = book.roster.add(job_level=9)
    book.judge()
    book.edit(CONDUCT, SENIOR, PLANT)
    book.judge()
    (_, source, old), (_, _, new) = past_decisions(book.roster.deployment, who.person)

    before = {rule.id: rule.holds for rule in rules_said(book.roster.deployment, source, old)}
    after = {rule.id: rule.holds for rule in rules_said(book.roster.deployment, source, new)}

    assert (True, False) == (before["senior"], before["conduct"])
    assert {"plant": False} == {name: after[name] for name in after.keys() - before.keys()}


def test_a_decision_that_was_let_go_is_none(book: Book) -> None:
    """Retention is over for it, and no copy of the facts may be left anywhere."""
    who = book.roster.add()
    book.judge()
    book.roster.ledger.vault.shred([who.person], [KeyKind.EVIDENCE])

    assert [] == past_decisions(book.roster.deployment, who.person)


def test_a_source_that_was_taken_out_explains_nothing(book: Book) -> None:
    """Its time zone and jurisdiction are gone; the record keeps its own sentences."""
    who = book.roster.add()
    book.judge()
    ((_, _, record),) = past_decisions(book.roster.deployment, who.person)

    assert judge_again(book.roster.deployment, "nobody", record) is None
    assert () == rules_said(book.roster.deployment, "nobody", record)
