"""HTTP for connectors: retries, waits the vendor asks for, a rate budget, errors of our families.

The only module that imports `requests`. What it promises to every connector:

- a status becomes one of our error families, and no exception or log line carries a URL, a header,
  a body or anything else that could be personal;
- redirects are not followed: a login page after a 302 once became "zero accounts" elsewhere, and a
  credential must not travel to another host;
- what may be repeated is tried five times, and `Retry-After` is obeyed; a wait that is longer than
  two minutes is handed to the caller, who reschedules instead of sleeping.
"""

import json
import logging
import random
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Final

import requests
import tenacity
from requests.auth import AuthBase

from alumni_sync.errors import (
    AuthRejected,
    ConnectorError,
    ContractBroken,
    PermanentError,
    RateLimited,
    TransientError,
    Unavailable,
)

ATTEMPTS: Final = 5
LONGEST_BACKOFF: Final = 60.0
LONGEST_WAIT: Final = 120.0
"""Seconds we sleep because a vendor asks for it; above, the caller reschedules."""

CONNECT_TIMEOUT: Final = 10.0
READ_TIMEOUT: Final = 30.0
MOST_BYTES: Final = 64 * 1024 * 1024
"""An answer larger than this is no answer that a connector asked for."""

_REQUEST_ID_HEADERS: Final = ("X-Request-Id", "X-Correlation-Id", "Request-Id")
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:/+=-]{1,80}")
_PASSING: Final = frozenset({408, 425, 500, 502, 503, 504, 507, 509, 520, 521, 522, 523, 524})
_NOT_TAKEN: Final = frozenset({425, 429, 503})
"""Statuses that say the request was not carried out, so that even a POST may be repeated."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a vendor answered, read completely.

    Attributes:
        status: HTTP status.
        headers: case-insensitive.
        body: JSON value of the body; None where there is none.
        request_id: the vendor's, for its support; "" if it gave none.
    """

    status: int
    headers: Mapping[str, str]
    body: Any
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    Attributes:
        operation: names the call in errors and logs (`create user`); never personal.
        accept: statuses that are answers; any other becomes an error.
        repeatable: False where repeating a request that may have been carried out does harm.
    """

    method: str
    path: str
    operation: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    accept: frozenset[int] = frozenset({200})
    repeatable: bool = True


class RateBudget:
    """At most `calls` in any `seconds`, however many the vendor would take.

    Args:
        calls: number of calls.
        seconds: length of the window.
        monotonic: seconds of a clock that never goes back.
    """

    def __init__(
        self, calls: int, seconds: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Start with the whole budget."""
        self._calls = calls
        self._seconds = seconds
        self._monotonic = monotonic
        self._starts: deque[float] = deque(maxlen=calls)

    def wait(self) -> float:
        """Take one call from the budget and return the seconds to sleep before making it."""
        now = self._monotonic()
        start = now
        if len(self._starts) == self._calls:
            start = max(now, self._starts[0] + self._seconds)
        self._starts.append(start)
        return start - now


class _Header(AuthBase):
    """Sets our Authorization header; with no `auth`, requests would take one from ~/.netrc."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._value:
            request.headers["Authorization"] = self._value
        return request


class _Unreadable(ContractBroken):
    """A good status whose body is not JSON: cut off on the way, or the wrong server."""


class HttpClient:
    """A session with one vendor.

    Args:
        vendor: name in errors and logs.
        base_url: paths are appended to it.
        authorization: value of the Authorization header; "" for none. Never logged.
        headers: sent with every request.
        budget: our own limit on calls; None for none.
        timeout: seconds to connect and to wait for bytes.
        sleep: how to wait; tests give one that only notes.
        jitter: a number in [0, 1), so that several clients do not come back at once.
        now: seconds since the epoch, for a Retry-After date where the answer has no Date.
    """

    def __init__(  # noqa: PLR0913 each is a knob of a test or of a vendor, all but two have defaults
        self,
        vendor: str,
        base_url: str,
        *,
        authorization: str = "",
        headers: Mapping[str, str] | None = None,
        budget: RateBudget | None = None,
        timeout: tuple[float, float] = (CONNECT_TIMEOUT, READ_TIMEOUT),
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Keep the settings; nothing is sent."""
        self._vendor = vendor
        self._base = base_url.rstrip("/")
        self._budget = budget
        self._timeout = timeout
        self._sleep = sleep
        self._jitter = jitter
        self._now = now
        self._session = requests.Session()
        self._session.auth = _Header(authorization)
        self._session.headers.update({"Accept": "application/json", **(headers or {})})
        _keep_urls_out_of_logs()

    def __repr__(self) -> str:
        """Name the vendor only: the session holds the credential."""
        return f"HttpClient({self._vendor!r})"

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def send(self, call: Call) -> Answer:
        """Make a call, again and again where that is safe and may help.

        Raises:
            RateLimited: 429, and the wait is too long or still not enough.
            Unavailable: no answer, or one that blames the server, five times.
            AuthRejected: 401 or 403; never repeated.
            ContractBroken: a redirect, or a body that is not JSON.
            PermanentError: any other status outside `call.accept`.
        """
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            retry=tenacity.retry_if_exception(lambda error: self._worth_repeating(call, error)),
            wait=self._pause,
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(self._once, call)

    # --- one attempt ----------------------------------------------------------------------------

    def _once(self, call: Call) -> Answer:
        self._keep_within_budget(call)
        response = self._exchange(call)
        request_id = _request_id(response.headers)
        _logger.debug("%s, %s: HTTP %d", self._vendor, call.operation, response.status_code)
        if response.status_code not in call.accept:
            raise self._error(call, response, request_id)
        return Answer(
            response.status_code,
            response.headers,
            self._body(call, response, request_id),
            request_id,
        )

    def _keep_within_budget(self, call: Call) -> None:
        seconds = self._budget.wait() if self._budget else 0.0
        if seconds > LONGEST_WAIT:
            what = "our own rate budget is used up"
            raise RateLimited(self._vendor, call.operation, what, retry_after=seconds)
        if seconds:
            self._sleep(seconds)

    def _exchange(self, call: Call) -> requests.Response:
        """Send and read everything; what `requests` raises has the URL in its message."""
        failure = ""
        try:
            response = self._session.request(
                call.method,
                self._base + call.path,
                params=dict(call.params),
                headers=dict(call.headers),
                json=call.json,
                timeout=self._timeout,
                allow_redirects=False,
            )
        except requests.ConnectTimeout:
            failure = "could not connect in time"
        except requests.Timeout:
            failure = "no answer in time"
        except requests.exceptions.SSLError:
            failure = "no trusted TLS connection"
        except requests.ConnectionError as error:
            failure = "connection refused" if _never_sent(error) else "connection lost"
        except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError):
            failure = "the answer was cut off"
        except requests.RequestException as error:
            failure = type(error).__name__
        if failure:
            raise Unavailable(self._vendor, call.operation, failure)
        if len(response.content) > MOST_BYTES:
            raise ContractBroken(self._vendor, call.operation, "the answer is too large")
        return response

    def _body(self, call: Call, response: requests.Response, request_id: str) -> Any:  # noqa: ANN401 JSON
        if not response.content:
            return None
        try:
            return json.loads(response.content)
        except ValueError:
            if response.status_code >= requests.codes.bad_request:
                return None  # a proxy's own page; the status says enough
        what = "the answer is not JSON"
        raise _Unreadable(self._vendor, call.operation, what, request_id=request_id)

    def _error(self, call: Call, response: requests.Response, request_id: str) -> ConnectorError:
        status = response.status_code
        what = f"HTTP {status}"
        if status == requests.codes.too_many_requests:
            wait = self._retry_after(response.headers)
            return RateLimited(
                self._vendor, call.operation, what, retry_after=wait, request_id=request_id
            )
        if status in _PASSING:
            wait = self._retry_after(response.headers)
            if wait is not None and wait > LONGEST_WAIT:
                return RateLimited(
                    self._vendor, call.operation, what, retry_after=wait, request_id=request_id
                )
            return _Passing(
                self._vendor, call.operation, what, status=status, wait=wait, request_id=request_id
            )
        family: type[PermanentError] = PermanentError
        if status in {requests.codes.unauthorized, requests.codes.forbidden}:
            family = AuthRejected
        elif response.is_redirect or 300 <= status < 400:  # noqa: PLR2004 the class of redirects
            family, what = ContractBroken, f"redirected (HTTP {status})"
        return family(self._vendor, call.operation, what, request_id=request_id)

    def _retry_after(self, headers: Mapping[str, str]) -> float | None:
        """Return the seconds to wait that `Retry-After` asks for, as number or as date.

        A date is measured from the answer's own `Date`, so that a clock that is wrong on either
        side does not matter.
        """
        value = headers.get("Retry-After", "").strip()
        if re.fullmatch(r"\d{1,9}(\.\d+)?", value):
            return float(value)
        until, sent = _epoch(value), _epoch(headers.get("Date", ""))
        if until is None:
            return None
        return max(0.0, until - (self._now() if sent is None else sent))

    # --- repeating ------------------------------------------------------------------------------

    def _worth_repeating(self, call: Call, error: BaseException) -> bool:
        if isinstance(error, RateLimited):
            return error.retry_after is None or error.retry_after <= LONGEST_WAIT
        if isinstance(error, _Unreadable):
            return call.repeatable
        if not isinstance(error, TransientError):
            return False
        return call.repeatable or _was_not_carried_out(error)

    def _pause(self, state: tenacity.RetryCallState) -> float:
        """Return the seconds before the next attempt: what was asked for, else exponential."""
        error = state.outcome.exception() if state.outcome else None
        for asked in (getattr(error, "retry_after", None), getattr(error, "wait", None)):
            if asked is not None:
                return float(asked)
        backoff = min(LONGEST_BACKOFF, 2.0 ** (state.attempt_number - 1))
        return backoff * (0.5 + self._jitter() / 2)


class _Passing(Unavailable):
    """A status that blames the server; `wait` is what its Retry-After asked for."""

    def __init__(
        self,
        vendor: str,
        operation: str,
        what: str,
        *,
        status: int,
        wait: float | None,
        request_id: str,
    ) -> None:
        """Keep status and wait for the decision whether to repeat."""
        self.status = status
        self.wait = wait
        super().__init__(vendor, operation, what, request_id=request_id)


def _was_not_carried_out(error: TransientError) -> bool:
    """Say whether the server certainly did nothing, so that even a create may be repeated."""
    if isinstance(error, _Passing):
        return error.status in _NOT_TAKEN
    return error.what in {"could not connect in time", "connection refused"}


def _never_sent(error: requests.ConnectionError) -> bool:
    """Say whether the connection was never made, from the type of the reason alone."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return type(reason).__name__ in {"NewConnectionError", "NameResolutionError"}


def _request_id(headers: Mapping[str, str]) -> str:
    """Return the vendor's request id if it looks like one; anything else might be a value."""
    for name in _REQUEST_ID_HEADERS:
        value = headers.get(name, "")
        if _REQUEST_ID.fullmatch(value):
            return value
    return ""


def _epoch(value: str) -> float | None:
    """Return the seconds since the epoch of an HTTP date, None if it is none."""
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError):
        return None


class _NoUrls(logging.Filter):
    """Drops urllib3's lines below ERROR: they hold paths and queries, hence addresses looked up."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a line may pass."""
        return record.levelno >= logging.ERROR


def _keep_urls_out_of_logs() -> None:
    for name in ("urllib3.connectionpool", "urllib3.connection"):
        logger = logging.getLogger(name)
        if not any(isinstance(known, _NoUrls) for known in logger.filters):
            logger.addFilter(_NoUrls())
