"""`serve`: both sites and the worker in one process."""

import socket
import threading
from queue import SimpleQueue
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from alumni_sync.errors import ConfigError
from alumni_sync.sites.serve import Site, listen, refuse_open_doors, serve
from alumni_sync.sites.worker import Chore, Worker

APP = Starlette(
    routes=[
        Route("/who", lambda r: PlainTextResponse(f"{r.client.host} {r.url.scheme} {r.url.path}"))
    ]
)


class Said:
    """What `serve` prints; lets a test wait for all of it."""

    def __init__(self) -> None:
        """Start with nothing said."""
        self._lines: SimpleQueue[str] = SimpleQueue()

    def __call__(self, line: str) -> None:
        """Take a line."""
        self._lines.put(line)

    def addresses(self, count: int) -> list[str]:
        """Wait for that many lines and return the addresses in them."""
        return [self._lines.get(timeout=20).rpartition(" ")[2] for _ in range(count)]


def fetch(url: str, **headers: str) -> tuple[str, dict[str, str]]:
    """Return body and headers, without the proxy that the environment may name."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with build_opener(ProxyHandler({})).open(Request(url, headers=named), timeout=10) as answer:  # noqa: S310 our own server
        return answer.read().decode(), dict(answer.headers)


def test_both_sites_answer_and_stop_together(capfd: pytest.CaptureFixture[str]) -> None:
    """A server that does not end keeps its port; one that logs paths logs tokens."""
    stop, said, worked = threading.Event(), Said(), threading.Event()
    sites = [Site("one", APP, "127.0.0.1", 0), Site("two", APP, "127.0.0.1", 0)]
    worker = Worker([Chore("x", lambda _: worked.set(), 60.0)], lambda: 0.0)
    thread = threading.Thread(target=serve, args=(sites, worker, stop), kwargs={"say": said})
    thread.start()
    try:
        one, two = said.addresses(2)
        assert one != two
        for address in (one, two):
            body, headers = fetch(f"{address}/who", X_Forwarded_For="6.6.6.6")
            assert "127.0.0.1 http /who" == body, "forwarded headers are not believed"
            assert "server" not in {name.lower() for name in headers}
        assert worked.wait(10)
    finally:
        stop.set()
        thread.join(20)

    assert not thread.is_alive()
    assert "/who" not in "".join(capfd.readouterr())


def test_a_taken_port_is_named() -> None:
    """`Address already in use` with a traceback tells a user nothing."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"127\.0\.0\.1:{port}.*HR desk"):
            listen(Site("HR desk", APP, "127.0.0.1", port))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "alumni.acme.example"])  # noqa: S104 refused here
def test_doors_to_the_network_need_tls_and_a_login(host: str) -> None:
    """The desk shows people's cases; on the network without a login it shows them to everybody."""
    with pytest.raises(ConfigError, match="https"):
        refuse_open_doors(host, public_https=False, proxied=True)
    with pytest.raises(ConfigError, match="proxy"):
        refuse_open_doors(host, public_https=True, proxied=False)
    refuse_open_doors(host, public_https=True, proxied=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_loopback_is_open_to_this_machine_only(host: str) -> None:
    """The sample must start without a certificate."""
    refuse_open_doors(host, public_https=False, proxied=False)
