"""The sample's visitor: reads mails, keeps cookies, submits the form that is there and no other."""

import threading
from collections.abc import Iterator
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qsl

import pytest

from alumni_sync.cli.sample_visitor import (
    Browser,
    Form,
    Page,
    SampleFailed,
    forms_of,
    read_letters,
)

PAGE = """
<form action="/search"><input name="q"></form>
<form method="post" action="/consent">
  <input type="hidden" name="form" value="signed &amp; sealed">
  <input type="text" name="name" value="Żaneta O'Brien">
  <input type="checkbox" name="field" value="city">
  <input type="checkbox" name="field" value="phone">
  <input type="checkbox" name="mail" value="on" checked>
  <input type="radio" name="answer" value="yes"><input type="radio" name="answer" value="no">
  <input type="submit" name="go" value="Send">
</form>
<input name="outside" value="of any form">
"""
PRESET = [("form", "signed & sealed"), ("name", "Żaneta O'Brien"), ("mail", "on")]


def test_form_is_read_as_a_browser_reads_it() -> None:
    """A visitor that invents fields would prove nothing about the page."""
    form = Page("http://site/consent", 200, PAGE).form("answer")
    assert ("/consent", PRESET) == (form.action, form.fields)
    assert {"field": ["city", "phone"], "mail": ["on"], "answer": ["yes", "no"]} == form.choices
    assert 2 == len(forms_of(PAGE))


def test_filled_form_sends_what_was_chosen_besides_what_is_preset() -> None:
    """Nothing that nobody chose may be sent, and nothing that the page presets may be lost."""
    form = forms_of(PAGE)[1]
    chosen = {"answer": ["yes"], "field": ["phone"]}
    assert [*PRESET, ("answer", "yes"), ("field", "phone")] == form.filled(chosen)
    assert PRESET == form.fields


def test_choice_that_is_not_offered_is_a_failure() -> None:
    """A walkthrough that submits what the page does not offer tests another product."""
    with pytest.raises(SampleFailed, match="offers no choice answer=maybe"):
        Form("/consent", [], {"answer": ["yes"]}).filled({"answer": ["maybe"]})
    with pytest.raises(SampleFailed, match="no form in which leave can be chosen"):
        Page("http://site/", 404, PAGE).form("leave")


class Site(BaseHTTPRequestHandler):
    """A small site: a link that sets a cookie and redirects, a form, and a circle."""

    seen: ClassVar[list[tuple[str, str, dict[str, str], str]]] = []

    def do_GET(self) -> None:
        """Answer a link."""
        self._note("")
        if self.path.startswith("/c/"):
            self._answer(303, "", {"Location": "/consent", "Set-Cookie": "session=s1; HttpOnly"})
        elif self.path == "/round":
            self._answer(302, "", {"Location": "/round"})
        else:
            self._answer(200, PAGE, {})

    def do_POST(self) -> None:
        """Take a form."""
        self._note(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self._answer(303, "", {"Location": "/done"})

    def _note(self, body: str) -> None:
        self.seen.append((self.command, self.path, dict(self.headers), body))

    def _answer(self, status: int, body: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        content = body.encode()
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class's name
        """Stay silent."""


@pytest.fixture
def site() -> Iterator[int]:
    """Yield the port of the small site."""
    Site.seen.clear()
    server = HTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_visitor_behaves_like_a_browser_at_the_public_address(site: int) -> None:
    """The site refuses foreign hosts, lost cookies and forms from elsewhere; so must we come."""
    browser = Browser(site)
    page = browser.open("http://127.0.0.1:8400/c/token")
    assert ("http://127.0.0.1:8400/consent", 200) == (page.url, page.status)
    done = browser.submit(page, page.form("answer"), {"answer": ["no"]})
    assert "http://127.0.0.1:8400/done" == done.url
    methods = [(method, path) for method, path, _, _ in Site.seen]
    assert [
        ("GET", "/c/token"),
        ("GET", "/consent"),
        ("POST", "/consent"),
        ("GET", "/done"),
    ] == methods
    _, _, headers, body = Site.seen[2]
    assert "127.0.0.1:8400" == headers["Host"]
    assert ("http://127.0.0.1:8400", "same-origin") == (
        headers["Origin"],
        headers["Sec-Fetch-Site"],
    )
    assert "session=s1" == headers["Cookie"]
    assert [*PRESET, ("answer", "no")] == parse_qsl(body)


def test_site_that_goes_in_circles_or_is_gone(site: int) -> None:
    """A walkthrough must end with a sentence, not hang or show a traceback."""
    with pytest.raises(SampleFailed, match="in a circle"):
        Browser(site).open("http://127.0.0.1:8400/round")
    with pytest.raises(SampleFailed, match="does not answer"):
        Browser(1).open("http://127.0.0.1:8400/")


def test_letters_are_read_from_the_outbox(tmp_path: Path) -> None:
    """A link that is broken on the wire is found here first: the mail is parsed, not remembered."""
    message = EmailMessage()
    message["To"] = "Żaneta <zaneta@poczta.example>"
    message["Subject"] = "Zaproszenie"
    message["Message-ID"] = "<m1@acme.example>"
    message.set_content(
        "Read and decide: http://127.0.0.1:8400/c/abc123\nhttp://127.0.0.1:8400/n/x\n"
    )
    message.add_alternative("<p>html</p>", subtype="html")
    (tmp_path / "m1.eml").write_bytes(message.as_bytes())
    (letter,) = read_letters(tmp_path)
    assert ("zaneta@poczta.example", "Zaproszenie") == (letter.to, letter.subject)
    assert "http://127.0.0.1:8400/c/abc123" == letter.link("/c/")
    assert "" == letter.link("/p/")
