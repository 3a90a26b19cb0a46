"""Logs: what is not on the allow-list never reaches them."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.testclient import TestClient

from alumni_sync.logs import set_up_logging
from alumni_sync.sites.endpoints import Visit, route


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """Yield the stream that events are written to; the set-up is undone afterwards."""
    before = logging.getLogger().handlers[:]
    stream = io.StringIO()
    set_up_logging(json=True, stream=stream)
    yield stream
    structlog.reset_defaults()
    logging.getLogger().handlers[:] = before


def test_a_key_that_is_not_allowed_is_dropped(out: io.StringIO) -> None:
    """A log call with a name in it is one review away; the log must not have it all the same."""
    structlog.get_logger().info("intake done", source="hr", count=3, given_name="Żaneta")

    event = json.loads(out.getvalue())
    assert ("intake done", "hr", 3, ["given_name"]) == (
        event["event"],
        event["source"],
        event["count"],
        event["dropped_keys"],
    )
    assert "Żaneta" not in out.getvalue()


def test_an_address_in_an_allowed_key_is_dropped(out: io.StringIO) -> None:
    """Some vendor's reason code will be the address that it refuses."""
    structlog.get_logger().warning("refused", reason="550 no such user ann@mail.example")

    assert "[dropped]" == json.loads(out.getvalue())["reason"]


def test_other_libraries_say_only_that_something_was(out: io.StringIO) -> None:
    """A database driver logs the row that it stumbled over."""
    logging.getLogger("some.driver").warning("duplicate key (ann@mail.example)")
    logging.getLogger("some.driver").info("connected")

    assert "WARNING in some.driver\n" == out.getvalue()


def test_events_for_people_go_through_the_same_sieve() -> None:
    """The console is somebody's scrollback."""
    stream = io.StringIO()
    set_up_logging(json=False, debug=True, stream=stream)
    structlog.get_logger().debug("asked", source="hr", phone="555")
    structlog.reset_defaults()

    assert "asked" in stream.getvalue()
    assert "555" not in stream.getvalue()


def test_a_page_that_failed_says_where(out: io.StringIO) -> None:
    """The page says that the log says where; without the place nobody can mend it."""

    def fails(_visit: Visit) -> Response:
        msg = "Żaneta"
        raise KeyError(msg)

    app = Starlette(routes=[route("/broken", fails, "GET")])
    assert 500 == TestClient(app).get("/broken").status_code

    event = json.loads(out.getvalue().splitlines()[0])
    assert ("page failed", "KeyError") == (event["event"], event["error"])
    assert event["at"].startswith("test_logs.py:")
    assert "Żaneta" not in out.getvalue()
