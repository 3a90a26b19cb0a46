"""Several cases by one act: each is ruled on by itself, with a result of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from alumni_sync.domain import Identity, Ruling
from alumni_sync.errors import Refused
from alumni_sync.review.rulings.ruling import RulingResult, rule_case
from alumni_sync.review.rulings.steps import Terms

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment


@dataclass(frozen=True, slots=True)
class RefusedCase:
    """A case that is as it was, and why.

    Attributes:
        case: its number; what was given, where that was none.
        sentence: why, for whoever asked.
        outside: the same for what many can read; see `errors.Refused`.
    """

    case: str
    sentence: str
    outside: str


def rule_cases(
    d: "Deployment",
    subjects: Sequence[str],
    *,
    reason: str,
    identity: Identity,
    run_id: str,
    ruling: Ruling | None = None,
    until: date | None = None,
    comment: str = "",
) -> tuple[RulingResult | RefusedCase, ...]:
    """Rule on each of several cases; one that is refused keeps no other from being done.

    Each is a transaction of its own with the checks of a single ruling. More than one count as
    ruled on in bulk, which stands in their history and in the report.

    Args:
        d: the open deployment.
        subjects: case numbers, or tickets; a ticket binds the ruling to the version that was seen,
            and holds the last day of an admission itself.
        reason: a code of the closed list for the ruling.
        identity: who rules.
        run_id: kept with the events.
        ruling: what to do with all of them, and a ticket for something else is refused; None: what
            each ticket says.
        until: the last day on which an admission holds; None: no end.
        comment: words that are kept with each of them.

    Returns:
        A result for each subject, in their order.
    """
    several = len(set(subjects)) > 1

    def one(subject: str) -> RulingResult | RefusedCase:
        is_case = subject.strip().upper().startswith("EX-") and "." not in subject
        try:
            return rule_case(
                d,
                case=subject if is_case else None,
                ticket=None if is_case else subject,
                ruling=ruling,
                reason=reason,
                identity=identity,
                run_id=run_id,
                terms=Terms(until, bulk=several, comment=comment),
            )
        except Refused as refused:
            return RefusedCase(subject.partition(".")[0], str(refused), refused.outside)

    return tuple(one(subject) for subject in subjects)
