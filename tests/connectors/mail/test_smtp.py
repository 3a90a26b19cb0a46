"""SMTP against a real server: the bytes on the wire, and what each breakdown means for a mail."""
# ruff: noqa: ANN401, ARG002, N802 (aiosmtpd gives its hooks their names and signatures)

import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from pydantic import SecretStr, ValidationError

from alumni_sync.errors import AuthRejected, Unavailable
from alumni_sync.ports import Fate, SendResult
from alumni_sync.testing.mail import MAILER_CHECKS, SAMPLE, Delivered
from alumni_sync.testing.platforms import plain_context
from connectors.mail.smtp import SmtpMailer, SmtpMailerSettings
from tests.connectors.mail.tls import HOST, free_port, make_certificate, trusting


@dataclass
class Script:
    """A server's handler that answers as it is told; "" means what aiosmtpd would say."""

    mail: str = ""
    rcpt: str = ""
    data: str = ""
    drop_at_rcpt: bool = False
    drop_after_body: bool = False
    received: list[bytes] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    hello: list[str] = field(default_factory=list)

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: Any
    ) -> Any:
        """Note what the client calls itself."""
        session.host_name = hostname
        self.hello.append(hostname)
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        """Answer MAIL."""
        envelope.mail_from = address
        return self.mail or "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        """Answer RCPT, or hang up on it."""
        if self.drop_at_rcpt:
            server.transport.abort()  # type: ignore[union-attr]  # it is set while a session runs
        if not self.rcpt:
            envelope.rcpt_tos.append(address)
        return self.rcpt or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Answer the body, or hang up on it."""
        assert isinstance(envelope.original_content, bytes)
        self.received.append(envelope.original_content)
        if self.drop_after_body:
            server.transport.abort()  # type: ignore[union-attr]  # it is set while a session runs
        return self.data or "250 OK"

    def authenticate(self, *arguments: Any) -> AuthResult:
        """Take one password."""
        login = arguments[-1]
        self.logins.append(login.login.decode())
        return AuthResult(success=login.password == b"right", handled=False)


@dataclass
class Running:
    """A server and how to reach it."""

    script: Script
    port: int
    trust: ssl.SSLContext

    def mailer(self, **settings: Any) -> SmtpMailer:
        """Return a mailer for this server."""
        chosen: dict[str, Any] = {
            "host": HOST,
            "port": self.port,
            "starttls": False,
            "timeout": 5,
        } | settings
        return SmtpMailer(SmtpMailerSettings(**chosen), plain_context(Path(), "smtp"), self.trust)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a PEM file with a key and a certificate for 127.0.0.1."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def server(certificate: Path) -> Iterator[Running]:
    """Yield a server that offers STARTTLS and login, and insists on neither."""
    script = Script()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    controller = Controller(
        script,
        hostname=HOST,
        port=free_port(),
        tls_context=tls,
        authenticator=script.authenticate,
        auth_require_tls=True,
    )
    controller.start()
    port = controller.port
    yield Running(script, port, trusting(certificate))
    controller.stop()


@pytest.mark.parametrize("check", MAILER_CHECKS, ids=lambda check: check.__name__)
def test_conformance(check: Callable[[SmtpMailer, Delivered], None], server: Running) -> None:
    """What holds for every mailer holds for this one, on the wire."""
    check(server.mailer(), lambda: server.script.received)


def test_the_connection_is_encrypted_and_the_login_goes_through_it(server: Running) -> None:
    """Links that decide for people, and a password, must not cross a network in the clear."""
    mailer = server.mailer(starttls=True, user="alumni", password=SecretStr("right"))

    assert SendResult(Fate.ACCEPTED) == mailer.send(SAMPLE)
    assert ["alumni"] == server.script.logins


def test_a_server_that_is_not_trusted_gets_nothing(server: Running) -> None:
    """Anybody in between could read the links."""
    mailer = SmtpMailer(
        SmtpMailerSettings(host=HOST, port=server.port, timeout=5), plain_context(Path(), "smtp")
    )

    with pytest.raises(AuthRejected, match="STARTTLS"):
        mailer.send(SAMPLE)
    assert [] == server.script.received


def test_a_server_that_offers_no_starttls_gets_nothing(certificate: Path) -> None:
    """Somebody in between can take the offer out of the greeting: a mail must not go in clear."""
    script = Script()
    controller = Controller(script, hostname=HOST, port=free_port())
    controller.start()
    login = {"starttls": True, "user": "alumni", "password": SecretStr("right")}
    mailer = Running(script, controller.port, trusting(certificate)).mailer(**login)

    try:
        with pytest.raises(AuthRejected, match="STARTTLS"):
            mailer.send(SAMPLE)
    finally:
        controller.stop()
    assert ([], []) == (script.received, script.logins)


def test_a_wrong_password_stops_everything(server: Running) -> None:
    """A wrong password is nobody's bounce."""
    with pytest.raises(AuthRejected, match="535"):
        server.mailer(starttls=True, user="alumni", password=SecretStr("wrong")).send(SAMPLE)


def test_we_do_not_tell_the_name_of_this_machine(server: Running) -> None:
    """The greeting of a mail client shows up in every mail's headers."""
    server.mailer().send(SAMPLE)

    assert {"acme.example"} == set(server.script.hello)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("550 5.1.1 <zaneta.probna@mail.example>: no such user", "550 5.1.1"),
        ("553 mailbox name not allowed", "553"),
    ],
)
def test_a_refused_recipient_is_a_value(server: Running, answer: str, expected: str) -> None:
    """One dead mailbox must not stop the others, and its address belongs in no log."""
    server.script.rcpt = answer

    assert SendResult(Fate.REFUSED, expected) == server.mailer().send(SAMPLE)
    assert [] == server.script.received


@pytest.mark.parametrize(
    ("where", "answer"),
    [
        ("mail", "550 5.7.60 sender not allowed"),
        ("rcpt", "554 5.7.1 relaying denied"),
        ("rcpt", "530 authentication required"),
    ],
)
def test_a_refusal_that_is_about_us_is_not_a_bounce(
    server: Running, where: str, answer: str
) -> None:
    """A server that lets us send to nobody would otherwise mark everybody as unreachable."""
    setattr(server.script, where, answer)

    with pytest.raises(AuthRejected):
        server.mailer().send(SAMPLE)


@pytest.mark.parametrize("where", ["mail", "rcpt", "data"])
def test_come_back_later_can_be_tried_again(server: Running, where: str) -> None:
    """Greylisting is normal; nothing was handed over."""
    setattr(server.script, where, "451 4.7.1 try again later")

    with pytest.raises(Unavailable, match="451"):
        server.mailer().send(SAMPLE)


def test_a_refused_body_is_a_value(server: Running) -> None:
    """The server said no after reading the mail: it was not delivered."""
    server.script.data = "554 5.6.0 not like this"

    assert SendResult(Fate.REFUSED, "554 5.6.0") == server.mailer().send(SAMPLE)


def test_no_answer_to_the_body_leaves_the_fate_unknown(server: Running) -> None:
    """The mail may have been taken: sending it again would be a second mail."""
    server.script.drop_after_body = True

    assert SendResult(Fate.UNKNOWN, "no-answer") == server.mailer().send(SAMPLE)


def test_a_connection_that_breaks_before_the_body_can_be_tried_again(server: Running) -> None:
    """Nothing was handed over, so nothing can be received twice."""
    server.script.drop_at_rcpt = True

    with pytest.raises(Unavailable, match="envelope"):
        server.mailer().send(SAMPLE)


def test_an_answer_that_means_nothing_leaves_the_fate_unknown(server: Running) -> None:
    """A server that asks for more after the end of the mail is no server to trust."""
    server.script.data = "354 go on"

    assert SendResult(Fate.UNKNOWN, "354") == server.mailer().send(SAMPLE)


def test_a_server_that_cannot_be_reached_can_be_tried_again() -> None:
    """A network that is down is not a bounce."""
    settings = SmtpMailerSettings(host=HOST, port=free_port(), starttls=False)

    with pytest.raises(Unavailable, match="ConnectionRefusedError"):
        SmtpMailer(settings, plain_context(Path(), "smtp")).send(SAMPLE)


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": "mail.example", "starttls": False},
        {"host": "mail.example", "user": "alumni"},
        {"host": "mail.example", "password": "x"},
    ],
)
def test_unsafe_settings_are_refused(wrong: dict[str, Any]) -> None:
    """A typing mistake must not send links in the clear."""
    with pytest.raises(ValidationError):
        SmtpMailerSettings(**wrong)


@pytest.mark.parametrize("sender", ["Acme <ałumni@acme.example>", "Acme <alumni@möcke.example>"])
def test_a_sender_that_is_no_address_is_refused(server: Running, sender: str) -> None:
    """An envelope takes plain ASCII only; half a mail must not go out."""
    result = server.mailer().send(replace(SAMPLE, sender=sender))

    assert SendResult(Fate.REFUSED, "bad-header") == result
