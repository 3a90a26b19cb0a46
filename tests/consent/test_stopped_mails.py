"""A kind of mail that one click has stopped comes again at its reader's own word, and no other."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from alumni_sync.consent.answers.answer import Channel, Evidence
from alumni_sync.consent.answers.decisions import one_click, withdraw
from alumni_sync.consent.answers.stopped_mails import are_renewals_stopped, let_renewals_come
from alumni_sync.consent.transitions import suppress
from alumni_sync.ledger.request_tables import AccessLog
from alumni_sync.ledger.tables import Suppression, t
from alumni_sync.privacy.journal import replay
from alumni_sync.privacy.subject_export import export_subject
from alumni_sync.privacy.suppressed import note_suppressions
from tests.consent.world import BY_MAIL, World
from tests.roster import Leaver

HERE = Evidence(Channel.PREFERENCES)
ADDRESS = "zofia@mail.example"


def stopped(world: World) -> tuple[Leaver, str]:
    """Return a member who stopped the renewal mails by one click, and their invitation."""
    leaver = world.member()
    world.deliver()
    until = world.invitation(leaver)["valid_until"] - timedelta(days=60)
    world.later(seconds=(until - world.clock.now()).total_seconds())
    while not world.outbox(kind="renewal", state="accepted"):  # a weekend lies between
        world.round()
        world.later(days=1)
    assert one_click(world.d, world.token("/u/"))
    return leaver, world.invitation(leaver)["id"]


def scopes(world: World) -> list[str]:
    """Return the scopes on the suppression list."""
    with world.d.ledger.read() as connection:
        return list(connection.execute(select(t(Suppression).c.scope)).scalars())


def test_the_mail_that_asks_comes_again(any_world: World) -> None:
    """One slip in a mail program would end a membership that its member wants to keep."""
    _, invitation = stopped(any_world)
    assert are_renewals_stopped(any_world.d, invitation)
    mails = len(any_world.mails)

    assert let_renewals_come(any_world.d, invitation, HERE)

    assert not are_renewals_stopped(any_world.d, invitation)
    assert [] == scopes(any_world)
    for _ in range(50):
        any_world.later(days=1)
        any_world.round()
    assert any("/u/" in mail.text for mail in any_world.mails[mails:])
    assert not let_renewals_come(any_world.d, invitation, HERE)


def test_who_let_them_come_again_is_written_down(world: World) -> None:
    """Somebody who asks why we wrote has to be shown that it was their own word."""
    leaver, invitation = stopped(world)
    let_renewals_come(world.d, invitation, HERE)

    with world.d.ledger.read() as connection:
        (row,) = connection.execute(select(t(AccessLog))).all()
    assert ("subject", leaver.person, invitation) == (row.actor, row.person_id, row.subject)
    accesses = export_subject(world.d, leaver.person).content["accesses"]
    assert ["let renewal mails come again"] == [entry["act"] for entry in accesses]


def test_a_restart_does_not_stop_them_again(world: World) -> None:
    """The list is noted beside the keys as well: what is taken back there must go with it."""
    _, invitation = stopped(world)
    note_suppressions(world.d)
    let_renewals_come(world.d, invitation, HERE)

    replay(world.d)

    assert [] == scopes(world)


@pytest.mark.parametrize("other", ["join", "all"])
def test_nothing_else_comes_again_with_them(world: World, other: str) -> None:
    """An objection is taken back in as many words, and a complaint about joining stays one."""
    _, invitation = stopped(world)
    with world.d.ledger.write() as connection:
        hashed = world.d.ledger.hashes.address(ADDRESS)
        suppress(connection, hashed, other, "complaint", world.clock.now())

    assert (other == "join") == let_renewals_come(world.d, invitation, HERE)
    assert [other] == scopes(world)


def test_nobody_else_can_let_them_come(world: World) -> None:
    """A visit that is over, somebody who has left, an invitation that is none."""
    leaver, invitation = stopped(world)
    begun = world.clock.now() - timedelta(hours=1)
    world.set_invitation(leaver, sessions_from=world.clock.now())
    assert not let_renewals_come(world.d, invitation, replace(HERE, visit_begun=begun))
    withdraw(world.d, invitation, None, BY_MAIL, "n")

    assert not let_renewals_come(world.d, invitation, HERE)
    assert not are_renewals_stopped(world.d, "I-unknown")
    assert ["renewal"] == scopes(world)
