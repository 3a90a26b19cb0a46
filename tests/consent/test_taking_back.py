"""An objection is taken back by its owner, with its own mailbox, in as many words; never else."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.decisions import one_click
from alumni_sync.consent.evidence.history import consents_of
from alumni_sync.consent.evidence.receipts import receipt
from alumni_sync.consent.joining.asking_back import take_no_back
from alumni_sync.consent.joining.join_requests import (
    disown_join,
    find_join,
    keep_objection,
    prove_join,
    request_join,
)
from alumni_sync.consent.joining.matching import list_joins, match_confirmed, match_join
from alumni_sync.consent.joining.taking_back import lift_objection
from alumni_sync.errors import Refused
from alumni_sync.ledger.request_tables import AccessLog
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Suppression, t
from alumni_sync.membership.forgetting import forget_spells
from alumni_sync.privacy.erasure import OBJECTION, erase
from tests.consent.joins import EMAIL, HR, PEOPLE, asked, proven, wanted
from tests.consent.world import RUN, World
from tests.roster import Leaver

HOME = "zofia@mail.example"


@pytest.fixture
def world(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> World:
    """Return a company with people who match."""
    return World(tmp_path, sqlite_ledger, clock, people=PEOPLE)


def suppressed(world: World) -> list[str]:
    """Return the scopes of all suppressions."""
    with world.d.ledger.read() as connection:
        return list(connection.execute(select(t(Suppression).c.scope)).scalars())


def objected(world: World) -> Leaver:
    """Return somebody who used the one click of the invitation."""
    leaver = world.invited()
    assert one_click(world.d, world.token("/u/"))
    return leaver


def test_the_mailbox_that_objected_takes_it_back_and_is_asked_again(world: World) -> None:
    """The right to object is the right to think better of it, too."""
    leaver = objected(world)
    token = asked(world, email=HOME)
    found = prove_join(world.d, token)
    assert found is not None
    assert found.objected
    assert lift_objection(world.d, token)
    match_join(world.d, found.id, leaver.spell, HR)
    world.later(days=1)
    world.round()

    assert [] == suppressed(world)
    assert ["objected", "objection_lifted", "asked"] == world.history(leaver)[-3:]
    assert "invited" == world.invitation(leaver)["state"]
    assert [HOME, HOME] == [mail.to for mail in world.mails if "/c/" in mail.text]
    with world.d.ledger.read() as connection:
        log = t(AccessLog)
        acts = connection.execute(select(log.c.act).where(log.c.actor == "subject")).scalars()
        assert ["take back an objection"] == list(acts)


def test_whoever_asked_back_has_the_receipt_of_their_last_answer(world: World) -> None:
    """To ask again is no answer: the file and the page of such a person could not be shown."""
    leaver = objected(world)
    invitation = world.invitation(leaver)["id"]
    before = receipt(world.d, invitation)
    token = asked(world, email=HOME)
    prove_join(world.d, token)
    assert lift_objection(world.d, token)

    (consent,) = consents_of(world.d, leaver.person)

    assert before is not None
    assert ("objected", before) == (before.event, receipt(world.d, invitation))
    assert before == consent.receipt
    assert receipt(world.d, consent.events[-1].seq) is None


@pytest.mark.parametrize("act", [None, keep_objection])
def test_a_request_alone_takes_nothing_back(world: World, act: Callable[..., bool] | None) -> None:
    """Somebody else may have typed the address; and asking is not the same word as the old no."""
    leaver = objected(world)
    found = proven(world, email=HOME)
    if act is not None:
        assert act(world.d, world.token("/j/"))
    with pytest.raises(Refused):
        match_join(world.d, found.id, leaver.spell, HR)
    world.later(days=1)
    world.round()

    assert ["all"] == suppressed(world)
    assert "objected" == world.invitation(leaver)["state"]


def test_nothing_is_taken_back_before_the_mailbox_is_proven(world: World) -> None:
    """A link that was only opened may have been opened by a scanner."""
    objected(world)
    token = asked(world, email=HOME)

    assert not lift_objection(world.d, token)
    assert not keep_objection(world.d, token)
    assert not lift_objection(world.d, "x" * 43)
    assert ["all"] == suppressed(world)


def test_from_another_mailbox_the_objection_is_asked_about(world: World) -> None:
    """The owner of a new mailbox says that they are the one who objected: they must say so."""
    leaver = objected(world)
    found = proven(world)
    match_join(world.d, found.id, leaver.spell, HR)
    world.later(days=1)
    world.round()

    question = find_join(world.d, world.token("/j/"))
    assert question is not None
    assert "objected" == question.question
    assert "objected" == world.invitation(leaver)["state"]


def test_of_somebody_erased_the_hash_is_enough(world: World) -> None:
    """Erasing leaves the objection on purpose; whoever made it must be able to end it."""
    leaver = world.invited()
    erase(world.d, leaver.person, by="hr", reason=OBJECTION, run_id=RUN)
    token = asked(world, email=HOME.upper())
    found = prove_join(world.d, token)
    assert found is not None
    assert found.objected
    assert lift_objection(world.d, token)

    assert [] == suppressed(world)
    facts = {"person_id": f"OS-{leaver.number}", "hire_date": "2019-04-01"}
    with pytest.raises(Refused, match="nobody is told"):
        match_confirmed(world.d, found.id, "acme-pl", facts, HR)


def test_whoever_objected_gets_one_mail_for_one_request(world: World) -> None:
    """Taking it back needs a mail; a stranger who types the address must not send many."""
    objected(world)
    before = len(world.mails)
    for number in range(6):
        request_join(world.d, wanted(world, email=HOME), f"n{number}")
    world.deliver()

    assert 3 == len(world.mails) - before
    assert {HOME} == {mail.to for mail in world.mails[before:]}
    assert EMAIL not in {mail.to for mail in world.mails}


def test_an_objection_from_another_mailbox_is_taken_back_by_answering(world: World) -> None:
    """The same word, said from where the person reads now."""
    leaver = objected(world)
    match_join(world.d, proven(world).id, leaver.spell, HR)
    world.deliver()
    assert take_no_back(world.d, world.token("/j/"))
    world.later(days=1)
    world.round()

    assert ["objected", "objection_lifted", "asked"] == world.history(leaver)[-3:]
    assert EMAIL == world.mails[-1].to
    assert ["all"] == suppressed(world)  # the old mailbox said it for itself


def test_facts_that_went_meanwhile_are_confirmed_first(world: World) -> None:
    """Two weeks to think it over are longer than we keep whom we may not ask."""
    leaver = world.leaver(do_not_consider="yes")
    found = proven(world)
    match_join(world.d, found.id, leaver.spell, HR)
    world.deliver()
    forget_spells(world.d, [leaver.spell])
    token = world.token("/j/")
    assert take_no_back(world.d, token)

    (line,) = list_joins(world.d, HR)
    assert (found.id, "proven") == (line.id, line.state)
    result = match_confirmed(
        world.d,
        found.id,
        "acme-pl",
        {
            "person_id": f"OS-{leaver.number}",
            "hire_date": date(2019, 4, 1),
            "last_working_day": date(2026, 10, 16),
            "do_not_consider": "yes",
        },
        HR,
    )
    assert "matched" == result.state  # they have answered that question


@pytest.mark.parametrize("act", [take_no_back, keep_objection, disown_join, lift_objection])
def test_what_is_over_takes_no_answer(world: World, act: Callable[..., bool]) -> None:
    """An old tab must not bring back what was let go."""
    token = asked(world)
    assert disown_join(world.d, token)
    assert not act(world.d, token)
    assert not act(world.d, "")


def test_whoever_may_still_answer_the_first_question_is_not_asked_too_often(world: World) -> None:
    """Three mails are the most, whatever else was asked in between."""
    leaver = world.invited()
    for days in (7, 14):
        world.later(days=days)
        world.round()
    assert 3 == world.invitation(leaver)["asked"]
    world.roster.change(leaver, do_not_consider="yes")
    found = proven(world)
    match_join(world.d, found.id, leaver.spell, HR)
    world.deliver()
    assert take_no_back(world.d, world.token("/j/"))
    world.judge()
    world.later(days=1)
    world.round()

    assert 3 == sum("/c/" in mail.text for mail in world.mails)


def test_nobody_is_matched_twice_while_they_are_asked(world: World) -> None:
    """The question must be about the employment that it was asked about."""
    leaver, other = world.leaver(do_not_consider="yes"), world.leaver("adam")
    found = proven(world)
    match_join(world.d, found.id, leaver.spell, HR)
    with pytest.raises(Refused, match="does not wait"):
        match_join(world.d, found.id, other.spell, HR)


@pytest.mark.parametrize(
    ("source", "spell", "why"), [("acme-fr", "", "no source"), ("acme-pl", "S-x", "no employment")]
)
def test_a_description_of_nothing_is_refused(
    world: World, source: str, spell: str, why: str
) -> None:
    """A slip of the pen takes nobody in."""
    found = proven(world)
    with pytest.raises(Refused, match=why):
        match_confirmed(world.d, found.id, source, {}, HR, spell)
