"""Links from mails: opened by scanners, strangers and people."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from starlette.types import ASGIApp
from structlog.testing import capture_logs

from tests.sites.browser import Browser
from tests.sites.standin import DECIDE, MANAGE, STOP, StandIn

EVERY_LINK = (f"/c/{DECIDE}", f"/p/{MANAGE}", f"/u/{STOP}")
STRANGE = (
    "/c/" + "x" * 43,
    "/c/" + DECIDE[:-1],
    "/c/" + DECIDE.upper(),
    "/c/" + MANAGE,
    "/p/" + DECIDE,
    "/u/" + DECIDE,
    "/p/" + "x" * 43,
    "/u/" + "x" * 43,
    "/consent",
    "/consent/done",
    "/p",
    "/u",
    "/receipt",
    "/receipt.json",
)


def test_a_mail_scanner_decides_nothing(browser: Browser, stand_in: StandIn) -> None:
    """A scanner that opens every link fifty times would consent, leave or object for people.

    This is T1 of docs/tests-of-consent.md.
    """
    for path in EVERY_LINK:
        for _ in range(25):
            assert 303 == browser.ask("HEAD", path).status
            assert 200 == browser.follow(path).status

    assert [] == stand_in.changes
    assert 303 == browser.get(f"/c/{DECIDE}").status


def test_a_scanner_that_submits_every_form_decides_nothing(
    browser: Browser, stand_in: StandIn
) -> None:
    """Scanners press buttons too: a form that acts without a choice would act for them (T2)."""
    for path in EVERY_LINK:
        for form in browser.follow(path).forms:
            for button in form.buttons:
                assert "name" not in button, "a button must carry no choice"
            assert 422 == browser.post(form.action, form.filled()).status

    assert [] == stand_in.changes


@pytest.mark.parametrize("query", ["?decision=yes", "?answer=yes", "?List-Unsubscribe=One-Click"])
def test_a_query_decides_nothing(browser: Browser, stand_in: StandIn, query: str) -> None:
    """A choice in an address would be made by whoever follows it (T3)."""
    for path in (*EVERY_LINK, "/consent", "/p", "/u"):
        browser.get(path + query)

    assert [] == stand_in.changes


def test_the_secret_leaves_the_address_bar_at_once(browser: Browser) -> None:
    """A token that stays in the address ends in histories, screenshots and referrers."""
    for path in EVERY_LINK:
        answer = browser.get(path)
        assert 303 == answer.status
        assert path.rpartition("/")[2] not in answer.headers["location"]
        assert path.rpartition("/")[2] not in browser.follow(path).text


def test_head_begins_no_visit(browser: Browser) -> None:
    """A cookie on HEAD would open a session for a scanner."""
    for path in EVERY_LINK:
        assert [] == browser.ask("HEAD", path).cookies


def test_strangers_all_see_the_same_page(
    build: Callable[[str], ASGIApp], stand_in: StandIn
) -> None:
    """A page that tells unknown from used or expired tells who is known (T4)."""
    app = build("http://127.0.0.1:8400")
    stand_in.links.pop(STOP)  # used up or expired: to the service it is gone
    seen = [Browser(app).get(path) for path in (*STRANGE, f"/u/{STOP}")]

    assert {404} == {answer.status for answer in seen}
    assert 1 == len({answer.content for answer in seen})
    assert "privacy@acme.example" in seen[0].text


def test_unknown_links_are_limited_and_good_ones_never(browser: Browser) -> None:
    """A limit that counted good links would lock out a whole company behind one address."""
    statuses = [browser.get(f"/c/{number:043d}").status for number in range(70)]

    assert [404] * 60 + [429] * 10 == statuses
    assert 303 == browser.get(f"/c/{DECIDE}").status


def test_a_forwarded_address_is_not_believed(build: Callable[[str], ASGIApp]) -> None:
    """Whoever may choose the address that is counted is never limited (T7)."""
    app = build("http://127.0.0.1:8400")
    statuses = [
        Browser(app).get(f"/c/{number:043d}", X_Forwarded_For=f"198.51.100.{number}").status
        for number in range(61)
    ]

    assert 429 == statuses[-1]


def test_networks_are_counted_apart(build: Callable[[str], ASGIApp]) -> None:
    """One guesser must not use up everybody's share."""
    app = build("http://127.0.0.1:8400")
    for number in range(61):
        Browser(app).get(f"/c/{number:043d}")

    assert 429 == Browser(app, client="203.0.113.99").get("/c/x").status
    assert 404 == Browser(app, client="198.51.100.1").get("/c/x").status
    assert 404 == Browser(app, client="2001:db8::1").get("/c/x").status


def test_no_token_reaches_a_log(browser: Browser, stand_in: StandIn) -> None:
    """A token in a log is a way in for everybody who reads logs (T10)."""
    with capture_logs() as lines:
        for path in (*EVERY_LINK, *STRANGE):
            browser.follow(path)
            browser.post(path)
        stand_in.broken = True
        assert 500 == browser.get(f"/c/{DECIDE}").status

    text = repr(lines)
    assert "/c/{token}" in text
    for secret in (DECIDE, MANAGE, STOP, "x" * 43, DECIDE.upper(), "canary.person"):
        assert secret not in text


def test_a_failure_shows_a_calm_page(browser: Browser, stand_in: StandIn) -> None:
    """An exception's message on a page or in a log would carry what a database saw."""
    stand_in.broken = True

    answer = browser.get(f"/c/{DECIDE}")

    assert 500 == answer.status
    assert "canary.person" not in answer.text
    assert "Nothing was saved" in answer.text


def test_a_tab_that_reloads_itself_does_not_stay_open_for_good(
    browser: Browser, stand_in: StandIn
) -> None:
    """Whoever copied a cookie could manage somebody's membership years after the link has ended."""
    assert 200 == browser.follow(f"/p/{MANAGE}").status
    minutes = 0
    while browser.get("/p").status == 200 and minutes < 24 * 60:
        stand_in.clock.advance(timedelta(minutes=20))
        minutes += 20

    assert 8 * 60 == minutes
    assert 200 == browser.follow(f"/p/{MANAGE}").status
