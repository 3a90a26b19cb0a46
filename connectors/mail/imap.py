"""A mailbox at a server, read by IMAP (RFC 9051) through TLS: what comes back of our mails.

Nothing is changed by reading (`BODY.PEEK`). What was taken is deleted by its own number where the
server can do that (UIDPLUS, RFC 4315), so that no mail somebody else marked goes with it; where it
cannot, it is marked as deleted and stays until the mailbox is tidied up.
"""

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from alumni_sync.errors import AuthRejected, ConnectorError, PermanentError, Unavailable

MOST_BYTES: Final = 4 * 1024 * 1024
"""What is larger is no report; it is yielded as nothing and left for a person."""
_VENDOR: Final = "imap"
_SIZE: Final = re.compile(rb"RFC822\.SIZE (\d+)")
_WAITING: Final = ("UNSEEN", "UNDELETED")


class ImapMailbox:
    """One folder of one mailbox; connects when it is first looked into."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        user: str,
        password: str,
        folder: str,
        starttls: bool,
        timeout: float,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Keep the settings; `tls` replaces the system's trust, for tests."""
        self._host = host
        self._port = port
        self._user = user
        self._password = password
        self._folder = folder
        self._starttls = starttls
        self._timeout = timeout
        self._tls = tls
        self._server: imaplib.IMAP4 | None = None
        self._by_number = False

    def __repr__(self) -> str:
        """Name nothing but the host: the rest opens the mailbox."""
        return f"ImapMailbox({self._host!r})"

    def waiting(self) -> Iterator[tuple[str, bytes]]:
        """Yield (key, whole mail) of what nobody has read yet, oldest first.

        Raises:
            AuthRejected: TLS cannot be trusted, is not offered, or the login is refused.
            PermanentError: there is no such folder.
            Unavailable: the server cannot be reached, or broke off.
        """
        for key in self._ask("search", "SEARCH", *_WAITING)[0].decode("ascii").split():
            size = _SIZE.search(self._one("size", key, "(RFC822.SIZE)")[0])
            if size is None:
                continue  # somebody removed it meanwhile
            content = b""
            if int(size.group(1)) <= MOST_BYTES:
                content = self._one("read", key, "(BODY.PEEK[])")[1]
            yield key, content

    def taken(self, key: str) -> None:
        """Delete a mail that was taken; raises as `waiting`."""
        self._ask("delete", "STORE", key, "+FLAGS.SILENT", r"(\Seen \Deleted)")
        if self._by_number:
            self._ask("delete", "EXPUNGE", key)

    def left(self, key: str) -> None:
        """Mark a mail as seen and leave it; raises as `waiting`."""
        self._ask("mark", "STORE", key, "+FLAGS.SILENT", r"(\Seen)")

    def close(self) -> None:
        """Log out; a server that does not answer is left as it is."""
        server, self._server = self._server, None
        if server is not None:
            try:
                server.logout()
            except (OSError, imaplib.IMAP4.error):
                _hang_up(server)

    # --- the conversation -----------------------------------------------------------------------

    def _one(self, operation: str, key: str, what: str) -> tuple[bytes, bytes]:
        """Return (what the server says of a mail, its literal); empty where it is gone."""
        for part in self._ask(operation, "FETCH", key, what):
            if isinstance(part, tuple):
                return part[0], part[1]
            if part:
                return part, b""
        return b"", b""

    def _ask(self, operation: str, command: str, *arguments: str) -> list[bytes]:
        """Send a command that names mails by their UIDs, return what was answered."""
        server = self._connected()
        try:
            status, answer = server.uid(command, *arguments)
        except (imaplib.IMAP4.error, OSError) as error:
            raise self._broken(operation, error) from None
        if status != "OK":
            raise PermanentError(_VENDOR, operation, f"the server says {status}")
        return [part if part is not None else b"" for part in answer]

    def _broken(self, operation: str, error: Exception) -> ConnectorError:
        """Return our error for a conversation that broke; what the server said may hold values."""
        server, self._server = self._server, None
        if server is not None:
            _hang_up(server)
        if isinstance(error, imaplib.IMAP4.error) and not isinstance(error, imaplib.IMAP4.abort):
            return PermanentError(_VENDOR, operation, "the server does not understand")
        return Unavailable(_VENDOR, operation, type(error).__name__)

    def _connected(self) -> imaplib.IMAP4:
        if self._server is None:
            self._server = self._connect()
        return self._server

    def _connect(self) -> imaplib.IMAP4:
        server: imaplib.IMAP4 | None = None
        try:
            server = self._reach()
            self._login(server)
            self._choose(server)
        except BaseException:
            if server is not None:
                _hang_up(server)
            raise
        return server

    def _reach(self) -> imaplib.IMAP4:
        """Return a connection that is encrypted, to a server that is trusted."""
        tls = self._tls or ssl.create_default_context()
        plain: imaplib.IMAP4 | None = None
        try:
            if not self._starttls:
                return imaplib.IMAP4_SSL(
                    self._host, self._port, ssl_context=tls, timeout=self._timeout
                )
            plain = imaplib.IMAP4(self._host, self._port, timeout=self._timeout)
            if "STARTTLS" not in plain.capabilities:
                raise imaplib.IMAP4.error  # noqa: TRY301 told below, like a refusal of it
            plain.starttls(ssl_context=tls)
        except (ssl.SSLError, imaplib.IMAP4.error, OSError) as error:
            if plain is not None:
                _hang_up(plain)
            raise _not_reached(error) from None
        return plain

    def _login(self, server: imaplib.IMAP4) -> None:
        try:
            server.login(self._user, self._password)
            _, told = server.capability()  # after the login it is another list than before
            self._by_number = b"UIDPLUS" in (told[0] or b"").upper().split()
        except imaplib.IMAP4.abort as error:
            raise Unavailable(_VENDOR, "login", type(error).__name__) from None
        except imaplib.IMAP4.error:  # its message may quote the login
            raise AuthRejected(_VENDOR, "login", "user or password is refused") from None
        except OSError as error:
            raise Unavailable(_VENDOR, "login", type(error).__name__) from None

    def _choose(self, server: imaplib.IMAP4) -> None:
        """Open the folder for writing; a name with a blank has to be quoted."""
        quoted = '"' + self._folder.replace("\\", "\\\\").replace('"', '\\"') + '"'
        try:
            status, _ = server.select(quoted)
        except (imaplib.IMAP4.error, OSError) as error:
            raise Unavailable(_VENDOR, "select", type(error).__name__) from None
        if status != "OK":
            raise PermanentError(_VENDOR, "select", "there is no such folder")


def _hang_up(server: imaplib.IMAP4) -> None:
    """Close a connection; after a failed handshake its socket may be gone already."""
    with suppress(OSError):
        server.shutdown()


def _not_reached(error: Exception) -> ConnectorError:
    if isinstance(error, ssl.SSLError):
        return AuthRejected(_VENDOR, "connect", "no trusted TLS connection")
    if isinstance(error, imaplib.IMAP4.error) and not isinstance(error, imaplib.IMAP4.abort):
        return AuthRejected(_VENDOR, "connect", "it offers no STARTTLS")
    return Unavailable(_VENDOR, "connect", type(error).__name__)
