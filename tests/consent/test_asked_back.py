"""Whoever was purged and asks us is asked, and only then; HR confirms facts, rules judge them."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import Answer
from alumni_sync.consent.answers.decisions import one_click
from alumni_sync.consent.joining.join_requests import JoinState, find_join
from alumni_sync.consent.joining.matching import MatchResult, match_confirmed, match_join, show_join
from alumni_sync.deployment import Configuration
from alumni_sync.domain import Fact, Ruling
from alumni_sync.errors import Refused
from alumni_sync.intake.pull import pull_leavers
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Case, Invitation, Person, Spell, Tombstone, t
from alumni_sync.privacy.erasure import erase
from alumni_sync.privacy.retention import purge_due
from alumni_sync.review.queue.following import sync_queue
from alumni_sync.review.queue.numbering import case_number
from alumni_sync.review.rulings.ruling import rule_case
from alumni_sync.testing.fake_hris import FakeHris, leaver
from tests.consent.joins import EMAIL, HR, PEOPLE, proven
from tests.consent.world import RUN, MailingDeployment, World
from tests.intake.desk import CLOSE, SOURCE, context
from tests.roster import Leaver, Roster, company

GIVEN: Mapping[str, Fact] = {
    "contact_given_at": date(2026, 9, 1),
    "contact_text": "exit-form-2026",
    "do_not_consider": "no",
    "language": "en",
    "country": "PL",
}
CONFIRMED: Mapping[str, Fact] = {
    "person_id": "E0001",
    "employee_number": "70001",
    "given_name": "Galina",
    "family_name": "Nowa",
    "hire_date": date(2019, 3, 1),
    "last_working_day": date(2026, 9, 30),
    "birth_date": date(1984, 5, 17),
    "exit_kind": "resignation",
}


class Sourced(MailingDeployment):
    """A deployment whose source speaks for a test."""

    hris: FakeHris

    def connector(self, source: str) -> FakeHris:
        """Return the one source."""
        assert source == SOURCE
        return self.hris


class SourcedWorld(World):
    """A company whose source lists leavers, for as long as it likes."""

    def __init__(self, root: Path, ledger: Ledger, clock: FixedClock) -> None:
        """Put the source in."""
        super().__init__(root, ledger, clock, people=PEOPLE)
        self.sourced = Sourced(Configuration(company(root, people=PEOPLE), {}), ledger, clock)
        self.sourced.post, self.sourced.hris = self.post, FakeHris(context(ledger))
        self.d, self.roster = self.sourced, Roster(self.sourced)

    def read(self, *records: Mapping[str, Any]) -> None:
        """Do what a run does after a payroll close."""
        self.sourced.hris.records = records
        pull_leavers(self.d, SOURCE, close=CLOSE, run_id=RUN)
        self.judge()
        sync_queue(self.d, RUN)
        self.round()

    def only(self) -> Leaver:
        """Return the one employment that has facts."""
        spells = t(Spell)
        with self.d.ledger.read() as connection:
            (row,) = connection.execute(select(spells).where(spells.c.sealed.is_not(None))).all()
        return Leaver(row.person_id, row.id, row.source, "")

    def count(self, table: Any) -> int:  # noqa: ANN401 a table model
        """Count rows."""
        with self.d.ledger.read() as connection:
            return int(connection.execute(select(func.count()).select_from(t(table))).scalar_one())

    def admit(self) -> None:
        """Let HR admit the one case."""
        with self.d.ledger.read() as connection:
            (number,) = connection.execute(select(t(Case).c.id)).scalars()
        rule_case(
            self.d,
            case=case_number(number),
            ruling=Ruling.ADMIT,
            reason="context_known",
            identity=HR,
            run_id=RUN,
        )

    def invited_to(self) -> list[str]:
        """Return where asking mails went."""
        return [mail.to for mail in self.mails if "/c/" in mail.text]


@pytest.fixture
def world(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> SourcedWorld:
    """Return a company with a source, on either database."""
    return SourcedWorld(tmp_path, ledger, clock)


def purged(world: SourcedWorld) -> str:
    """Have somebody asked, refuse, and be forgotten; return their employment's old id."""
    world.read(leaver(1, **GIVEN))
    asked_of = world.only()
    world.answer(asked_of, Answer.NO)
    world.later(hours=25)
    purge_due(world.d, dry_run=False)
    return asked_of.spell


def confirm(world: SourcedWorld, join_id: str, spell_id: str = "", **facts: Fact) -> MatchResult:
    """Let HR confirm the facts."""
    return match_confirmed(world.d, join_id, SOURCE, {**CONFIRMED, **facts}, HR, spell_id)


def test_whoever_was_purged_is_asked_when_they_ask_and_only_then(world: SourcedWorld) -> None:
    """Forgetting must not ask twice; being forgotten must not mean never being let in."""
    old = purged(world)
    world.read(leaver(1, **GIVEN))
    world.later(days=2)
    world.read(leaver(1, **GIVEN))
    assert ["galina.1@post.example"] == world.invited_to()

    request = proven(world, number="70001")
    (found,) = show_join(world.d, request.id, HR).candidates
    assert (old, False, "refused") == (found.spell_id, found.whole, found.consent)
    with pytest.raises(Refused, match="confirm them"):
        match_join(world.d, request.id, old, HR)
    result = confirm(world, request.id, old, do_not_consider="no")
    assert JoinState.MATCHED is result.state
    world.judge()
    sync_queue(world.d, RUN)
    world.round()
    assert ["galina.1@post.example", EMAIL] == world.invited_to()
    assert result.spell_id == world.only().spell != old
    assert "self_joined" == world.invitation(world.only())["basis"]

    world.later(days=1)
    world.read(leaver(1, **GIVEN))  # the source lists them all the while
    assert (2, 2) == (world.count(Spell), world.count(Invitation))


def test_somebody_who_left_before_we_ran_comes_in_by_the_same_door(world: SourcedWorld) -> None:
    """The join page is for those whom no read ever lists."""
    request = proven(world)
    confirm(world, request.id, last_working_day=date(2009, 6, 30), hire_date=date(2001, 1, 2))
    world.judge()
    sync_queue(world.d, RUN)
    world.round()
    assert [] == world.invited_to()  # whether they said "do not consider me" is unknown
    world.admit()
    world.round()

    assert [EMAIL] == world.invited_to()


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [({"exit_kind": "misconduct"}, "excluded"), ({"exit_kind": "death"}, "never_contact")],
)
def test_what_hr_confirms_is_judged_like_any_exit(
    world: SourcedWorld, facts: dict[str, str], verdict: str
) -> None:
    """The page must be no back door for whoever left over misconduct."""
    confirm(world, proven(world).id, **facts)
    world.judge()

    assert verdict == world.roster.spell(world.only()).verdict


def test_an_erased_person_is_somebody_new(world: SourcedWorld) -> None:
    """Nothing of what was erased comes back; they begin with keys of their own."""
    world.read(leaver(1, **GIVEN))
    before = world.only()
    erase(world.d, before.person, by="hr", reason="request", run_id=RUN)
    world.read(leaver(1, **GIVEN))
    assert 1 == world.count(Spell)

    confirm(world, proven(world).id)

    assert before.person != world.only().person
    assert (2, 1) == (world.count(Person), world.count(Tombstone))


def test_an_objection_in_a_tombstone_is_asked_about(world: SourcedWorld) -> None:
    """Forgetting the facts does not forget the no."""
    world.read(leaver(1, **GIVEN))
    assert one_click(world.d, world.token("/u/"))
    world.later(hours=25)
    purge_due(world.d, dry_run=False)

    result = confirm(world, proven(world).id, do_not_consider="no")
    world.deliver()

    assert JoinState.QUESTIONED is result.state
    question = find_join(world.d, world.token("/j/"))
    assert question is not None
    assert "objected" == question.question


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"hire_date": None}, "nobody is told"),
        ({"last_working_day": None}, "nobody is told"),
        ({"person_id": "E0002"}, "another employment"),
        ({"hire_date": date(2019, 3, 2)}, "another employment"),
    ],
)
def test_facts_that_lead_elsewhere_are_refused(
    world: SourcedWorld, facts: dict[str, Fact], why: str
) -> None:
    """A slip of the pen would reopen somebody else's tombstone."""
    old = purged(world)
    request = proven(world)
    with pytest.raises(Refused, match=why):
        confirm(world, request.id, old, **facts)

    assert (1, 1) == (world.count(Spell), world.count(Tombstone))
    confirm(world, request.id, old)  # and put right


def test_a_later_employment_speaks_for_the_person(world: SourcedWorld) -> None:
    """Or somebody dismissed last year would come in by a summer job of long ago."""
    world.read(leaver(1, **GIVEN, exit_kind="misconduct"))
    request = proven(world)
    with pytest.raises(Refused, match="came later"):
        confirm(world, request.id, hire_date=date(2012, 1, 1), last_working_day=date(2018, 1, 1))

    assert 1 == world.count(Spell)
