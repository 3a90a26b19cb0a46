"""Conformance kit for mailers, an in-memory mailer with scripted fates, and a reader of mails.

A plugin's test gives each check a mailer and a way to see what was delivered, as bytes:

    @pytest.mark.parametrize("check", MAILER_CHECKS, ids=lambda check: check.__name__)
    def test_conformance(check, mailer, delivered):
        check(mailer, delivered)

A check raises `AssertionError` and says what would go wrong in production.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import ClassVar, Final

from pydantic import BaseModel

from alumni_sync.ports import Fate, Mailer, MailerInfo, Message, SendResult

LONG_LINK: Final = "https://alumni-consent.acme.example/u/" + "A1b2C3d4" * 12
SAMPLE: Final = Message(
    to="zaneta.probna@mail.example",
    sender="Acme Alumni <alumni@acme.example>",
    subject="Czy chcesz pozostać w kontakcie?",
    text=f"Dzień dobry Żaneta,\n\n.kropka na początku\n.\n\n{LONG_LINK}\n",
    html=f'<p>Dzień dobry Żaneta</p><a href="{LONG_LINK}">Przeczytaj i zdecyduj</a>\n',
    message_id="<M-0000000000000001@acme.example>",
    headers={
        "Date": "Tue, 03 Nov 2026 09:00:00 +0000",
        "List-Unsubscribe": f"<{LONG_LINK}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    },
)
Delivered = Callable[[], Sequence[bytes]]


class NoSettings(BaseModel):
    """The in-memory mailer takes no settings."""


class MemoryMailer:
    """Keeps mails in memory. What is in `fates` is used up first, one a mail; then all is accepted.

    Attributes:
        fates: a result to return, or an error to raise, for each of the next mails.
        sent: every mail that was handed over: those accepted, and those whose fate is unknown.
        on_send: called before each mail, with no regard to its fate.
    """

    info: ClassVar[MailerInfo] = MailerInfo("memory", "alumni_sync.testing", "docs/mail.md")
    Settings: ClassVar[type[BaseModel]] = NoSettings

    def __init__(self, settings: object = None, context: object = None) -> None:
        """Start with nothing sent."""
        del settings, context
        self.fates: list[SendResult | Exception] = []
        self.sent: list[Message] = []
        self.on_send: Callable[[Message], None] = lambda _message: None

    def send(self, message: Message) -> SendResult:
        """Do what the script says."""
        self.on_send(message)
        fate = self.fates.pop(0) if self.fates else SendResult(Fate.ACCEPTED)
        if isinstance(fate, Exception):
            raise fate
        if fate.fate is not Fate.REFUSED:
            self.sent.append(message)
        return fate


@dataclass(frozen=True, slots=True)
class ReadMail:
    """A mail as its reader sees it."""

    to: str
    subject: str
    text: str
    html: str
    headers: dict[str, str]

    @property
    def links(self) -> list[str]:
        """Return the addresses in the text part, in order."""
        return re.findall(r"https?://\S+", self.text)

    def link(self, path: str) -> str:
        """Return the address whose path starts with `path`, such as `/c/`; "" if there is none."""
        found = (link for link in self.links if re.match(rf"https?://[^/]+{path}", link))
        return next(found, "")


def read_mail(content: bytes) -> ReadMail:
    """Return a mail from its bytes."""
    mail = message_from_bytes(content, policy=policy.default)
    return ReadMail(
        to=str(mail["To"]),
        subject=str(mail["Subject"]),
        text=_part(mail, "plain"),
        html=_part(mail, "html"),
        headers={name: str(value) for name, value in mail.items()},
    )


def read_outbox(directory: Path) -> Iterator[ReadMail]:
    """Yield the mails that the mailer `file` wrote, oldest first."""
    files = sorted(directory.glob("*.eml"), key=lambda path: (path.stat().st_mtime_ns, path.name))
    for path in files:
        yield read_mail(path.read_bytes())


def _part(mail: EmailMessage, subtype: str) -> str:
    body = mail.get_body(preferencelist=(subtype,))
    return "" if body is None else str(body.get_content()).replace("\r\n", "\n")


# --- the checks ---------------------------------------------------------------------------------


def _equal(expected: object, actual: object, otherwise: str) -> None:
    if expected != actual:
        msg = f"{otherwise}: expected {expected!r}, got {actual!r}"
        raise AssertionError(msg)


def _deliver(mailer: Mailer, delivered: Delivered) -> bytes:
    _equal(SendResult(Fate.ACCEPTED), mailer.send(SAMPLE), "a good mail was not accepted")
    mails = delivered()
    _equal(1, len(mails), "an accepted mail did not arrive exactly once")
    return mails[0].replace(b"\r\n", b"\n")


def check_both_parts_arrive_as_written(mailer: Mailer, delivered: Delivered) -> None:
    """Who reads plain text only must see the same link as everybody else."""
    mail = read_mail(_deliver(mailer, delivered))
    _equal(SAMPLE.text, mail.text, "the text part changed")
    _equal(SAMPLE.html, mail.html, "the HTML part changed")
    _equal(SAMPLE.subject, mail.subject, "the subject changed")
    _equal(SAMPLE.to, mail.to, "the recipient changed")


def check_one_click_headers_are_intact_on_the_wire(mailer: Mailer, delivered: Delivered) -> None:
    """A folded or encoded address makes one-click unsubscribing fail without a word."""
    head = _deliver(mailer, delivered).split(b"\n\n", 1)[0].split(b"\n")
    for name, value in SAMPLE.headers.items():
        _equal(1, head.count(f"{name}: {value}".encode()), f"{name} is not one plain line")


def check_the_message_id_is_ours(mailer: Mailer, delivered: Delivered) -> None:
    """After a crash the only trace of a mail is its id."""
    head = _deliver(mailer, delivered).split(b"\n\n", 1)[0].split(b"\n")
    _equal(1, head.count(f"Message-ID: {SAMPLE.message_id}".encode()), "the message id changed")


def check_a_header_that_cannot_be_whole_is_refused(mailer: Mailer, delivered: Delivered) -> None:
    """Too long or not ASCII, it would be encoded, and one-click unsubscribing would be gone."""
    for link in ("https://acme.example/" + "x" * 980, "https://żubr.example/u/A1b2"):
        headers = {**SAMPLE.headers, "List-Unsubscribe": f"<{link}>"}
        result = mailer.send(replace(SAMPLE, headers=headers))
        _equal(Fate.REFUSED, result.fate, "a mail whose one-click header is broken was sent")
    _equal(0, len(delivered()), "a mail whose one-click header is broken arrived")


def check_header_injection_is_refused(mailer: Mailer, delivered: Delivered) -> None:
    """A line break in a name must not become a recipient."""
    for change in (
        {"to": "a@mail.example\r\nBcc: b@mail.example"},
        {"sender": "Acme\r\nBcc: b@mail.example <alumni@acme.example>"},
        {"subject": "Hello\nBcc: b@mail.example"},
        {"to": "a@mail.example, b@mail.example"},
        {"to": ""},
    ):
        result = mailer.send(replace(SAMPLE, **change))  # type: ignore[arg-type]  # all are strings
        _equal(Fate.REFUSED, result.fate, "a mail with a broken header was sent")
        _equal(0, result.reason.count("mail.example"), "the reason shows an address")
    _equal(0, len(delivered()), "a mail with a broken header arrived")


MAILER_CHECKS: Final[tuple[Callable[[Mailer, Delivered], None], ...]] = (
    check_both_parts_arrive_as_written,
    check_one_click_headers_are_intact_on_the_wire,
    check_the_message_id_is_ours,
    check_a_header_that_cannot_be_whole_is_refused,
    check_header_injection_is_refused,
)
"""Every check of the port; each wants a mailer that has delivered nothing yet."""
