"""Changing one's mind: less at any time, all of it at once, and one click to be left alone."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from alumni_sync.consent.answers.answer import (
    Answer,
    Channel,
    Conflict,
    Decided,
    Evidence,
    Invalid,
    Outcome,
)
from alumni_sync.consent.answers.decisions import change_fields, one_click, withdraw
from alumni_sync.consent.answers.offers import masked
from alumni_sync.consent.grants import live_grants
from alumni_sync.consent.transitions import suppress
from alumni_sync.domain import ConsentState
from alumni_sync.ledger.tables import Invitation, Suppression, Token, t
from alumni_sync.ports import ProfileField, Purpose
from tests.consent.world import World
from tests.roster import Leaver

BY_CENTRE = Evidence(Channel.PREFERENCES, network="192.0.2.0/24", agent="firefox")


def state(world: World, leaver: Leaver) -> str:
    """Return the state of a leaver's consent."""
    return str(world.invitation(leaver)["state"])


def leave(world: World, leaver: Leaver, *purposes: Purpose, nonce: str = "w") -> Outcome:
    """Withdraw purposes; none named withdraws everything."""
    chosen = frozenset(purposes) or None
    return withdraw(world.d, world.invitation(leaver)["id"], chosen, BY_CENTRE, nonce)


def scopes(world: World) -> list[str]:
    """Return the scopes on the suppression list."""
    with world.d.ledger.read() as connection:
        return list(connection.execute(select(t(Suppression).c.scope)).scalars())


# --- changing one's mind --------------------------------------------------------------------------


def test_a_withdrawal_closes_the_gate_at_once(any_world: World) -> None:
    """In the same transaction: no worker, no platform, no Dagster has a part in it."""
    leaver = any_world.member()

    outcome = leave(any_world, leaver)

    assert isinstance(outcome, Decided)
    assert [] == list(live_grants(any_world.d))
    row = any_world.invitation(leaver)
    assert ("withdrawn", False) == (row["state"], row["gate_open"])
    event = any_world.events(leaver)[-1]
    assert "preference_centre" == event["channel"]
    assert {"withdrawn"} == {item["decision"] for item in event["body"]["decision"]["purposes"]}
    assert "goodbye" == any_world.outbox()[-1]["kind"]


def test_membership_among_the_purposes_withdraws_everything(world: World) -> None:
    """Nothing can be left of a membership without membership."""
    leaver = world.member()
    leave(world, leaver, Purpose.NEWSLETTER, Purpose.COMMUNITY)

    assert "withdrawn" == state(world, leaver)


def test_a_repeated_withdrawal_is_one(world: World) -> None:
    """A double click must not end in an error page."""
    leaver = world.member()

    first, second = leave(world, leaver), leave(world, leaver)

    assert isinstance(first, Decided)
    assert replace(first, replay=True) == second
    assert Conflict(ConsentState.WITHDRAWN) == leave(world, leaver, nonce="other")


def test_one_purpose_can_be_taken_back(world: World) -> None:
    """Who does not want the newsletter any more need not leave."""
    leaver = world.member()
    before = world.invitation(leaver)["version"]

    outcome = leave(world, leaver, Purpose.NEWSLETTER)

    assert isinstance(outcome, Decided)
    (grant,) = live_grants(world.d)
    assert {Purpose.COMMUNITY} == grant.purposes
    assert (outcome.seq, before + 1) == (grant.seq, grant.version)
    assert grant.version == world.invitation(leaver)["pending_version"]
    assert Invalid((("purposes", "not_given"),)) == leave(
        world, leaver, Purpose.EVENTS, nonce="other"
    )


def test_a_purpose_that_is_gone_already_keeps_no_other_from_going(world: World) -> None:
    """Switched off on the platform meanwhile, it would refuse the rest of what is taken back."""
    leaver = world.member()
    both = frozenset({Purpose.NEWSLETTER, Purpose.EVENTS})

    outcome = withdraw(world.d, world.invitation(leaver)["id"], both, BY_CENTRE, "n")

    assert isinstance(outcome, Decided)
    (grant,) = live_grants(world.d)
    assert {Purpose.COMMUNITY} == grant.purposes


def test_fields_can_be_removed_and_hidden_but_not_added(world: World) -> None:
    """More than before is a new yes, on the page of the question."""
    leaver = world.member()
    invitation = world.invitation(leaver)["id"]

    def narrow(nonce: str, **fields: bool) -> Outcome:
        wanted = {ProfileField(name): shown for name, shown in fields.items()}
        return change_fields(world.d, invitation, wanted, BY_CENTRE, nonce)

    more = Invalid((("fields", "more_than_before"),))
    assert more == narrow("1", job_title=True, city=True)
    assert more == narrow("2", job_title=True, phone=False)
    assert isinstance(narrow("3", job_title=False), Decided)
    (grant,) = live_grants(world.d)
    assert {ProfileField.JOB_TITLE: False} == {
        name: shown.to_members for name, shown in grant.fields.items()
    }
    assert more == narrow("4", job_title=True)


def test_nothing_can_be_narrowed_that_was_not_given(world: World) -> None:
    """The preference centre of somebody who never said yes."""
    leaver = world.invited()
    invitation = world.invitation(leaver)["id"]

    assert Conflict(ConsentState.INVITED) == leave(world, leaver)
    assert Conflict(ConsentState.INVITED) == leave(world, leaver, Purpose.NEWSLETTER)
    assert Conflict(ConsentState.INVITED) == change_fields(world.d, invitation, {}, BY_CENTRE, "n")


def test_nothing_can_be_narrowed_after_leaving(world: World) -> None:
    """What was agreed to is still known until it is purged; it is agreed to no more."""
    leaver = world.member()
    leave(world, leaver)

    outcome = leave(world, leaver, Purpose.NEWSLETTER, nonce="other")

    assert Conflict(ConsentState.WITHDRAWN) == outcome


# --- one click ------------------------------------------------------------------------------------


def test_one_click_in_an_invitation_is_an_objection(any_world: World) -> None:
    """Nobody writes to this address again, from no source and for no exit."""
    leaver = any_world.invited()
    decide_token, stop = any_world.token("/c/"), any_world.token("/u/")

    assert one_click(any_world.d, stop)
    assert "objected" == state(any_world, leaver)
    assert ["all"] == scopes(any_world)
    assert not any_world.opens(decide_token)
    assert "one_click" == any_world.events(leaver)[-1]["channel"]
    assert not one_click(any_world.d, stop)


def test_one_click_after_a_yes_ends_the_membership(world: World) -> None:
    """An objection is stronger than an older yes."""
    leaver = world.invited()
    stop = world.token("/u/")
    world.answer(leaver, Answer.YES)

    assert one_click(world.d, stop)
    assert "objected" == state(world, leaver)
    assert [] == list(live_grants(world.d))


def test_one_click_after_a_no_still_suppresses(world: World) -> None:
    """A no ends one question; an objection ends them all."""
    leaver = world.invited()
    stop = world.token("/u/")
    world.answer(leaver, Answer.NO)

    assert one_click(world.d, stop)
    assert ["all"] == scopes(world)


@pytest.mark.parametrize("path", ["/c/"])
def test_other_links_do_not_unsubscribe(world: World, path: str) -> None:
    """A link to decide posted to the wrong address decides nothing."""
    leaver = world.invited()

    assert not one_click(world.d, world.token(path))
    assert not one_click(world.d, "nonsense")
    assert "invited" == state(world, leaver)


def test_one_click_in_another_mail_stops_that_kind_only(world: World) -> None:
    """Who is tired of one kind of mail has not left the community."""
    leaver = world.member()
    world.deliver()
    tokens = t(Token)
    with world.d.ledger.write() as connection:
        where = tokens.c.kind == "manage"
        connection.execute(
            tokens.update().where(where).values(kind="unsubscribe", mail_kind="confirmation")
        )
    stop = world.token("/p/")

    assert one_click(world.d, stop)
    assert one_click(world.d, stop)
    assert ["confirmation"] == scopes(world)
    assert "given" == state(world, leaver)
    leave(world, leaver, Purpose.NEWSLETTER)
    assert 1 == world.deliver().dropped


def test_a_narrow_suppression_grows_and_never_shrinks(world: World) -> None:
    """Two kinds stopped are both stopped; an objection swallows them."""
    with world.d.ledger.write() as connection:
        for scope in ("newsletter", "confirmation", "newsletter"):
            suppress(connection, "h", scope, "one_click", world.clock.now())
    assert ["confirmation,newsletter"] == scopes(world)

    with world.d.ledger.write() as connection:
        for scope in ("all", "newsletter"):
            suppress(connection, "h", scope, "objected", world.clock.now())
    assert ["all"] == scopes(world)


def test_one_click_about_nothing_is_nothing(world: World) -> None:
    """The invitation was purged, or objected to by another way."""
    leaver = world.invited()
    stop = world.token("/u/")
    world.set_invitation(leaver, state="objected")
    assert not one_click(world.d, stop)

    with world.d.ledger.write() as connection:
        connection.execute(t(Invitation).delete())
    assert not one_click(world.d, stop)


def test_one_click_by_somebody_whose_keys_are_gone_is_obeyed(world: World) -> None:
    """Nobody can read the address any more; the record of the mail has its keyed hash."""
    leaver = world.invited()
    tokens = t(Token)
    with world.d.ledger.write() as connection:
        connection.execute(tokens.update().values(mail_kind="confirmation"))
    stop = world.token("/u/")
    world.d.ledger.vault.shred([leaver.person])

    assert one_click(world.d, stop)
    assert ["confirmation"] == scopes(world)


@pytest.mark.parametrize(
    ("email", "shown"),
    [("zofia@mail.example", "z•••@m•••.example"), ("z@host", "z•••@•••host"), ("", "")],
)
def test_a_masked_address_shows_its_owner_enough(email: str, shown: str) -> None:
    """Enough to recognise, too little to write to."""
    assert shown == masked(email)
