"""Retention (4-consent): what is due is let go, category by category.

A legal hold and a restriction win, and so does a request that nobody has answered yet.

Each category says what it lets go and since when. A dry run counts the same and changes nothing.
Tombstones and suppressions are no category: they are what forgetting leaves, on purpose.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import ColumnElement, and_, exists, or_, select, update

from alumni_sync.consent.terms import pack_of
from alumni_sync.domain import CaseStatus, ConsentState, Verdict
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.mail_tables import ReturnedMail
from alumni_sync.ledger.tables import (
    Case,
    Decision,
    Invitation,
    Membership,
    Outbox,
    Person,
    PlatformWrite,
    Quarantine,
    Spell,
    Token,
    t,
)
from alumni_sync.membership.forgetting import forget_spells, may_be_let_go
from alumni_sync.membership.plan import GONE
from alumni_sync.privacy import request_retention
from alumni_sync.privacy.erasure import finish_erasing, half_erased
from alumni_sync.privacy.letting_go import let_go

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

TOKENS: Final = timedelta(days=7)
MAIL_METADATA: Final = timedelta(days=30)
UNASKED: Final = timedelta(days=14)
AUDIT: Final = timedelta(days=730)
YEAR: Final = timedelta(days=366)

_PERSON: Final = t(Person)
_SPELL: Final = t(Spell)
_DECISION: Final = t(Decision)
_CASE: Final = t(Case)
_INVITATION: Final = t(Invitation)
_MEMBERSHIP: Final = t(Membership)
_OUTBOX: Final = t(Outbox)
_RETURNED: Final = t(ReturnedMail)
_QUARANTINE: Final = t(Quarantine)
_TOKEN: Final = t(Token)
_WRITE: Final = t(PlatformWrite)

_GONE: Final = tuple(sorted(state.value for state in GONE))
_UNASKED_VERDICTS: Final = (Verdict.OUT_OF_SCOPE.value, Verdict.NEVER_CONTACT.value)
_ASKING: Final = (
    ConsentState.NOT_ASKED.value,
    ConsentState.INVITED.value,
    ConsentState.DEFERRED.value,
    ConsentState.ADDRESS_PENDING.value,
)


@dataclass(frozen=True, slots=True)
class PurgeCounts:
    """What was let go (or would be), by category.

    Attributes:
        quarantined: rows in quarantine whose content is gone.
        tokens: secrets of links, long expired.
        mails: metadata of mails, and of reports about them.
        spells: people whose facts are gone; their tombstone stays.
        proofs: evidence keys destroyed at the end of the proof period.
        audits: entries of platform writes.
        requests: of people, with their history.
        holds: legal holds, long lifted.
        codes: one-time codes, long expired.
        joins: requests to join that led to nothing, or long ago to a match.
        reads: entries of who looked at whom.
        erasures: people whose erasure was interrupted, and is done now.
    """

    quarantined: int = 0
    tokens: int = 0
    mails: int = 0
    spells: int = 0
    proofs: int = 0
    audits: int = 0
    requests: int = 0
    holds: int = 0
    codes: int = 0
    joins: int = 0
    reads: int = 0
    erasures: int = 0


def purge_due(d: "Deployment", *, dry_run: bool) -> PurgeCounts:
    """Let go what retention no longer allows.

    Args:
        d: the deployment.
        dry_run: only count.
    """
    now = d.clock.now()
    categories: Mapping[str, Callable[[Deployment, datetime, bool], int]] = {
        "quarantined": _quarantined,
        "tokens": _tokens,
        "mails": _mails,
        "spells": _spells,
        "proofs": _proofs,
        "audits": _audits,
        "requests": request_retention.requests,
        "holds": request_retention.holds,
        "codes": request_retention.codes,
        "joins": request_retention.joins,
        "reads": request_retention.reads,
        "erasures": _erasures,
    }
    return PurgeCounts(**{name: purge(d, now, dry_run) for name, purge in categories.items()})


def _quarantined(d: "Deployment", now: datetime, dry_run: bool) -> int:  # noqa: FBT001 called by table
    """Rows in quarantine, after 14 days; their hash stays, so that the same row is not new."""
    due = and_(_QUARANTINE.c.purge_after <= now, _QUARANTINE.c.sealed.is_not(None))
    with d.ledger.read() as connection:
        ids = list(connection.execute(select(_QUARANTINE.c.id).where(due)).scalars())
    if ids and not dry_run:
        with d.ledger.write() as connection:
            connection.execute(update(_QUARANTINE).where(due).values(sealed=None))
        d.ledger.vault.shred(ids)
    return len(ids)


def _tokens(d: "Deployment", now: datetime, dry_run: bool) -> int:  # noqa: FBT001 called by table
    """Secrets of links, a week after they expired."""
    kept = request_retention.kept_for(_TOKEN.c.person_id)
    due = and_(_TOKEN.c.expires_at <= now - TOKENS, ~kept)
    return let_go(d, _TOKEN.c.token_hash, due, dry_run=dry_run)


def _mails(d: "Deployment", now: datetime, dry_run: bool) -> int:  # noqa: FBT001 called by table
    """Metadata of mails (unless they count against a cap) and of reports about them: 30 days."""
    asking = exists().where(
        _INVITATION.c.id == _OUTBOX.c.invitation_id, _INVITATION.c.state.in_(_ASKING)
    )
    due = and_(
        _OUTBOX.c.created_at <= now - MAIL_METADATA,
        _OUTBOX.c.state.in_(("accepted", "refused", "dropped", "unknown")),
        ~asking,
        ~request_retention.kept_for(_OUTBOX.c.person_id),
    )
    kept = exists().where(
        _INVITATION.c.id == _RETURNED.c.invitation_id,
        request_retention.kept_for(_INVITATION.c.person_id),
    )
    over = and_(_RETURNED.c.at <= now - MAIL_METADATA, ~kept)
    reports = let_go(d, _RETURNED.c.id, over, dry_run=dry_run)
    return reports + let_go(d, _OUTBOX.c.id, due, dry_run=dry_run)


def _audits(d: "Deployment", now: datetime, dry_run: bool) -> int:  # noqa: FBT001 called by table
    """Audit of platform writes, after two years, of people who are not there any more."""
    there = exists().where(
        _MEMBERSHIP.c.alumni_id == _WRITE.c.alumni_id, _MEMBERSHIP.c.state.not_in(_GONE)
    )
    kept = request_retention.kept_for(_WRITE.c.person_id)
    due = and_(_WRITE.c.claimed_at <= now - AUDIT, ~there, ~kept)
    return let_go(d, _WRITE.c.id, due, dry_run=dry_run)


def _spells(d: "Deployment", now: datetime, dry_run: bool) -> int:  # noqa: FBT001 called by table
    """Facts of people whom nothing is kept for any more; a tombstone stays."""
    with d.ledger.read() as connection:
        query = (
            select(_SPELL.c.id)
            .select_from(
                _SPELL.join(_PERSON, _PERSON.c.id == _SPELL.c.person_id)
                .outerjoin(_DECISION, _DECISION.c.id == _SPELL.c.decision_id)
                .outerjoin(_INVITATION, _INVITATION.c.spell_id == _SPELL.c.id)
                .outerjoin(_CASE, _CASE.c.spell_id == _SPELL.c.id)
            )
            .where(
                _SPELL.c.sealed.is_not(None),
                may_be_let_go(),
                ~request_retention.asks_for_facts(),
                or_(_over(now), _unasked(now), *_left_out(d, now)),
                ~_on_platform(),
            )
        )
        ids = list(connection.execute(query).scalars())
    if not dry_run:
        forget_spells(d, ids)
    return len(ids)


def _over(now: datetime) -> ColumnElement[bool]:
    """Say that the consent's own end (refused, expired, no contact, …) set a day, and it came."""
    live = _INVITATION.c.gate_open.is_(True)
    return and_(_SPELL.c.purge_after <= now, _INVITATION.c.id.is_not(None), ~live)


def _unasked(now: datetime) -> ColumnElement[bool]:
    """Say that the rules left somebody unasked, without a case, 14 days ago."""
    return and_(
        _SPELL.c.verdict.in_(_UNASKED_VERDICTS),
        _DECISION.c.decided_at <= now - UNASKED,
        or_(_INVITATION.c.id.is_(None), _INVITATION.c.gate_open.is_(False)),
    )


def _left_out(d: "Deployment", now: datetime) -> Sequence[ColumnElement[bool]]:
    """Say, source by source, that the claim period of an upheld case is over."""
    closed = (CaseStatus.UPHELD.value, CaseStatus.EXPIRED.value)
    return [
        and_(
            _SPELL.c.source == source,
            _CASE.c.status.in_(closed),
            _CASE.c.closed_at <= now - YEAR * pack_of(d, source).claim_years,
        )
        for source in d.settings.sources
    ]


def _on_platform() -> ColumnElement[bool]:
    return exists().where(_MEMBERSHIP.c.spell_id == _SPELL.c.id, _MEMBERSHIP.c.state.not_in(_GONE))


def _proofs(d: "Deployment", now: datetime, dry_run: bool) -> int:  # noqa: FBT001 called by table
    """Evidence keys, when the proof period of everything they prove is over."""
    due: list[str] = []
    with d.ledger.read() as connection:
        for source in d.settings.sources:
            since = now - YEAR * _proof_years(d, source)
            kept = or_(
                exists().where(
                    _SPELL.c.person_id == _PERSON.c.id,
                    or_(_SPELL.c.sealed.is_not(None), _SPELL.c.changed_at > since),
                ),
                exists().where(
                    _INVITATION.c.person_id == _PERSON.c.id, _INVITATION.c.changed_at > since
                ),
                exists().where(
                    _MEMBERSHIP.c.person_id == _PERSON.c.id,
                    or_(_MEMBERSHIP.c.state.not_in(_GONE), _MEMBERSHIP.c.changed_at > since),
                ),
            )
            query = select(_PERSON.c.id).where(
                _PERSON.c.source == source,
                _PERSON.c.created_at <= since,
                may_be_let_go(),
                ~request_retention.asks_for_anything(),
                ~kept,
            )
            due += connection.execute(query).scalars()
    ring = d.ledger.vault.load(due)
    held = [person_id for person_id in due if ring.has(person_id, KeyKind.EVIDENCE)]
    if held and not dry_run:
        request_retention.forget_answers(d, held)
        d.ledger.vault.shred(held)
    return len(held)


def _erasures(d: "Deployment", now: datetime, dry_run: bool) -> int:  # noqa: FBT001 called by table
    """Whoever was erased and can still be read, because a process died in the middle of it."""
    del now
    left = half_erased(d)
    if not dry_run:
        finish_erasing(d, left)
    return len(left)


def _proof_years(d: "Deployment", source: str) -> int:
    return pack_of(d, source).proof_years
