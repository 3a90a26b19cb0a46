"""Headers, hosts, methods and path prefixes: what must hold on every single response."""

from base64 import urlsafe_b64encode
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from alumni_sync.ledger.hashing import KeyedHashes
from tests.sites.browser import ORIGIN, Browser
from tests.sites.conftest import MASTER
from tests.sites.standin import DECIDE, MANAGE, STOP, StandIn

ALWAYS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex, nofollow, noarchive",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
PAGES = (
    f"/c/{DECIDE}",
    "/c/unknown",
    "/consent",
    "/consent/done",
    f"/p/{MANAGE}",
    "/p",
    f"/u/{STOP}",
    "/u",
    "/receipt",
    "/receipt.json",
    "/n/alumni-community/1.0.0/pl",
    "/how-we-decide",
    "/healthz",
    "/style.css",
    "/mark.svg",
    "/nothing/here",
)
GET_ONLY = tuple(path for path in PAGES if path not in {"/consent", f"/u/{STOP}", "/u"})[:-1]
CACHEABLE = ("/style.css", "/mark.svg", "/n/")


@pytest.mark.parametrize("path", PAGES)
def test_every_response_is_protected(browser: Browser, path: str) -> None:
    """The one page without its headers is the one that will be framed, sniffed or cached (T9)."""
    for method in ("GET", "HEAD", "POST", "DELETE"):
        answer = browser.ask(method, path)
        assert ALWAYS == {name: answer.headers.get(name) for name in ALWAYS}
        assert "server" not in answer.headers
        if not path.startswith(CACHEABLE) or method in {"POST", "DELETE"}:
            assert "no-store" == answer.headers["cache-control"]


@pytest.mark.parametrize("path", PAGES)
def test_no_page_needs_a_script_or_another_host(browser: Browser, path: str) -> None:
    """What is loaded from elsewhere tells elsewhere who was asked."""
    browser.get(f"/c/{DECIDE}")
    text = browser.follow(path).text.lower()

    for forbidden in ("<script", "<iframe", "javascript:", " style=", " onclick", "@import"):
        assert forbidden not in text
    for attribute in ('src="', 'href="http', "url("):
        assert attribute not in text.replace('href="https://uodo.example', "").replace(
            'href="http://127.0.0.1:8400/how-we-decide', ""
        )


@pytest.mark.parametrize("path", GET_ONLY)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(browser: Browser, path: str, method: str) -> None:
    """A method that nobody thought of is a way in that nobody guards."""
    answer = browser.ask(method, path)

    assert 405 == answer.status
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize("path", ["/p/withdraw", "/p/fields"])
def test_acts_are_never_a_get(browser: Browser, path: str) -> None:
    """An act by GET is an act of every scanner, prefetcher and preview."""
    browser.follow(f"/p/{MANAGE}")

    for method in ("GET", "HEAD"):
        assert browser.ask(method, path + "?leave=everything").status in {404, 405}


def test_https_cookies_are_bound_to_the_host(build: Callable[[str], ASGIApp]) -> None:
    """A cookie that a neighbour host can set or read is not a session."""
    app = build("https://alumni.acme.example")
    answer = Browser(app, "https://alumni.acme.example").get(f"/c/{DECIDE}")

    (cookie,) = answer.cookies
    name, *attributes = cookie.split("; ")
    assert name.startswith("__Host-visit=")
    assert {"HttpOnly", "Max-Age=1800", "Path=/", "SameSite=lax", "Secure"} == set(attributes)
    assert "max-age=63072000; includeSubDomains" == answer.headers["strict-transport-security"]


def test_loopback_works_without_tls(browser: Browser) -> None:
    """`__Host-` over plain http would be dropped by browsers: the sample could not be tried."""
    answer = browser.get(f"/c/{DECIDE}")

    (cookie,) = answer.cookies
    name, *attributes = cookie.split("; ")
    assert name.startswith("visit=")
    assert {"HttpOnly", "Max-Age=1800", "Path=/", "SameSite=lax"} == set(attributes)
    assert "strict-transport-security" not in answer.headers


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost", "[::1", ""]
)
def test_another_host_is_refused(browser: Browser, stand_in: StandIn, host: str) -> None:
    """A foreign name pointed at our address (DNS rebinding) would read pages from another site."""
    for path in (f"/c/{DECIDE}", "/consent", "/how-we-decide"):
        answer = browser.get(path, Host=host)
        assert 400 == answer.status
        assert [] == answer.cookies
    assert [] == stand_in.changes


def test_two_hosts_are_none(build: Callable[[str], ASGIApp]) -> None:
    """Proxy and server could each believe another one of the two."""
    client = TestClient(build(ORIGIN), base_url=ORIGIN)
    hosts = [("Host", "127.0.0.1:8400"), ("Host", "evil.example")]

    assert 400 == client.get("/how-we-decide", headers=hosts).status_code


def test_the_health_check_needs_no_host(browser: Browser) -> None:
    """Probes call a machine by its address."""
    answer = browser.get("/healthz", Host="10.0.0.7:8400")

    assert 200 == answer.status
    assert "ok\n" == answer.text


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded"])
def test_forwarded_names_change_nothing(browser: Browser, header: str) -> None:
    """A link made from a header would send a person's secret to whoever wrote it (T7)."""
    browser.get(f"/c/{DECIDE}")
    plain = browser.get("/how-we-decide").text
    forged = browser.get("/how-we-decide", **{header.replace("-", "_"): "evil.example"}).text

    assert plain == forged


@pytest.mark.parametrize("stripped", [True, False])
def test_a_path_prefix_works_whether_or_not_the_proxy_strips_it(
    build: Callable[[str], ASGIApp], stand_in: StandIn, *, stripped: bool
) -> None:
    """Proxies differ; a page whose links lead nowhere is lost to its person."""
    browser = Browser(build("http://127.0.0.1:8400/alumni"))
    mount = "" if stripped else "/alumni"

    opened = browser.get(f"{mount}/c/{DECIDE}")
    assert "/alumni/consent" == opened.headers["location"]
    form = browser.get(f"{mount}/consent").forms[0]
    assert "/alumni/consent" == form.action
    answer = browser.post(f"{mount}/consent", form.filled(("answer", "no")))
    assert "/alumni/consent/done" == answer.headers["location"]
    assert ["decide:no"] == stand_in.changes


@pytest.mark.parametrize("path", [f"/c/{DECIDE}/", "/consent/", "/p/", "//evil.example/consent"])
def test_nothing_redirects_but_what_we_wrote(browser: Browser, path: str) -> None:
    """A redirect that a framework makes from the Host header leads where a header says."""
    answer = browser.get(path)

    assert 404 == answer.status
    assert "location" not in answer.headers


def test_a_cookie_of_another_version_is_a_strangers(build: Callable[[str], ASGIApp]) -> None:
    """After an update an old cookie must end in the page for strangers, not in a failure."""
    hashes = KeyedHashes(MASTER)
    for claims in (b"{}", b"[]", b"not json", b'{"id": 1}'):
        body = urlsafe_b64encode(claims).decode()
        cookie = f"visit={body}.{hashes.signature('session', body.encode())}"
        assert 404 == Browser(build(ORIGIN)).get("/consent", Cookie=cookie).status


def test_a_server_may_ask_about_its_life(build: Callable[[str], ASGIApp]) -> None:
    """Servers other than ours send more than requests through the same door."""
    with TestClient(build(ORIGIN), base_url=ORIGIN) as client:
        assert 200 == client.get("/healthz").status_code


def test_a_cookie_is_not_believed_because_it_is_there(build: Callable[[str], ASGIApp]) -> None:
    """Whoever writes their own cookie must stay a stranger."""
    app = build(ORIGIN)
    for cookie in ("visit=x", "visit=x.y", "visit=é.é", "visit=e30.e30", "visit=."):
        assert 404 == Browser(app).get("/consent", Cookie=cookie).status
