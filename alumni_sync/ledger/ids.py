"""Opaque identifiers, typed by a prefix and unrelated to any id of a source.

They begin with the moment at which they were made, so that what is made together lies together in
every index: with wholly random ids, each row of a bulk run is on another page of the database. The
rest is random, so that the order within a page of work says nothing about the order in a file.
"""

import os
from typing import Final

from alumni_sync.clock import milliseconds

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford: no i, l, o, u to misread
_TABLE: Final = bytes.maketrans(
    bytes(range(256)), bytes(ord(_ALPHABET[n & 31]) for n in range(256))
)
_MOMENT: Final = 9  # letters: milliseconds since 1970, 45 bits
_LENGTH: Final = 11  # random letters, 55 bits: what else is made in that very millisecond is little


def new_id(prefix: str) -> str:
    """Return a new id such as `P-01n7k2m…`; prefixes: P person, S spell, I invitation, R run, …."""
    return new_ids(prefix, 1)[0]


def new_ids(prefix: str, count: int) -> list[str]:
    """Return `count` new ids with one call for randomness."""
    head = f"{prefix}-{_moment()}"
    letters = os.urandom(_LENGTH * count).translate(_TABLE).decode("ascii")
    return [head + letters[start : start + _LENGTH] for start in range(0, _LENGTH * count, _LENGTH)]


def _moment() -> str:
    """Return the milliseconds since 1970 in letters that sort as the numbers do."""
    now = milliseconds()
    return "".join(_ALPHABET[now >> 5 * place & 31] for place in reversed(range(_MOMENT)))
