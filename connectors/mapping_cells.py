"""Cells as exports write them → values: cleaned text, numbers, tags, words that are mapped.

Readers are pure and remember what they read: a column of a payroll export repeats itself, and a
dictionary is much faster than any parser. What they remember is bounded.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from alumni_sync.domain import Fact

REMEMBERED: Final = 4_000
"""How many different cells a reader remembers before it starts afresh; keeps memory constant."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """There is something in the cell, but it cannot be read; `reason` is a code."""

    reason: str


UNMAPPED: Final = Unreadable("unmapped-value")
NOT_A_NUMBER: Final = Unreadable("not-a-number")
NOT_A_COUNTRY: Final = Unreadable("not-a-country")
NOT_A_LANGUAGE: Final = Unreadable("not-a-language")
CONTROL_CHARACTER: Final = Unreadable("control-character")
LINE_BREAK: Final = Unreadable("line-break")

_INVISIBLE: Final = "\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad"
_CONTROLS: Final = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_UNUSUAL: Final = f"{_CONTROLS}\xa0\u0300-\u036f\u2028\u2029{_INVISIBLE}&"
ODD: Final = re.compile(f"[{_UNUSUAL}]")
"""Characters of a text without which `str.strip` alone cleans its cells."""

_ODD_CELL: Final = re.compile(f"[{_UNUSUAL}\r\n]")
_ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});")
_DROPPED: Final = re.compile(f"[{_INVISIBLE}]")
_CONTROL: Final = re.compile(f"[{_CONTROLS}]")
_BREAK: Final = re.compile("[\r\n\u2028\u2029]")
_INTEGER: Final = re.compile(r"(?a:[+-]?\d{1,9})(?:[.,]0+)?")
_COUNTRY: Final = re.compile(r"[A-Za-z]{2}")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")

YES_NO: Final[Mapping[str, str]] = {
    **dict.fromkeys(("yes", "y", "true", "1", "x", "ja", "tak", "да", "oui", "si", "sí"), "yes"),
    **dict.fromkeys(("no", "n", "false", "0", "nein", "nie", "нет", "non"), "no"),
}

Reader = Callable[[str], Fact | Unreadable]


def clean(cell: str) -> str:
    """Return `cell` without HTML entities, invisible characters and blanks at its ends.

    `&amp;` and `&#243;` come from exports of web forms; only whole entities are taken for one, so
    that `AT&T` stays. No-break blanks become blanks, combining accents their composed letter.
    Directional marks are dropped: in a mail they would show another name than the one stored.
    """
    if "&" in cell:
        cell = _ENTITY.sub(lambda match: html.unescape(match.group()), cell)
    cell = _DROPPED.sub("", cell.replace("\xa0", " "))
    return unicodedata.normalize("NFC", cell).strip()


def needs_cleaning(cell: str) -> bool:
    """Say whether `clean` and `forbidden` have to look at a cell; they are slow."""
    return _ODD_CELL.search(cell) is not None


def forbidden(cell: str) -> Unreadable | None:
    """Say which character keeps a cleaned cell from being used, if one does."""
    if _BREAK.search(cell):
        return LINE_BREAK
    return CONTROL_CHARACTER if _CONTROL.search(cell) else None


def read_integer(text: str) -> int | Unreadable:
    """Return a whole number; `3.0` is one, as spreadsheets write it."""
    match = _INTEGER.fullmatch(text)
    return int(re.split("[.,]", text)[0]) if match else NOT_A_NUMBER


def read_country(text: str) -> str | Unreadable:
    """Return an ISO 3166-1 alpha-2 code in upper case."""
    return text.upper() if _COUNTRY.fullmatch(text) else NOT_A_COUNTRY


def read_language(text: str) -> str | Unreadable:
    """Return a BCP 47 code in lower case."""
    return text.replace("_", "-").lower() if _LANGUAGE.fullmatch(text) else NOT_A_LANGUAGE


def read_yes_no(text: str) -> str | Unreadable:
    """Return `yes` or `no`."""
    return YES_NO.get(text.casefold(), UNMAPPED)


def read_text(text: str) -> str:
    """Return the text itself."""
    return text


class TagReader:
    """Splits a cell into tags, each once, in the order of the cell."""

    def __init__(self, separators: str, read: Reader) -> None:
        """Split at any of the characters in `separators`; `read` is asked for each tag."""
        self._split = re.compile(f"[{re.escape(separators)}]")
        self._read = read

    def __call__(self, text: str) -> tuple[str, ...] | Unreadable:
        """Return the tags of a cell."""
        tags: dict[str, None] = {}
        for part in self._split.split(text):
            tag = self._read(part.strip()) if part.strip() else None
            if isinstance(tag, Unreadable):
                return tag
            if tag is not None:
                tags[str(tag)] = None
        return tuple(tags)


class MappedReader:
    """Looks a cell up among the values of the mapping, exactly and then in any case."""

    def __init__(self, values: Mapping[str, str], otherwise: str, read: Reader) -> None:
        """Give what is not listed to `read` (keep), to nobody (empty), or refuse it (reject)."""
        self._values = dict(values)
        self._folded = {key.casefold(): value for key, value in values.items()}
        self._otherwise = otherwise
        self._read = read

    def __call__(self, text: str) -> Fact | Unreadable:
        """Return what the mapping makes of a cell."""
        mapped = self._values.get(text, self._folded.get(text.casefold()))
        if mapped is not None:
            return self._read(mapped) if mapped else None
        if self._otherwise == "keep":
            return self._read(text)
        return None if self._otherwise == "empty" else UNMAPPED


class Remembering(dict[str, Fact | Unreadable]):
    """Cell → value, read once. `failed` says whether any cell so far was unreadable."""

    def __init__(self, read: Reader) -> None:
        """Ask `read` for a cell that is new; an empty one is null, or no tags, without asking."""
        self._empty: dict[str, Fact | Unreadable] = {
            "": () if isinstance(read, TagReader) else None
        }
        super().__init__(self._empty)
        self._read = read
        self.failed = False

    def __missing__(self, cell: str) -> Fact | Unreadable:
        """Read, remember, return."""
        if len(self) >= REMEMBERED:
            self.clear()
            self.update(self._empty)
        value = self._read(cell)
        self.failed = self.failed or isinstance(value, Unreadable)
        self[cell] = value
        return value
