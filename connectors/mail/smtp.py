"""Mailer `smtp`: hands mails to a submission server (RFC 5321, RFC 6409).

The fate of a mail depends on where a conversation broke off. Before the body was sent, nothing was
handed over: another attempt is safe. Once the body is on its way, only the server's answer says
what became of it; without an answer the fate is unknown, and unknown counts as sent.
"""

import re
import smtplib
import ssl
from typing import ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from alumni_sync.errors import AuthRejected, Unavailable
from alumni_sync.ports import Fate, MailerInfo, Message, PluginContext, SendResult
from connectors.mime import BadHeader, sender_address, to_bytes

MAYBE: Final = 300  # 2xx is a yes, 354 asks for the body
TEMPORARY: Final = 400
PERMANENT: Final = 500
LOGIN_FIRST: Final = 530
_LOCAL: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_STATUS: Final = re.compile(rb"^[245]\.\d{1,3}\.\d{1,3}")
_LEADING_DOT: Final = re.compile(rb"(?m)^\.")


class SmtpMailerSettings(BaseModel):
    """Keys of `mail:` with `connector: smtp`. Times are in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(min_length=1)
    port: int = Field(587, ge=1, le=65535)
    user: str | None = None
    password: SecretStr | None = None
    starttls: bool = True
    timeout: float = Field(30, gt=0, le=300)

    @model_validator(mode="after")
    def _safe(self) -> "SmtpMailerSettings":
        if (self.user is None) != (self.password is None):
            msg = "`user` and `password` belong together"
            raise ValueError(msg)
        if not self.starttls and self.host not in _LOCAL:
            msg = "mails hold secret links: without `starttls` only this machine may take them"
            raise ValueError(msg)
        return self


class SmtpMailer:
    """Sends mails through one server, a connection a mail."""

    info: ClassVar[MailerInfo] = MailerInfo("smtp", "any SMTP server", "docs/mail.md")
    Settings: ClassVar[type[BaseModel]] = SmtpMailerSettings

    def __init__(
        self,
        settings: SmtpMailerSettings,
        context: PluginContext,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Keep the settings; `tls` replaces the system's trust, for tests."""
        del context
        self._settings = settings
        self._tls = tls

    def send(self, message: Message) -> SendResult:
        """Send one mail.

        Raises:
            Unavailable: the server could not be reached or asked to come back: nothing was sent.
            AuthRejected: it does not take our credentials or our sender, or offers no STARTTLS;
                the next mail would meet the same.
        """
        try:
            content, sender = to_bytes(message), sender_address(message)
        except BadHeader:
            return SendResult(Fate.REFUSED, "bad-header")
        server = self._connect(sender.rpartition("@")[2])
        try:
            refused = _envelope(server, sender, message.to)
            return refused or _body(server, content)
        finally:
            server.close()  # QUIT could block, and its answer means nothing any more

    def _connect(self, domain: str) -> smtplib.SMTP:
        chosen = self._settings
        server: smtplib.SMTP | None = None
        try:
            server = smtplib.SMTP(
                chosen.host, chosen.port, local_hostname=domain, timeout=chosen.timeout
            )
            if chosen.starttls:
                server.starttls(context=self._tls or ssl.create_default_context())
            if chosen.user is not None and chosen.password is not None:
                server.login(chosen.user, chosen.password.get_secret_value())
        except OSError as error:  # what smtplib raises is an OSError too
            if server is not None:
                server.close()
            raise _not_connected(error) from None
        return server


def _not_connected(error: OSError) -> AuthRejected | Unavailable:
    """Return our error for a conversation that never got as far as a mail."""
    if isinstance(error, smtplib.SMTPNotSupportedError | ssl.SSLError):
        return AuthRejected("smtp", "connect", "it offers no trusted STARTTLS, or no login")
    if isinstance(error, smtplib.SMTPResponseException):
        what = _reason(error.smtp_code, _bytes(error.smtp_error))
        permanent = error.smtp_code >= PERMANENT
        return (AuthRejected if permanent else Unavailable)("smtp", "connect", what)
    return Unavailable("smtp", "connect", type(error).__name__)


def _envelope(server: smtplib.SMTP, sender: str, to: str) -> SendResult | None:
    """Say who writes to whom and ask to go ahead; return the refusal, None if there is none."""
    try:
        server.ehlo_or_helo_if_needed()
        _accepted("mail", server.mail(sender), below=MAYBE)
        code, answer = server.rcpt(to)
        if code >= PERMANENT and not _is_policy(code, answer):
            return SendResult(Fate.REFUSED, _reason(code, answer))
        _accepted("rcpt", (code, answer), below=MAYBE)
        _accepted("data", server.docmd("DATA"), below=TEMPORARY)
    except OSError as error:
        raise Unavailable("smtp", "envelope", type(error).__name__) from None
    return None


def _accepted(operation: str, reply: tuple[int, bytes], *, below: int) -> None:
    """Raise what a refusal means that is not about the recipient: it would meet everybody."""
    code, answer = reply
    if 0 < code < below:
        return
    if code >= PERMANENT:
        raise AuthRejected("smtp", operation, _reason(code, answer))
    raise Unavailable("smtp", operation, _reason(code, answer))


def _is_policy(code: int, answer: bytes) -> bool:
    """Say whether a refusal is about us (relaying, login), not about the recipient's address."""
    return code == LOGIN_FIRST or answer.startswith(b"5.7.")


def _body(server: smtplib.SMTP, content: bytes) -> SendResult:
    """Send the body; from here on only an answer says what became of the mail."""
    try:
        server.send(_LEADING_DOT.sub(b"..", content) + b".\r\n")
        code, answer = server.getreply()
    except OSError:
        return SendResult(Fate.UNKNOWN, "no-answer")
    if 0 < code < MAYBE:
        return SendResult(Fate.ACCEPTED)
    if code >= PERMANENT:
        return SendResult(Fate.REFUSED, _reason(code, answer))
    if code >= TEMPORARY:
        raise Unavailable("smtp", "body", _reason(code, answer))
    return SendResult(Fate.UNKNOWN, str(code))


def _bytes(answer: bytes | str) -> bytes:
    return answer if isinstance(answer, bytes) else answer.encode(errors="replace")


def _reason(code: int, answer: bytes) -> str:
    """Return the code and the enhanced status (RFC 3463); the rest may quote the address."""
    status = _STATUS.match(answer)
    return f"{code} {status.group().decode()}" if status else str(code)
