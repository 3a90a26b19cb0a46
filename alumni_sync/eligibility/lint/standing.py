"""Exit kinds in good standing that rules keep out all the same, always and everywhere.

The list says *eligible, unless a rule says otherwise*. A rule that says otherwise of some of them,
for a time, or at some places, is what is meant; one that says it of all of them is at odds with it.
"""

from collections.abc import Collection, Iterator, Sequence

from alumni_sync.domain import Verdict
from alumni_sync.eligibility.language.clauses import OneOf
from alumni_sync.eligibility.language.pack import Rule
from alumni_sync.eligibility.lint.finding import Finding, Kind, finding, is_written
from alumni_sync.eligibility.lint.space import Space
from alumni_sync.eligibility.lint.terrain import IS_FALSE, IS_TRUE
from alumni_sync.eligibility.wording.sentences import outcome_words
from alumni_sync.eligibility.wording.words import ENGLISH


def misjudged(space: Space, broken: Collection[str]) -> Iterator[Finding]:
    """Yield which rules leave nobody eligible of kinds in good standing.

    Args:
        space: of the pack.
        broken: ids of rules that do not count, because they have to be mended anyway.
    """
    own = [
        rule
        for rule in space.pack.rules
        if rule.id in space.rules.keys() - set(broken)
        and is_written(rule)
        and isinstance(rule.then, Verdict)
    ]
    found: dict[tuple[Rule, ...], list[str]] = {}
    for kind in sorted(space.pack.good_standing):
        of_kind = _of(space, kind)
        if not _is_open(space, of_kind, own):
            found.setdefault(tuple(_smallest(space, of_kind, own)), []).append(kind)
    for rules, kinds in found.items():
        yield _misjudged(space, rules, kinds)


def _misjudged(space: Space, rules: tuple[Rule, ...], kinds: Sequence[str]) -> Finding:
    node = (space.rules[rules[0].id], IS_TRUE)
    path = space.path((_of(space, kinds[0]), IS_TRUE), node) or {}
    named = ", ".join(ENGLISH.values.get(kind, kind.replace("_", " ")) for kind in kinds)
    outcomes = " or ".join(dict.fromkeys(outcome_words(rule.then) for rule in rules))
    ids = " and ".join(rule.id for rule in rules)
    sentence = (
        f"good_standing lists {named}, and {ids} says {outcomes} of all such exits, always. "
        "Take it out of the list, or mend the rule."
    )
    return finding(Kind.GOOD_STANDING, rules, sentence, space.example(path))


def _of(space: Space, kind: str) -> int:
    return space.everywhere(OneOf("exit_kind", (kind,)))


def _is_open(space: Space, of_kind: int, rules: Sequence[Rule]) -> bool:
    """Say whether there is a leaver of a kind of whom none of some rules speaks."""
    silent = [(space.rules[rule.id], IS_FALSE) for rule in rules]
    return space.path((of_kind, IS_TRUE), *silent) is not None


def _smallest(space: Space, of_kind: int, rules: Sequence[Rule]) -> list[Rule]:
    """Return rules that together keep a kind out, and none of which can be spared."""
    kept = list(rules)
    for rule in rules:
        fewer = [one for one in kept if one is not rule]
        if not _is_open(space, of_kind, fewer):
            kept = fewer
    return kept
