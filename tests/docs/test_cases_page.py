"""docs/tests-of-consent.md: every fault and attack case has tests, and they are there."""

import pytest

from tests.docs.cases import NUMBERS, PAGE, claims, rows, written_anew

CLAIMED = claims()
ROWS = rows(PAGE.read_text(encoding="utf-8"))


def test_the_page_has_every_case() -> None:
    """A case that nobody lists is one that nobody asks about."""
    assert list(NUMBERS) == list(ROWS)


@pytest.mark.parametrize("number", NUMBERS)
def test_every_case_has_a_test(number: int) -> None:
    """What is promised to a data protection officer and tested nowhere is a wish."""
    assert CLAIMED[number], f"no test claims T{number}: by its name, or in its docstring"


@pytest.mark.parametrize("number", NUMBERS)
def test_every_test_that_the_page_names_is_there(number: int) -> None:
    """A page that names tests which are gone is worth less than none."""
    _, named = ROWS[number]

    assert named
    assert [] == [each for each in named if each not in CLAIMED[number]], (
        "write the page anew: python -m tests.docs.cases"
    )


def test_the_page_says_what_would_hurt_and_keeps_its_words() -> None:
    """Numbers alone tell a reader nothing; writing the page anew must not take the words away."""
    page = PAGE.read_text(encoding="utf-8")

    assert [] == [number for number, (hurts, _) in ROWS.items() if len(hurts) < 20]
    assert {n: hurts for n, (hurts, _) in ROWS.items()} == {
        n: hurts for n, (hurts, _) in rows(written_anew(page)).items()
    }
