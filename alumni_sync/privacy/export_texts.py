"""The words around a person's data, in every language that has a file in `texts/`.

A language is complete or it is not there. What a code means in none of them is said as it stands,
with blanks: an export must not hide what it has no word for.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final

import yaml

from alumni_sync.consent.notices.editions import Terms

_FOLDER: Final = files("alumni_sync.privacy").joinpath("texts")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")
_CODES: Final = re.compile(r"[a-z_]+(, [a-z_]+)*")
FALLBACK: Final = "en"


@dataclass(frozen=True, slots=True)
class ExportTexts:
    """The texts of one language.

    Attributes:
        tree: as the file has them.
    """

    code: str
    tree: Mapping[str, Any]

    def __getitem__(self, key: str) -> str:
        """Return one of the texts at the top of the file."""
        text: str = self.tree[key]
        return text

    def section(self, name: str) -> str:
        """Return the heading of a section."""
        text: str = self.tree["sections"][name]
        return text

    def label(self, key: str) -> str:
        """Return what a key is called."""
        known: str = self.tree["labels"].get(key) or key.replace("_", " ")
        return known

    def value(self, code: str) -> str:
        """Return what a code (or several, with commas between) means; words stay as they are."""
        known: Mapping[str, str] = self.tree["values"]
        if code in known or not _CODES.fullmatch(code):
            return known.get(code, code)
        return ", ".join(known.get(one, one.replace("_", " ")) for one in code.split(", "))

    def written(self, text: str) -> str:
        """Return an ISO day or instant as people write it; other text as it is."""
        if _INSTANT.fullmatch(text):
            at = datetime.fromisoformat(text).astimezone(UTC)
            return self["instant"].format(date=self.day(at.date()), time=f"{at:%H:%M}")
        return self.day(date.fromisoformat(text)) if _is_day(text) else text

    def day(self, day: date) -> str:
        """Return a civil date as people write it."""
        month = self.tree["months"][day.month - 1]
        return self["date"].format(day=day.day, month=month, year=day.year)

    def information(self, terms: Terms) -> dict[str, str]:
        """Return what Art. 15(1) wants said, for one deployment."""
        said = {**terms.said_in(self.code)}
        sentences: Mapping[str, str] = self.tree["information"]
        return {name: text.format(**said).strip() for name, text in sentences.items()}


def _is_day(text: str) -> bool:
    if not _DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


@cache
def all_export_texts() -> Mapping[str, ExportTexts]:
    """Return the texts of every language, by BCP 47 code."""
    return {
        entry.name.removesuffix(".yaml"): ExportTexts(
            entry.name.removesuffix(".yaml"), yaml.safe_load(entry.read_text("utf-8"))
        )
        for entry in _FOLDER.iterdir()
        if entry.name.endswith(".yaml")
    }


def texts_in(language: str) -> ExportTexts:
    """Return the texts of a language, else the English ones: the data themselves have none."""
    texts = all_export_texts()
    return texts.get(language) or texts[FALLBACK]
