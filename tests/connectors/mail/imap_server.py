"""A real IMAP server (pymap) as a process of its own, and a door that speaks TLS from the start."""

import imaplib
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.mail.imap import ImapMailbox
from tests.connectors.mail.tls import HOST, free_port, make_certificate, trusting

USER, PASSWORD = "alumni", "right"
STARTS_WITHIN = 20.0  # seconds


@dataclass(frozen=True)
class ImapServer:
    """A running server.

    Attributes:
        port: STARTTLS is offered there.
        tls_port: TLS from the first byte.
    """

    port: int
    tls_port: int
    trust: ssl.SSLContext

    def mailbox(
        self,
        made: type[ImapMailbox] = ImapMailbox,
        **changes: Any,  # noqa: ANN401 keys of the settings
    ) -> ImapMailbox:
        """Return what reads the mailbox."""
        keys: dict[str, Any] = {
            "host": HOST,
            "port": self.tls_port,
            "user": USER,
            "password": PASSWORD,
            "folder": "INBOX",
            "starttls": False,
            "timeout": 10.0,
            "tls": self.trust,
        }
        return made(**keys | changes)

    @contextmanager
    def client(self) -> Iterator[imaplib.IMAP4]:
        """Yield somebody else's connection to the same mailbox."""
        with imaplib.IMAP4(HOST, self.port, timeout=10) as client:
            client.starttls(ssl_context=self.trust)
            client.login(USER, PASSWORD)
            client.select("INBOX")
            yield client

    def empty(self) -> None:
        """Remove every mail."""
        with self.client() as client:
            client.store("1:*", "+FLAGS", r"(\Deleted)")
            client.expunge()

    def deliver(self, *contents: bytes) -> None:
        """Put mails into the mailbox."""
        with self.client() as client:
            for content in contents:
                client.append("INBOX", "", imaplib.Time2Internaldate(time.time()), content)

    def flags(self) -> list[set[str]]:
        """Return the flags of every mail that is there."""
        with self.client() as client:
            _, answer = client.fetch("1:*", "(FLAGS)")
        found = [imaplib.ParseFlags(part) for part in answer if isinstance(part, bytes)]
        return [{flag.decode() for flag in flags} - {r"\Recent"} for flags in found]


@contextmanager
def imap_server(folder: Path) -> Iterator[ImapServer]:
    """Yield a server; it ends with the block."""
    certificate, port = make_certificate(folder), free_port()
    start = "from pymap.main import main; main()"
    command = [sys.executable, "-c", start, "--host", HOST, "--port", str(port)]
    tls = ["--cert", str(certificate), "--key", str(certificate)]
    user = ["dict", "--demo-user", USER, "--demo-password", PASSWORD]
    with (
        subprocess.Popen(
            [*command, *tls, *user], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as running,
        _tls_door(port, certificate) as tls_port,
    ):
        try:
            _await(port, running)
            yield ImapServer(port, tls_port, trusting(certificate))
        finally:
            running.terminate()


def _await(port: int, running: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and running.poll() is None:
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        threading.Event().wait(0.05)
    msg = "the IMAP server did not start"
    raise RuntimeError(msg)


@contextmanager
def _tls_door(port: int, certificate: Path) -> Iterator[int]:
    """Yield a port behind which `port` is spoken to through TLS."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with socket.create_server((HOST, 0)) as door:

        def serve() -> None:
            while True:
                try:
                    visitor, _ = door.accept()
                except OSError:
                    return  # closed
                threading.Thread(target=_let_in, args=(visitor, tls, port), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield door.getsockname()[1]
        door.shutdown(socket.SHUT_RDWR)


def _let_in(visitor: socket.socket, tls: ssl.SSLContext, port: int) -> None:
    with (
        suppress(OSError),
        tls.wrap_socket(visitor, server_side=True) as outside,
        socket.create_connection((HOST, port)) as inside,
    ):
        threading.Thread(target=_pump, args=(inside, outside), daemon=True).start()
        _pump(outside, inside)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while content := source.recv(65536):
            target.sendall(content)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
