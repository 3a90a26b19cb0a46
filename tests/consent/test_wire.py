"""Mails of the real flow as a real server received them: one-click headers whole, on every kind."""
# ruff: noqa: ARG002, N802 (aiosmtpd gives its hooks their names and signatures)

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import Answer
from alumni_sync.consent.answers.decisions import one_click, withdraw
from alumni_sync.consent.mail.outbox import ASKING_KINDS
from alumni_sync.deployment import Configuration
from alumni_sync.domain import ConsentState
from alumni_sync.ledger.store import Ledger
from alumni_sync.testing.mail import read_mail
from connectors.mail.smtp import SmtpMailer, SmtpMailerSettings
from tests.consent.world import BY_MAIL, MailingDeployment, World
from tests.roster import company

LINE = 998  # octets of a line without its CRLF (RFC 5322, 2.1.1)
BODY_LINE = 76  # of quoted-printable (RFC 2045, 6.7)


@dataclass
class Sink:
    """A server's handler that keeps what it was sent, byte by byte."""

    received: list[bytes] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take the mail."""
        assert isinstance(envelope.original_content, bytes)
        self.received.append(envelope.original_content)
        return "250 OK"


class PostedDeployment(MailingDeployment):
    """A deployment that sends through a real server."""

    port: int

    def mailer(self) -> SmtpMailer:  # type: ignore[override]  # the one in memory is not asked
        """Return a mailer for the server of this test."""
        settings = SmtpMailerSettings(host="127.0.0.1", port=self.port, starttls=False, timeout=5)
        return SmtpMailer(settings, self.context("smtp"))


@pytest.fixture
def sink() -> Iterator[tuple[Sink, int]]:
    """Yield a running server and its port."""
    handler = Sink()
    with socket.socket() as probe:  # aiosmtpd looks at its own port and cannot be given 0
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    controller.stop()


@pytest.fixture
def posted(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock, sink: tuple[Sink, int]
) -> World:
    """Return a company whose public address is long and whose mails go over the wire."""
    long = f"https://alumni-consent.{'subsidiary-' * 5}acme.example/{'path/' * 20}here"
    consent = {"public_url": long, "notice": "alumni-community"}
    world = World(tmp_path, sqlite_ledger, clock, consent=consent)
    changed = company(tmp_path, consent=consent)
    deployment = PostedDeployment(Configuration(changed, {}), sqlite_ledger, clock)
    deployment.port = sink[1]
    world.d = deployment
    return world


def head_of(content: bytes) -> list[bytes]:
    """Return the lines of a mail's head, unfolded by nobody."""
    return content.split(b"\r\n\r\n", 1)[0].split(b"\r\n")


def every_kind(world: World, sink: Sink) -> list[tuple[str, bytes]]:
    """Send a mail of every kind; return (kind, bytes) of each, oldest first."""
    leaver = world.invited(given_name="Żaneta", language="pl")
    undecided = world.invited("olga")
    world.answer(undecided, Answer.LATER)
    world.later(days=7)
    world.round()
    world.answer(leaver, Answer.YES)
    world.deliver()
    withdraw(world.d, world.invitation(leaver)["id"], None, BY_MAIL, "nonce")
    world.later(days=93)
    world.round()
    kinds = {row["message_id"]: row["kind"] for row in world.outbox(state="accepted")}
    mails = [
        (kinds[read_mail(content).headers["Message-ID"]], content) for content in sink.received
    ]
    assert [kind for kind, _ in mails] == [
        "invitation",
        "invitation",
        "reminder",
        "confirmation",
        "goodbye",
        "reminder",
    ]
    return mails


def test_one_click_is_whole_on_every_mail_that_asks(posted: World, sink: tuple[Sink, int]) -> None:
    """A folded, encoded or missing header makes a provider unsubscribe nobody, without a word.

    This is T11 of docs/tests-of-consent.md.
    """
    for kind, content in every_kind(posted, sink[0]):
        head = head_of(content)
        found = [line for line in head if line.lower().startswith(b"list-unsubscribe")]
        if kind not in ASKING_KINDS:
            assert found == []
            continue
        link, post = found
        assert re.fullmatch(rb"List-Unsubscribe: <https://[!-;=?-~]+/u/[\w-]{43}>", link)
        assert post == b"List-Unsubscribe-Post: List-Unsubscribe=One-Click"


def test_every_line_is_short_enough_and_plain(posted: World, sink: tuple[Sink, int]) -> None:
    """A server may cut a longer line or refuse the mail; a byte over 127 needs a promise."""
    for _, content in every_kind(posted, sink[0]):
        assert content.isascii()
        lines = content.split(b"\r\n")
        assert max(len(line) for line in lines) <= LINE
        assert not any(b"\n" in line or b"\r" in line for line in lines)
        body = content.split(b"\r\n\r\n", 1)[1]
        assert max(len(line) for line in body.split(b"\r\n")) <= BODY_LINE


def test_both_parts_say_their_charset_and_carry_the_same_link(
    posted: World, sink: tuple[Sink, int]
) -> None:
    """Whoever reads plain text must be able to decide, and to read their own name (T11)."""
    for kind, content in every_kind(posted, sink[0]):
        mail = read_mail(content)
        assert content.lower().count(b'charset="utf-8"') == 2  # one a part
        if kind in ASKING_KINDS:
            assert mail.link("/.*/c/") in mail.html
            assert mail.headers["List-Unsubscribe"].strip("<>") in mail.text
    first = read_mail(sink[0].received[0])
    assert "Żaneta" in first.text
    assert "Żaneta" in first.html


def test_the_received_header_works_with_one_click(posted: World, sink: tuple[Sink, int]) -> None:
    """The address that a provider posts to is the one of the header, and nothing else."""
    leaver = posted.invited()
    header = read_mail(sink[0].received[-1]).headers["List-Unsubscribe"]
    token = header.strip("<>").rpartition("/")[2]
    assert one_click(posted.d, token)
    assert posted.invitation(leaver)["state"] == ConsentState.OBJECTED
