"""Canonical JSON (RFC 8785): one value has one sequence of bytes, whoever writes it.

What the ledger writes is texts, lists and objects with ASCII names, for which sorted compact JSON
is that sequence already; orjson writes it at once, and people wait for it at the consent site.
Everything else (numbers, other names, halves of characters) is left to `rfc8785`.
"""

from typing import Any, Final

import orjson
import rfc8785

_PLAIN: Final = frozenset({str, bool, type(None)})


def canonical_json(value: Any) -> bytes:  # noqa: ANN401 any JSON value
    """Return the canonical bytes of a JSON value; raises `ValueError` for what is none."""
    if _is_plain(value):
        try:
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        except TypeError:  # half of a character: `rfc8785` says what is wrong
            pass
    return rfc8785.dumps(value)


def _is_plain(value: object) -> bool:
    """Say whether a value is made of texts, truths, nothing, lists, and objects of ASCII names."""
    left = [value]
    while left:
        one = left.pop()
        kind = type(one)
        if kind in _PLAIN:
            continue
        if isinstance(one, dict):
            if not all(type(name) is str and name.isascii() for name in one):
                return False
            left.extend(one.values())
        elif isinstance(one, list | tuple):
            left.extend(one)
        else:
            return False
    return True
