"""Somebody else reads a leaver's mail: the address is left alone, and people are told to look."""

from pathlib import Path
from typing import Any

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import Answer, Decided
from alumni_sync.consent.returns.wrong_mailboxes import alert_wrong_mailboxes
from alumni_sync.errors import Unavailable
from alumni_sync.ledger.leases import LeaseBusy, hold
from alumni_sync.ledger.store import Ledger
from alumni_sync.ports import Fate, SendResult
from tests.consent.world import World
from tests.roster import Leaver, company

PEOPLE: list[dict[str, Any]] = [
    {"user": "dpo", "mail": "dpo@acme.example", "roles": ["privacy"]},
    {"user": "hr.pl", "mail": "hr.pl@acme.example", "roles": ["reviewer"], "sources": ["acme-pl"]},
    {"user": "hr.de", "mail": "hr.de@acme.example", "roles": ["reviewer"], "sources": ["acme-de"]},
    {"user": "ops", "mail": "ops@acme.example", "roles": ["operator"]},
]


@pytest.fixture
def world(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> World:
    """A company with people who answer for privacy and for sources."""
    return World(tmp_path, sqlite_ledger, clock, people=PEOPLE)


def stranger(world: World, name: str = "zofia") -> Leaver:
    """Invite somebody at an address that is somebody else's."""
    leaver = world.invited(name)
    assert isinstance(world.answer(leaver, Answer.NOT_ME), Decided)
    world.post.sent.clear()
    return leaver


def test_whoever_answers_for_it_is_told_once(world: World) -> None:
    """An HRIS that holds a stranger's address is wrong in other matters, too."""
    leaver = stranger(world)

    assert 1 == alert_wrong_mailboxes(world.d)
    assert 0 == alert_wrong_mailboxes(world.d)

    assert ["dpo@acme.example", "hr.pl@acme.example"] == [mail.to for mail in world.mails]
    assert leaver.person in world.mails[0].text
    assert "zofia" not in f"{world.mails[0].subject} {world.mails[0].text}".casefold()


def test_the_address_is_left_alone_and_what_was_given_ends(world: World) -> None:
    """The stranger gets no second mail, from no source."""
    leaver = stranger(world)

    row = world.invitation(leaver)
    assert ("invalidated", False) == (row["state"], row["gate_open"])
    again = world.leaver("again", "acme-de", personal_email="zofia@mail.example")
    world.round()
    assert "suppressed" == world.invitation(again)["no_contact_reason"]
    assert [] == world.post.sent


def test_many_are_one_mail(world: World) -> None:
    """A file with shifted columns must not fill an inbox."""
    for number in range(3):
        stranger(world, f"zofia{number}")

    assert 3 == alert_wrong_mailboxes(world.d)

    assert 2 == len(world.mails)
    assert "3 mailbox(es)" in world.mails[0].subject


def test_an_alert_that_nobody_got_is_tried_again(world: World) -> None:
    """A mail server that is down must not hide it."""
    stranger(world)
    world.post.fates += [SendResult(Fate.REFUSED, "554"), SendResult(Fate.REFUSED, "554")]
    assert 0 == alert_wrong_mailboxes(world.d)
    world.post.fates.append(Unavailable("memory", "connect", "refused"))
    with pytest.raises(Unavailable):
        alert_wrong_mailboxes(world.d)

    assert 1 == alert_wrong_mailboxes(world.d)


def test_two_workers_tell_once(world: World) -> None:
    """The second leaves it to the first."""
    stranger(world)
    with hold(world.d.ledger, world.clock, "alerts:mailboxes"), pytest.raises(LeaseBusy):
        alert_wrong_mailboxes(world.d)


def test_with_nobody_to_tell_it_waits(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """Once somebody has the role, they are told of what was before."""
    world = World(tmp_path, sqlite_ledger, clock)
    leaver = stranger(world)
    assert 0 == alert_wrong_mailboxes(world.d)
    assert "said_not_me" == world.invitation(leaver)["alert"]

    world.d.settings = company(world.root, people=PEOPLE)

    assert 1 == alert_wrong_mailboxes(world.d)
