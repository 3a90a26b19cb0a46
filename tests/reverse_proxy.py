"""A reverse proxy with a sign-on, as small as one can be: what nginx does in docs/deploy-proxy.md.

Who is signed on stands in a cookie. Without one nobody gets through; the two headers that name
somebody are taken out of whatever came in, and set anew. Upgrades (web sockets) pass.
"""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.cookies import SimpleCookie
from socketserver import BaseRequestHandler, ThreadingTCPServer

COOKIE = "signed-on"
OURS = frozenset({"x-forwarded-user", "x-proxy-secret"})


@dataclass(frozen=True)
class Behind:
    """What is behind the proxy: path prefix → port; and the secret that it shows there."""

    upstreams: Mapping[str, int]
    secret: str
    stripped: frozenset[str] = frozenset()


def proxy_handler(behind: Behind) -> type[BaseRequestHandler]:
    """Return the handler of one connection, which is good for one request."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            client: socket.socket = self.request
            head, body = _head(client)
            if not head:
                return
            method, path, _ = head[0].split(" ", 2)
            prefix = next((p for p in behind.upstreams if _under(path, p)), None)
            user = _user(head)
            if prefix is None or not user:
                status = "401 Sign in" if prefix else "404 Not found"
                client.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
                return
            if prefix in behind.stripped:
                path = path.removeprefix(prefix) or "/"
            lines = [f"{method} {path} HTTP/1.1", *_passed_on(head)]
            lines += [f"X-Forwarded-User: {user}", f"X-Proxy-Secret: {behind.secret}", "", ""]
            with socket.create_connection(("127.0.0.1", behind.upstreams[prefix])) as server:
                server.sendall("\r\n".join(lines).encode("latin-1") + body)
                threading.Thread(target=_pump, args=(client, server), daemon=True).start()
                _pump(server, client)

    return Handler


def _under(path: str, prefix: str) -> bool:
    bare = path.partition("?")[0]
    return bare == prefix or bare.startswith(f"{prefix}/")


def _head(client: socket.socket) -> tuple[list[str], bytes]:
    """Return the lines of a request's head, and what came behind it."""
    content = b""
    while b"\r\n\r\n" not in content:
        more = client.recv(65536)
        if not more:
            return [], b""
        content += more
    head, _, body = content.partition(b"\r\n\r\n")
    return head.decode("latin-1").split("\r\n"), body


def _user(head: list[str]) -> str:
    for line in head[1:]:
        name, _, value = line.partition(":")
        if name.lower() == "cookie":
            cookies = SimpleCookie(value.strip())
            return cookies[COOKIE].value if COOKIE in cookies else ""
    return ""


def _passed_on(head: list[str]) -> Iterator[str]:
    """Yield the headers that go on; a connection ends with its answer, unless it is upgraded."""
    upgrade = any(line.lower().startswith("upgrade:") for line in head)
    for line in head[1:]:
        name = line.partition(":")[0].lower()
        if name in OURS or (name == "connection" and not upgrade):
            continue
        yield line
    if not upgrade:
        yield "Connection: close"


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while content := source.recv(65536):
            target.sendall(content)
        target.shutdown(socket.SHUT_WR)


class _Server(ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128


@contextmanager
def proxied(port: int, behind: Behind) -> Iterator[None]:
    """Run the proxy on a port of this machine."""
    with _Server(("127.0.0.1", port), proxy_handler(behind)) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join(10)
