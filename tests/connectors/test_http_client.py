"""The HTTP client: what it repeats, how long it waits, and that it gives nothing away."""

import logging
from collections.abc import Callable, Iterator

import pytest
import requests
import responses
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import MaxRetryError, NewConnectionError

from alumni_sync.errors import (
    AuthRejected,
    ConnectorError,
    ContractBroken,
    PermanentError,
    RateLimited,
    Unavailable,
)
from connectors.http_client import Call, HttpClient, RateBudget

URL = "https://platform.example/api/users"
CANARY = "irena.canary@mail.example"
SECRET = "Bearer s3cret-of-the-test"


class Sleeps(list[float]):
    """Notes what would have been slept."""

    def __call__(self, seconds: float) -> None:
        """Note instead of sleeping."""
        self.append(seconds)


@pytest.fixture
def sleeps() -> Sleeps:
    """Return the note of waits."""
    return Sleeps()


@pytest.fixture
def http(sleeps: Sleeps) -> Iterator[HttpClient]:
    """Return a client that never really waits."""
    client = HttpClient(
        "acme",
        "https://platform.example/api/",
        authorization=SECRET,
        sleep=sleeps,
        jitter=lambda: 1.0,
        now=lambda: 1_793_696_400.0,  # 2026-11-03 09:00 UTC
    )
    yield client
    client.close()


def look_up(*, repeatable: bool = True) -> Call:
    """Return a call with a personal value in its query, as some vendors force upon us."""
    return Call("GET", "/users", "look up", params={"email": CANARY}, repeatable=repeatable)


@responses.activate
def test_a_passing_failure_is_repeated_with_growing_pauses(
    http: HttpClient, sleeps: Sleeps
) -> None:
    """Three 500s in a row are weather; giving up would leave a person half-written."""
    for _ in range(3):
        responses.get(URL, status=500)
    responses.get(URL, json={"total": 0})
    answer = http.send(look_up())
    assert answer.body == {"total": 0}
    assert sleeps == [1.0, 2.0, 4.0]


@responses.activate
def test_five_attempts_are_enough(http: HttpClient, sleeps: Sleeps) -> None:
    """A vendor that is down must not be hammered, nor hold the run for ever."""
    responses.get(URL, status=503)
    with pytest.raises(Unavailable, match="acme, look up: HTTP 503"):
        http.send(look_up())
    assert len(responses.calls) == 5
    assert max(sleeps) <= 60.0


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry-After": "1"}, 1.0),
        ({"Retry-After": "120"}, 120.0),
        ({"Retry-After": "Tue, 03 Nov 2026 09:00:30 GMT"}, 30.0),
        (
            {
                "Retry-After": "Tue, 03 Nov 2026 09:00:30 GMT",
                "Date": "Tue, 03 Nov 2026 09:00:20 GMT",
            },
            10.0,
        ),
        ({"Retry-After": "Tue, 03 Nov 2026 08:00:00 GMT"}, 0.0),
        ({"Retry-After": "soon"}, 1.0),
        ({}, 1.0),
    ],
)
@responses.activate
def test_it_waits_as_long_as_the_vendor_asks(
    http: HttpClient, sleeps: Sleeps, headers: dict[str, str], expected: float
) -> None:
    """A client that ignores Retry-After is blocked, and with it every withdrawal."""
    responses.get(URL, status=429, headers=headers)
    responses.get(URL, json=[])
    http.send(look_up())
    assert [expected] == (sleeps or [0.0])


@pytest.mark.parametrize("status", [429, 503])
@responses.activate
def test_a_long_wait_is_handed_to_the_caller(http: HttpClient, sleeps: Sleeps, status: int) -> None:
    """Sleeping 3,244 seconds inside a run blocks everything else; it is rescheduled instead."""
    responses.get(URL, status=status, headers={"Retry-After": "3244"})
    with pytest.raises(RateLimited) as caught:
        http.send(look_up())
    assert caught.value.retry_after == 3244.0
    assert sleeps == []
    assert len(responses.calls) == 1


@pytest.mark.parametrize(
    ("status", "family"),
    [
        (401, AuthRejected),
        (403, AuthRejected),
        (302, ContractBroken),
        (400, PermanentError),
        (404, PermanentError),
        (422, PermanentError),
        (501, PermanentError),
    ],
)
@responses.activate
def test_what_would_be_refused_again_is_not_repeated(
    http: HttpClient, status: int, family: type[ConnectorError]
) -> None:
    """Five wrong passwords lock an account; a redirect to a login page is not an empty list."""
    responses.get(URL, status=status, headers={"Location": "https://evil.example/"})
    with pytest.raises(family) as caught:
        http.send(look_up())
    assert family is type(caught.value)
    assert len(responses.calls) == 1


@responses.activate
def test_an_accepted_status_is_an_answer(http: HttpClient) -> None:
    """A connector must see its 404 and 409, even behind a proxy that answers in HTML."""
    responses.delete(f"{URL}/1", status=404, body="<html>gone</html>")
    answer = http.send(
        Call("DELETE", "/users/1", "delete", accept=frozenset({204, 404}), repeatable=True)
    )
    assert (answer.status, answer.body) == (404, None)


@pytest.mark.parametrize(
    "failure",
    [
        requests.ConnectionError("reset while asking for " + CANARY),
        requests.exceptions.ChunkedEncodingError(CANARY),
        requests.exceptions.ContentDecodingError(CANARY),
        requests.ReadTimeout(CANARY),
    ],
)
@responses.activate
def test_a_create_whose_fate_is_unknown_is_not_repeated(
    http: HttpClient, failure: Exception
) -> None:
    """The server may have created the member: the connector looks before it tries again."""
    responses.post(URL, body=failure)
    with pytest.raises(Unavailable):
        http.send(Call("POST", "/users", "create user", json={}, repeatable=False))
    assert len(responses.calls) == 1


@pytest.mark.parametrize("status", [429, 503])
@responses.activate
def test_a_create_that_was_not_taken_is_repeated(http: HttpClient, status: int) -> None:
    """429 and 503 say that nothing was done; giving up there would need a person for nothing."""
    responses.post(URL, status=status)
    responses.post(URL, json={"id": "1"}, status=201)
    call = Call("POST", "/users", "create", json={}, accept=frozenset({201}), repeatable=False)
    assert http.send(call).status == 201


@responses.activate
def test_an_answer_cut_off_in_the_middle_is_read_again(http: HttpClient) -> None:
    """Half a list taken for the whole would remove the other half of the members."""
    responses.get(URL, body='{"Resources": [{"id": "1"}, ')
    responses.get(URL, json={"Resources": []})
    assert http.send(look_up()).body == {"Resources": []}


@responses.activate
def test_an_answer_that_is_never_json_is_a_broken_contract(http: HttpClient) -> None:
    """A login page with status 200 is a wrong address, not weather."""
    responses.get(URL, body="<html>Welcome</html>")
    with pytest.raises(ContractBroken, match="not JSON"):
        http.send(look_up())
    assert len(responses.calls) == 5


def walk(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and everything a logger can reach from it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize(
    "fault",
    [
        lambda: responses.get(URL, status=500, json={"echo": CANARY}),
        lambda: responses.get(URL, status=422, json={"echo": CANARY}),
        lambda: responses.get(URL, status=401, headers={"X-Request-Id": CANARY}),
        lambda: responses.get(URL, body=CANARY),
        lambda: responses.get(URL, body=requests.ConnectionError("GET ?email=" + CANARY)),
        lambda: responses.get(URL, body=requests.exceptions.InvalidURL(CANARY)),
        lambda: responses.get(URL, body=requests.exceptions.SSLError(CANARY)),
        lambda: responses.get(URL, body=requests.ConnectTimeout(CANARY)),
    ],
)
@responses.activate
def test_no_error_and_no_log_line_holds_a_personal_value_or_the_secret(
    http: HttpClient, caplog: pytest.LogCaptureFixture, fault: Callable[[], object]
) -> None:
    """Dagster keeps exceptions, log shippers keep lines: neither may learn who was looked up."""
    caplog.set_level(logging.DEBUG)
    fault()
    with pytest.raises(ConnectorError) as caught:
        http.send(look_up())
    told = caplog.text + repr(http) + "".join(str(e) + repr(e) for e in walk(caught.value))
    assert CANARY not in told
    assert SECRET not in told


def test_urllib3_does_not_log_addresses_looked_up(
    http: HttpClient, caplog: pytest.LogCaptureFixture
) -> None:
    """urllib3 writes every path and query at DEBUG; one flag would spread all members' mail."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("urllib3.connectionpool").debug("GET /users?email=%s", CANARY)
    assert CANARY not in caplog.text
    assert repr(http) == "HttpClient('acme')"


@responses.activate
def test_the_request_id_is_passed_on(http: HttpClient) -> None:
    """The vendor's support asks for it first."""
    responses.get(URL, status=400, headers={"X-Request-Id": "req-7f3a"})
    with pytest.raises(PermanentError, match=r"\[request req-7f3a\]") as caught:
        http.send(look_up())
    assert caught.value.request_id == "req-7f3a"


def test_a_rate_budget_spreads_calls() -> None:
    """Discourse counts 60 calls a minute for all keys together; the 61st waits, not fails."""
    at = 100.0
    budget = RateBudget(2, 60.0, monotonic=lambda: at)
    assert [budget.wait() for _ in range(5)] == [0.0, 0.0, 60.0, 60.0, 120.0]


@responses.activate
def test_a_used_up_budget_is_rescheduled_not_slept(sleeps: Sleeps) -> None:
    """A monthly quota would otherwise make a run sleep for weeks."""
    responses.get(URL, json=[])
    monthly = RateBudget(1, 30 * 86_400.0, monotonic=lambda: 0.0)
    http = HttpClient("acme", "https://platform.example/api", budget=monthly, sleep=sleeps)
    http.send(look_up())
    with pytest.raises(RateLimited, match="budget"):
        http.send(look_up())
    http.close()
    assert sleeps == []


@responses.activate
def test_a_budget_makes_calls_wait(sleeps: Sleeps) -> None:
    """Below the vendor's limit by our own choice: slower, but never blocked."""
    responses.get(URL, json=[])
    budget = RateBudget(1, 30.0, monotonic=lambda: 0.0)
    http = HttpClient("acme", "https://platform.example/api", budget=budget, sleep=sleeps)
    http.send(look_up())
    http.send(look_up())
    http.close()
    assert sleeps == [30.0]


@responses.activate
def test_a_create_that_never_left_is_repeated(http: HttpClient) -> None:
    """Nobody answered the door: nothing was created, so knocking again is safe."""
    refused = requests.ConnectionError(MaxRetryError(HTTPConnectionPool("h"), "/", never_sent()))
    responses.post(URL, body=refused)
    responses.post(URL, json={"id": "1"}, status=201)
    call = Call("POST", "/users", "create", json={}, accept=frozenset({201}), repeatable=False)
    assert http.send(call).status == 201


def never_sent() -> NewConnectionError:
    """Return what urllib3 says where nobody listens."""
    return NewConnectionError(HTTPConnection("h"), "refused")


@responses.activate
def test_an_endless_answer_is_refused(http: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server gone mad must not fill the memory of the daemon."""
    monkeypatch.setattr("connectors.http_client.MOST_BYTES", 10)
    responses.get(URL, body="[" + "1," * 20 + "1]")
    with pytest.raises(ContractBroken, match="too large"):
        http.send(look_up())
