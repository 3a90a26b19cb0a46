"""The pages about a person's rights in a real browser: no scripts, keyboard, phone, screen reader.

All of it is T19 of docs/tests-of-consent.md: what the law gives everybody must not need a mouse.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from alumni_sync.ledger.hashing import KeyedHashes
from alumni_sync.sites.consent.app import ConsentSite, consent_app
from tests.e2e.browser.conftest import PHONE
from tests.e2e.browser.served import free_origin, served
from tests.sites.request_standin import CODE
from tests.sites.standin import DECIDE, StandIn

pytestmark = pytest.mark.browser
WORDS = "My family name is spelt Wiśniewska-Przykładowa, with a hyphen."


@pytest.fixture
def behind() -> StandIn:
    """One invited person."""
    return StandIn()


@pytest.fixture
def origin(behind: StandIn) -> Iterator[str]:
    """Serve the consent site over the stand-in, on a free port."""
    found = free_origin()
    app = consent_app(
        ConsentSite(found, "Acme", ("en", "pl"), (("Acme sp. z o.o.", "privacy@acme.example"),)),
        behind.services,
        hashes=KeyedHashes(b"k" * 32),
        clock=behind.clock,
        wake=lambda: None,
    )
    with served(app, found):
        yield found


def _ask(page: Page, origin: str, label: str) -> None:
    """Come by the link of a mail and choose something."""
    page.goto(f"{origin}/c/{DECIDE}")
    page.get_by_role("link", name="Your data, your rights").click()
    page.get_by_label(label, exact=True).check()
    page.get_by_role("button", name="Send me a code").click()


def test_the_data_come_as_a_file_without_scripts(page: Page, origin: str) -> None:
    """From the footer of any page to the file, by what everybody's browser can do."""
    _ask(page, origin, "See everything")
    page.get_by_label("Code from the mail").fill(CODE)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Here is everything.")

    page.get_by_label("The data alone").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()

    assert "my-data.json" == download.value.suggested_filename
    assert '{"canary": 1}' == download.value.path().read_text()


def test_a_correction_by_keyboard(page: Page, origin: str, behind: StandIn) -> None:
    """Choosing, writing and confirming, and the error is the first thing that is heard."""
    page.goto(f"{origin}/c/{DECIDE}")
    page.goto(f"{origin}/p/requests")
    _tab_to(page, "wish")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Correct something", exact=True)).to_be_checked()
    _tab_to(page, "words")
    page.keyboard.type(WORDS)
    _tab_to(page, "")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Type in the code")
    _tab_to(page, "code")
    page.keyboard.type("0000 0000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    _tab_to(page, "code")
    page.keyboard.type("1234 5678")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("We have your request.")
    assert [f"rectify:{WORDS}"] == behind.requests.acts


def _tab_to(page: Page, name: str) -> None:
    """Press Tab until the control of that name (the button: none) has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        found = page.evaluate("[document.activeElement.tagName, document.activeElement.name || '']")
        if found[0] in {"INPUT", "TEXTAREA", "BUTTON"} and found[1] == name:
            return
    pytest.fail(f"{name or 'the button'} cannot be reached by keyboard")


def _way(page: Page, origin: str, language: str) -> Iterator[str]:
    """Go through every page and yield what it is."""
    page.goto(f"{origin}/c/{DECIDE}")
    for wish in ("rectify", "access", "erase"):
        page.goto(f"{origin}/p/requests?lang={language}")
        yield "wishes"
        page.locator("button").click()
        yield "wishes, with an error"
        page.locator(f"input[value={wish}]").check()
        page.locator("textarea").fill(WORDS if wish == "rectify" else "")
        page.locator("button").click()
        yield f"code for {wish}"
        page.locator("button").click()
        yield f"code for {wish}, with an error"
        page.locator("#code").fill(CODE)
        page.locator("button").click()
        yield f"{wish} done"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, PHONE["width"]])
def test_no_barrier_is_found(
    chromium: Browser, origin: str, behind: StandIn, width: int, scheme: str
) -> None:
    """WCAG 2.2 AA, as far as a program can tell: on desk and phone, light and dark."""
    behind.requests.restricted_at = datetime(2026, 11, 1, tzinfo=UTC)
    context = chromium.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    found = {what: _barriers(page) for what in _way(page, origin, "en")}
    context.close()

    assert {} == {what: barriers for what, barriers in found.items() if barriers}


def _barriers(page: Page) -> list[str]:
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    results = Axe().run(page, options={"runOnly": tags, "resultTypes": ["violations"]})
    return [f"{v['id']}: {v['nodes'][0]['target']}" for v in results.response["violations"]]


@pytest.mark.parametrize("language", ["en", "pl", "de", "ru"])
def test_nothing_is_wider_than_a_phone(
    chromium: Browser, origin: str, behind: StandIn, language: str
) -> None:
    """320 px is 400 % zoom on a desk (WCAG 1.4.10); German and Russian words are long."""
    behind.spoken = ("en", "pl", "de", "ru")
    context = chromium.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    wide = {}
    for what in _way(page, origin, language):
        page.wait_for_load_state()  # of the page that a button leads to
        wide[what] = page.evaluate("document.documentElement.scrollWidth")
    context.close()

    assert {320} == set(wide.values()), wide
