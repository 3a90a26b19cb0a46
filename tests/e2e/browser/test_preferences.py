"""What members change, in a real browser: no scripts, by keyboard, on a phone, without barriers."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from alumni_sync.consent.answers.view import CurrentChoices
from alumni_sync.domain import ConsentState
from alumni_sync.ledger.hashing import KeyedHashes
from alumni_sync.ports import ProfileField, Purpose
from alumni_sync.sites.consent.app import ConsentSite, consent_app
from tests.e2e.browser.conftest import PHONE
from tests.e2e.browser.served import free_origin, served
from tests.e2e.browser.test_consent_pages import Running, _barriers
from tests.sites.standin import MANAGE, NOW, PROVE, VALUES, StandIn

pytestmark = pytest.mark.browser

FOLDED = ("anew", "rest", "address")
"""What is closed until somebody wants it."""
LANGUAGES = ("en", "pl", "de", "ru")


@pytest.fixture
def site() -> Iterator[Running]:
    """Serve the site to a member who waits for job offers and for a proof."""
    behind, origin = StandIn(state=ConsentState.GIVEN), free_origin()
    behind.current = CurrentChoices(
        name="Anna Wiśniewska-Przykładowa",
        email="a@p.example",
        purposes=frozenset({Purpose.COMMUNITY, Purpose.JOB_OFFERS, Purpose.EVENTS}),
        fields={
            ProfileField.CITY: (VALUES[ProfileField.CITY], True),
            ProfileField.PHONE: (VALUES[ProfileField.PHONE], False),
        },
        valid_until=NOW + timedelta(days=700),
        not_before={Purpose.JOB_OFFERS: date(2027, 5, 1)},
    )
    behind.resting = replace(
        behind.resting, pending_email="z•••@p•••.example", pending_until=NOW + timedelta(days=2)
    )
    app = consent_app(
        ConsentSite(origin, "Acme", LANGUAGES, (("Acme sp. z o.o.", "privacy@acme.example"),)),
        behind.services,
        hashes=KeyedHashes(b"k" * 32),
        clock=behind.clock,
        wake=lambda: None,
    )
    with served(app, origin):
        yield Running(origin, behind)


def unfold(page: Page) -> None:
    """Open whatever is closed."""
    for name in FOLDED:
        summary = page.locator(f"#{name} > summary")
        if summary.count() and not page.locator(f"#{name}[open]").count():
            summary.click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, PHONE["width"]])
def test_no_barrier_is_found(chromium: Browser, site: Running, width: int, scheme: str) -> None:
    """WCAG 2.2 AA, as far as a program can tell, with everything unfolded (T19)."""
    context = chromium.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page, found = context.new_page(), {}
    for path in (f"/p/{MANAGE}", "/p?lang=de", "/resend", "/c/unknown", f"/e/{PROVE}"):
        page.goto(site.origin + path)
        unfold(page)
        found[path] = _barriers(page)
    page.get_by_role("button").click()
    found["proof without a word"] = _barriers(page)
    page.goto(f"{site.origin}/p/{MANAGE}")
    unfold(page)
    page.get_by_role("button", name="Save my new yes").click()
    found["new yes without a word"] = _barriers(page)
    site.behind.state = ConsentState.PAUSED
    site.behind.resting = replace(site.behind.resting, paused_until=NOW + timedelta(days=60))
    page.goto(f"{site.origin}/p")
    unfold(page)
    found["break"] = _barriers(page)
    site.behind.state = ConsentState.RENEWAL_DUE
    page.goto(f"{site.origin}/consent")
    page.locator("#more > summary").click()
    found["does it go on"] = _barriers(page)
    page.get_by_role("button", name="Save my answer").click()
    found["does it go on, without an answer"] = _barriers(page)
    page.goto(f"{site.origin}/resend")
    page.get_by_label("E-mail address").fill("anna@p.example")
    page.get_by_role("button").click()
    found["resent"] = _barriers(page)
    context.close()

    assert {} == {path: barriers for path, barriers in found.items() if barriers}


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_wider_than_a_phone(chromium: Browser, site: Running, language: str) -> None:
    """320 px is 400 % zoom on a desk (WCAG 1.4.10), in every language, unfolded (T19)."""
    context = chromium.new_context(viewport={"width": 320, "height": 640})
    page, wide = context.new_page(), {}
    for path in (f"/p/{MANAGE}", f"/p?lang={language}", f"/resend?lang={language}", f"/e/{PROVE}"):
        page.goto(site.origin + path)
        unfold(page)
        wide[path] = page.evaluate("document.documentElement.scrollWidth")
    site.behind.state = ConsentState.RENEWAL_DUE
    page.goto(f"{site.origin}/p/{MANAGE}")
    page.goto(f"{site.origin}/consent?lang={language}")
    wide["/consent"] = page.evaluate("document.documentElement.scrollWidth")
    context.close()

    assert {320} == set(wide.values()), wide


def test_a_new_yes_a_break_and_another_address_without_scripts(page: Page, site: Running) -> None:
    """Everything of the page works in a browser that runs nothing (T19)."""
    page.goto(f"{site.origin}/p/{MANAGE}")
    page.locator("#anew > summary").click()
    page.locator("#anew").get_by_label("Trainings").check()
    page.locator("#anew").get_by_label("Yes, from today").check()
    page.get_by_role("button", name="Save my new yes").click()
    expect(page.get_by_role("status")).to_contain_text("Your choices are saved.")

    page.locator("#wait-day").fill("2027-09-01")
    page.get_by_role("button", name="Wait until then").click()
    page.locator("#address > summary").click()
    page.get_by_label("New e-mail address").fill("anna@post.example")
    page.get_by_role("button", name="Send a mail there").click()
    page.locator("#rest > summary").click()
    page.get_by_label("For two months").check()
    page.get_by_role("button", name="Begin the break").click()
    expect(page.get_by_text("You are taking a break until")).to_be_visible()
    page.get_by_label("Yes, show my profile again").check()
    page.get_by_role("button", name="Come back").click()

    assert [
        "anew", "wait", "address:anna@post.example", "pause:2", "continue",
    ] == site.behind.changes  # fmt: skip


def test_leaving_stays_first_and_is_no_further_away_than_anything_else(
    page: Page, site: Running
) -> None:
    """T18: two steps, in the first form of the page, with nothing to unfold."""
    page.goto(f"{site.origin}/p/{MANAGE}")

    expect(page.locator("main form").first).to_have_id("leave")
    page.get_by_label("Yes, remove me").click()
    page.get_by_role("button", name="Leave").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("You have left the community.")


def test_a_break_by_keyboard(page: Page, site: Running) -> None:
    """What is folded must open, and be left, without a pointer (T19)."""
    page.goto(f"{site.origin}/p/{MANAGE}")
    page.locator("#rest > summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_label("For one month")).to_be_checked()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_text("You are taking a break until")).to_be_visible()
    assert ["pause:2"] == site.behind.changes


def test_what_is_wrong_is_read_out_and_its_form_is_open(page: Page, site: Running) -> None:
    """An error in a form that has folded itself away is an error that nobody finds."""
    page.goto(f"{site.origin}/p/{MANAGE}")
    page.locator("#anew > summary").click()
    page.get_by_role("button", name="Save my new yes").click()

    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("button", name="Save my new yes")).to_be_visible()
    assert [] == site.behind.changes


def test_a_scanner_that_submits_every_form_changes_nothing(
    chromium: Browser, site: Running
) -> None:
    """T2: with scripts, with every form of the page, as it stands."""
    context = chromium.new_context()
    page = context.new_page()
    for path in (f"/p/{MANAGE}", f"/e/{PROVE}", "/resend"):
        page.goto(site.origin + path)
        for number in range(page.locator("form").count()):
            page.goto(site.origin + path)
            with page.expect_navigation():
                page.evaluate(
                    "(n) => HTMLFormElement.prototype.submit.call(document.forms[n])", number
                )
    context.close()

    assert [] == site.behind.changes
