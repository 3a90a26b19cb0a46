"""Releases of changed rules: two people each, of exactly one revision of one source.

What is released is what the ledger kept, not what stands in the folder by then. It judges from the
next run on, under its own mapping and audience; whoever it takes back in is looked for by that run.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update

from alumni_sync.deployment import Deployment
from alumni_sync.domain import Identity
from alumni_sync.eligibility.revisions.publishing import counts_words
from alumni_sync.eligibility.revisions.ruleset import kept_ruleset, load_ruleset
from alumni_sync.eligibility.revisions.weighing import grown, weigh
from alumni_sync.errors import Refused
from alumni_sync.ledger import rulebook
from alumni_sync.ledger.rule_tables import ActiveRules, RulesRevision
from alumni_sync.ledger.rulebook import WAITING, RulesState
from alumni_sync.ledger.tables import t
from alumni_sync.review.people.authority import Act
from alumni_sync.review.people.interests import authority_now
from alumni_sync.review.releases.stops import ReleaseResult
from alumni_sync.review.rulings import approvals

RELEASE: Final = "release"
RULES_REASONS: Final = ("intended", "corrected", "wider_audience", "other")
"""Why changed rules may make somebody eligible."""

_REVISION: Final = t(RulesRevision)
_ACTIVE: Final = t(ActiveRules)


def list_revisions(d: Deployment, source: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield every revision that was kept, newest first, with since when it is active."""
    query = (
        select(_REVISION, _ACTIVE.c.since, _ACTIVE.c.released_by)
        .outerjoin(_ACTIVE, _ACTIVE.c.revision == _REVISION.c.revision)
        .order_by(_REVISION.c.created_at.desc(), _REVISION.c.source, _REVISION.c.revision)
    )
    if source is not None:
        query = query.where(_REVISION.c.source == source)
    with d.ledger.read() as connection:
        rows = connection.execute(query).all()
    for row in rows:
        yield {
            "revision": row.revision,
            "source": row.source,
            "state": row.state,
            "version": row.version,
            "counts": row.counts,
            "kept_at": row.created_at,
            "active_since": row.since,
            "released_by": row.released_by or None,
        }


def release_rules(
    d: Deployment, revision: str, *, reason: str, identity: Identity
) -> ReleaseResult:
    """Release changed rules: propose it, or as another person confirm it.

    What the change does is weighed afresh each time: it may have waited for months. Where it would
    let in more than the first saw, the second signs nothing, and the proposal is void.

    Args:
        d: the open deployment.
        revision: that waits.
        reason: a code of `RULES_REASONS`.
        identity: who releases; nothing but a verified one counts.

    Raises:
        Refused: role, reason or state do not allow it; nothing was changed.
    """
    if reason not in RULES_REASONS:
        raise Refused(f"to release rules, give one of: {', '.join(RULES_REASONS)}")
    with d.ledger.read() as connection:
        source = _waiting(connection, revision).source
    fresh = _weighed(d, source, revision)  # takes its time: nobody else waits for it
    with d.ledger.write() as connection:
        row = _waiting(connection, revision)
        waiting = approvals.pending(connection, revision, row.version)
        void = _lapsed(connection, d, waiting, row.source) if waiting is not None else ""
        if waiting is None or void:
            proposed = _propose(connection, d, row, reason, identity, fresh)
            return replace(proposed, sentence=f"{proposed.sentence}; {void}") if void else proposed
        result = _confirm(connection, d, row, identity, fresh)
    if not result.applied:
        raise Refused(result.sentence)
    return result


def _lapsed(connection: Connection, d: Deployment, proposal: Row[Any], source: str) -> str:
    """Return why a proposal is void; "" while it stands."""
    return approvals.lapsed(proposal, authority_now(d, connection), Act.PROPOSE_RULES, source)


def _weighed(d: Deployment, source: str, revision: str) -> Mapping[str, int]:
    """Return what a revision that waits would do by now, against the one that is active."""
    if source not in d.settings.sources:
        raise Refused(f"there is no source {source} any more: nothing waits")
    kept = kept_ruleset(d, source, revision)
    return {} if kept is None else weigh(d, load_ruleset(d, source), kept)


def _waiting(connection: Connection, revision: str) -> Row[Any]:
    row = rulebook.kept(connection, revision)
    if row is None:
        raise Refused(f"there is no revision {revision}: alumni-sync rules revisions lists them")
    if row.state not in WAITING:
        raise Refused(f"{revision} is {row.state} already: nothing waits")
    return row


def _propose(
    connection: Connection,
    d: Deployment,
    row: Row[Any],
    reason: str,
    identity: Identity,
    fresh: Mapping[str, int],
) -> ReleaseResult:
    authority_now(d, connection).require(identity, Act.PROPOSE_RULES, row.source)
    version, state = row.version + 1, RulesState.SECOND.value
    this = (_REVISION.c.revision == row.revision, _REVISION.c.version == row.version)
    values = {"state": state, "version": version, "counts": dict(fresh)}
    if not connection.execute(update(_REVISION).where(*this).values(values)).rowcount:
        raise Refused(f"{row.revision}: somebody else was faster, look at it again")
    at = d.clock.now()
    approvals.propose(connection, row.revision, version, RELEASE, identity, reason=reason, at=at)
    sentence = f"{row.revision} waits for a second person to release it: {counts_words(fresh)}"
    return ReleaseResult(row.revision, state, applied=True, sentence=sentence)


def _confirm(
    connection: Connection,
    d: Deployment,
    row: Row[Any],
    identity: Identity,
    fresh: Mapping[str, int],
) -> ReleaseResult:
    authority_now(d, connection).require(identity, Act.RELEASE_RULES, row.source)
    if grown(fresh, row.counts):
        return _void(connection, row, fresh)
    now = d.clock.now()
    approvals.confirm(connection, row.revision, row.version, RELEASE, identity, at=now)
    rulebook.activate(connection, row.source, row.revision, now, released_by=identity.user)
    sentence = (
        f"{row.revision} is released: the next run of {row.source} judges by it; "
        f"{counts_words(fresh)}"
    )
    return ReleaseResult(row.revision, RulesState.ACTIVE.value, applied=True, sentence=sentence)


def _void(connection: Connection, row: Row[Any], fresh: Mapping[str, int]) -> ReleaseResult:
    """Put a proposal back that was made on smaller figures; the change waits as at first."""
    state = RulesState.AWAITING.value
    values = {"state": state, "version": row.version + 1, "counts": dict(fresh)}
    this = _REVISION.c.revision == row.revision
    connection.execute(update(_REVISION).where(this).values(values))
    sentence = (
        f"{row.revision} would let in more by now ({counts_words(fresh)}) than when it was proposed"
        f" ({counts_words(row.counts)}): look at it, and propose it again"
    )
    return ReleaseResult(row.revision, state, applied=False, sentence=sentence)
