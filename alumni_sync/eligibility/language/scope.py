"""Audience and pilot: whom the programme addresses. Outside of it is out of scope, no judgement.

Both become rules, so that they are explained like every other. A fact that is unknown leads to
review here too. The pilot's share is drawn by a keyed hash of the person: the same people every
time, and nobody who was in falls out when the share grows.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from alumni_sync.domain import FieldType, Verdict
from alumni_sync.eligibility.language.clauses import All, AnyOf, Clause, Contains, Not, OneOf
from alumni_sync.eligibility.language.fields import IN_PILOT_SHARE, RULE_FIELDS, YES
from alumni_sync.eligibility.language.pack import Rule
from alumni_sync.errors import ConfigError

OUTSIDE_AUDIENCE: Final = "outside-audience"
OUTSIDE_PILOT: Final = "outside-pilot"

_SELECTABLE: Final = frozenset({FieldType.TEXT, FieldType.CODE, FieldType.TAGS})
_DIGITS: Final = 13
"""Hex digits of the hash that are drawn from; as many as a float holds exactly."""


def audience_rules(audience: Mapping[str, Sequence[str]] | None) -> tuple[Rule, ...]:
    """Return the rule that puts everybody out of scope who is not in the audience; () for none.

    Raises:
        ConfigError: a field by which nobody may be selected.
    """
    if not audience:
        return ()
    inside = All(tuple(_selections("audience", audience)))
    return (Rule(OUTSIDE_AUDIENCE, Not(inside), Verdict.OUT_OF_SCOPE),)


def pilot_rules(segments: Mapping[str, Sequence[str]]) -> tuple[Rule, ...]:
    """Return the rule of a pilot: in the share, and in one of the values of every segment."""
    inside = All((OneOf(IN_PILOT_SHARE, (YES,)), *_selections("pilot.segments", segments)))
    return (Rule(OUTSIDE_PILOT, Not(inside), Verdict.OUT_OF_SCOPE),)


def in_share(person_hash: str, share: float) -> bool:
    """Say whether a person is drawn; `person_hash` is keyed, hex, the same for one person."""
    return int(person_hash[:_DIGITS], 16) < share * 16**_DIGITS


def _selections(where: str, wanted: Mapping[str, Sequence[str]]) -> Iterator[Clause]:
    for field, values in wanted.items():
        kind = RULE_FIELDS.get(field)
        if kind not in _SELECTABLE:
            raise ConfigError.of(
                f"{where}.{field}", "nobody is selected by it", "use department, location, country"
            )
        if kind is FieldType.TAGS:
            yield AnyOf(tuple(Contains(field, value) for value in values))
        else:
            yield OneOf(field, tuple(values))
