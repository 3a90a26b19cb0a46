"""Taking members away whose gate is closed: hide at once, erase, look again.

Behind no brake and no pause where the consent does not stand. Several processes may do it at the
same time (the worker beside the sites, a sync, Dagster's job): every step is idempotent, and each
real write has its own audit entry.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, insert, update

from alumni_sync.crash import crash_point
from alumni_sync.errors import ConnectorError
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import PlatformWrite, t
from alumni_sync.ledger.vault import KeyRing
from alumni_sync.membership.brakes import end_moot_removals, removals_allowed
from alumni_sync.membership.closings import Closing, closings, is_due
from alumni_sync.membership.forgetting import forget_removed
from alumni_sync.membership.ledger_rows import MEMBERSHIP
from alumni_sync.membership.plan import UNDER_WAY, MemberState
from alumni_sync.membership.retries import wait_to_remove
from alumni_sync.ports import (
    CommunityPlatform,
    MemberRef,
    Removal,
    Residue,
    WriteOutcome,
    WriteResult,
)

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

FIRST_LOOK: Final = timedelta(hours=1)
_WRITE: Final = t(PlatformWrite)
_BATCH: Final = 100
_TAKEN: Final = frozenset({WriteOutcome.DONE, WriteOutcome.UNCHANGED})


@dataclass(frozen=True, slots=True)
class RemovalCounts:
    """What a pass did.

    Attributes:
        held: to be erased, but held back by the brake; they are hidden meanwhile.
    """

    hidden: int = 0
    removed: int = 0
    failed: int = 0
    held: int = 0


@dataclass(slots=True)
class _Tally:
    hidden: int = 0
    removed: int = 0
    failed: int = 0
    forgotten: list[str] = field(default_factory=list)


def remove_closed(
    d: "Deployment", run_id: str, *, only: Sequence[str] | None = None
) -> RemovalCounts:
    """Hide or erase everybody whose gate is closed; `only`: of these invitations.

    Raises:
        ConnectorError: the platform failed as a whole; what was done is put down, the rest is due.
    """
    now = d.clock.now()
    found = closings(d, only=only)
    at_once = [closing for closing in found if closing.by_consent or closing.how is Removal.HIDE]
    braked = [closing for closing in found if closing not in at_once]
    allowed = not braked or removals_allowed(d, run_id, [c.invitation_id for c in braked])
    if not braked and only is None:
        end_moot_removals(d)
    due = [closing for closing in at_once if is_due(closing, now)]
    if allowed:
        due += [closing for closing in braked if is_due(closing, now)]
    else:
        due += [_only_hide(closing) for closing in braked if not closing.is_hidden]
    counts = take_away(d, run_id, due)
    return RemovalCounts(
        counts.hidden, counts.removed, counts.failed, 0 if allowed else len(braked)
    )


def _only_hide(closing: Closing) -> Closing:
    return Closing(closing.row, Removal.HIDE, closing.cause, closing.remove_by)


def take_away(d: "Deployment", run_id: str, due: Sequence[Closing]) -> RemovalCounts:
    """Hide or erase members, in batches; raises `ConnectorError` when the platform fails."""
    tally = _Tally()
    if due:
        platform = d.platform()
        try:
            for start in range(0, len(due), _BATCH):
                _take_away(d, platform, run_id, due[start : start + _BATCH], tally)
        finally:
            # Also where the platform failed for the rest: who is gone is gone.
            forget_removed(d, tally.forgotten)
    return RemovalCounts(tally.hidden, tally.removed, tally.failed)


def _take_away(
    d: "Deployment",
    platform: CommunityPlatform,
    run_id: str,
    batch: Sequence[Closing],
    tally: _Tally,
) -> None:
    ring = d.ledger.vault.load([closing.row.person_id for closing in batch])
    refs = {closing.invitation_id: member_ref(closing.row, ring) for closing in batch}
    crash_point("platform.claim.before")
    _claim(d, run_id, batch)
    crash_point("platform.claim.after")
    crash_point("platform.call.before")
    done = _Done()
    try:
        _call(platform, batch, refs, done)
    except ConnectorError as error:
        done.error = error
    crash_point("platform.call.after")
    crash_point("platform.confirm.before")
    _confirm(d, run_id, batch, done, tally)
    crash_point("platform.confirm.after")
    if done.error is not None:
        raise done.error


@dataclass(slots=True)
class _Done:
    """What the platform said, by alumni id."""

    hidden: dict[str, WriteResult] = field(default_factory=dict)
    erased: dict[str, WriteResult] = field(default_factory=dict)
    residue: dict[str, Residue] = field(default_factory=dict)
    error: ConnectorError | None = None


def member_ref(row: Any, ring: KeyRing) -> MemberRef:  # noqa: ANN401 a row of any query over memberships
    """Return a membership as the platform knows it; its own id only where we can still read it."""
    platform_id = ""
    if row.sealed is not None and ring.has(row.person_id, KeyKind.EVIDENCE):
        opened = ring.open_json(row.person_id, KeyKind.EVIDENCE, "membership", row.sealed)
        platform_id = str(opened["platform_id"])
    return MemberRef(row.alumni_id, platform_id, visible=row.state != MemberState.HIDDEN.value)


def _call(
    platform: CommunityPlatform,
    batch: Sequence[Closing],
    refs: Mapping[str, MemberRef],
    done: _Done,
) -> None:
    """Hide all of the batch first, because that is what people wait for; then erase and look."""
    to_hide = [refs[closing.invitation_id] for closing in batch if not closing.is_hidden]
    for result in platform.remove(to_hide, Removal.HIDE) if to_hide else ():
        done.hidden[result.alumni_id] = result
    to_erase = [refs[c.invitation_id] for c in batch if c.how is Removal.ERASE]
    for result in platform.remove(to_erase, Removal.ERASE) if to_erase else ():
        done.erased[result.alumni_id] = result
    for ref in to_erase:
        result_of = done.erased.get(ref.alumni_id)
        if result_of is not None and result_of.outcome in _TAKEN:
            done.residue[ref.alumni_id] = platform.verify_absent(ref)


# --- claim and confirm ----------------------------------------------------------------------------


def _claim(d: "Deployment", run_id: str, batch: Sequence[Closing]) -> None:
    """Put down that these members are being taken away, and why."""
    now = d.clock.now()
    with d.ledger.write() as connection:
        for closing in batch:
            erases = closing.how is Removal.ERASE
            state = MemberState.REMOVING if erases else MemberState.HIDING
            connection.execute(
                update(MEMBERSHIP)
                .where(MEMBERSHIP.c.id == closing.row.id)
                .values(
                    state=state.value,
                    version=MEMBERSHIP.c.version + 1,
                    cause=closing.cause,
                    remove_by=closing.remove_by,
                    changed_at=now,
                )
            )
            connection.execute(
                update(_WRITE)
                .where(
                    _WRITE.c.alumni_id == closing.row.alumni_id,
                    _WRITE.c.verb.in_([Removal.HIDE.value, Removal.ERASE.value]),
                    _WRITE.c.outcome == "claimed",
                )
                .values(outcome="repeated", confirmed_at=now)
            )
            for how in _steps(closing):
                connection.execute(insert(_WRITE).values(_audit(closing, how, run_id, now)))


def _steps(closing: Closing) -> list[Removal]:
    steps = [] if closing.is_hidden else [Removal.HIDE]
    return [*steps, Removal.ERASE] if closing.how is Removal.ERASE else steps


def _audit(closing: Closing, how: Removal, run_id: str, now: datetime) -> dict[str, Any]:
    return {
        "platform": closing.row.platform,
        "person_id": closing.row.person_id,
        "alumni_id": closing.row.alumni_id,
        "verb": how.value,
        "claimed_at": now,
        "outcome": "claimed",
        "cause": closing.cause,
        "run_id": run_id,
    }


def _confirm(
    d: "Deployment", run_id: str, batch: Sequence[Closing], done: _Done, tally: _Tally
) -> None:
    now = d.clock.now()
    with d.ledger.write() as connection:
        for closing in batch:
            alumni_id = closing.row.alumni_id
            _note(connection, run_id, alumni_id, Removal.HIDE, done.hidden.get(alumni_id), now)
            _note(connection, run_id, alumni_id, Removal.ERASE, done.erased.get(alumni_id), now)
            values = _became(closing, done, tally, now)
            connection.execute(
                update(MEMBERSHIP)
                .where(MEMBERSHIP.c.id == closing.row.id)
                .values(version=MEMBERSHIP.c.version + 1, changed_at=now, **values)
            )


def _note(
    connection: Connection,
    run_id: str,
    alumni_id: str,
    how: Removal,
    result: WriteResult | None,
    now: datetime,
) -> None:
    """Complete the audit entry of one step; without a result, another attempt is needed."""
    connection.execute(
        update(_WRITE)
        .where(
            _WRITE.c.alumni_id == alumni_id,
            _WRITE.c.run_id == run_id,
            _WRITE.c.verb == how.value,
            _WRITE.c.outcome == "claimed",
        )
        .values(
            outcome=result.outcome.value if result else WriteOutcome.RETRY.value,
            reason=result.reason if result else "no-result",
            request_id=result.request_id if result else "",
            confirmed_at=now,
        )
    )


def _became(closing: Closing, done: _Done, tally: _Tally, now: datetime) -> dict[str, Any]:
    """Return the membership's columns after the call, and count."""
    alumni_id = closing.row.alumni_id
    if not closing.is_hidden:
        result = done.hidden.get(alumni_id)
        is_hidden = result is not None and result.outcome in _TAKEN
    else:
        is_hidden = True
    hidden_at = closing.row.hidden_at or (now if is_hidden else None)
    if closing.how is Removal.HIDE and is_hidden:
        tally.hidden += 1
        return _settled(MemberState.HIDDEN) | {"hidden_at": hidden_at}
    if done.residue.get(alumni_id) is Residue.ABSENT:
        tally.removed += 1
        tally.forgotten.append(closing.row.spell_id)
        return _settled(MemberState.REMOVED) | {
            "hidden_at": hidden_at,
            "removed_at": now,
            "absent_at": closing.row.absent_at or now,
            "read_backs": closing.row.read_backs + 1,
            "verify_at": now + FIRST_LOOK,
        }
    tally.failed += 1
    return _failed(closing, now) | {"hidden_at": hidden_at}


def _settled(state: MemberState) -> dict[str, Any]:
    return {
        "state": state.value,
        "attempts": 0,
        "next_at": None,
        "dead_letter_id": None,
        "alerted_hours": 0,
    }


def _failed(closing: Closing, now: datetime) -> dict[str, Any]:
    """Return the columns of somebody who is to be tried again; over the deadline it is `stuck`."""
    # Failed writes before are no failed removals.
    attempts = 1 + (closing.row.attempts if MemberState(closing.row.state) in UNDER_WAY else 0)
    late = closing.remove_by is not None and now > closing.remove_by
    erases = closing.how is Removal.ERASE
    state = MemberState.REMOVING if erases else MemberState.HIDING
    return {
        "state": (MemberState.STUCK if late else state).value,
        "attempts": attempts,
        "next_at": now + wait_to_remove(attempts),
    }
