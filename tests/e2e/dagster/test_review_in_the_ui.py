"""A reviewer in the Dagster UI: by a link from the queue to the launchpad, and the ruling."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.dagster.live import Live

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PATIENCE = 60_000  # milliseconds; the machine may be busy


@pytest.fixture
def page(chromium: Browser) -> Page:
    """Return a tab wide enough for Dagster."""
    page = chromium.new_page(viewport={"width": 1500, "height": 1000})
    page.set_default_timeout(PATIENCE)
    return page


def test_a_case_is_admitted_from_the_queue(page: Page, live: Live) -> None:
    """This is where HR sees what waits, and decides."""
    number = live.case_of("review")
    case = f"EX-{number:06d}"
    page.goto(f"http://127.0.0.1:{live.dagster_port}/assets/exclusion_queue")
    row = page.locator("tr", has_text=case)
    expect(row).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("@")).to_have_count(0)
    link = row.get_by_role("link", name="admit").get_attribute("href")
    assert link is not None

    page.goto(link)
    launch = page.get_by_role("button", name=re.compile("Launch run", re.IGNORECASE))
    expect(launch).to_be_disabled(timeout=PATIENCE)
    expect(page.get_by_text("not in enum type Reason got CHOOSE")).to_be_visible(timeout=PATIENCE)

    page.locator(".CodeMirror").get_by_text("CHOOSE", exact=True).dblclick()
    page.keyboard.type("code_wrong")
    page.keyboard.press("Escape")
    expect(launch).to_be_enabled(timeout=PATIENCE)
    launch.click()

    live.eventually(lambda: live.statuses()[number] == "admitted", 90, "nothing was decided")
    page.goto(f"http://127.0.0.1:{live.dagster_port}/assets/exclusion_queue")
    said = page.get_by_text(re.compile(f"{case} is admitted"))
    expect(said).to_be_visible(timeout=PATIENCE)
    expect(page.locator("tr", has_text=re.compile(f"^{case}"))).to_have_count(0)
