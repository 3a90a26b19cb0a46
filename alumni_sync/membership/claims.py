"""Claim: the short transaction before a call to the platform.

The gate is asked, the write is put down (membership and audit), and nothing is sent yet. A crash
afterwards leaves the claim: the next sync repeats the write, which is idempotent, and marks the
audit entry of the first attempt as repeated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import Connection, Row, bindparam, update

from alumni_sync.consent.grants import Grant, grants_of
from alumni_sync.ledger.among import among
from alumni_sync.ledger.ids import new_ids
from alumni_sync.ledger.pauses import Outlet, is_paused
from alumni_sync.ledger.tables import PlatformWrite, t
from alumni_sync.ledger.upsert import execute_many, insert_rows
from alumni_sync.ledger.vault import KeyRing
from alumni_sync.membership.ledger_rows import MEMBERSHIP, memberships, open_gates
from alumni_sync.membership.plan import Act, Known, MemberState, act_for
from alumni_sync.membership.profiles import build_profile, recheck_at
from alumni_sync.ports import Profile, profile_content

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_WRITE: Final = t(PlatformWrite)
_PENDING: Final = MemberState.PENDING.value


class Claimed(NamedTuple):
    """One write that was put down and may now be made.

    Attributes:
        version: of the membership, as the claim left it.
        attempts: failed ones before this.
    """

    grant: Grant
    profile: Profile
    content: str
    act: Act
    version: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A batch of writes.

    Attributes:
        ring: keys of the people in it, for the confirmation.
        paused: nothing was claimed, because the platform is paused.
    """

    writes: Sequence[Claimed] = ()
    ring: KeyRing = field(default_factory=lambda: KeyRing({}), repr=False)
    unchanged: int = 0
    paused: bool = False


def claim(d: "Deployment", run_id: str, invitation_ids: Sequence[str]) -> Claim:
    """Put down the writes for these invitations, as far as their gates are open now.

    Args:
        d: the deployment.
        run_id: who claims; the caller holds the platform's lease, so any other claim is dead.
        invitation_ids: of `ledger_rows.candidates`.
    """
    now = d.clock.now()
    drafts, ring = _drafts(d, invitation_ids, now)
    with d.ledger.write() as connection:
        if is_paused(connection, Outlet.PLATFORM):
            return Claim(paused=True)
        ids = list(drafts)
        versions = open_gates(connection, ids, now)
        known = memberships(connection, ids)
        still = {
            invitation_id: draft
            for invitation_id, draft in drafts.items()
            if versions.get(invitation_id) == draft[0].version
        }
        writes = [_claimed(draft, known.get(i)) for i, draft in still.items()]
        settled = [write for write in writes if write.act is Act.UNCHANGED]
        claimed = [write for write in writes if write.act is not Act.UNCHANGED]
        _note_settled(connection, settled, now)
        _repeat(connection, [known[i] for i in still if i in known and known[i].claimed_by], now)
        _put_down(connection, d.platform_name, run_id, claimed, known, now)
        insert_rows(
            connection,
            _WRITE,
            [_audit(d.platform_name, run_id, write, now) for write in claimed],
        )
    return Claim(claimed, ring, len(settled))


Draft = tuple[Grant, Profile, str]


def _drafts(
    d: "Deployment", invitation_ids: Sequence[str], now: datetime
) -> tuple[dict[str, Draft], KeyRing]:
    """Return invitation id → grant, profile (with a new alumni id) and its hash; and the keys."""
    digest = d.ledger.hashes.digest_bytes
    drafts: dict[str, Draft] = {}
    grants, ring = grants_of(d, invitation_ids)
    for grant, alumni_id in zip(grants, new_ids("A", len(grants)), strict=True):
        profile = build_profile(grant, alumni_id, now)
        if profile is not None:
            content = digest("profile", profile_content(profile))
            drafts[grant.invitation_id] = (grant, profile, content)
    return drafts, ring


def _claimed(draft: Draft, row: Row[Any] | None) -> Claimed:
    grant, profile, content = draft
    if row is None:
        return Claimed(grant, profile, content, Act.CREATE, 1, 0)
    known = Known(MemberState(row.state), row.content_hash, row.claimed_by is not None)
    # Who failed before is written again even if the content is what we confirmed last.
    act = act_for(content if not row.attempts else "", known)
    mine = Profile(
        row.alumni_id,
        profile.name,
        profile.email,
        profile.fields,
        profile.purposes,
        profile.segments,
    )
    attempts = row.attempts if row.grant_seq == grant.seq else 0
    return Claimed(grant, mine, content, act, row.version + 1, attempts)


_NOTE: Final = (
    update(MEMBERSHIP)
    .where(MEMBERSHIP.c.invitation_id == bindparam("of"))
    .values(grant_seq=bindparam("seq"), recheck_at=bindparam("recheck"))
)
_CLAIM: Final = (
    update(MEMBERSHIP)
    .where(MEMBERSHIP.c.invitation_id == bindparam("of"))
    .values(
        version=bindparam("to_version"),
        platform=bindparam("on_platform"),
        grant_seq=bindparam("seq"),
        claimed_by=bindparam("run"),
        claimed_at=bindparam("at"),
        dead_letter_id=None,
        cause="",
        remove_by=None,
        verify_at=None,
    )
)
_REPEATED: Final = (
    update(_WRITE)
    .where(_WRITE.c.alumni_id == bindparam("who"), _WRITE.c.outcome == "claimed")
    .values(outcome="repeated", confirmed_at=bindparam("at"))
)


def _note_settled(connection: Connection, settled: Sequence[Claimed], now: datetime) -> None:
    """Note that a newer grant says what the platform already holds; nothing is sent."""
    rows = [
        {
            "of": write.grant.invitation_id,
            "seq": write.grant.seq,
            "recheck": recheck_at(write.grant, now),
        }
        for write in settled
    ]
    execute_many(connection, _NOTE, rows)


def _repeat(connection: Connection, rows: Sequence[Row[Any]], now: datetime) -> None:
    """Close the audit entries of attempts whose end nobody saw."""
    execute_many(connection, _REPEATED, [{"who": row.alumni_id, "at": now} for row in rows])


def _put_down(
    connection: Connection,
    platform: str,
    run_id: str,
    claimed: Sequence[Claimed],
    known: Mapping[str, Row[Any]],
    now: datetime,
) -> None:
    fresh = [
        {
            "platform": platform,
            "person_id": write.grant.person_id,
            "spell_id": write.grant.spell_id,
            "invitation_id": write.grant.invitation_id,
            "alumni_id": write.profile.alumni_id,
            "state": _PENDING,
            "version": write.version,
            "content_hash": "",
            "grant_seq": write.grant.seq,
            "claimed_by": run_id,
            "claimed_at": now,
            "cause": "",
            "attempts": 0,
            "read_backs": 0,
            "alerted_hours": 0,
            "changed_at": now,
        }
        for write in claimed
        if write.grant.invitation_id not in known
    ]
    insert_rows(connection, MEMBERSHIP, fresh)
    again = [
        {
            "of": write.grant.invitation_id,
            "to_version": write.version,
            "on_platform": platform,
            "seq": write.grant.seq,
            "run": run_id,
            "at": now,
        }
        for write in claimed
        if write.grant.invitation_id in known
    ]
    execute_many(connection, _CLAIM, again)


def _audit(platform: str, run_id: str, write: Claimed, now: datetime) -> dict[str, Any]:
    return {
        "platform": platform,
        "person_id": write.grant.person_id,
        "alumni_id": write.profile.alumni_id,
        "verb": str(write.act),
        "claimed_at": now,
        "outcome": "claimed",
        "reason": "",
        "request_id": "",
        "content_hash": write.content,
        "revision": write.grant.revision,
        "consent_seq": write.grant.seq,
        "cause": "",
        "run_id": run_id,
    }


def forget_claims(d: "Deployment", invitation_ids: Sequence[str]) -> None:
    """End claims of writes that need no confirmation any more: their members were taken away."""
    with d.ledger.write() as connection:
        connection.execute(
            update(MEMBERSHIP)
            .where(among(MEMBERSHIP.c.invitation_id))
            .values(claimed_by=None, claimed_at=None),
            {"among": invitation_ids},
        )
