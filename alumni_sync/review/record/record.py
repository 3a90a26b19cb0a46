"""The record of a decision: all that a page to print says of why somebody is in or out.

What the rules proposed and on which facts, who ruled, when, for which reason and in which words,
and everything that happened since. For as long as the person's records are kept; who reads one is
written down like anybody who looks at a case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from alumni_sync.domain import Identity
from alumni_sync.eligibility.evaluation.explain import RuleSaid
from alumni_sync.eligibility.judging.decisions import decisions_by_id
from alumni_sync.eligibility.judging.records import DecisionRecord
from alumni_sync.review.people.identity import UNVERIFIED
from alumni_sync.review.queue.listing import CaseSummary, summary_of
from alumni_sync.review.queue.numbering import case_id
from alumni_sync.review.record.dossier import Dossier, facts_as_text, show_case
from alumni_sync.review.record.history import SEEN, CaseHistory
from alumni_sync.review.rulings.comments import COMMENT
from alumni_sync.review.rulings.steps import FIRST_RULINGS, RULINGS

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_STANDS: Final = {
    "open": "Nobody has ruled yet. Until somebody does, the person is out.",
    "reopened": "The case is open again. Until somebody rules, the person is out.",
    "awaiting_second": "One of two has ruled, and a second must confirm. Until then, the person "
    "is out.",
    "admitted": "Admitted: the person may be asked for their consent.",
    "upheld": "Upheld: the person stays out.",
    "expired": "Nobody ruled before retention ended: the person stays out.",
    "closed": "There is nothing to rule on any more: the rules say otherwise now, or the person's "
    "facts are gone.",
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the rules proposed, on which facts.

    Attributes:
        verdict: `excluded` or `review`.
        reasons: a sentence for each rule that spoke, as it was said then.
        facts: what rules looked at, field → value as text; "unknown" where there was none.
        unknown: fields whose missing value kept a rule from deciding.
        rules: each rule that spoke, clause by clause; empty where these rules are gone.
        revision: of rules, mapping and audience.
        judged_on: civil day at the source's site.
    """

    verdict: str
    reasons: tuple[str, ...]
    facts: Mapping[str, str]
    unknown: tuple[str, ...]
    rules: tuple[RuleSaid, ...]
    revision: str
    judged_on: date


@dataclass(frozen=True, slots=True)
class RulingMade:
    """One ruling, or the first half of one, with what its author wrote.

    Attributes:
        event: `first_admit`, `first_uphold`, `admitted` or `upheld`.
        user: who ruled; `verified` says whether anything vouched for the name.
        words: comments of theirs on the version that they ruled on.
        bulk: several cases were ruled on by one act.
        until: the last day of the admission; None: no end.
        looked: whether they had opened the case and its facts before.
    """

    event: str
    at: datetime
    user: str
    verified: bool
    reason: str
    words: tuple[str, ...]
    bulk: bool
    looked: bool
    until: date | None = None


@dataclass(frozen=True, slots=True)
class DecisionRecordPage:
    """Everything on the page.

    Attributes:
        summary: case, source, dates, status, last day of an admission.
        name: of the person; "" where it can no longer be read, and `sealed` says why.
        controller: who answers for the data of the source.
        proposal: None where the sealed record of the decision is gone.
        rulings: oldest first; those that a reopened case has left behind too.
        history: everything else that happened included, but who looked.
        stands: how the case stands, in a sentence.
        printed_at: and for whom.
    """

    summary: CaseSummary
    name: str
    employee: str
    sealed: str
    controller: str
    proposal: Proposal | None
    rulings: tuple[RulingMade, ...]
    history: tuple[CaseHistory, ...]
    stands: str
    printed_at: datetime
    printed_for: str


def decision_record(d: "Deployment", case: str, identity: Identity) -> DecisionRecordPage | None:
    """Return the record of a case, and write down who read it; None where there is no such case.

    Raises:
        Refused: the identity may not see cases of this source.
    """
    dossier = show_case(d, case, identity)
    found = summary_of(d, case_id(case))
    if dossier is None or found is None:
        return None
    summary, row = found
    decision = decisions_by_id(d.ledger, [row.decision_id]).get(row.decision_id)
    known = d.settings.sources.get(summary.source)
    return DecisionRecordPage(
        summary=summary,
        name=dossier.name,
        employee=dossier.employee,
        sealed=dossier.sealed,
        controller=known.controller.name if known else summary.source,
        proposal=_proposal(decision, dossier) if decision else None,
        rulings=rulings_made(dossier.history),
        history=tuple(entry for entry in dossier.history if entry.event != SEEN),
        stands=_stands(summary),
        printed_at=d.clock.now(),
        printed_for=_printed_for(identity),
    )


def _printed_for(identity: Identity) -> str:
    """Return who printed it; a name that nothing vouched for says so."""
    known = identity.verified or identity.user == UNVERIFIED.user
    return identity.user if known else f"{identity.user} (unverified)"


def rulings_made(history: Sequence[CaseHistory]) -> tuple[RulingMade, ...]:
    """Return the rulings of a case with what belongs to them, oldest first."""
    return tuple(
        RulingMade(
            event=entry.event,
            at=entry.at,
            user=entry.actor,
            verified=entry.verified,
            reason=entry.reason,
            words=tuple(
                other.words
                for other in history
                if other.event == COMMENT and other.words and _before(other, entry)
            ),
            bulk=entry.bulk,
            looked=any(other.event == SEEN and _before(other, entry) for other in history),
            until=entry.until,
        )
        for entry in history
        if entry.event in {*FIRST_RULINGS, *RULINGS}
    )


def _before(other: CaseHistory, ruling: CaseHistory) -> bool:
    """Say whether the same person did something on the version that they then ruled on."""
    return other.actor == ruling.actor and other.version == ruling.version - 1


def _proposal(decision: DecisionRecord, dossier: Dossier) -> Proposal:
    judged = decision.judgement
    return Proposal(
        verdict=judged.verdict.value,
        reasons=judged.reasons,
        facts=facts_as_text(decision.facts),
        unknown=judged.unknown,
        rules=dossier.rules,
        revision=judged.revision,
        judged_on=decision.judged_on,
    )


def _stands(summary: CaseSummary) -> str:
    if summary.status == "admitted" and summary.admitted_until is not None:
        return (
            f"Admitted until {summary.admitted_until}: the person may be asked for their consent; "
            "after that day the case opens again."
        )
    return _STANDS[summary.status]
