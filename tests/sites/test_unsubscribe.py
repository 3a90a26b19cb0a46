"""Unsubscribing: by the mail program's button (RFC 8058), and by a page that asks first."""

import pytest

from tests.sites.browser import Browser
from tests.sites.standin import DECIDE, STOP, STOP_ASKING_AGAIN, STOP_NEWS, StandIn

ONE_CLICK = b"List-Unsubscribe=One-Click"
MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (ONE_CLICK, "application/x-www-form-urlencoded"),
        (MULTIPART, "multipart/form-data; boundary=b"),
    ],
)
def test_the_mail_programs_button_works(
    browser: Browser, stand_in: StandIn, woken: list[str], body: bytes, kind: str
) -> None:
    """A mail program has no cookie, no origin and follows no redirect (RFC 8058, 3.1)."""
    answer = browser.post(f"/u/{STOP}", body=body, kind=kind, headers={})

    assert 200 == answer.status
    assert [] == answer.cookies
    assert ["one_click:u"] == stand_in.changes
    assert ["wake"] == woken


def test_an_unknown_button_is_answered_alike(browser: Browser, stand_in: StandIn) -> None:
    """A different answer would say which links are known."""
    known = browser.post(f"/u/{STOP}", body=ONE_CLICK, headers={})
    unknown = browser.post("/u/" + "x" * 43, body=ONE_CLICK, headers={})
    other = browser.post(f"/u/{DECIDE}", body=ONE_CLICK, headers={})

    assert {(200, known.content)} == {(a.status, a.content) for a in (known, unknown, other)}
    assert ["one_click:u"] == stand_in.changes


def test_guessing_buttons_is_limited(browser: Browser) -> None:
    """Guessing by POST must be no way around the limit on links."""
    answers = [
        browser.post(f"/u/{number:043d}", body=ONE_CLICK, headers={}).status for number in range(61)
    ]

    assert 429 == answers[-1]


@pytest.mark.parametrize(
    "body", [b"", b"List-Unsubscribe=", b"x=1", ONE_CLICK + b"&x=1", b"List-Unsubscribe=one-click"]
)
def test_only_the_prescribed_body_acts(browser: Browser, stand_in: StandIn, body: bytes) -> None:
    """A scanner that posts to every address it finds must not unsubscribe anybody (T3)."""
    assert 422 == browser.post(f"/u/{STOP}", body=body, headers={}).status
    assert [] == stand_in.changes


@pytest.mark.parametrize(
    ("token", "effect"),
    [
        (STOP, "will not write to this address"),
        (STOP_NEWS, "Mails of this kind will stop"),
        (STOP_ASKING_AGAIN, "It then ends on its last day, unless you renew it"),
    ],
)
def test_the_page_says_what_would_stop_and_asks(
    browser: Browser, stand_in: StandIn, token: str, effect: str
) -> None:
    """An objection is for good: nobody may stumble into it, and nobody be kept from it."""
    page = browser.follow(f"/u/{token}")
    (form,) = page.forms
    assert effect in page.text
    assert [] == form.preselected

    assert 422 == browser.post(form.action, form.filled()).status
    assert [] == stand_in.changes
    done = browser.post(form.action, form.filled(("act", "stop")))

    assert 200 == done.status
    assert "These mails have stopped" in done.text
    assert [f"one_click:{token[0]}"] == stand_in.changes


def test_the_page_speaks_the_persons_language(browser: Browser, stand_in: StandIn) -> None:
    """Whoever was written to in Polish is answered in Polish, whatever the browser prefers."""
    stand_in.language = "pl"

    assert '<html lang="pl">' in browser.follow(f"/u/{STOP}").text


def test_pressing_twice_is_pressing_once(browser: Browser, stand_in: StandIn) -> None:
    """A link that was used meanwhile has done what was wanted: nobody must see an error."""
    (form,) = browser.follow(f"/u/{STOP}").forms
    stand_in.links.pop(STOP)

    done = browser.post(form.action, form.filled(("act", "stop")))

    assert 200 == done.status
    assert [] == stand_in.changes


def test_a_link_used_up_meanwhile_is_a_strangers(browser: Browser, stand_in: StandIn) -> None:
    """A page that was left open must not act on a link that is gone."""
    browser.follow(f"/u/{STOP}")
    stand_in.links.pop(STOP)

    assert 404 == browser.get("/u").status
