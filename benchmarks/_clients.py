"""People at a web site: each opens a link, gets a cookie, reads the page, and submits its form.

HTTP/1.1 as plain as it can be, over `asyncio` streams, so that the clients leave the processor to
the server that is measured. As many people at once as there are clients; a client's connection
stays open from one person to the next, as a proxy's does. Loopback only.
"""

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final
from urllib.parse import urlencode

CLIENTS: Final = 50
PATIENCE: Final = 60.0  # seconds that one answer may take before it is an error
_FORM: Final = re.compile(rb'name="form" value="([^"]+)"')
_COOKIE: Final = re.compile(rb"(?i)\r\nset-cookie: ([^;\r]+)")
_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length: (\d+)")
_ANSWER: Final = (
    ("answer", "yes"),
    ("name", "Bela Romitel"),
    ("field", "job_title"),
    ("field", "city"),
    ("show", "job_title"),
    ("purpose", "events"),
)


class Refused(Exception):
    """The site did not answer as it should; says at which step, and with which status."""


@dataclass
class Visits:
    """What became of everybody's visit.

    Attributes:
        seconds: from the first request to the last response.
        answered: people whose answer was taken (303 to the page that thanks).
        waits: seconds that each of them waited, over all their requests.
        errors: what went wrong, once each kind.
    """

    seconds: float = 0.0
    answered: int = 0
    waits: list[float] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)


def visit_all(port: int, links: Sequence[str]) -> dict[str, object]:
    """Let everybody whose link is in `links` (paths) answer; return `Visits` as JSON values."""
    return asdict(asyncio.run(_visit_all(port, links)))


def page_bytes(port: int, link: str) -> int:
    """Return the size of the page behind a link, in bytes; opening it changes nothing."""

    async def look() -> int:
        connection = _Connection(port)
        page = await _page(connection, link)
        await connection.close()
        return len(page[1])

    return asyncio.run(look())


async def _visit_all(port: int, links: Sequence[str]) -> Visits:
    visits, people = Visits(), iter(links)
    started = time.perf_counter()
    async with asyncio.TaskGroup() as clients:
        for _ in range(min(CLIENTS, len(links))):
            clients.create_task(_client(port, people, visits))
    visits.seconds = time.perf_counter() - started
    return visits


async def _client(port: int, people: Iterator[str], visits: Visits) -> None:
    connection = _Connection(port)
    for link in people:
        began = time.perf_counter()
        try:
            async with asyncio.timeout(PATIENCE):
                await _answer(connection, link)
        except (Refused, OSError, EOFError, TimeoutError) as error:
            what = str(error) if isinstance(error, Refused) else type(error).__name__
            visits.errors[what] = visits.errors.get(what, 0) + 1
            await connection.close()
        else:
            visits.answered += 1
            visits.waits.append(time.perf_counter() - began)
    await connection.close()


async def _answer(connection: "_Connection", link: str) -> None:
    cookie, page = await _page(connection, link)
    token = _found(_FORM, page, "no form").decode()
    body = urlencode([("form", token), *_ANSWER])
    headers = (
        f"Cookie: {cookie}\r\nOrigin: {connection.origin}\r\nSec-Fetch-Site: same-origin\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
    )
    head, _ = await connection.ask("answer", b"303", "POST", "/consent", headers, body)
    if b"\r\nlocation: /consent/done" not in head.lower():
        msg = "answer: not taken"
        raise Refused(msg)


async def _page(connection: "_Connection", link: str) -> tuple[str, bytes]:
    """Exchange a link for a cookie and read the page; return both."""
    head, _ = await connection.ask("link", b"303", "GET", link)
    cookie = _found(_COOKIE, head, "no cookie").decode()
    _, page = await connection.ask("page", b"200", "GET", "/consent", f"Cookie: {cookie}\r\n")
    return cookie, page


def _found(pattern: re.Pattern[bytes], text: bytes, otherwise: str) -> bytes:
    found = pattern.search(text)
    if found is None:
        raise Refused(otherwise)
    return found[1]


class _Connection:
    """One connection to the site, opened when it is needed."""

    def __init__(self, port: int) -> None:
        self.origin = f"http://127.0.0.1:{port}"
        self._port = port
        self._ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self, step: str, expected: bytes, method: str, path: str, headers: str = "", body: str = ""
    ) -> tuple[bytes, bytes]:
        """Send a request; return head and body of the response.

        Raises:
            Refused: the status is another one than `expected`.
        """
        if self._ends is None:
            self._ends = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._ends
        host = f"Host: 127.0.0.1:{self._port}\r\nUser-Agent: Firefox/140.0\r\n"
        writer.write(f"{method} {path} HTTP/1.1\r\n{host}{headers}\r\n{body}".encode())
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        content = await reader.readexactly(int(length[1])) if length else b""
        if head[9:12] != expected:
            msg = f"{step}: {head[9:12].decode()}"
            raise Refused(msg)
        return head, content

    async def close(self) -> None:
        """Close the connection, if there is one."""
        if self._ends is not None:
            self._ends[1].close()
            self._ends = None
