"""Confirm: the short transaction after a call to the platform.

Results are put down *and every gate is asked again*. Whoever is not found open any more is handed
back, to be removed at once; so is whoever was removed by somebody else while we wrote.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, bindparam, func, null, update

from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import DeadLetter, PlatformWrite, t
from alumni_sync.ledger.upsert import execute_many
from alumni_sync.ledger.vault import KeyRing
from alumni_sync.membership.claims import Claim, Claimed
from alumni_sync.membership.ledger_rows import MEMBERSHIP, open_gates, still_claimed
from alumni_sync.membership.plan import Act, MemberState
from alumni_sync.membership.profiles import recheck_at
from alumni_sync.membership.retries import wait_after
from alumni_sync.ports import WriteOutcome, WriteResult

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_WRITE: Final = t(PlatformWrite)
_LETTER: Final = t(DeadLetter)
_TAKEN: Final = frozenset({WriteOutcome.DONE, WriteOutcome.UNCHANGED})
_NO_RESULT: Final = "no-result"


@dataclass(slots=True)
class Confirmed:
    """What became of a batch.

    Attributes:
        stale: written as allowed, but the person has said something new since.
        closed: invitations whose gate closed meanwhile; they are to be removed at once.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    dead_letters: int = 0
    stale: int = 0
    closed: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with the platform as a whole, so that nobody is blamed for it.

    Attributes:
        wait: before those without a result are tried again.
        refuses_everybody: refusals are the platform's fault.
    """

    wait: timedelta = timedelta()
    refuses_everybody: bool = False


_HELD: Final = (
    update(MEMBERSHIP)
    .where(
        MEMBERSHIP.c.invitation_id == bindparam("of"),
        MEMBERSHIP.c.version == bindparam("from_version"),
    )
    .values(
        state=MemberState.ACTIVE.value,
        version=MEMBERSHIP.c.version + 1,
        content_hash=bindparam("content"),
        recheck_at=bindparam("recheck"),
        claimed_by=null(),
        claimed_at=null(),
        attempts=0,
        next_at=null(),
        joined_at=func.coalesce(MEMBERSHIP.c.joined_at, bindparam("at")),
        hidden_at=null(),
        removed_at=null(),
        absent_at=null(),
        read_backs=0,
        changed_at=bindparam("at"),
        sealed=bindparam("reference"),
    )
)
_FAILED: Final = (
    update(MEMBERSHIP)
    .where(
        MEMBERSHIP.c.invitation_id == bindparam("of"),
        MEMBERSHIP.c.version == bindparam("from_version"),
    )
    .values(
        version=MEMBERSHIP.c.version + 1,
        claimed_by=None,
        claimed_at=None,
        attempts=bindparam("tried"),
        next_at=bindparam("next"),
        dead_letter_id=bindparam("letter"),
        changed_at=bindparam("at"),
    )
)
_OUTCOME: Final = (
    update(_WRITE)
    .where(
        _WRITE.c.alumni_id == bindparam("who"),
        _WRITE.c.run_id == bindparam("run"),
        _WRITE.c.outcome == "claimed",
    )
    .values(
        outcome=bindparam("became"),
        reason=bindparam("why"),
        request_id=bindparam("request"),
        confirmed_at=bindparam("at"),
    )
)


def confirm(
    d: "Deployment",
    run_id: str,
    claim: Claim,
    results: Mapping[str, WriteResult],
    trouble: Trouble | None = None,
) -> Confirmed:
    """Put down what became of a batch, and ask every gate again.

    Args:
        d: the deployment.
        run_id: of the claim.
        claim: what was claimed, and with which keys the platform's ids are sealed.
        results: alumni id → result; who is missing is tried again.
        trouble: None where the platform worked as a whole.
    """
    now = d.clock.now()
    claimed, outcome = claim.writes, Confirmed()
    with d.ledger.write() as connection:
        is_open = open_gates(connection, [write.grant.invitation_id for write in claimed], now)
        held = []
        for write in claimed:
            result = results.get(write.profile.alumni_id) or _missing(write)
            version = is_open.get(write.grant.invitation_id)
            if result.outcome in _TAKEN:
                _count(outcome, write, result)
                if version is not None:
                    outcome.stale += version != write.grant.version
                    held.append(_held(write, _reference(claim.ring, write, result), now))
            elif version is not None:
                _fail(connection, outcome, write, result, now, trouble)
            else:
                outcome.failed += 1  # it may have landed all the same: removed below
        execute_many(connection, _HELD, held)
        became = [_became(run_id, write, results, now) for write in claimed]
        execute_many(connection, _OUTCOME, became)
        # Whoever is still claimed has a closed gate, or was removed by somebody else meanwhile.
        outcome.closed = still_claimed(connection, run_id, [w.grant.invitation_id for w in claimed])
    return outcome


def _missing(write: Claimed) -> WriteResult:
    return WriteResult(write.profile.alumni_id, WriteOutcome.RETRY, reason=_NO_RESULT)


def _count(outcome: Confirmed, write: Claimed, result: WriteResult) -> None:
    if result.outcome is WriteOutcome.UNCHANGED:
        outcome.unchanged += 1
    elif write.act is Act.CREATE:
        outcome.created += 1
    else:
        outcome.updated += 1


def _reference(ring: KeyRing, write: Claimed, result: WriteResult) -> bytes:
    """Seal the platform's own id of the member."""
    value = {"platform_id": result.platform_id}
    return ring.seal_json(write.grant.person_id, KeyKind.EVIDENCE, "membership", value)


def _held(write: Claimed, reference: bytes, now: datetime) -> dict[str, Any]:
    return {
        "of": write.grant.invitation_id,
        "from_version": write.version,
        "content": write.content,
        "recheck": recheck_at(write.grant, now),
        "at": now,
        "reference": reference,
    }


def _became(
    run_id: str, write: Claimed, results: Mapping[str, WriteResult], now: datetime
) -> dict[str, Any]:
    result = results.get(write.profile.alumni_id) or _missing(write)
    return {
        "who": write.profile.alumni_id,
        "run": run_id,
        "became": str(result.outcome),
        "why": result.reason,
        "request": result.request_id,
        "at": now,
    }


def _fail(
    connection: Connection,
    outcome: Confirmed,
    write: Claimed,
    result: WriteResult,
    now: datetime,
    trouble: Trouble | None,
) -> None:
    """Note a failure: when it is tried again, or that a person must look."""
    tried, letter = write.attempts + 1, None
    wait: timedelta | None
    if trouble and result.reason == _NO_RESULT:
        tried, wait = max(1, write.attempts), trouble.wait
    else:
        outcome.failed += 1
        wait = wait_after(tried)
        refused = result.outcome is WriteOutcome.REFUSED
        if wait is None or (refused and not (trouble and trouble.refuses_everybody)):
            outcome.dead_letters += 1
            letter = _dead_letter(connection, write, result.reason, tried, now)
    connection.execute(
        _FAILED,
        {
            "of": write.grant.invitation_id,
            "from_version": write.version,
            "tried": tried,
            "next": None if wait is None else now + wait,
            "letter": letter,
            "at": now,
        },
    )


def _dead_letter(
    connection: Connection, write: Claimed, reason: str, attempts: int, now: datetime
) -> int:
    row = {
        "kind": "platform",
        "subject": write.grant.invitation_id,
        "person_id": write.grant.person_id,
        "reason": reason,
        "attempts": attempts,
        "state": "open",
        "created_at": now,
        "closed_by": "",
    }
    key = connection.execute(_LETTER.insert(), row).inserted_primary_key
    return int(key[0]) if key else 0
