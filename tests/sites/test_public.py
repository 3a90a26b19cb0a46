"""Pages that belong to nobody, and the languages of all of them."""

import pytest

from alumni_sync.sites.languages import Texts, all_texts, preferred
from alumni_sync.sites.pages import demoted, whole
from tests.sites.browser import Browser
from tests.sites.standin import NOW, RULES


def test_a_notice_is_public_and_can_be_cached(browser: Browser) -> None:
    """Its address stands at the foot of every page: people look at it again, and again."""
    first = browser.get("/n/alumni-community/1.0.0/pl")

    assert 200 == first.status
    assert "Nie pracujesz już" in first.text
    assert "public, max-age=3600" == first.headers["cache-control"]
    again = browser.get("/n/alumni-community/1.0.0/pl", If_None_Match=first.headers["etag"])
    assert (304, b"") == (again.status, again.content)


@pytest.mark.parametrize(
    "path", ["alumni-community/1.0.0/xx", "alumni-community/9.0.0/en", "x/y/en"]
)
def test_there_are_no_other_notices(browser: Browser, path: str) -> None:
    """A made-up address must not break the page or read another file."""
    assert 404 == browser.get(f"/n/{path}").status
    assert 404 == browser.get("/n/..%2f..%2fsettings/1.0.0/en").status


def test_the_rules_say_themselves(browser: Browser) -> None:
    """A text written beside the rules would one day say something else."""
    page = browser.get("/how-we-decide").text

    assert "If A, then a person looks at it." in page
    assert "privacy@acme.example" in page


@pytest.mark.parametrize(
    ("header", "query", "language"),
    [
        ("", "", "en"),
        ("pl-PL,pl;q=0.9,en;q=0.5", "", "pl"),
        ("de,fr;q=0.9", "", "en"),
        ("en;q=0.1,pl;q=0.2", "", "pl"),
        ("pl;q=0", "", "en"),
        ("pl;q=x", "", "en"),
        ("en", "?lang=pl", "pl"),
        ("en", "?lang=xx", "en"),
    ],
)
def test_a_page_of_nobody_is_in_the_readers_language(
    browser: Browser, header: str, query: str, language: str
) -> None:
    """A header from outside chooses among our languages, and can do nothing else."""
    page = browser.get("/how-we-decide" + query, Accept_Language=header)

    assert f'<html lang="{language}">' in page.text
    assert language == page.headers["content-language"]


def test_every_language_has_every_text() -> None:
    """A page that falls back to English in the middle is not informed consent."""
    languages = all_texts()

    assert {"en", "pl"} <= set(languages)
    for code, texts in languages.items():
        assert languages["en"].keys() == texts.keys(), code


def test_every_language_of_the_notice_has_its_pages() -> None:
    """A notice in a language whose pages we do not speak could not be shown."""
    for folder in (RULES / "notices").glob("*/*"):
        assert {path.stem for path in folder.glob("*.md")} <= set(all_texts())


def test_an_unquoted_yes_is_found() -> None:
    """YAML reads `yes` as a truth value: the text would vanish without a word."""
    with pytest.raises(TypeError, match=r"state\.given"):
        Texts("xx", {"name": "X", "months": [], "state": {"given": True}})


def test_dates_are_written_as_people_do() -> None:
    """A date that is read wrongly is a broken promise."""
    days = {code: texts.date(NOW.date()) for code, texts in all_texts().items()}

    assert ("2\xa0November\xa02026", "2\xa0listopada\xa02026") == (days["en"], days["pl"])


def test_nobody_is_preferred_out_of_what_is_offered() -> None:
    """An empty or mad header still gives a language."""
    assert "pl" == preferred("," * 500 + ";q=", ["pl", "en"])


def test_a_letter_and_its_word_stay_on_one_line() -> None:
    """A line that ends with "e-" reads like a slip, in a text that nobody may change any more."""
    html = '<p>adres e-mail, <a href="https://a.example/e-mail">E-Mail-Adresse</a> to-do</p>'

    kept = whole(html)

    assert (
        '<p>adres <span class="whole">e-mail</span>, <a href="https://a.example/e-mail">'
        '<span class="whole">E-Mail</span>-Adresse</a> to-do</p>'
    ) == kept
    assert html == kept.replace('<span class="whole">', "").replace("</span>", "")


def test_headings_of_a_notice_fit_below_a_pages_own() -> None:
    """Two first headings on a page confuse whoever listens to it."""
    html = "<h1>A</h1><h2>B</h2><h3>C</h3>"

    assert "<h2>A</h2><h3>B</h3><h4>C</h4>" == demoted(html)
