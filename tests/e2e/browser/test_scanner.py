"""A mail scanner that renders pages, runs scripts and presses everything it finds."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from alumni_sync.clock import FixedClock
from alumni_sync.ledger.store import Ledger
from alumni_sync.sites.consent.app import ConsentSite, consent_app
from alumni_sync.sites.consent.ledger_services import ledger_services
from tests.consent.world import World
from tests.e2e.browser.served import free_origin, served
from tests.roster import Leaver

pytestmark = pytest.mark.browser

SUBMIT = "(form) => HTMLFormElement.prototype.submit.call(form)"
"""What a script does that does not care for `required`."""
UNFOLD = "() => document.querySelectorAll('details').forEach((folded) => { folded.open = true })"


@pytest.fixture
def world(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> Iterator[World]:
    """Return a company whose consent site answers at the address in its mails."""
    origin = free_origin()
    consent = {"public_url": origin, "notice": "alumni-community"}
    world = World(tmp_path, sqlite_ledger, clock, consent=consent)
    app = consent_app(
        ConsentSite(origin, "Acme", ("en", "pl"), (("Acme", "privacy@acme.example"),)),
        ledger_services(world.d),
        hashes=world.d.ledger.hashes,
        clock=clock,
        wake=lambda: None,
    )
    with served(app, origin):
        yield world


@pytest.fixture
def scanner(chromium: Browser) -> Iterator[Page]:
    """Return a tab whose browser runs scripts, as scanners do."""
    context = chromium.new_context(java_script_enabled=True)
    yield context.new_page()
    context.close()


def press_everything(scanner: Page, link: str) -> int:
    """Submit every form behind a link, by its button and by script; return how often."""
    scanner.goto(link)
    forms, pressed = scanner.locator("form").count(), 0
    for number in range(forms):
        for press in ("button", "script"):
            scanner.goto(link)
            scanner.evaluate(UNFOLD)
            form = scanner.locator("form").nth(number)
            if press == "button":
                form.locator("button").last.click()
            else:
                with scanner.expect_navigation():
                    form.evaluate(SUBMIT)
            pressed += 1
    return pressed


def decided(world: World, leaver: Leaver) -> list[str]:
    """Return what is in the chain of a leaver beside our own mails."""
    return [event for event in world.history(leaver) if event != "asked"]


def test_a_scanner_with_a_browser_decides_nothing(world: World, scanner: Page) -> None:
    """Outlook's opens every link in a real browser and submits forms: it must join nobody (T2).

    This is T1 of docs/tests-of-consent.md.
    """
    leaver = world.invited()
    links = [world.mails[0].link("/c/"), world.mails[0].link("/u/")]
    before = world.everything()

    for link in links:
        for _ in range(25):
            for method in ("HEAD", "GET"):
                scanner.request.fetch(link, method=method)
        assert press_everything(scanner, link) >= 2

    assert [] == decided(world, leaver)
    assert before == world.everything()
    scanner.goto(links[0])
    scanner.get_by_label("Yes, add me").check()
    scanner.get_by_role("button", name="Save my answer").click()
    assert ["said_yes"] == decided(world, leaver)


def test_a_scanner_of_a_members_mail_changes_nothing(world: World, scanner: Page) -> None:
    """The confirmation is scanned like any mail: it must not make anybody leave (T2)."""
    leaver = world.member()
    world.deliver()
    link = world.mails[-1].link("/p/")
    before = world.everything()

    assert press_everything(scanner, link) >= 4

    assert before == world.everything()
    assert ["said_yes"] == decided(world, leaver)
