"""Who may submit a form, and what a body may be."""

from datetime import UTC, datetime, timedelta

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.ledger.hashing import KeyedHashes
from alumni_sync.sites.forms import MAX_FIELDS, TOKEN_FIELD, Form, FormTokens, from_our_pages
from alumni_sync.sites.sessions import Session
from tests.sites.browser import ORIGIN, Browser
from tests.sites.standin import DECIDE, MANAGE, STOP, StandIn

EVIL = "https://evil.example"
FOREIGN = [
    {},
    {"Origin": EVIL},
    {"Origin": "null"},
    {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"},
    {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"},
    {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": EVIL, "Sec-Fetch-Site": "same-origin"},
    {"Origin": ORIGIN + ".evil.example"},
    {"Origin": "http://127.0.0.1:8401"},
]
OURS = [
    {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "same-origin"},
    {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
    {"Origin": ORIGIN},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_another_site_cannot_decide(
    browser: Browser, stand_in: StandIn, headers: dict[str, str]
) -> None:
    """A page elsewhere that submits our form would say yes for whoever looks at it (T8)."""
    form = browser.follow(f"/c/{DECIDE}").forms[0]

    answer = browser.post(form.action, form.filled(("answer", "yes")), headers=headers)

    assert 403 == answer.status
    assert [] == stand_in.changes


@pytest.mark.parametrize("headers", OURS)
def test_our_own_pages_can(browser: Browser, stand_in: StandIn, headers: dict[str, str]) -> None:
    """Browsers differ in what they send with a form; each must be able to answer."""
    form = browser.follow(f"/c/{DECIDE}").forms[0]

    assert 303 == browser.post(form.action, form.filled(("answer", "yes")), headers=headers).status
    assert ["decide:yes"] == stand_in.changes


@pytest.mark.parametrize("path", ["/consent", "/p/withdraw", "/p/fields", "/u"])
def test_every_form_needs_its_token(browser: Browser, stand_in: StandIn, path: str) -> None:
    """A form that acts without our signature acts for anybody who can guess its fields."""
    link = {"/consent": f"/c/{DECIDE}", "/u": f"/u/{STOP}"}.get(path, f"/p/{MANAGE}")
    other = browser.follow(f"/u/{STOP}" if path != "/u" else f"/c/{DECIDE}").forms[0]
    browser.follow(link)
    fields = [("answer", "yes"), ("leave", "everything"), ("remove", "city"), ("act", "stop")]

    for token in ("", "x", "x.y", other.hidden["form"], "é.é"):
        assert 403 == browser.post(path, [*fields, ("form", token)]).status
    assert [] == stand_in.changes


@pytest.mark.parametrize("path", ["/consent", "/p/withdraw", "/p/fields", "/u"])
def test_a_form_without_a_session_is_a_strangers(
    browser: Browser, stand_in: StandIn, path: str
) -> None:
    """A token that was copied from a page is worth nothing without the visit it belongs to."""
    form = browser.follow(f"/c/{DECIDE}").forms[0]
    browser.forget()

    assert 404 == browser.post(path, form.filled(("answer", "yes"))).status
    assert [] == stand_in.changes


def test_a_token_of_another_visit_does_not_count(browser: Browser, stand_in: StandIn) -> None:
    """Otherwise an attacker's own form could be put before a victim."""
    form = browser.follow(f"/c/{DECIDE}").forms[0]
    browser.forget()
    browser.follow(f"/c/{DECIDE}")

    assert 403 == browser.post(form.action, form.filled(("answer", "yes"))).status
    assert [] == stand_in.changes


def test_a_token_ends_after_two_hours() -> None:
    """A form that was open all night may not say what is in force in the morning."""
    clock = FixedClock(datetime(2026, 11, 2, 9, 0, tzinfo=UTC))
    tokens = FormTokens(KeyedHashes(b"k" * 32), clock)
    session = Session("id", "decide", "I-1", "", 0)
    sent = Form({TOKEN_FIELD: (tokens.issue("decide", session, {"notice": "n"}),)})

    clock.advance(timedelta(hours=1, minutes=59))
    submitted = tokens.check("decide", session, sent)
    assert submitted is not None
    assert {"notice": "n"} == submitted.about
    clock.advance(timedelta(minutes=1))
    assert tokens.check("decide", session, sent) is None


def test_another_deployments_token_does_not_count() -> None:
    """A form signed with another key says nothing about our pages."""
    clock = FixedClock(datetime(2026, 11, 2, 9, 0, tzinfo=UTC))
    session = Session("id", "decide", "I-1", "", 0)
    foreign = FormTokens(KeyedHashes(b"x" * 32), clock).issue("decide", session)
    sent = Form({TOKEN_FIELD: (foreign,)})

    assert FormTokens(KeyedHashes(b"k" * 32), clock).check("decide", session, sent) is None


def test_a_missing_header_is_not_a_pass() -> None:
    """A client that says nothing about itself is not our page."""
    assert not from_our_pages({}, ORIGIN)


_MANY = MAX_FIELDS + 1


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"answer=yes&pad=" + b"x" * 16384, "application/x-www-form-urlencoded", 413),
        (b"&".join(b"a%d=1" % n for n in range(_MANY)), "application/x-www-form-urlencoded", 413),
        (b"\xff\xfe=1", "application/x-www-form-urlencoded", 400),
        (b"a=%ff", "application/x-www-form-urlencoded", 400),
        (b'{"answer": "yes"}', "application/json", 415),
        (b"answer=yes", "text/plain", 415),
        (b"answer=yes", "", 415),
        (b"", "multipart/form-data", 400),
        (b'--b\r\nContent-Disposition: form-data; name="a"; filename="f"\r\n\r\nx\r\n--b--',
         "multipart/form-data; boundary=b", 400),
        (b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n' * _MANY + b"--b--",
         "multipart/form-data; boundary=b", 413),
        (b"--b\r\nbroken\r\n--b--", "multipart/form-data; boundary=b", 400),
    ],
)  # fmt: skip
def test_a_body_that_is_no_small_form_is_refused(
    browser: Browser, stand_in: StandIn, body: bytes, kind: str, status: int
) -> None:
    """Parsers that read anything are where servers fall over."""
    browser.follow(f"/c/{DECIDE}")

    for path in ("/consent", f"/u/{STOP}"):
        answer = browser.post(path, body=body, kind=kind)
        assert status == answer.status
        assert "<h1>" in answer.text
    assert [] == stand_in.changes
