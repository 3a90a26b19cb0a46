"""Opaque identifiers: random, typed by a prefix, unrelated to any id of a source."""

import os
from typing import Final

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford: no i, l, o, u to misread
_TABLE: Final = bytes.maketrans(
    bytes(range(256)), bytes(ord(_ALPHABET[n & 31]) for n in range(256))
)
_LENGTH: Final = 16  # 80 bits: a collision among 10^9 ids has a chance of about 10^-6


def new_id(prefix: str) -> str:
    """Return a new id such as `P-7k2m…`; prefixes: P person, S spell, I invitation, R run, …."""
    return f"{prefix}-{os.urandom(_LENGTH).translate(_TABLE).decode('ascii')}"


def new_ids(prefix: str, count: int) -> list[str]:
    """Return `count` new ids with one call for randomness."""
    letters = os.urandom(_LENGTH * count).translate(_TABLE).decode("ascii")
    return [
        f"{prefix}-{letters[start : start + _LENGTH]}"
        for start in range(0, _LENGTH * count, _LENGTH)
    ]
