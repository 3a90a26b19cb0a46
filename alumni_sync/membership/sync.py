"""The community flow's writes: plan, brakes, claim → call → confirm, batch by batch.

Gates that closed come first and wait for nothing. Then the plan of this moment is put before the
brakes, and only then is anything written: each batch is claimed, sent with no transaction open, and
confirmed, where every gate is asked again.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from alumni_sync.bulk import bulk_work
from alumni_sync.consent.rounds.renewals import ask_about_changes, soon_lifted, soon_withheld
from alumni_sync.crash import crash_point
from alumni_sync.errors import ConfigError, ConnectorError, PermanentError, RateLimited
from alumni_sync.ledger.leases import HeldLease, hold
from alumni_sync.ledger.pauses import Outlet, is_paused
from alumni_sync.membership.brakes import Planned, hold_adds, spend
from alumni_sync.membership.choices import take_choices
from alumni_sync.membership.claims import Claimed, claim, forget_claims
from alumni_sync.membership.closings import abandoned, closings, removed_meanwhile
from alumni_sync.membership.confirms import Confirmed, Trouble, confirm
from alumni_sync.membership.forgetting import forget_spells, left_behind
from alumni_sync.membership.ledger_rows import (
    candidates,
    count_new,
    count_states,
    elsewhere,
    every_wanted,
    states_of,
)
from alumni_sync.membership.plan import GONE, Act, MembershipPlan, MemberState, act_of_state
from alumni_sync.membership.removal import RemovalCounts, remove_closed, take_away
from alumni_sync.ports import CommunityPlatform, Removal, WriteOutcome, WriteResult

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

USUAL_BATCH: Final = 50
_SHOWN: Final = (MemberState.ACTIVE, MemberState.PENDING)
_SAMPLE: Final = 20
_TOO_MANY_REFUSED: Final = 0.4
_PASSES: Final = 3  # whoever changed their mind during a pass is written in the next one


@dataclass(slots=True)
class MemberCounts:
    """What a sync did; `unchanged` are members that nothing was to be done for."""

    created: int = 0
    updated: int = 0
    hidden: int = 0
    removed: int = 0
    unchanged: int = 0
    failed: int = 0
    dead_letters: int = 0

    def add_writes(self, batch: Confirmed) -> None:
        """Count what became of a batch."""
        self.created += batch.created
        self.updated += batch.updated
        self.failed += batch.failed
        self.dead_letters += batch.dead_letters

    def add_removals(self, counts: RemovalCounts) -> None:
        """Count what a removal did."""
        self.hidden += counts.hidden
        self.removed += counts.removed
        self.failed += counts.failed


def plan_members(d: "Deployment") -> MembershipPlan:
    """Return how many writes a sync would make now; nothing is written, nobody is called.

    An update is counted where the consent says something new; whether the profile really differs
    is seen when it is written.
    """
    now, platform = d.clock.now(), d.platform_name
    due = closings(d)
    closing = {each.invitation_id for each in due}
    with d.ledger.read() as connection:
        active = count_states(connection, platform).get(MemberState.ACTIVE, 0)
        withheld = states_of(connection, soon_withheld(d), now)
        wanted = {
            **{of: state for of, state in every_wanted(connection, now) if of not in withheld},
            **states_of(connection, soon_lifted(d), now),
        }
    acts = Counter(act_of_state(state) for state in wanted.values())
    shown = [of for of, state in withheld.items() if state in _SHOWN and of not in closing]
    hide = sum(1 for each in due if each.how is Removal.HIDE and each.invitation_id not in wanted)
    leaving = sum(1 for each in due if each.row.state == MemberState.ACTIVE.value)
    return MembershipPlan(
        create=acts[Act.CREATE],
        update=acts[Act.UPDATE],
        hide=hide + len(shown),
        remove=sum(1 for each in due if each.how is not Removal.HIDE),
        unchanged=max(0, active - acts[Act.UPDATE] - leaving - len(shown)),
    )


@bulk_work()
def sync_members(d: "Deployment", run_id: str) -> MemberCounts:
    """Make the platform hold exactly whom the grants of this moment allow.

    Raises:
        ConfigError: people are still on another platform than the configured one.
        LeaseBusy: another sync is at work.
        SafetyStop: the plan is held by a brake; nothing of it was written.
        ConnectorError: the platform failed as a whole; what was done is put down.
    """
    counts = MemberCounts()
    with hold(d.ledger, d.clock, f"platform:{d.platform_name}") as lease:
        _refuse_another_platform(d)
        try:
            take_choices(d, run_id)
        finally:  # whoever has left waits for nothing, not even for a platform that does not answer
            counts.add_removals(remove_closed(d, run_id))
        forget_spells(d, left_behind(d, d.platform_name))
        _finish_abandoned(d, run_id, counts)
        with d.ledger.read() as connection:
            paused = is_paused(connection, Outlet.PLATFORM)
        if not paused:
            # Before anything goes to a recipient whom nobody agreed to; after what takes away: that
            # must not wait for a notice that cannot be read.
            if ask_about_changes(d, run_id).outdated:
                counts.add_removals(remove_closed(d, run_id))
            hold_adds(d, run_id, Planned(lambda: _how_many_new(d), lambda: _new_ones(d)))
            _write_all(d, run_id, lease, counts)
    with d.ledger.read() as connection:
        active = count_states(connection, d.platform_name).get(MemberState.ACTIVE, 0)
    counts.unchanged = max(0, active - counts.created - counts.updated)
    return counts


def _refuse_another_platform(d: "Deployment") -> None:
    """Refuse to forget people on a platform that is not configured any more."""
    with d.ledger.read() as connection:
        others = elsewhere(connection, d.platform_name)
    if others:
        where = ", ".join(f"{count} on {name}" for name, count in sorted(others.items()))
        raise ConfigError.of(
            "platform.connector",
            f"people are still on another platform ({where}) and could not be removed there",
            "configure that platform again until they are gone; see docs/membership.md",
        )


def _how_many_new(d: "Deployment") -> int:
    with d.ledger.read() as connection:
        return count_new(connection, d.clock.now())


def _new_ones(d: "Deployment") -> Iterator[str]:
    """Yield whom the plan would add: never confirmed there, and not claimed by an earlier plan."""
    with d.ledger.read() as connection:
        for invitation_id, state in every_wanted(connection, d.clock.now()):
            if state is None or MemberState(state) in GONE:
                yield invitation_id


def _finish_abandoned(d: "Deployment", run_id: str, counts: MemberCounts) -> None:
    """Remove again whoever was removed while a write was under way whose process died."""
    ids = abandoned(d, run_id)
    if ids:
        counts.add_removals(take_away(d, run_id, removed_meanwhile(d, ids)))
        forget_claims(d, ids)


def _write_all(d: "Deployment", run_id: str, lease: HeldLease, counts: MemberCounts) -> None:
    platform = d.platform()
    size = batch_size(platform)
    for _ in range(_PASSES):
        stale = 0
        for ids in _batches(d, size):
            lease.renew()
            outcome = _write_batch(d, platform, run_id, ids, counts)
            if outcome is None:
                return  # paused meanwhile
            stale += outcome.stale
        if not stale:
            break
    spend(d)


def batch_size(platform: CommunityPlatform) -> int:
    """Return how many writes a platform wants to be claimed at a time."""
    size = platform.info.capabilities.get("batch", USUAL_BATCH)
    return (
        size if isinstance(size, int) and not isinstance(size, bool) and size > 0 else USUAL_BATCH
    )


def _batches(d: "Deployment", size: int) -> Iterator[list[str]]:
    """Yield invitations that something may have to be written for, as the ledger stands then."""
    after = ""
    while True:
        with d.ledger.read() as connection:
            page = candidates(connection, d.clock.now(), after, size)
        if not page:
            return
        after = page[-1]
        yield page


def _write_batch(
    d: "Deployment",
    platform: CommunityPlatform,
    run_id: str,
    ids: Sequence[str],
    counts: MemberCounts,
) -> Confirmed | None:
    """Claim, call and confirm one batch; None where the platform was paused meanwhile."""
    crash_point("platform.claim.before")
    claimed = claim(d, run_id, ids)
    crash_point("platform.claim.after")
    if claimed.paused:
        return None
    if not claimed.writes:
        return Confirmed()
    crash_point("platform.call.before")
    results, error = _call(platform, claimed.writes)
    crash_point("platform.call.after")
    error = error or _refuses_everybody(d.platform_name, results)
    crash_point("platform.confirm.before")
    outcome = confirm(d, run_id, claimed, results, _trouble(error))
    crash_point("platform.confirm.after")
    counts.add_writes(outcome)
    if outcome.closed:
        _take_back(d, run_id, outcome.closed, counts)
    if error is not None:
        raise error
    return outcome


def _call(
    platform: CommunityPlatform, writes: Sequence[Claimed]
) -> tuple[dict[str, WriteResult], ConnectorError | None]:
    """Send a batch; return the results that came, and what cut them short."""
    results: dict[str, WriteResult] = {}
    try:
        for result in platform.upsert([write.profile for write in writes]):
            results[result.alumni_id] = result
    except ConnectorError as failed:
        return results, failed
    return results, None


class _RefusesEverybody(PermanentError):
    """A platform that refuses so many is wrong itself: nothing more is sent to it."""


def _refuses_everybody(name: str, results: dict[str, WriteResult]) -> ConnectorError | None:
    refused = sum(1 for r in results.values() if r.outcome is WriteOutcome.REFUSED)
    if len(results) < _SAMPLE or refused <= _TOO_MANY_REFUSED * len(results):
        return None
    return _RefusesEverybody(name, "write members", f"refused {refused} of {len(results)}")


def _trouble(error: ConnectorError | None) -> Trouble | None:
    """Return what an error says about the platform as a whole."""
    if error is None:
        return None
    asked = error.retry_after if isinstance(error, RateLimited) else None
    return Trouble(timedelta(seconds=asked or 0), isinstance(error, _RefusesEverybody))


def _take_back(d: "Deployment", run_id: str, ids: Sequence[str], counts: MemberCounts) -> None:
    """Remove at once whose gate closed while their write was under way."""
    gone = removed_meanwhile(d, ids)
    try:
        counts.add_removals(remove_closed(d, run_id, only=ids))
        counts.add_removals(take_away(d, run_id, gone))
    finally:
        forget_claims(d, ids)
