"""Texts that a rule may compare with: those that some fact can be. The others make a dead rule."""

import unicodedata
from typing import Final

_JOINERS: Final = frozenset("\u200c\u200d")
"""Letters of some scripts need them inside a word; anywhere else they are slips like the rest."""


def dead_text(text: str, *, literal: bool) -> tuple[str, str] | None:
    """Return why no fact can be meant by a text, and what to do; None where one can.

    Args:
        text: as it stands in the rule.
        literal: `*` and `?` stand for themselves here (`equals`, `one_of`).
    """
    kept = text.strip()
    inner = kept.strip("".join(_JOINERS))
    if not inner:
        return "is an empty value", "take it out, or see whether there is a `|` too many"
    if kept != inner or any(_invisible(letter) for letter in kept):
        return "has a character that nobody can see", "type the value anew"
    if literal and ("*" in kept or "?" in kept):
        return f"{kept} would be taken literally", "did you mean `matches`?"
    return None


def _invisible(letter: str) -> bool:
    if letter in _JOINERS or letter.isspace():
        return False
    return unicodedata.category(letter) in {"Cc", "Cf"}
