"""Logging: structured events to stderr, which can hold no personal value.

An event is a fixed sentence with keys from an allow-list: opaque ids, codes, counts, states.
Any other key is dropped and only its name is noted, so that a slip in a log call cannot leak.
What third parties log is shown as logger and level from WARNING on, without the message, which
may quote a row or an address; those that log whole requests or statements are silenced.
"""

import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, Final, TextIO

import orjson
import structlog

ALLOWED: Final = frozenset({
    "action", "alumni_id", "asset", "at", "attempt", "attempts", "brake", "case", "cause", "check",
    "close", "code", "connector", "count", "counts", "duration_seconds", "error", "event", "field",
    "flow", "host", "invitation", "job", "kind", "level", "lease", "line", "method", "milliseconds",
    "name", "operation", "outcome", "person", "pid", "platform", "port", "reason", "request_id",
    "revision", "route", "rule", "run_id", "seq", "site", "source", "stage", "state", "status",
    "step", "table", "timestamp", "user", "vendor", "verdict", "version",
})  # fmt: skip
"""Keys an event may have. Their values are ids, codes or counts: never free text from outside."""

TELLTALE: Final = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
"""Looks like an e-mail address; the last line of defence for values of allowed keys."""

NOISY: Final = ("urllib3", "sqlalchemy", "uvicorn.access", "asyncio", "mail.log", "markdown_it")

_Event = MutableMapping[str, Any]


def keep_allowed(logger: object, method: str, event: _Event) -> _Event:
    """Drop what is not on the allow-list or looks like an address; say how many were dropped."""
    del logger, method
    kept = {key: value for key, value in event.items() if key in ALLOWED}
    dropped = sorted(set(event) - set(kept)) if len(kept) < len(event) else []
    for key, value in kept.items():
        if isinstance(value, str) and TELLTALE.search(value):
            kept[key] = "[dropped]"
    if dropped:
        kept["dropped_keys"] = dropped
    return kept


def _json(event: object, *, default: Callable[[Any], Any]) -> str:
    return orjson.dumps(event, default=default).decode()


def set_up_logging(*, json: bool, debug: bool = False, stream: TextIO | None = None) -> None:
    """Send events to `stream` (stderr): as JSON lines for machines, else for people.

    Exceptions are logged by type only; their messages may quote what a database or parser saw.
    """
    out = stream or sys.stderr
    renderer: Any = (
        structlog.processors.JSONRenderer(serializer=_json)
        if json
        else structlog.dev.ConsoleRenderer(colors=out.isatty())
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            keep_allowed,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.DEBUG if debug else logging.INFO
        ),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(
        stream=out, level=logging.WARNING, format="%(levelname)s in %(name)s", force=True
    )
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL)
