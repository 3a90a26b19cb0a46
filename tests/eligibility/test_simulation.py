"""What a change would do is what a run then does, and finding out changes nothing."""

import random
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from alumni_sync.clock import FixedClock
from alumni_sync.eligibility.revisions.simulation import Direction, Flip
from alumni_sync.eligibility.revisions.trying import Simulation, try_rules
from alumni_sync.errors import ConfigError
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Case, Spell, t
from alumni_sync.review.queue.following import sync_queue
from tests.eligibility.rulebooks import CONDUCT, GOOD, PLANT, SENIOR, Book, pack_text
from tests.roster import release_changed_rules

RULES = (
    CONDUCT,
    SENIOR,
    PLANT,
    CONDUCT.replace("excluded", "review"),
    "- {id: young, when: {birth_date: {after: 18 years ago}}, then: held}",
    "- {id: berlin, when: {location: {equals: Berlin}}, then: review}",
    "- {id: no-title, when: {job_title: {is_known: false}}, then: review}",
    "- {id: hr, when: {all: [{department: {equals: HR}}, {job_level: {at_most: 3}}]}, then: held}",
)
ONE_CONDUCT = 3
"""Two rules of one id never stand in one pack."""


@pytest.fixture
def book(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> Book:
    """Return a company with two rules."""
    return Book.of(tmp_path, sqlite_ledger, clock, CONDUCT, SENIOR)


def _flips(book: Book, *rules: str, good: Sequence[str] = GOOD) -> list[Flip]:
    new = book.root / "new.yaml"
    new.write_text(pack_text(*rules, good=good), "utf-8")
    return list(try_rules(book.roster.deployment, new).flips())


def test_nothing_is_written(book: Book) -> None:
    """Who only looks must not have changed anything, not even who is judged next."""
    for kind in ("misconduct", "resignation", "dispute", "unknown"):
        book.roster.add(exit_kind=kind)
    book.judge()
    sync_queue(book.roster.deployment, run_id="R-1")
    before = book.everything()

    found = _flips(book, SENIOR, good=("resignation", "unknown", "redundancy")[::2])

    assert 2 == len(found)
    assert before == book.everything()


def test_a_flip_says_who_where_from_and_why(book: Book) -> None:
    """By case number, or by a name that says nothing; with the rule that no longer speaks."""
    fired, senior = book.roster.add(exit_kind="misconduct"), book.roster.add(job_level=9)
    minor = book.roster.add(department="Produkcja")
    book.judge()
    sync_queue(book.roster.deployment, run_id="R-1")

    found = {flip.spell: flip for flip in _flips(book, CONDUCT, PLANT)}

    assert {senior.spell, minor.spell} == set(found)
    assert fired.spell not in found
    up, out = found[senior.spell], found[minor.spell]
    assert ("review", "eligible", ("senior",), Direction.TOWARDS) == (
        up.before,
        up.after,
        up.rules,
        up.direction,
    )
    assert ("eligible", "out_of_scope", ("plant",), Direction.AWAY, None) == (
        out.before,
        out.after,
        out.rules,
        out.direction,
        out.case,
    )
    assert up.case == _case_of(book, senior.spell)


def _case_of(book: Book, spell: str) -> int:
    cases = t(Case)
    with book.roster.ledger.read() as connection:
        query = select(cases.c.id).where(cases.c.spell_id == spell)
        return int(connection.execute(query).scalar_one())


def test_facts_that_nobody_has_judged_yet_count(book: Book) -> None:
    """A change that lets in who arrived this morning is a change that lets somebody in."""
    book.judge()
    book.roster.add(job_level=9)

    (flip,) = _flips(book, CONDUCT)

    assert ("review", "eligible") == (flip.before, flip.after)


def test_what_a_fact_changed_is_not_blamed_on_the_rules(book: Book) -> None:
    """Else a corrected code holds up a harmless change until two people look at it."""
    who = book.roster.add(exit_kind="misconduct")
    book.judge()
    book.roster.change(who, exit_kind="resignation")

    assert [] == _flips(book, CONDUCT, SENIOR, PLANT)


def test_whose_keys_are_gone_is_left_out(book: Book) -> None:
    """Nobody can say anything of them, and no run does."""
    who = book.roster.add(job_level=9)
    book.judge()
    book.roster.ledger.vault.shred([who.person], [KeyKind.PROFILE])

    assert [] == _flips(book, CONDUCT)


def test_pages_lose_and_repeat_nobody(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger is never in memory as a whole."""
    monkeypatch.setattr("alumni_sync.eligibility.revisions.simulation.PAGE", 3)
    seniors = {book.roster.add(job_level=9).spell for _ in range(8)}
    twice = book.roster.add(job_level=9)
    seniors |= {twice.spell, book.roster.add(of=twice, job_level=9).spell}
    book.judge()

    found = [flip.spell for flip in _flips(book, CONDUCT)]

    assert (10, seniors) == (len(found), set(found))


def test_an_exit_that_keeps_out_no_more_lets_the_other_in(book: Book) -> None:
    """Whoever was dismissed once is held for every exit; both flip, and the second says why."""
    fired = book.roster.add(exit_kind="misconduct", last_working_day=date(2020, 1, 31))
    fair = book.roster.add(of=fired)
    book.judge()
    assert "held" == book.verdict(fair)

    found = {flip.spell: flip for flip in _flips(book, SENIOR, good=("resignation", "redundancy"))}

    assert {fired.spell} == set(found)  # unplaced now, and to be reviewed: that keeps out as well
    both = {flip.spell: flip.rules for flip in _flips(book, SENIOR, OLD_FLAG)}
    assert {fired.spell: ("conduct",), fair.spell: ("other-exit-adverse",)} == both


OLD_FLAG = "- {id: gone, when: {exit_kind: {one_of: [misconduct, dispute]}}, then: out_of_scope}"


def _someone(chance: random.Random) -> dict[str, Any]:
    return {
        "exit_kind": chance.choice(
            ["misconduct", "dispute", "resignation", "retirement", "unknown"]
        ),
        "exit_code": chance.choice(["K01", "K02"]),
        "department": chance.choice(["IT", "HR", "Produkcja", None]),
        "location": chance.choice(["Berlin", "Warszawa"]),
        "job_level": chance.choice([2, 9, None]),
        "job_title": chance.choice(["Clerk", None]),
        "birth_date": chance.choice([date(1980, 1, 1), date(2015, 1, 1), None]),
        "last_working_day": chance.choice([date(2026, 10, 1), date(2026, 12, 31)]),
    }


def _rules(chance: random.Random) -> list[str]:
    chosen = [rule for rule in RULES if chance.random() < 0.5] or [SENIOR]
    return [rule for rule in chosen if rule != RULES[ONE_CONDUCT] or CONDUCT not in chosen]


def _scope(chance: random.Random) -> dict[str, Any]:
    scope: dict[str, Any] = {}
    if chance.random() < 0.5:
        scope["audience"] = {
            "location": chance.sample(["Berlin", "Warszawa"], chance.choice([1, 2]))
        }
    if chance.random() < 0.5:
        scope["pilot"] = {"share": chance.choice([0.3, 0.7, 1.0])}
    return scope


def _populate(book: Book, chance: random.Random) -> None:
    """Add people with one exit, with several, and with one at each source."""
    made = [
        book.roster.add(chance.choice(["acme-pl", "acme-de"]), **_someone(chance))
        for _ in range(12)
    ]
    for one in made[:4]:
        book.roster.add(one.source, of=one, **_someone(chance))
    for number in range(4):
        key = f"K-{number}"
        for source in ("acme-pl", "acme-de"):
            book.roster.add(source, key=key, **_someone(chance))


def _admit_some(book: Book, chance: random.Random) -> None:
    """Admit some cases: an exit on which somebody has ruled keeps no other one out."""
    sync_queue(book.roster.deployment, run_id="R-0")
    cases, spells = t(Case), t(Spell)
    with book.roster.ledger.write() as connection:
        for row in connection.execute(select(cases.c.id, cases.c.spell_id)).all():
            if chance.random() < 0.4:
                basis = select(spells.c.basis).where(spells.c.id == row.spell_id).scalar_subquery()
                ruled = update(cases).where(cases.c.id == row.id)
                connection.execute(ruled.values(status="admitted", basis=basis))


def _moved(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    return {one: (before[one], after[one]) for one in before if before[one] != after[one]}


@pytest.mark.parametrize("seed", range(20))
def test_simulate_equals_what_a_run_then_does(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock, seed: int
) -> None:
    """A forecast that is wrong about one person is wrong about that person."""
    chance = random.Random(seed)  # noqa: S311 the same companies in every run
    book = Book.of(tmp_path, sqlite_ledger, clock, *_rules(chance))
    book.configure(**_scope(chance))
    _populate(book, chance)
    book.judge()
    _admit_some(book, chance)
    book.judge()
    before, held = book.verdicts(), book.everything()

    book.edit(
        *_rules(chance), good=chance.choice([("resignation",), ("resignation", "retirement")])
    )
    book.configure(**_scope(chance))
    trial = try_rules(book.roster.deployment, None)
    foretold = {flip.spell: (flip.before, flip.after) for flip in trial.flips()}
    needs = trial.summary["needs_release"]

    assert held == book.everything()
    waited = book.judge().rules_waiting
    assert needs == (waited > 0)
    if waited:
        release_changed_rules(book.roster.deployment)
        book.judge()
    assert _moved(before, book.verdicts()) == foretold


def test_one_source_alone(book: Book) -> None:
    """Who answers for one country looks at their own people."""
    here = book.roster.add("acme-pl", job_level=9)
    book.roster.add("acme-de", job_level=9)
    book.judge()
    book.edit(CONDUCT)

    found = list(try_rules(book.roster.deployment, None, "acme-pl").flips())

    assert [here.spell] == [flip.spell for flip in found]
    with pytest.raises(ConfigError, match="there is no source nobody"):
        try_rules(book.roster.deployment, None, "nobody")


def test_the_summary_counts_what_was_found(book: Book) -> None:
    """The figures are those by which a release is asked for."""
    for _ in range(3):
        book.roster.add(job_level=9)
    book.judge()
    book.edit(CONDUCT)
    trial: Simulation = try_rules(book.roster.deployment, None)

    found: Sequence[Flip] = list(trial.flips())

    assert 3 == len(found)
    assert 3 == trial.summary["sources"]["acme-pl"]["towards_eligible"]
    assert 0 == trial.summary["sources"]["acme-de"]["towards_eligible"]
    assert trial.summary["needs_release"]
    assert trial.summary["active"] != trial.summary["tried"]
