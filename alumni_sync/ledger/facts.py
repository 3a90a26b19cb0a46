"""Canonical bytes of a leaver's facts: what is sealed, and what the facts hash is made of.

JSON with sorted keys: a missing key is `NOT_SUPPORTED`, null is unknown, `~hidden` lists the fields
that the source does not let us see. Equal facts give equal bytes.
"""

import json
from collections.abc import Callable
from datetime import date
from typing import Any, Final

from alumni_sync.domain import LEAVER_FIELDS, NOT_VISIBLE, Fact, Facts, FieldType

_HIDDEN: Final = "~hidden"
_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=date.isoformat
)
_DECODERS: Final[dict[str, Callable[[Any], Fact]]] = {
    name: date.fromisoformat if kind is FieldType.DATE else tuple
    for name, kind in LEAVER_FIELDS.items()
    if kind in {FieldType.DATE, FieldType.TAGS}
}


def dump_facts(facts: Facts) -> bytes:
    """Return the canonical bytes of `facts`."""
    if any(value is NOT_VISIBLE for value in facts.values()):
        hidden = sorted(name for name, value in facts.items() if value is NOT_VISIBLE)
        return _ENCODER.encode(
            {name: v for name, v in facts.items() if v is not NOT_VISIBLE} | {_HIDDEN: hidden}
        ).encode()
    return _ENCODER.encode(facts).encode()


def load_facts(content: bytes) -> dict[str, Fact]:
    """Return the facts of canonical bytes, dates as dates and tags as tuples."""
    facts: dict[str, Fact] = json.loads(content)
    hidden = facts.pop(_HIDDEN, ())
    for name, decode in _DECODERS.items():
        value = facts.get(name)
        if value is not None:
            facts[name] = decode(value)
    for name in hidden:  # type: ignore[union-attr]  # a list of names, written by dump_facts
        facts[name] = NOT_VISIBLE
    return facts
