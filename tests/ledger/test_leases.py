"""Two runs at once are safe: one works, the other is told; a dead owner blocks nobody."""

import subprocess
import sys
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from alumni_sync.clock import FixedClock
from alumni_sync.ledger.leases import DURATION, LeaseBusy, Owner, hold, is_alive, this_process
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Lease, t


def _set_owner(ledger: Ledger, **values: object) -> None:
    with ledger.write() as connection:
        connection.execute(update(t(Lease)).values(**values))


def test_a_second_run_is_told_that_it_is_busy(ledger: Ledger, clock: FixedClock) -> None:
    """Two runs that plan the same page would write everybody twice."""
    with (
        hold(ledger, clock, "platform:directory"),
        pytest.raises(LeaseBusy, match="is busy"),
        hold(ledger, clock, "platform:directory"),
    ):
        pass

    with hold(ledger, clock, "platform:directory"):
        pass


def test_other_work_goes_on(ledger: Ledger, clock: FixedClock) -> None:
    """A slow platform must not stop the mails."""
    with hold(ledger, clock, "platform:directory"), hold(ledger, clock, "mail"):
        with ledger.read() as connection:
            names = connection.execute(select(t(Lease).c.name)).scalars().all()
        assert sorted(names) == ["mail", "platform:directory"]


def test_a_lease_of_a_killed_process_is_taken_at_once(ledger: Ledger, clock: FixedClock) -> None:
    """After kill -9 the next run must not wait for a minute."""
    child = subprocess.run([sys.executable, "-c", "pass"], check=True)
    assert child.returncode == 0
    with hold(ledger, clock, "mail"):
        _set_owner(ledger, pid=2**22 + 1, started="1")

        with hold(ledger, clock, "mail") as taken:
            taken.renew()


def test_a_pid_that_is_used_again_is_another_process(ledger: Ledger, clock: FixedClock) -> None:
    """Pids wrap around: the start time tells a stranger from the owner."""
    with hold(ledger, clock, "mail"):
        _set_owner(ledger, started="1")

        with hold(ledger, clock, "mail"):
            pass


def test_a_lease_of_another_host_ends_with_its_time(ledger: Ledger, clock: FixedClock) -> None:
    """A machine that burnt down must not hold the community for ever."""
    with hold(ledger, clock, "mail") as lost:
        _set_owner(ledger, host="elsewhere.example")
        with pytest.raises(LeaseBusy), hold(ledger, clock, "mail"):
            pass

        clock.advance(DURATION + timedelta(seconds=1))

        with hold(ledger, clock, "mail"), pytest.raises(LeaseBusy, match="taken over"):
            lost.renew()


def test_a_renewed_lease_is_kept(ledger: Ledger, clock: FixedClock) -> None:
    """Long work on a slow platform must not lose its lease half-way."""
    with hold(ledger, clock, "mail") as lease:
        _set_owner(ledger, host="elsewhere.example")
        clock.advance(DURATION - timedelta(seconds=1))
        lease.renew()
        clock.advance(DURATION - timedelta(seconds=1))

        with pytest.raises(LeaseBusy), hold(ledger, clock, "mail"):
            pass


def test_what_is_alive() -> None:
    """Taking a live owner for dead would let two work at once."""
    me = this_process()

    assert is_alive(me)
    assert not is_alive(Owner(me.host, me.pid, "1"))
    assert not is_alive(Owner(me.host, 2**22 + 1, "1"))
    assert is_alive(Owner("elsewhere.example", me.pid, "1"))
