"""The join page in a real browser: without scripts, by keyboard, on a phone, in every language."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.decisions import one_click
from alumni_sync.ledger.store import Ledger
from tests.consent.world import World
from tests.e2e.browser.conftest import PHONE
from tests.e2e.browser.served import free_origin, served
from tests.sites.join_site import JoinSite

pytestmark = pytest.mark.browser

HOME = "zofia@mail.example"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ZOOMED = 320
"""Pixels across: 400 % zoom on a desk (WCAG 1.4.10)."""


@pytest.fixture
def site(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> Iterator[JoinSite]:
    """Serve a company that somebody has objected to being written to by."""
    origin = free_origin()
    consent = {"public_url": origin, "notice": "alumni-community"}
    world = World(tmp_path, sqlite_ledger, clock, consent=consent)
    world.invited()
    assert one_click(world.d, world.token("/u/"))
    site = JoinSite(world, origin)
    with served(site.app, origin):
        yield site


def ask(page: Page, site: JoinSite, language: str = "en") -> str:
    """Fill the form in and send it; return the mailed link."""
    page.goto(f"{site.origin}/join?lang={language}")
    for name, text in (("name", "Żaneta Ąckowa"), ("since", "2009"), ("until", "2020")):
        page.fill(f"#{name}", text)
    page.fill("#email", HOME)
    page.check("#company-1")
    page.check(f"input[name=language][value={language}]")
    page.check("#act")
    page.locator("button").click()
    site.world.later(hours=2)
    site.world.deliver()
    return site.world.mails[-1].link("/j/")


def barriers(page: Page) -> list[str]:
    """Return what axe finds."""
    results = Axe().run(page, options={"runOnly": TAGS, "resultTypes": ["violations"]})
    return [f"{v['id']}: {v['nodes'][0]['target']}" for v in results.response["violations"]]


def test_asking_proving_and_taking_back_without_scripts(page: Page, site: JoinSite) -> None:
    """Whoever left years ago reads in whatever program is at hand (T19)."""
    page.goto(ask(page, site))
    expect(page.get_by_role("heading", level=1)).to_have_text("Did you ask for an invitation?")
    page.get_by_label("Yes, that was me").check()
    page.get_by_role("button", name="Send my answer").click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("You once told us not to write to you")
    page.get_by_label("I take my earlier no back").check()
    page.get_by_role("button", name="Send my answer").click()
    expect(heading).to_have_text("Your earlier no no longer holds.")


def test_the_form_by_keyboard_only(page: Page, site: JoinSite) -> None:
    """Whoever cannot use a mouse asks like everybody else (T19)."""
    page.goto(f"{site.origin}/join")
    order = []
    for _ in range(60):
        page.keyboard.press("Tab")
        name, kind = page.evaluate(
            "() => [document.activeElement.name || document.activeElement.type || '',"
            " document.activeElement.tagName]"
        )
        if kind not in {"INPUT", "BUTTON"}:
            continue
        order.append(name)
        text = {"name": "Zofia J", "since": "2009", "until": "2020", "email": HOME}.get(name)
        if text:
            page.keyboard.type(text)
        elif name in {"company", "language", "act"}:
            page.keyboard.press("Space")
        elif kind == "BUTTON":
            page.keyboard.press("Enter")
            break
    expect(page.get_by_role("heading", level=1)).to_have_text("Please look into your mailbox")
    assert ["name", "company", "since", "until", "number", "email", "language", "act"] == order[:-1]


def test_what_is_wrong_is_read_out_first_and_leads_there(page: Page, site: JoinSite) -> None:
    """Whoever does not see the page must hear what is wrong before anything else."""
    page.goto(f"{site.origin}/join")
    page.get_by_role("button").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page).to_have_title("Error: Ask to be asked · Acme alumni community")
    page.get_by_role("link", name="Please choose the company").click()
    expect(page.locator("#company-1")).to_be_focused()


@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    [
        (1200, "light", "en"),
        (PHONE["width"], "dark", "pl"),
        *((ZOOMED, "light", language) for language in ("en", "pl", "de", "ru")),
    ],
)
def test_no_page_has_a_barrier_or_is_too_wide(
    chromium: Browser, site: JoinSite, width: int, scheme: str, language: str
) -> None:
    """WCAG 2.2 AA as far as a program can tell, on desk, phone and at 400 % zoom (T19)."""
    context = chromium.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page, found, wide = context.new_page(), {}, {}

    def look(name: str) -> None:
        found[name] = barriers(page)
        wide[name] = page.evaluate("document.documentElement.scrollWidth")

    page.goto(f"{site.origin}/join?lang={language}")
    look("form")
    page.locator("button").click()
    look("errors")
    link = ask(page, site, language)
    look("sent")
    page.goto(link)
    look("confirm")
    page.locator("button").click()
    look("nothing chosen")
    page.check("#act-1")
    page.locator("button").click()
    look("objected")
    page.check("#act-2")
    page.locator("button").click()
    look("kept")
    context.close()

    assert {} == {name: barred for name, barred in found.items() if barred}
    assert dict.fromkeys(wide, width) == wide
