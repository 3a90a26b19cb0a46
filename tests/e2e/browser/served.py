"""A site of ours on a free port of this machine, for as long as a test looks at it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp

from alumni_sync.sites.serve import Site, serve
from alumni_sync.sites.worker import Chore, Worker


def free_origin() -> str:
    """Return an address that nothing listens on just now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{found.getsockname()[1]}"


@contextmanager
def served(app: ASGIApp, origin: str) -> Iterator[None]:
    """Serve `app` at `origin`, as `serve` does, with a worker that has nothing to do."""
    stop, ready = threading.Event(), threading.Event()
    worker = Worker([Chore("nothing", lambda _: None, 3600.0)], lambda: 0.0)
    port = int(origin.rpartition(":")[2])
    thread = threading.Thread(
        target=serve,
        args=([Site("site", app, "127.0.0.1", port)], worker, stop),
        kwargs={"say": lambda _: ready.set()},
    )
    thread.start()
    assert ready.wait(20)
    yield
    stop.set()
    thread.join(20)
