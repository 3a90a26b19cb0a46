"""At most three asking mails a round: in the database, whoever writes, however many race."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from threading import Barrier
from typing import Any

import pytest

from alumni_sync.consent.mail.attempts import Claimed, Wait, site_of
from alumni_sync.consent.mail.claims import claim
from alumni_sync.consent.mail.composing import MailKind
from alumni_sync.consent.mail.outbox import ASKING_KINDS, asking_key, mail_row, queue
from alumni_sync.errors import LedgerError
from tests.conftest import NOW
from tests.consent.world import RUN, World
from tests.roster import Leaver

RACERS = 4


def race(act: Callable[[int], Any]) -> list[Any]:
    """Do the same from several connections at the same moment."""
    start = Barrier(RACERS)

    def run(number: int) -> Any:  # noqa: ANN401 whatever the act returns
        start.wait(timeout=30)
        return act(number)

    with ThreadPoolExecutor(RACERS) as pool:
        return list(pool.map(run, range(RACERS)))


def reminder(world: World, leaver: Leaver, key: str) -> Mapping[str, Any]:
    """Return a reminder that is due now."""
    return mail_row(world.invitation(leaver), MailKind.REMINDER, key, NOW, world.clock.now())


def plant(world: World, leaver: Leaver, keys: list[str]) -> list[Mapping[str, Any]]:
    """Queue reminders behind the lifecycle's back; return their rows."""
    with world.d.ledger.write() as connection:
        queue(connection, [reminder(world, leaver, key) for key in keys])
    return world.outbox(state="queued")


def test_the_database_refuses_a_fourth(any_world: World) -> None:
    """A bug in a timer must end in an error and not in somebody's mailbox."""
    leaver = any_world.invited()
    any_world.set_invitation(leaver, asked=3)
    for wrong in (4, -1):
        with pytest.raises(LedgerError):
            any_world.set_invitation(leaver, asked=wrong)
    assert any_world.invitation(leaver)["asked"] == 3


def test_the_database_refuses_a_third_renewal_mail(any_world: World) -> None:
    """A member who is asked every week is no member for long."""
    leaver = any_world.member()
    any_world.set_invitation(leaver, renewals=2)
    for wrong in (3, -1):
        with pytest.raises(LedgerError):
            any_world.set_invitation(leaver, renewals=wrong)
    assert any_world.invitation(leaver)["renewals"] == 2


def test_the_same_reminder_is_queued_once(any_world: World) -> None:
    """Two daily rounds at the same moment must not remind twice."""
    leaver = any_world.invited()
    key = asking_key(any_world.invitation(leaver)["id"], 1, 2)

    def act(_number: int) -> int:
        with any_world.d.ledger.write() as connection:
            return queue(connection, [reminder(any_world, leaver, key)])

    assert sorted(race(act)) == [0, 0, 0, 1]
    assert len(any_world.outbox(key=key)) == 1


def test_one_of_many_takes_the_last_mail_of_a_round(any_world: World) -> None:
    """Workers that each see "two so far" must not make five of it (T37)."""
    leaver = any_world.invited()
    any_world.set_invitation(leaver, asked=2)
    any_world.later(days=6)
    mails = plant(any_world, leaver, [f"planted:{number}" for number in range(RACERS)])
    site = site_of(any_world.d, leaver.source)

    results = race(lambda number: claim(any_world.d, mails[number], site, RUN))  # type: ignore[arg-type]  # a mapping is enough

    assert sum(isinstance(result, Claimed) for result in results) == 1
    others = [result for result in results if not isinstance(result, Claimed)]
    assert set(others) <= {Wait.DROPPED, Wait.POSTPONED}
    assert any_world.invitation(leaver)["asked"] == 3
    any_world.later(days=3)
    any_world.round()
    asking = [row for row in any_world.outbox() if row["kind"] in ASKING_KINDS]
    assert sorted(row["state"] for row in asking) == [
        "accepted",
        "dropped",
        "dropped",
        "dropped",
        "unknown",
    ]
    assert any_world.invitation(leaver)["asked"] == 3


@pytest.mark.parametrize("hours", [-25, -1, 1, 25])
def test_a_clock_that_jumps_writes_no_fourth_mail(any_world: World, hours: int) -> None:
    """A virtual machine that wakes up, or a change of the hour, must not cost a reminder (T37)."""
    leaver = any_world.invited()
    for day in range(45):
        any_world.later(days=1)
        any_world.round()
        any_world.later(hours=hours if day % 2 else -hours)
        any_world.round()

    asking = [row for row in any_world.outbox(state="accepted") if row["kind"] in ASKING_KINDS]
    assert 3 == len(asking)
    moments = sorted(row["claimed_at"] for row in asking)
    assert all(later - earlier >= timedelta(hours=24) for earlier, later in pairwise(moments))
    assert "expired" == any_world.invitation(leaver)["state"]
