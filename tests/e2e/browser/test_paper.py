"""What HR prints: the code on the sheet, read off the page as a phone reads it."""

import pytest
from playwright.sync_api import Page, ViewportSize

from alumni_sync.consent.notices.editions import load_edition
from alumni_sync.consent.paper.pages import handout_page, letter_page
from alumni_sync.consent.paper.wording import LetterValues, handout, load_paper
from alumni_sync.shipped import shipped
from tests.pictures import codes_in
from tests.terms import TERMS

pytestmark = pytest.mark.browser

FOLDER = shipped("rules") / "notices" / "alumni-community" / "1.0.0"
LANGUAGES = tuple(load_edition(shipped("rules"), "alumni-community").manifest.languages)
NOTICE = "https://alumni.acme.example/n/alumni-community/1.0.0/"
LINK = "https://alumni.acme.example/c/" + "Ab3-" * 10 + "xyz"
A4 = ViewportSize(width=794, height=1123)  # at 96 dpi


def exit_form(language: str) -> str:
    """Return the exit form of a language."""
    texts = load_paper(FOLDER, language)
    link = NOTICE + language
    given = handout(texts, TERMS, source="s", language=language, version="1.0.0", link=link)
    return handout_page(given)


def letter(language: str) -> str:
    """Return a letter in a language."""
    values = LetterValues(language, "10234", "Anna Kowalska", "Anna", LINK, "3.12.2026")
    return letter_page(load_paper(FOLDER, language), TERMS, values)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_printed_codes_open_what_they_say(page: Page, language: str) -> None:
    """A code that a style sheet stretched, inverted or cut is found out by its readers."""
    page.set_viewport_size(A4)
    for made, link in ((exit_form(language), NOTICE + language), (letter(language), LINK)):
        for scheme in ("light", "dark"):
            page.emulate_media(media="print", color_scheme=scheme)
            page.set_content(made)
            assert [link] == codes_in(page.locator("svg").first.screenshot()), (language, scheme)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_is_one_sheet(page: Page, language: str) -> None:
    """A second sheet with two lines on it is the one that stays in the printer."""
    for made in (exit_form(language), letter(language)):
        page.set_content(made)
        pdf = page.pdf(format="A4", prefer_css_page_size=True)
        assert 1 == pdf.count(b"/Type /Page\n")
