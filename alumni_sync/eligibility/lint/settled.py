"""Rules that meet and demand different things, where it is settled which of them is heard.

Rules on different facts meet as a matter of course, and precedence says who decides: no mistake.
But whoever writes a rule may want to see where it will not be heard.
"""

from alumni_sync.domain import Verdict
from alumni_sync.eligibility.evaluation.grounds import RANK
from alumni_sync.eligibility.language.pack import HoldOutreach, Rule
from alumni_sync.eligibility.lint.ends import ends_apart
from alumni_sync.eligibility.lint.finding import Finding, Kind, finding, is_written
from alumni_sync.eligibility.lint.space import Space
from alumni_sync.eligibility.lint.terrain import IS_TRUE, NOT_TRUE
from alumni_sync.eligibility.wording.sentences import outcome_words


def settled(space: Space, one: Rule, other: Rule) -> Finding | None:
    """Return that two rules meet, and which of them is heard; the first one of it is.

    Raises:
        TooLarge: it takes too long.
    """
    match one.then, other.then:
        case Verdict(), Verdict() if one.then is not other.then:
            return _by_precedence(space, *sorted((one, other), key=_rank))
        case (Verdict(), Verdict()) if ends_apart(one, other):
            return _later(space, one, other, "both hold")
        case HoldOutreach(purpose, until), HoldOutreach(another, end) if (
            purpose == another and until != end
        ):
            return _later(space, one, other, f"both close {purpose}")
        case _:
            return None


def _by_precedence(space: Space, heard: Rule, unheard: Rule) -> Finding | None:
    """Return that the more adverse one decides, shown where nothing else does."""
    both = (space.rules[heard.id], IS_TRUE), (space.rules[unheard.id], IS_TRUE)
    others = [
        (space.rules[rule.id], NOT_TRUE)
        for rule in space.pack.rules
        if rule.id in space.rules
        and rule.id not in {heard.id, unheard.id}
        and isinstance(rule.then, Verdict)
        and (_rank(rule) < _rank(heard) or not is_written(rule))
    ]
    path = space.path(*both, *others) or space.path(*both)
    if path is None:
        return None
    sentence = (
        f"{heard.id} decides where it meets {unheard.id}: {outcome_words(heard.then)} goes before "
        f"{outcome_words(unheard.then)}."
    )
    return finding(Kind.OVERLAPPING, (heard, unheard), sentence, space.example(path))


def _later(space: Space, one: Rule, other: Rule, what: str) -> Finding | None:
    path = space.path((space.rules[one.id], IS_TRUE), (space.rules[other.id], IS_TRUE))
    if path is None:
        return None
    sentence = f"{one.id} and {other.id} meet: {what}, and the later end counts."
    return finding(Kind.OVERLAPPING, (one, other), sentence, space.example(path))


def _rank(rule: Rule) -> int:
    return RANK[rule.then] if isinstance(rule.then, Verdict) else len(RANK)
