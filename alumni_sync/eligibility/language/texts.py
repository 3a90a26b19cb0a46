"""Texts that a rule may compare with: those that some fact can be. The others make a dead rule."""

import unicodedata
from typing import Final

_JOINERS: Final = frozenset("\u200c\u200d")
"""Letters of some scripts need them inside a word; anywhere else they are slips like the rest."""


def dead_text(text: str, *, instead: str = "") -> tuple[str, str] | None:
    """Return why no fact can be meant by a text, and what to do; None where one can.

    Args:
        text: as it stands in the rule.
        instead: what to do about `*` and `?`, where they stand for themselves; "" where they stand
            for other characters.
    """
    kept = text.strip()
    inner = kept.strip("".join(_JOINERS))
    if not inner:
        return "is an empty value", "take it out, or see whether there is a `|` too many"
    if kept != inner or any(_invisible(letter) for letter in kept):
        return "has a character that nobody can see", "type the value anew"
    if instead and ("*" in kept or "?" in kept):
        return f"{kept} would be taken literally", instead
    return None


def instead_of_wildcards(operator: str, *, tags: bool) -> str:
    """Return what to write where an operator takes `*` and `?` literally; "" where it does not.

    Args:
        operator: of a text, or of tags.
        tags: the field holds tags, of which `matches` cannot ask.
    """
    match operator:
        case "matches":
            return ""
        case "contains" if tags:
            return "name each tag in full, several with `any`"
        case "contains":
            return "`contains` looks anywhere in the text by itself; a pattern takes `matches`"
        case _:
            return "did you mean `matches`?"


def _invisible(letter: str) -> bool:
    if letter in _JOINERS or letter.isspace():
        return False
    return unicodedata.category(letter) in {"Cc", "Cf"}
