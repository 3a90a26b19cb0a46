"""The bare page: Starlette, Jinja2 and `sqlite3`, the same three requests, nothing of the product.

A link that redirects with a cookie, a page with a form of the same size as ours, and a POST that
reads its form and inserts one row, durably (WAL, `synchronous = FULL`, as the ledger has them).
What blocks runs in Starlette's worker threads, as ours does. No lookup, no signature, no keys, no
notice, no chain: that is what the ratio measures.
"""

import secrets
import sqlite3
import threading
from pathlib import Path
from typing import Final

from jinja2 import DictLoader, Environment
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

_MADE: Final = "CREATE TABLE IF NOT EXISTS answer (token TEXT PRIMARY KEY, said TEXT, name TEXT)"
_PAGE: Final = """<!doctype html>
<form method="post"><input type="hidden" name="form" value="{{ token }}">
<input name="name" value="{{ name }}"><button>Send</button></form><p>{{ filling }}</p>
"""


def bare_site(folder: Path, page_bytes: int) -> Starlette:
    """Return the application; its page has `page_bytes` bytes, its rows go to `bare.db`."""
    rows = _Rows(folder / "bare.db")
    pages = Jinja2Templates(env=Environment(loader=DictLoader({"page": _PAGE}), autoescape=True))
    filling = "x" * max(0, page_bytes - len(_PAGE))

    def link(_request: Request) -> Response:
        response = RedirectResponse("/consent", 303)
        response.set_cookie("visit", secrets.token_urlsafe(16), httponly=True, samesite="lax")
        return response

    def page(request: Request) -> Response:
        token = secrets.token_urlsafe(16)
        values = {"token": token, "name": "Bela Romitel", "filling": filling}
        return pages.TemplateResponse(request, "page", values)

    async def answer(request: Request) -> Response:
        form = await request.form()
        said = (str(form["form"]), str(form["answer"]), str(form["name"]))
        await run_in_threadpool(rows.insert, *said)
        return RedirectResponse("/consent/done", 303)

    return Starlette(
        routes=[
            Route("/c/{token}", link),
            Route("/consent", page, methods=["GET"]),
            Route("/consent", answer, methods=["POST"]),
        ]
    )


class _Rows:
    """Inserts a row in a transaction of its own, with a connection for each thread.

    One thread after the other: left to itself, SQLite lets a second writer wait for too long.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._own = threading.local()
        self._turn = threading.Lock()
        self._connection().execute(_MADE)

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._own, "connection"):
            connection = sqlite3.connect(self._path, isolation_level=None, timeout=30)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            self._own.connection = connection
        found: sqlite3.Connection = self._own.connection
        return found

    def insert(self, token: str, said: str, name: str) -> None:
        connection = self._connection()
        with self._turn:
            connection.execute("INSERT INTO answer VALUES (?,?,?)", (token, said, name))
