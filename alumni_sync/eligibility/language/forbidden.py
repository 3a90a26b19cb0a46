"""What no rule may look at: health, unions, family, criminal records, and who somebody is.

No mapping fills such a field, so a rule could not read it anyway. Whoever writes one down should be
told that it is not a matter of spelling.
"""

import re
from typing import Final

NEVER: Final = "is never a rule input"

_SENSITIVE: Final = (
    (
        "somebody's health",
        (
            *("sick", "illness", "health", "medic", "diagnos", "disab", "handicap", "absence"),
            *("pregnan", "krank", "behinder", "schwanger", "chorob", "niepelnospr", "ciaz"),
        ),
    ),
    (
        "a union or works council",
        ("union", "council", "gewerkschaft", "betriebsrat", "zwiazek", "zwiazk"),
    ),
    (
        "somebody's family",
        (
            *("marital", "married", "spouse", "divorc", "child", "kids", "famil", "matern"),
            *("patern", "parental", "kinder", "malzon", "dzieci"),
        ),
    ),
    ("criminal records", ("crimin", "convict", "felon", "arrest", "vorstraf", "karaln")),
    ("origin or belief", ("relig", "ethnic", "racial", "race", "nationality", "politic")),
    ("sex or gender", ("gender", "sex", "geschlecht", "plec")),
    ("somebody's body", ("biometric", "genetic")),
)
"""What a fact is about, and how words for it begin in the languages of HR systems."""

_SENSITIVE_TAGS: Final = frozenset(
    {
        *("sick", "sickdays", "sickleave", "longtermsick", "disabled", "disability", "pregnant"),
        *("pregnancy", "maternity", "maternityleave", "paternity", "parentalleave"),
        *("union", "unionmember", "unionrep", "tradeunion", "workscouncil", "betriebsrat"),
        *("married", "divorced", "singleparent", "criminalrecord", "convicted"),
    }
)
"""Tags that say such a thing; others may well begin like them (`union-square-office`)."""

_IDENTITY: Final = frozenset(
    {"name", "email", "mail", "phone", "address", "manager", "person", "employee", "spell"}
)


def refusal(field: str) -> tuple[str, str] | None:
    """Return why no rule may look at such a field and what to do; None where it is a mere typo."""
    words = [word for word in re.split(r"[^a-z]+", field.casefold()) if word]
    if _IDENTITY & set(words):
        return (f"{NEVER}: who somebody is decides nothing", "take it out")
    for about, stems in _SENSITIVE:
        if any(word.startswith(stems) for word in words):
            return (
                f"{NEVER}: nobody is kept out, or let in, over {about}",
                "take it out; exits over such reasons are mapped to `undisclosed`",
            )
    return None


def refused_tag(tag: str) -> bool:
    """Say whether a tag stands for a fact that no rule may look at."""
    return re.sub(r"[^a-z]+", "", tag.casefold()) in _SENSITIVE_TAGS
