"""A real browser: Debian's Chromium, driven by Playwright."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Start the browser once a file; skipped aloud where it is missing (a failure in `.ci/run`).

    Not once a session: Playwright keeps an event loop running in the thread of the tests, and
    whatever starts one there meanwhile fails, as Dagster does.
    """
    if not CHROMIUM.exists():
        pytest.skip("Debian's chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def no_scripts(chromium: Browser) -> Iterator[BrowserContext]:
    """A visitor whose browser runs no JavaScript."""
    context = chromium.new_context(java_script_enabled=False)
    yield context
    context.close()


@pytest.fixture
def page(no_scripts: BrowserContext) -> Page:
    """A tab of that visitor."""
    return no_scripts.new_page()
