"""A platform that takes its time, in a thread of its own, while people say goodbye."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Final

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.ledger.store import Ledger
from alumni_sync.membership.sync import MemberCounts
from alumni_sync.sites.composition import worker_of
from tests.membership.world import Community
from tests.roster import Leaver

PATIENCE: Final = 20.0  # seconds until a test gives up; a busy machine takes some of them
AT_ONCE: Final = PATIENCE  # a lock would be waited for until the call ends: twice as long


@dataclass
class SlowCall:
    """The call of a write, held open until the test lets it go on."""

    begun: threading.Event = field(default_factory=threading.Event)
    goes_on: threading.Event = field(default_factory=threading.Event)

    def __call__(self, _alumni_id: str) -> None:
        """Say that the call is open, and wait."""
        self.begun.set()
        assert self.goes_on.wait(2 * PATIENCE)


@pytest.fixture
def community(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Community:
    """Return a company on either database."""
    return Community(tmp_path, ledger, clock)


@contextmanager
def _slowly_syncing(community: Community) -> Iterator[tuple[SlowCall, Future[MemberCounts]]]:
    """Yield while the call of a sync's first write is open; let it end at last."""
    call = SlowCall()
    community.platform.on_write = call
    with ThreadPoolExecutor(1) as thread:
        sync = thread.submit(community.sync)
        try:
            assert call.begun.wait(PATIENCE)
            yield call, sync
        finally:
            call.goes_on.set()


@contextmanager
def _worker(community: Community) -> Iterator[None]:
    """Let the withdrawal worker of `serve` work in a thread beside."""
    worker = worker_of(community.d)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def _eventually(community: Community, state: str, of: Leaver) -> None:
    """Wait until somebody is `state` on the platform; fail when that takes too long."""
    until, pause = monotonic() + PATIENCE, threading.Event()
    while community.on_platform(of) != state:
        assert monotonic() < until, f"still not {state}"
        pause.wait(0.02)


@pytest.mark.parametrize("worker", [False, True], ids=["alone", "beside the worker"])
def test_a_withdrawal_during_ones_own_write_is_taken_at_once_and_ends_absent(
    community: Community,
    worker: bool,  # noqa: FBT001 a parametrised circumstance
) -> None:
    """A vendor that hangs for a minute must not keep the page of a withdrawal hanging."""
    leaver = community.member()

    with _slowly_syncing(community) as (call, sync):
        asked = monotonic()
        community.leave(leaver)
        took = monotonic() - asked
        assert not sync.done()
        if worker:
            with _worker(community):
                call.goes_on.set()
                counts = sync.result(PATIENCE)
        else:
            call.goes_on.set()
            counts = sync.result(PATIENCE)

    assert took < AT_ONCE
    assert 1 == counts.created
    _eventually(community, "absent", leaver)
    assert "withdrawn" == community.invitation(leaver)["state"]
    assert community.membership(leaver)["claimed_by"] is None


def test_a_member_who_leaves_is_gone_while_the_call_for_somebody_else_hangs(
    community: Community,
) -> None:
    """Within seconds, not when a sync of ten thousand people is through."""
    gone = community.joined("wanda")
    slow = community.member("zofia")

    with _slowly_syncing(community) as (call, sync):
        community.leave(gone)
        with _worker(community):
            _eventually(community, "absent", gone)
            assert not sync.done()
            call.goes_on.set()
            counts = sync.result(PATIENCE)

    assert 1 == counts.created
    assert "visible" == community.on_platform(slow)
    assert "absent" == community.on_platform(gone)
