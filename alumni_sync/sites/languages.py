"""The texts around a notice, in every language that has a file in `texts/`.

A language is complete or it is not offered: consent given on a page that mixes languages would not
be informed, so there is no fallback from one to another. A new language is one new file.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Final

from alumni_sync.yaml_lines import plain_yaml

TEXTS: Final = files("alumni_sync.sites").joinpath("texts")


class Texts:
    """The texts of one language; in a template `t("consent.hello", name=…)`."""

    def __init__(self, code: str, tree: Mapping[str, Any]) -> None:
        """Keep a parsed file of `texts/`."""
        self.code = code
        self._months: list[str] = tree["months"]
        self._flat = dict(_flatten(tree))
        self.name = self._flat["name"]

    def __call__(self, key: str, /, **values: object) -> str:
        """Return one text with its places filled in; an unknown key is an error."""
        return self._flat[key].format(**values)

    def has(self, key: str) -> bool:
        """Say whether there is such a text."""
        return key in self._flat

    def keys(self) -> frozenset[str]:
        """Return every key, for comparing languages."""
        return frozenset(self._flat)

    def date(self, day: date) -> str:
        """Return a civil date as people write it, on one line (with no-break spaces)."""
        written = self("date", day=day.day, month=self._months[day.month - 1], year=day.year)
        return written.replace(" ", "\N{NO-BREAK SPACE}")


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")
        elif isinstance(value, str):
            yield f"{prefix}{key}", value
        elif not isinstance(value, list):  # an unquoted yes or no is a truth value in YAML
            raise TypeError(f"{prefix}{key} is not a text")


@cache
def all_texts() -> Mapping[str, Texts]:
    """Return the texts of every language we speak, by BCP 47 code."""
    found = {}
    for entry in sorted(TEXTS.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".yaml"):
            code = entry.name.removesuffix(".yaml")
            found[code] = Texts(code, plain_yaml(entry.read_text("utf-8")))
    return found


def preferred(header: str, offered: Iterable[str]) -> str:
    """Return which of `offered` an `Accept-Language` header likes best; the first when in doubt.

    Only a hint for pages that belong to nobody (errors, the rules): a page about a person is in the
    language that person was written to in, or has chosen.
    """
    choices = list(offered)
    wishes = []
    for position, part in enumerate(header.split(",")[:20]):
        tag, _, weight = part.partition(";q=")
        try:
            quality = float(weight) if weight else 1.0
        except ValueError:
            quality = 0.0
        wishes.append((-quality, position, tag.strip().lower().split("-")[0]))
    for negative, _, language in sorted(wishes):
        if language in choices and negative < 0:
            return language
    return choices[0]
