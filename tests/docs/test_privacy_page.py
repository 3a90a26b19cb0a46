"""docs/privacy.md: what a data protection officer is pointed to is there."""

import re
from pathlib import Path

import pytest

from alumni_sync.sites.consent.app import _ROUTES
from alumni_sync.sites.desk.app import ROOMS
from tests.docs.test_cli_page import real

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("## Checklist")[2].partition("\n## ")[0]
ROWS = re.findall(r"(?m)^\| ([\d][^|]*) \| ([^|]*) \| (.*) \|$", TABLE)
ARTICLES = {5, 6, 7, *range(12, 23), 28, 30, 32}
"""What the checklist has to be about."""

SITE = {(method, path) for method, path, _ in _ROUTES}
DESK = {(method, path) for path, _, methods in ROOMS for method in methods} | {
    ("GET", "/case/{number}")
}


def articles(cell: str) -> set[int]:
    """Return the articles that a row is about."""
    return {
        number
        for first, last in re.findall(r"\b(\d+)(?:\(\w\))*(?:–(\d+))?", re.sub(r"\(\d\)", "", cell))
        for number in range(int(first), int(last or first) + 1)
    }


def test_every_article_has_its_place() -> None:
    """A duty that is not on the list is one that nobody checks."""
    found = set().union(*(articles(cell) for cell, _, _ in ROWS))

    assert set() == ARTICLES - found


@pytest.mark.parametrize(("article", "shows"), [(row[0], row[2]) for row in ROWS])
def test_what_shows_it_is_there(article: str, shows: str) -> None:
    """An officer who is sent to a page that is not there stops believing the rest."""
    commands, wrong = real(), []
    for said in re.findall(r"`([^`]+)`", shows):
        if said.startswith("alumni-sync "):
            words = [word for word in said.split()[1:] if not re.search(r"[A-Z\[]", word)]
            name = " ".join(word for word in words if not word.startswith("-"))
            options = {word for word in words if word.startswith("-")}
            wrong += [said] if name not in commands or options - commands[name] else []
        elif re.match(r"(GET|POST) /", said):
            method, path = said.split()
            place = DESK if f"desk `{said}`" in shows else SITE
            wrong += [said] if (method, path) not in place else []
        elif "/" in said:
            wrong += [said] if not (ROOT / said).exists() else []

    assert [] == wrong, article


def test_each_row_shows_something() -> None:
    """A promise beside an empty cell is not one that can be looked at."""
    assert len(ROWS) > len(ARTICLES)
    assert [] == [row for row in ROWS if not re.search(r"`|\]\(|notice|\*you\*", row[2])]
