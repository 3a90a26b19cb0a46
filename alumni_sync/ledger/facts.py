"""Canonical bytes of a leaver's facts: what is sealed, and what the facts hash is made of.

JSON with sorted keys: a missing key is `NOT_SUPPORTED`, null is unknown, `~hidden` lists the fields
that the source does not let us see. Equal facts give equal bytes.
"""

from collections.abc import Callable
from datetime import date
from typing import Any, Final

import orjson

from alumni_sync.domain import (
    LEAVER_FIELDS,
    NOT_VISIBLE,
    Absent,
    Fact,
    Facts,
    FieldType,
)

_HIDDEN: Final = "~hidden"
_ABSENT: Final = frozenset(Absent)
_DECODERS: Final[dict[str, Callable[[Any], Fact]]] = {
    name: date.fromisoformat if kind is FieldType.DATE else tuple
    for name, kind in LEAVER_FIELDS.items()
    if kind in {FieldType.DATE, FieldType.TAGS}
}


def dump_facts(facts: Facts) -> bytes:
    """Return the canonical bytes of `facts`."""
    if not _ABSENT.isdisjoint(facts.values()):
        hidden = sorted(name for name, value in facts.items() if value is NOT_VISIBLE)
        seen = {name: fact for name, fact in facts.items() if not isinstance(fact, Absent)}
        if hidden:
            seen[_HIDDEN] = tuple(hidden)
        return orjson.dumps(seen, option=orjson.OPT_SORT_KEYS)
    return orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)


def load_facts(content: bytes) -> dict[str, Fact]:
    """Return the facts of canonical bytes, dates as dates and tags as tuples."""
    facts: dict[str, Fact] = orjson.loads(content)
    hidden = facts.pop(_HIDDEN, ())
    for name, decode in _DECODERS.items():
        value = facts.get(name)
        if value is not None:
            facts[name] = decode(value)
    for name in hidden:  # type: ignore[union-attr]  # a list of names, written by dump_facts
        facts[name] = NOT_VISIBLE
    return facts
