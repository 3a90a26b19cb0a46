"""Runs both sites and the worker in one process, until somebody says stop.

Two uvicorn servers, each in its thread with its own loop; the caller's thread waits. uvicorn's
access log is off (it writes whole paths, tokens included) and forwarded headers are not believed.
"""

import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from alumni_sync.bulk import serving
from alumni_sync.consent.notices.states import seen_for
from alumni_sync.errors import ConfigError
from alumni_sync.sites.headers import is_loopback
from alumni_sync.sites.worker import Worker

GRACE: Final = 5  # seconds that open requests may take once we are told to stop
SEEN_FOR: Final = 1.0
"""Seconds after which the pages show what has changed in the files of a notice."""
_BACKLOG: Final = 512


@dataclass(frozen=True, slots=True)
class Site:
    """One site to serve.

    Attributes:
        name: for people.
        port: 0 takes a free one.
    """

    name: str
    app: ASGIApp
    host: str
    port: int


def refuse_open_doors(host: str, *, public_https: bool, proxied: bool) -> None:
    """Refuse to listen on the network where pages would travel in the clear or without a login.

    Raises:
        ConfigError: the host is not loopback, and the public address is no https, or the HR desk
            has no proxy that says who somebody is.
    """
    if is_loopback(host):
        return
    if not public_https:
        raise ConfigError.of(
            "--host",
            f"{host} is open to the network, but consent.public_url is not https",
            "put a TLS proxy in front and name its address in consent.public_url",
        )
    if not proxied:
        raise ConfigError.of(
            "--host",
            f"{host} is open to the network, but the HR desk has no login of its own",
            "configure proxy:, or listen on 127.0.0.1",
        )


def listen(site: Site) -> socket.socket:
    """Return a listening socket for a site.

    Raises:
        ConfigError: the address cannot be used.
    """
    family = socket.AF_INET6 if ":" in site.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((site.host, site.port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigError.of(
            f"{site.host}:{site.port}",
            f"cannot be listened on for {site.name} ({error.strerror})",
            "is another one running? choose another --port or --desk-port",
        ) from None
    return listener


def serve(
    sites: Sequence[Site],
    worker: Worker,
    stop: threading.Event,
    *,
    say: Callable[[str], None],
) -> None:
    """Serve `sites` and work until `stop` is set; then let open requests end and return."""
    with ExitStack() as stack:
        stack.enter_context(serving())
        stack.enter_context(seen_for(SEEN_FOR))
        listeners = [stack.enter_context(closing(listen(site))) for site in sites]
        servers = [uvicorn.Server(_config(site.app)) for site in sites]
        threads = [
            threading.Thread(target=server.run, args=([listener],), name=site.name)
            for site, server, listener in zip(sites, servers, listeners, strict=True)
        ]
        threads.append(threading.Thread(target=worker.run, name="worker"))
        for thread in threads:
            thread.start()
        for site, listener in zip(sites, listeners, strict=True):
            host, port = listener.getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            say(f"{site.name} on http://{shown}:{port}")
        try:
            stop.wait()
        finally:
            worker.stop()
            for server in servers:
                server.should_exit = True
            for thread in threads:
                thread.join()


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
