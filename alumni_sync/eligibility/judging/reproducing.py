"""Any decision that is still kept, worked out again: sealed facts, the day, the kept revision.

That is what shows, years later and to somebody who trusts nobody, that a verdict followed from the
rules of its day and from nothing else.
"""

from sqlalchemy import select

from alumni_sync.deployment import Deployment
from alumni_sync.domain import Judgement, Verdict
from alumni_sync.eligibility.evaluation.columns import build_frame
from alumni_sync.eligibility.evaluation.evaluate import evaluate
from alumni_sync.eligibility.judging.decisions import decisions_by_id
from alumni_sync.eligibility.judging.records import DecisionRecord
from alumni_sync.eligibility.revisions.ruleset import Ruleset, candidate_ruleset, kept_ruleset
from alumni_sync.errors import ConfigError
from alumni_sync.ledger.tables import Decision, t

_DECISION = t(Decision)


def past_decisions(d: Deployment, person: str) -> list[tuple[int, str, DecisionRecord]]:
    """Return number, source and content of every decision about a person that can be opened."""
    query = select(_DECISION.c.id, _DECISION.c.source).where(
        _DECISION.c.person_id == person, _DECISION.c.sealed.is_not(None)
    )
    with d.ledger.read() as connection:
        rows = connection.execute(query.order_by(_DECISION.c.id)).all()
    found = decisions_by_id(d.ledger, [row.id for row in rows])
    return [(row.id, row.source, found[row.id]) for row in rows if row.id in found]


def ruleset_then(d: Deployment, source: str, decision: DecisionRecord) -> Ruleset | None:
    """Return what judged when a decision was made; None where nobody kept it."""
    if source not in d.settings.sources:
        return None
    revision = decision.judgement.revision
    kept = kept_ruleset(d, source, revision)
    if kept is not None:
        return kept
    try:
        candidate = candidate_ruleset(d, source)
    except ConfigError:
        return None
    return candidate if candidate.revision == revision else None


def judge_again(d: Deployment, source: str, decision: DecisionRecord) -> Judgement | None:
    """Return the judgement that the rules of its time give of a decision's facts on its day.

    It is the very judgement of the record; None where those rules were not kept.
    """
    ruleset = ruleset_then(d, source, decision)
    if ruleset is None:
        return None
    frame = build_frame([decision.facts], sorted(ruleset.pack.fields))
    said = evaluate(frame, ruleset.pack, decision.judged_on).iloc[0]
    return Judgement(
        verdict=Verdict(said["verdict"]),
        rules=said["rules"],
        reasons=said["reasons"],
        flags=said["flags"],
        holds=said["holds"],
        unknown=said["unknown"],
        revision=ruleset.revision,
    )
