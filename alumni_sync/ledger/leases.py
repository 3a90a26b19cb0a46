"""Leases: who is working on something, so that two runs at once are safe.

A lease names its owner by host, pid and process start time. On the same host a dead owner is seen
and taken over at once; on another host after the lease has run out (60 s without renewal). `fence`
grows with every owner, so that a confirmation by a former owner can be told apart.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Row, delete, select, update

from alumni_sync.errors import Busy
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Lease, t
from alumni_sync.ledger.upsert import insert_ignore
from alumni_sync.ports import Clock

DURATION: Final = timedelta(seconds=60)
_LEASES: Final = t(Lease)


class LeaseBusy(Busy):
    """Somebody else is working on it now."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A process: pids are used again, so its start time belongs to its name."""

    host: str
    pid: int
    started: str


@dataclass(frozen=True, slots=True)
class HeldLease:
    """A lease that this process holds; `renew` it in work that lasts longer than a minute."""

    ledger: Ledger
    clock: Clock
    name: str
    fence: int

    def renew(self) -> None:
        """Extend the lease; raises `LeaseBusy` where somebody took it over meanwhile."""
        with self.ledger.write() as connection:
            changed = connection.execute(
                update(_LEASES)
                .where(_LEASES.c.name == self.name, _LEASES.c.fence == self.fence)
                .values(expires_at=self.clock.now() + DURATION)
            ).rowcount
        if not changed:
            msg = f"the lease {self.name} was taken over by another process"
            raise LeaseBusy(msg)


def this_process() -> Owner:
    """Return this process as an owner."""
    return Owner(socket.gethostname(), os.getpid(), _started(os.getpid()))


def is_alive(owner: Owner) -> bool:
    """Say whether the process still runs; on another host we cannot know, so yes."""
    return owner.host != socket.gethostname() or _started(owner.pid) == owner.started


def _started(pid: int) -> str:
    """Return the process's start time as the kernel counts it, "" if there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return _started_without_proc(pid)
    state, *fields = stat.rpartition(") ")[2].split()
    return "" if state == "Z" else fields[18]  # field 22: starttime, in ticks since boot


def _started_without_proc(pid: int) -> str:
    """Say at least whether a pid exists, where there is no /proc."""
    if Path("/proc/self").exists():
        return ""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "running"


@contextmanager
def hold(ledger: Ledger, clock: Clock, name: str) -> Iterator[HeldLease]:
    """Hold the lease `name` for the length of a with-block; raises `LeaseBusy`."""
    lease = HeldLease(ledger, clock, name, _take(ledger, clock, name))
    try:
        yield lease
    finally:
        with ledger.write() as connection:
            connection.execute(
                delete(_LEASES).where(_LEASES.c.name == name, _LEASES.c.fence == lease.fence)
            )


def _take(ledger: Ledger, clock: Clock, name: str) -> int:
    """Write ourselves in as the owner; return the fence."""
    me, now = this_process(), clock.now()
    row = {
        "name": name,
        "host": me.host,
        "pid": me.pid,
        "started": me.started,
        "expires_at": now + DURATION,
    }
    with ledger.write() as connection:
        fence = int(now.timestamp() * 1000)
        if insert_ignore(connection, _LEASES, [row | {"fence": fence}], key=("name",)):
            return fence
        held = connection.execute(
            select(_LEASES).where(_LEASES.c.name == name).with_for_update()
        ).one()
        if held.expires_at > now and _owner_lives(held):
            msg = f"{name} is busy: process {held.pid} on {held.host} is working on it"
            raise LeaseBusy(msg)
        fence = max(fence, int(held.fence) + 1)
        connection.execute(update(_LEASES).where(_LEASES.c.name == name).values(**row, fence=fence))
        return fence


def _owner_lives(held: Row[tuple[object, ...]]) -> bool:
    return is_alive(Owner(held.host, held.pid, held.started))
