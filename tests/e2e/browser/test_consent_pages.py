"""The consent site in a real browser: without scripts, by keyboard, on a phone, on paper."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from alumni_sync.ledger.hashing import KeyedHashes
from alumni_sync.sites.consent.app import ConsentSite, consent_app
from tests.e2e.browser.conftest import PHONE
from tests.e2e.browser.served import free_origin, served
from tests.sites.standin import DECIDE, MANAGE, STOP, StandIn

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Running:
    """A site that answers, and the stand-in behind it."""

    origin: str
    behind: StandIn


@pytest.fixture
def site() -> Iterator[Running]:
    """Serve the consent site over the stand-in, on a free port."""
    behind, origin = StandIn(), free_origin()
    app = consent_app(
        ConsentSite(origin, "Acme", ("en", "pl"), (("Acme sp. z o.o.", "privacy@acme.example"),)),
        behind.services,
        hashes=KeyedHashes(b"k" * 32),
        clock=behind.clock,
        wake=lambda: None,
    )
    with served(app, origin):
        yield Running(origin, behind)


def say_yes(page: Page, origin: str) -> None:
    """Answer the invitation as a person would."""
    page.goto(f"{origin}/c/{DECIDE}")
    page.get_by_label("Store").first.check()
    page.get_by_label("Yes, add me").check()
    page.get_by_role("button", name="Save my answer").click()


def test_yes_and_leave_without_scripts(page: Page, site: Running) -> None:
    """Whoever turned scripts off, or reads in a mail program's window, must be able to decide.

    This is T19 of docs/tests-of-consent.md.
    """
    say_yes(page, site.origin)
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you. You are in.")

    page.get_by_role("link", name="Receipt").click()
    expect(page.get_by_text("CR-0000000000000001")).to_be_visible()

    page.goto(f"{site.origin}/p/{MANAGE}")
    page.get_by_label("Yes, remove me from the community").check()
    page.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You have left the community.")
    assert ["decide:yes", "withdraw:all"] == site.behind.changes


def test_leaving_takes_no_more_clicks_than_joining(page: Page, site: Running) -> None:
    """GDPR, article 7(3): counted in the browser, from the link to the confirmation (T18)."""
    page.goto(f"{site.origin}/c/{DECIDE}")
    joining = [page.get_by_label("Yes, add me"), page.get_by_role("button")]
    for step in joining:
        step.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you. You are in.")

    page.goto(f"{site.origin}/p/{MANAGE}")
    leaving = [page.get_by_label("Yes, remove me"), page.get_by_role("button", name="Leave")]
    for step in leaving:
        step.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You have left the community.")
    assert len(leaving) <= len(joining)


def test_everything_by_keyboard(page: Page, site: Running) -> None:
    """Whoever cannot use a pointer must reach, see and press everything (T19)."""
    page.goto(f"{site.origin}/c/{DECIDE}")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    yes, button = page.get_by_label("Yes, add me"), page.get_by_role("button")
    _tab_to(page, "answer", "yes")
    page.keyboard.press("Space")
    expect(yes).to_be_checked()
    _tab_to(page, "", "")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you. You are in.")

    page.goto(f"{site.origin}/p/{MANAGE}")
    _tab_to(page, "leave", "everything")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("You have left the community.")


def _tab_to(page: Page, name: str, value: str) -> None:
    """Press Tab until the control with that name and value (the button: neither) has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "() => { const e = document.activeElement;"
            " return [e.tagName, e.name || '', e.value || ''] }"
        )
        if focused[0] in {"INPUT", "BUTTON"} and focused[1:] == [name, value]:
            return
    pytest.fail(f"{name or 'the button'} cannot be reached by keyboard")


def test_an_error_is_read_out_first(page: Page, site: Running) -> None:
    """Whoever does not see the page must hear what is wrong before anything else."""
    page.goto(f"{site.origin}/c/{DECIDE}")
    page.get_by_role("button").click()

    expect(page.get_by_role("alert")).to_be_focused()
    expect(page).to_have_title("Error: May we add you to the alumni community of Acme?"
                               " · Acme alumni community")  # fmt: skip
    page.get_by_role("link", name="Choose an answer").click()
    expect(page.get_by_role("group", name="Your answer")).to_be_in_viewport()


def test_the_preview_shows_what_members_would_see(page: Page, site: Running) -> None:
    """A person decides about what others see by seeing it."""
    page.goto(f"{site.origin}/c/{DECIDE}")
    preview = page.locator(".member")
    expect(preview.get_by_text("Warszawa")).to_be_hidden()
    expect(page.locator("#show-city")).to_be_hidden()

    page.locator("#add-city").check()
    expect(preview.get_by_text("Warszawa")).to_be_hidden()
    page.locator("#show-city").check()
    expect(preview.get_by_text("Warszawa")).to_be_visible()
    page.locator("#add-city").uncheck()
    expect(preview.get_by_text("Warszawa")).to_be_hidden()


def test_the_secret_is_not_in_the_address_bar(page: Page, site: Running) -> None:
    """The address bar ends in screenshots, histories and on shared screens."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.headers.get("referer", "")))
    for path in (f"/c/{DECIDE}", f"/p/{MANAGE}", f"/u/{STOP}"):
        page.goto(site.origin + path)
        assert path.rpartition("/")[2] not in page.url
        page.get_by_role("link", name="How we decide whom to ask").click()
    for secret in (DECIDE, MANAGE, STOP):
        assert not any(secret in referer for referer in sent)


PAGES = (
    f"/c/{DECIDE}",
    f"/p/{MANAGE}",
    f"/u/{STOP}",
    "/c/unknown",
    "/how-we-decide",
    "/n/alumni-community/1.0.0/pl",
    "/nothing",
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, PHONE["width"]])
def test_no_barrier_is_found(chromium: Browser, site: Running, width: int, scheme: str) -> None:
    """WCAG 2.2 AA, as far as a program can tell: on desk and phone, light and dark (T19)."""
    context = chromium.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page, found = context.new_page(), {}
    for path in PAGES:
        page.goto(site.origin + path)
        found[path] = _barriers(page)
    page.goto(f"{site.origin}/c/{DECIDE}")
    page.get_by_role("button").click()
    found["error"] = _barriers(page)
    page.locator("#add-city").check()
    page.get_by_label("Yes, add me").check()
    page.get_by_role("button").click()
    for path in ("/consent/done", "/p", "/receipt", "/p?lang=pl"):
        page.goto(site.origin + path)
        found[path] = _barriers(page)
    context.close()

    assert {} == {path: barriers for path, barriers in found.items() if barriers}


def _barriers(page: Page) -> list[str]:
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    results = Axe().run(page, options={"runOnly": tags, "resultTypes": ["violations"]})
    return [f"{v['id']}: {v['nodes'][0]['target']}" for v in results.response["violations"]]


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_wider_than_a_phone(chromium: Browser, site: Running, path: str) -> None:
    """Reading that scrolls sideways is not read; 320 px is 400 % zoom on a desk (WCAG 1.4.10).

    This is T19 of docs/tests-of-consent.md.
    """
    context = chromium.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    page.goto(site.origin + path)
    wide = page.evaluate("document.documentElement.scrollWidth")
    context.close()

    assert 320 == wide


def test_the_receipt_prints(page: Page, site: Running) -> None:
    """A receipt on paper must hold the record, and none of the page's furniture."""
    say_yes(page, site.origin)
    page.goto(f"{site.origin}/receipt")
    page.emulate_media(media="print")

    expect(page.get_by_text("CR-0000000000000001")).to_be_visible()
    expect(page.get_by_role("navigation", name="Language")).to_be_hidden()
    assert page.pdf().startswith(b"%PDF")


def test_another_sites_page_cannot_submit_or_frame_it(chromium: Browser, site: Running) -> None:
    """The rules against forgery, as a browser really applies them (T8) (T9)."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{site.origin}/c/{DECIDE}")
    token = page.locator("input[name=form]").input_value()
    attack = (
        f'<form method="post" action="{site.origin}/consent">'
        f'<input name="form" value="{token}"><input name="answer" value="yes"></form>'
        f'<iframe src="{site.origin}/consent"></iframe>'
    )
    page.route("http://evil.example/", lambda route: route.fulfill(body=attack,
               content_type="text/html"))  # fmt: skip
    page.goto("http://evil.example/")
    assert "Your answer" not in page.frames[1].content()
    with page.expect_navigation():
        page.evaluate("document.forms[0].submit()")

    # `Lax` keeps the cookie away, so the other site's form meets a stranger.
    expect(page.get_by_role("heading", level=1)).to_have_text("This link does not open anything")
    assert [] == site.behind.changes
    context.close()
