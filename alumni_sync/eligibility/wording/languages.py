"""The languages in which rules say themselves."""

from collections.abc import Mapping
from typing import Final

from alumni_sync.eligibility.wording.german import GERMAN
from alumni_sync.eligibility.wording.polish import POLISH
from alumni_sync.eligibility.wording.russian import RUSSIAN
from alumni_sync.eligibility.wording.words import ENGLISH, Words

WORDS: Final[Mapping[str, Words]] = {
    "en": ENGLISH,
    "de": GERMAN,
    "pl": POLISH,
    "ru": RUSSIAN,
}
"""Language → its words; another language is another entry."""
