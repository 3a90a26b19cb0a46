"""From a route to a handler: body, threads, failures, and one log line without a secret.

A handler is a plain function from `Visit` to a response; it runs in a worker thread because the
ledger blocks. Whatever it raises becomes a calm page; the log gets the exception's type and place,
never its message, since messages of databases and parsers contain values.
"""

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import Final
from weakref import WeakKeyDictionary

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alumni_sync.sites.forms import Form, read_form
from alumni_sync.turns import Turns

READING: Final = 2
"""Threads for pages: one makes them, the other while that one stands aside (`turns`)."""
WRITING: Final = 10
"""Threads for forms: one writes, for itself and those who wait (`ledger.together`)."""
_ROUTE: Final = "alumni_sync.route"
_log = structlog.get_logger("alumni_sync.sites")


@dataclass(frozen=True, slots=True)
class Visit:
    """One request as a handler sees it."""

    request: Request
    form: Form = field(default_factory=Form)

    @property
    def client(self) -> str:
        """Address of the peer; forwarded headers are ignored, anybody can write them."""
        return self.request.client.host if self.request.client else ""


class _Lanes:
    """The threads of one site: one works, and a form that waits for its commit holds up no page."""

    def __init__(self) -> None:
        self._reading = ThreadPoolExecutor(READING, "pages")
        self._writing = ThreadPoolExecutor(WRITING, "forms")
        self._turns = Turns()

    async def answer(
        self, loop: asyncio.AbstractEventLoop, handler: "Handler", visit: Visit
    ) -> Response:
        """Return what `handler` answers, in a thread of the right lane that has its turn."""
        lane = self._writing if visit.request.method == "POST" else self._reading
        return await loop.run_in_executor(lane, self._answer, handler, visit)

    def _answer(self, handler: "Handler", visit: Visit) -> Response:
        with self._turns.mine():
            return handler(visit)


_LANES: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, _Lanes]] = WeakKeyDictionary()
"""Each site has its own, since each has a loop of its own (`sites.serve`)."""


def _lanes(loop: asyncio.AbstractEventLoop) -> _Lanes:
    lanes = _LANES.get(loop)
    if lanes is None:
        lanes = _LANES[loop] = _Lanes()
    return lanes


Handler = Callable[[Visit], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


def route(path: str, handler: Handler, *methods: str) -> Route:
    """Return the route at which `handler` answers; every other method is 405."""

    async def answer(request: Request) -> Response:
        form = await read_form(request) if request.method == "POST" else Form()
        visit = Visit(request, form)
        loop = asyncio.get_running_loop()
        return await _lanes(loop).answer(loop, handler, visit)

    return Route(path, guarded(path, answer), methods=list(methods))


def guarded(path: str, answer: Endpoint) -> Endpoint:
    """Return `answer` with the route's template for the log, and failures without their message."""

    async def guard(request: Request) -> Response:
        request.scope[_ROUTE] = path
        try:
            return await answer(request)
        except HTTPException:
            raise
        except Exception as error:  # noqa: BLE001 any failure becomes a page without its message
            _log.error("page failed", route=path, error=type(error).__name__, at=_place(error))
            raise HTTPException(500) from None

    return guard


def _place(error: Exception) -> str:
    """Return file and line where an exception was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""


class AccessLine:
    """Log each request by its route's template: tokens are path parameters and never appear."""

    def __init__(self, app: ASGIApp, site: str) -> None:
        """Wrap `app`, named `site` in the log."""
        self.app = app
        self._site = site
        self._lines = cache(_log.bind)  # at the first request: by then logging is set up

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and log method, route, status and duration."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            self._lines().info(
                "request",
                site=self._site,
                method=scope["method"],
                route=scope.get(_ROUTE, "other"),
                status=status,
                milliseconds=round((time.perf_counter() - began) * 1000),
            )
