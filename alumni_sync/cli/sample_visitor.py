"""A leaver's browser and mail program, as far as the sample needs them.

Reads the mails of the file mailer, follows their links over HTTP and submits the very form that it
was shown. It knows nothing of the ledger: whatever it decides, it decides as a person could.
"""

import email.policy
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from html.parser import HTMLParser
from http.client import HTTPConnection, HTTPResponse
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urljoin, urlsplit

from alumni_sync.errors import AlumniSyncError

TIMEOUT: Final = 20  # seconds
HOPS: Final = 5
REDIRECTS: Final = frozenset({301, 302, 303, 307})
OK: Final = 200
_LINK: Final = re.compile(r"https?://[^\s\"<>]+")


class SampleFailed(AlumniSyncError):
    """The walkthrough did not go as it must; the message says which step."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail as its reader sees it."""

    to: str
    message_id: str
    subject: str
    links: tuple[str, ...]

    def link(self, path: str) -> str:
        """Return the link whose path starts with `path` (`/c/`); "" if there is none."""
        return next((link for link in self.links if urlsplit(link).path.startswith(path)), "")


def read_letters(outbox: Path) -> list[Letter]:
    """Return the mails in the folder of the file mailer, in an order that a run repeats."""
    parser = BytesParser(_class=EmailMessage, policy=email.policy.default)
    letters = []
    for path in outbox.glob("*.eml"):
        message = parser.parsebytes(path.read_bytes())
        body = message.get_body(("plain",))
        text = body.get_content() if body is not None else ""
        letters.append(
            Letter(
                to=message["To"].addresses[0].addr_spec,
                message_id=str(message["Message-ID"]),
                subject=str(message["Subject"]),
                links=tuple(_LINK.findall(text)),
            )
        )
    return sorted(letters, key=lambda letter: (letter.to, letter.subject, letter.message_id))


@dataclass(slots=True)
class Form:
    """A form as a page shows it.

    Attributes:
        fields: what is sent if nobody touches anything: hidden, filled-in and preset ones.
        choices: name → values that can be chosen (radio buttons and check boxes).
    """

    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    choices: dict[str, list[str]] = field(default_factory=dict)

    def filled(self, chosen: Mapping[str, Iterable[str]]) -> list[tuple[str, str]]:
        """Return what a browser sends once somebody has chosen.

        Raises:
            SampleFailed: the form does not offer it.
        """
        sent = list(self.fields)
        for name, values in chosen.items():
            for value in values:
                if value not in self.choices.get(name, ()):
                    msg = f"the page offers no choice {name}={value}"
                    raise SampleFailed(msg)
                sent.append((name, value))
        return sent


class _Forms(HTMLParser):
    """Collects the forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = True
            self.forms.append(Form(found.get("action", "")))
        elif tag == "input" and self._open and found.get("name"):
            self._input(self.forms[-1], found, preset="checked" in found)

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag != "form"

    def _input(self, form: Form, found: Mapping[str, str], *, preset: bool) -> None:
        name, value = found["name"], found.get("value", "")
        kind = found.get("type", "text")
        if kind in {"radio", "checkbox"}:
            form.choices.setdefault(name, []).append(value)
        if preset or kind not in {"radio", "checkbox", "submit"}:
            form.fields.append((name, value))


def forms_of(html: str) -> list[Form]:
    """Return the forms of a page."""
    reader = _Forms()
    reader.feed(html)
    return reader.forms


@dataclass(frozen=True, slots=True)
class Page:
    """A page that was opened: where it is, its status, its HTML."""

    url: str
    status: int
    html: str

    def form(self, offering: str) -> Form:
        """Return the form in which `offering` can be chosen.

        Raises:
            SampleFailed: there is none.
        """
        for form in forms_of(self.html):
            if offering in form.choices:
                return form
        msg = f"the page has no form in which {offering} can be chosen (status {self.status})"
        raise SampleFailed(msg)


class Browser:
    """Opens pages and submits forms, with the cookies of one person.

    Every link names the public address; `port` is where the site listens just now, as a name
    service would say.
    """

    def __init__(self, port: int) -> None:
        """Start without cookies."""
        self._port = port
        self._cookies: dict[str, str] = {}

    def open(self, url: str) -> Page:
        """Follow a link, redirects included."""
        return self._follow("GET", url, b"")

    def submit(self, page: Page, form: Form, chosen: Mapping[str, Sequence[str]]) -> Page:
        """Submit a form of a page with what was chosen in it."""
        body = urlencode(form.filled(chosen)).encode("ascii")
        return self._follow("POST", urljoin(page.url, form.action), body)

    def _follow(self, method: str, url: str, body: bytes) -> Page:
        for _ in range(HOPS):
            response, html = self._request(method, url, body)
            place = response.getheader("Location")
            if response.status not in REDIRECTS or not place:
                return Page(url, response.status, html)
            method, url, body = "GET", urljoin(url, place), b""
        msg = "the site sends its visitor in a circle"
        raise SampleFailed(msg)

    def _request(self, method: str, url: str, body: bytes) -> tuple[HTTPResponse, str]:
        parts = urlsplit(url)
        headers = {"Host": parts.netloc, "User-Agent": "sample", "Sec-Fetch-Site": "none"}
        if self._cookies:
            headers["Cookie"] = "; ".join(
                f"{name}={value}" for name, value in self._cookies.items()
            )
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            headers["Origin"] = f"{parts.scheme}://{parts.netloc}"
            headers["Sec-Fetch-Site"] = "same-origin"
        connection = HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT)
        try:
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request(method, path, body or None, headers)
            response = connection.getresponse()
            html = response.read().decode("utf-8", "replace")
        except OSError as error:
            msg = f"the consent site does not answer ({type(error).__name__})"
            raise SampleFailed(msg) from None
        finally:
            connection.close()
        for header in response.headers.get_all("Set-Cookie", ()):
            for name, morsel in SimpleCookie(header).items():
                self._cookies[name] = morsel.value
        return response, html
