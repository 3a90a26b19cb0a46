"""What every language needs a word for, in the order in which the languages list theirs.

Sentences are built so that every part stands in the form in which it is named: "later than the hire
date" needs no case in any of them. Clauses can follow "when", "because" and "whether".
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from alumni_sync.eligibility.language.clauses import Comparison
from alumni_sync.eligibility.language.fields import (
    ADDRESS_SHARED,
    EMPLOYED_STILL,
    HAS_LEFT,
    IN_PILOT_SHARE,
    NO,
    NOMINATED,
    OTHER_EXIT_ADVERSE,
    RETURNING,
    YES,
)
from alumni_sync.eligibility.wording.words import ENGLISH

_Name = TypeVar("_Name")

FIELDS: Final = tuple(ENGLISH.fields)
STATES: Final = tuple(
    (state, value)
    for state in (
        HAS_LEFT,
        EMPLOYED_STILL,
        RETURNING,
        ADDRESS_SHARED,
        OTHER_EXIT_ADVERSE,
        NOMINATED,
        IN_PILOT_SHARE,
        "do_not_consider",
    )
    for value in (YES, NO)
)
VALUES: Final = (
    *("resignation", "retirement", "end_of_contract", "redundancy", "mutual_agreement"),
    *("performance", "misconduct", "dispute", "death", "internal_transfer", "no_show"),
    *("undisclosed", "unknown", "active", "left", "rescinded", "hire_cancelled", "deleted"),
    *("apprentice", "trainee", "intern", "pupil", "retiree", "expert", "newsletter", "events"),
    *("trainings", "job_offers", "mentoring", "speaking", "partnership", "statistics"),
)
"""Values that a rule may name and that have a name in every language."""
VERDICTS: Final = tuple(ENGLISH.verdicts)


def named(names: Sequence[_Name], words: Sequence[str]) -> dict[_Name, str]:
    """Return name → word; raises `ValueError` where one is missing or too many."""
    return dict(zip(names, words, strict=True))


def compared(
    at_least: tuple[str, str], at_most: tuple[str, str]
) -> Mapping[Comparison, tuple[str, str]]:
    """Return all comparisons: before and after are the opposites of at least and at most."""
    return {
        Comparison.AT_LEAST: at_least,
        Comparison.AT_MOST: at_most,
        Comparison.BEFORE: (at_least[1], at_least[0]),
        Comparison.AFTER: (at_most[1], at_most[0]),
    }
