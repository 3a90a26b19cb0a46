"""Mails about joining: at most once, to nobody who wants none, and no work for an operator."""

from pathlib import Path

import pytest
from sqlalchemy import select, update

from alumni_sync.clock import FixedClock
from alumni_sync.consent.joining.join_requests import find_join, request_join, waiting_for_hr
from alumni_sync.consent.mail.joins import MOST_A_DAY
from alumni_sync.errors import Unavailable
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.request_tables import JoinRequest
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import DeadLetter, Outbox, Suppression, t
from alumni_sync.ledger.upsert import insert_rows
from tests.consent.joins import EMAIL, asked, proven, wanted
from tests.consent.returned_mails import bounce, complaint
from tests.consent.test_returns import Postbox
from tests.consent.world import World, read


@pytest.fixture
def postbox(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> Postbox:
    """Return a company that reads what comes back."""
    return Postbox(tmp_path, sqlite_ledger, clock)


def letters(world: World) -> int:
    """Count the dead letters."""
    with world.d.ledger.read() as connection:
        return len(connection.execute(select(t(DeadLetter).c.id)).all())


def test_a_mail_whose_fate_is_unknown_is_not_sent_again(world: World) -> None:
    """A crash must not fill a mailbox (T36)."""
    request_join(world.d, wanted(world), "n1")
    with world.d.ledger.write() as connection:
        connection.execute(update(t(Outbox)).values(state="claimed"))
    world.deliver()
    world.later(hours=1)
    world.deliver()

    assert [] == world.mails
    assert ["unknown"] == [row["state"] for row in world.outbox()]


def test_a_mail_that_was_not_handed_over_gets_a_new_link(world: World) -> None:
    """A mail server that is down for a minute must not make somebody ask again."""
    seen: list[str] = []
    world.post.on_send = lambda message: seen.append(read(message).link("/j/").rpartition("/")[2])
    world.post.fates.append(Unavailable("mail", "send", "is down"))
    request_join(world.d, wanted(world), "n1")
    world.deliver()
    world.later(minutes=20)
    world.deliver()

    first, second = seen
    assert (None, True) == (find_join(world.d, first), find_join(world.d, second) is not None)
    assert 1 == len(world.mails)


def test_a_mistyped_address_is_no_work_for_an_operator(postbox: Postbox) -> None:
    """Strangers mistype; what they mistyped is nobody's to mend."""
    asked(postbox)
    postbox.comes_back(bounce(postbox.last_id("join")))
    postbox.take()

    assert 0 == letters(postbox)
    assert ["refused"] == [row["state"] for row in postbox.outbox(kind="join")]


def test_a_complaint_about_it_is_a_word_not_to_write(postbox: Postbox) -> None:
    """Whoever calls it spam did not ask; they must not have to say it twice."""
    token = asked(postbox)
    postbox.comes_back(complaint(postbox.last_id("join")))
    postbox.take()
    assert find_join(postbox.d, token) is None
    with postbox.d.ledger.read() as connection:
        scopes = list(connection.execute(select(t(Suppression).c.scope)).scalars())
    assert ["join"] == scopes
    request_join(postbox.d, wanted(postbox), "n2")
    postbox.deliver()
    assert 1 == len(postbox.mails)


def test_a_day_has_only_so_many(world: World) -> None:
    """A page that mails strangers must not become a weapon; the rest leaves the next day."""
    now = world.clock.now()
    with world.d.ledger.write() as connection:
        row = {
            "kind": "join", "invitation_id": "J-x", "person_id": "J-x", "source": "acme-pl",
            "state": "accepted", "due_at": now, "claimed_at": now, "created_at": now,
        }  # fmt: skip
        insert_rows(connection, t(Outbox), [row | {"key": new_id("x")} for _ in range(MOST_A_DAY)])
    request_join(world.d, wanted(world), "n1")
    world.deliver()
    assert [] == world.mails
    world.later(hours=25)
    world.deliver()
    assert [EMAIL] == [mail.to for mail in world.mails]


@pytest.mark.parametrize("gone", ["too late", "key", "row"])
def test_what_nobody_waits_for_any_more_is_not_sent(world: World, gone: str) -> None:
    """A link that opens nothing is one mail too many."""
    request_join(world.d, wanted(world), "n1")
    table = t(JoinRequest)
    with world.d.ledger.read() as connection:
        (join_id,) = connection.execute(select(table.c.id)).scalars()
    if gone == "too late":
        world.later(hours=48)
    elif gone == "key":
        world.d.ledger.vault.shred([join_id])
    else:
        with world.d.ledger.write() as connection:
            connection.execute(table.delete())
    world.deliver()

    assert [] == world.mails
    assert ["dropped"] == [row["state"] for row in world.outbox()]


def test_switched_off_meanwhile_no_mail_leaves(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """Its link would open nothing."""
    consent = {"public_url": "http://127.0.0.1:8400", "notice": "alumni-community", "join": False}
    world = World(tmp_path, sqlite_ledger, clock, consent=consent)
    request_join(world.d, wanted(world), "n1")
    world.deliver()
    assert ["switched_off"] == [row["reason"] for row in world.outbox()]


def test_doctor_says_that_somebody_waits(world: World) -> None:
    """A request that nobody looks at is let go after sixty days."""
    assert [] == waiting_for_hr(world.d)
    proven(world)
    (sentence,) = waiting_for_hr(world.d)
    assert sentence.startswith("1 former employees")
