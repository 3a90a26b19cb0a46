"""Fields and codes that a rule names and nobody has: a rule that waits for them waits for ever."""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from alumni_sync.eligibility.evaluation.columns import fold
from alumni_sync.eligibility.language.clauses import OneOf, literals
from alumni_sync.eligibility.language.fields import FIELD_TYPES, KNOWN_CODES, STATE_FIELDS
from alumni_sync.eligibility.language.pack import Rule, RulePack, SetFlag
from alumni_sync.eligibility.lint.axes import USUAL
from alumni_sync.eligibility.lint.finding import Finding, Kind, finding, is_written
from alumni_sync.eligibility.lint.space import Example, Place

FILLED_BY_THE_FLOW: Final = frozenset({*STATE_FIELDS, "record_status", "exit_kind"})


def readable(rule: Rule) -> bool:
    """Say whether rules may look at every field of a rule; no other can be evaluated."""
    return rule.fields <= FIELD_TYPES.keys()


def misnamed(
    pack: RulePack,
    places: Collection[Place],
    mapped: Mapping[str, frozenset[str]],
    codes: Mapping[str, frozenset[str]],
) -> Iterator[Finding]:
    """Yield every field and code of a rule that no source has to which the rule applies.

    Args:
        pack: as it was read.
        places: source and jurisdiction of every source, or all that rules name.
        mapped: source → fields that its mapping fills; a source that is not there is not known.
        codes: source → exit codes that its mapping knows; likewise.
    """
    for rule in pack.rules:
        if not is_written(rule):
            continue
        sources = [source for source, place in places if rule.applies_to(source, place)]
        for name in sorted(rule.sources - {source for source, _ in places}):
            what = f"{rule.id} is about the source {name}, which does not exist."
            yield finding(Kind.UNKNOWN_CODE, (rule,), what, leaver({}))
        yield from _fields(pack, rule, sources, mapped)
        yield from _codes(rule, sources, codes)


def _fields(
    pack: RulePack, rule: Rule, sources: Collection[str], mapped: Mapping[str, frozenset[str]]
) -> Iterator[Finding]:
    known = bool(sources) and all(source in mapped for source in sources)
    for name in sorted(rule.fields):
        if name not in FIELD_TYPES:
            what = f"{rule.id} looks at {name}, which is no field of a leaver."
        elif known and not any(name in mapped[s] for s in sources) and _from_source(name):
            what = f"{rule.id} looks at {name}, which no source has: {_follows(pack, rule, name)}."
        else:
            continue
        yield finding(Kind.UNKNOWN_FIELD, (rule,), what, leaver({}))


def _from_source(name: str) -> bool:
    return name not in FILLED_BY_THE_FLOW


def _follows(pack: RulePack, rule: Rule, name: str) -> str:
    """Return what becomes of a rule whose field is in no mapping."""
    harmless = name in pack.harmless or (name == "birth_date" and pack.adults_only is True)
    if isinstance(rule.then, SetFlag) or harmless:
        return "nobody will ever fit that"
    return "it is unknown of everybody"


def _codes(
    rule: Rule, sources: Collection[str], codes: Mapping[str, frozenset[str]]
) -> Iterator[Finding]:
    """Yield values that a field never has: of closed lists, and exit codes that nobody maps."""
    known = bool(sources) and all(source in codes for source in sources)
    mapped = {fold(code) for source in sources for code in codes.get(source, ())}
    for leaf in dict.fromkeys(leaf for leaf, _ in literals(rule.when)):
        if not isinstance(leaf, OneOf):
            continue
        for value in leaf.values:
            listed = KNOWN_CODES.get(leaf.field)
            if listed is not None and fold(value) not in {fold(code) for code in listed}:
                what = f"{rule.id} names {leaf.field} {value}, which does not exist."
            elif leaf.field == "exit_code" and known and fold(value) not in mapped:
                what = f"{rule.id} names the exit code {value}, which no mapping hands on."
            else:
                continue
            yield finding(Kind.UNKNOWN_CODE, (rule,), what, leaver({leaf.field: value}))


def leaver(facts: Mapping[str, object]) -> Example:
    """Return somebody inconspicuous of whom this is said besides."""
    usual = {"exit_kind": "resignation", "record_status": "left", **facts}
    return Example(usual, USUAL["today"], ("", ""))
