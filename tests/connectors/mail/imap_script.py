"""An IMAP server that says what a test tells it, for what a real one does not do on demand."""

import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.connectors.mail.tls import HOST

HANG_UP = b""
"""An answer that breaks the connection off."""

USUAL: Mapping[str, bytes] = {
    "CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n{tag} OK done\r\n",
    "LOGIN": b"{tag} OK done\r\n",
    "SELECT": b"* 1 EXISTS\r\n{tag} OK [READ-WRITE]\r\n",
    "UID SEARCH": b"* SEARCH 7\r\n{tag} OK done\r\n",
    "UID FETCH 7 (RFC822.SIZE)": b"* 1 FETCH (UID 7 RFC822.SIZE 4)\r\n{tag} OK done\r\n",
    "UID FETCH 7 (BODY.PEEK[])": b"* 1 FETCH (UID 7 BODY[] {4}\r\nMail)\r\n{tag} OK done\r\n",
    "UID STORE": b"{tag} OK done\r\n",
    "LOGOUT": b"* BYE\r\n{tag} OK done\r\n",
}


class Script:
    """What is answered to each command, by its beginning; the longest one counts."""

    def __init__(self, **changes: bytes) -> None:
        """Change what is usually answered; `_` stands for a blank."""
        self.answers = {**USUAL, **{name.replace("_", " "): said for name, said in changes.items()}}
        self.greeting = b"* OK ready\r\n"
        self.heard: list[str] = []

    def answer(self, line: str) -> bytes:
        """Return what is said to a line."""
        tag, _, command = line.partition(" ")
        self.heard.append(command)
        found = [name for name in self.answers if command.upper().startswith(name.upper())]
        said = self.answers[max(found, key=len)] if found else b"{tag} BAD what\r\n"
        return said.replace(b"{tag}", tag.encode())


@contextmanager
def scripted(script: Script, certificate: Path | None) -> Iterator[int]:
    """Yield the port at which a script is played, through TLS where there is a certificate."""
    tls = None
    if certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
    with socket.create_server((HOST, 0)) as door:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    visitor, _ = door.accept()
                    with (
                        visitor,
                        tls.wrap_socket(visitor, server_side=True) if tls else visitor as it,
                    ):
                        _play(script, it)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(door.getsockname()[1])
        with suppress(OSError):
            door.shutdown(socket.SHUT_RDWR)


def _play(script: Script, visitor: socket.socket) -> None:
    with suppress(OSError), visitor.makefile("rb") as lines:
        visitor.sendall(script.greeting)
        for line in lines:
            said = script.answer(line.decode("ascii").rstrip("\r\n"))
            if said == HANG_UP:
                return
            visitor.sendall(said)
