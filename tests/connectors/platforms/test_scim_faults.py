"""The SCIM connector when the server misbehaves: what is repeated, refused, or stops everything."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
from pydantic import ValidationError

from alumni_sync.errors import (
    AuthRejected,
    ContractBroken,
    PermanentError,
    RateLimited,
    Unavailable,
)
from alumni_sync.ports import MemberRef, Removal, WriteOutcome
from alumni_sync.testing.platforms import plain_context, sample_profile
from connectors.http_client import HttpClient
from connectors.platforms.scim import ScimPlatform
from connectors.platforms.scim.extension import URN
from connectors.platforms.scim.platform import ScimSettings
from connectors.platforms.scim.resource import CORE, merged

URL = "https://community.example/scim/v2"
OURS = sample_profile(1)
MEMBER = MemberRef(OURS.alumni_id, "7", visible=True)


@pytest.fixture
def server() -> Iterator[responses.RequestsMock]:
    """Yield a server with filters, PATCH and ETags, and no users yet."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        announce(mock, filter=True, patch=True, etag=True)
        yield mock


@pytest.fixture
def platform(server: responses.RequestsMock) -> Iterator[ScimPlatform]:
    """Return a connector that never sleeps."""
    del server
    settings = ScimSettings.model_validate({"url": URL, "token": "t"})
    http = HttpClient("scim", URL, sleep=lambda _seconds: None)
    yield ScimPlatform(settings, plain_context(Path()), http)
    http.close()


def announce(server: responses.RequestsMock, **features: bool) -> None:
    """Answer the discovery endpoints."""
    config = {name: {"supported": supported} for name, supported in features.items()}
    server.get(f"{URL}/ServiceProviderConfig", json=config)
    server.get(f"{URL}/Schemas", status=404)


def listing(*users: dict[str, object], total: int | None = None) -> dict[str, object]:
    """Return a list response."""
    return {"totalResults": len(users) if total is None else total, "Resources": list(users)}


def held(**changes: object) -> dict[str, object]:
    """Return our user as a server without our extension holds it."""
    return {
        "id": "7",
        "externalId": OURS.alumni_id,
        "userName": OURS.alumni_id.lower(),
        "active": True,
        "name": {"formatted": OURS.name},
        "displayName": OURS.name,
        "emails": [{"value": OURS.email, "type": "home", "primary": True}],
        "title": "Analyst <R&D>",
        "addresses": [{"locality": "Kraków", "type": "home"}],
        "meta": {"version": 'W/"3"'},
        **changes,
    }


def calls(server: responses.RequestsMock, method: str) -> list[requests.PreparedRequest]:
    """Return the requests that were made with a method."""
    return [call.request for call in server.calls if call.request.method == method]


def asking_for(alumni_id: str) -> Any:  # noqa: ANN401 a matcher of `responses` has no type
    """Match a look-up of one member."""
    wanted = {"filter": f'externalId eq "{alumni_id}"'}
    return responses.matchers.query_param_matcher(wanted, strict_match=False)


def test_a_lost_answer_to_a_create_makes_no_second_user(
    server: responses.RequestsMock, platform: ScimPlatform
) -> None:
    """The server created the user and the line broke: looking again finds them."""
    server.get(f"{URL}/Users", json=listing())
    server.post(f"{URL}/Users", body=requests.ConnectionError("reset"))
    server.get(f"{URL}/Users", json=listing(held()))
    (result,) = platform.upsert([OURS])
    assert (result.outcome, result.platform_id) == (WriteOutcome.UNCHANGED, "7")
    assert len(calls(server, "POST")) == 1


def test_a_create_that_really_failed_is_tried_later(
    server: responses.RequestsMock, platform: ScimPlatform
) -> None:
    """Nothing was created: the person is not lost, and nobody else is held up."""
    server.get(f"{URL}/Users", json=listing())
    server.post(f"{URL}/Users", status=500)
    (result,) = platform.upsert([OURS])
    assert (result.outcome, result.reason) == (WriteOutcome.RETRY, "http-500")


def test_a_stale_version_is_read_again(
    server: responses.RequestsMock, platform: ScimPlatform
) -> None:
    """Somebody edits the user meanwhile: overwriting blindly would lose their change."""
    server.get(f"{URL}/Users", json=listing(held(title="Old")))
    server.patch(f"{URL}/Users/7", status=412)
    server.get(f"{URL}/Users/7", json=held(title="Old", meta={"version": 'W/"4"'}))
    server.patch(f"{URL}/Users/7", status=204)
    server.get(f"{URL}/Users/7", json=held())
    (result,) = platform.upsert([OURS])
    assert result.outcome is WriteOutcome.DONE
    assert [sent.headers["If-Match"] for sent in calls(server, "PATCH")] == ['W/"3"', 'W/"4"']


def test_a_target_that_never_stands_still_is_left_for_later(
    server: responses.RequestsMock, platform: ScimPlatform
) -> None:
    """Two systems overwriting each other must not become an endless loop."""
    server.get(f"{URL}/Users", json=listing(held(title="Old")))
    server.patch(f"{URL}/Users/7", status=412)
    server.get(f"{URL}/Users/7", json=held(title="Old"))
    (result,) = platform.upsert([OURS])
    assert (result.outcome, result.reason) == (WriteOutcome.RETRY, "changed-meanwhile")
    assert len(calls(server, "PATCH")) == 3


def test_a_patch_names_only_what_differs(
    server: responses.RequestsMock, platform: ScimPlatform
) -> None:
    """Sending everything each time would undo what members changed about themselves."""
    server.get(
        f"{URL}/Users", json=listing(held(title="Old", active=False, photos=[{"value": "x"}]))
    )
    server.patch(f"{URL}/Users/7", status=204)
    server.get(f"{URL}/Users/7", json=held())
    list(platform.upsert([OURS]))
    (sent,) = calls(server, "PATCH")
    assert json.loads(sent.body or b"")["Operations"] == [
        {"op": "replace", "path": "active", "value": True},
        {"op": "replace", "path": "title", "value": "Analyst <R&D>"},
        {"op": "remove", "path": "photos"},
    ]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"status": 409, "json": {"scimType": "uniqueness"}}, "user-name-taken"),
        ({"status": 400, "json": {"scimType": "invalidValue"}}, "http-400:invalidValue"),
        ({"status": 400, "json": {"scimType": "zaneta.1@mail.example"}}, "http-400"),
        ({"status": 400, "body": "<html>"}, "http-400"),
        ({"status": 422, "json": {"detail": "zaneta.1@mail.example"}}, "http-422"),
        ({"status": 413}, "http-413"),
    ],
)
def test_a_poisoned_record_is_refused_by_code_and_the_next_goes_on(
    server: responses.RequestsMock,
    platform: ScimPlatform,
    answer: dict[str, Any],
    reason: str,
) -> None:
    """One person the server does not take must not keep the others out, nor their values leak."""
    server.get(f"{URL}/Users", json=listing())
    server.get(f"{URL}/Users", json=listing(held(externalId="A-0000000000000002")))
    server.get(f"{URL}/Users/7", json=held(externalId="A-0000000000000002"))
    server.post(f"{URL}/Users", **answer)
    server.patch(f"{URL}/Users/7", status=204)
    first, second = platform.upsert([OURS, sample_profile(2)])
    assert (first.outcome, first.reason) == (WriteOutcome.REFUSED, reason)
    assert second.alumni_id == "A-0000000000000002"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"status": 401}, AuthRejected),
        ({"status": 429, "headers": {"Retry-After": "900"}}, RateLimited),
        ({"status": 500}, Unavailable),
        ({"body": '{"Resources": [{"id'}, ContractBroken),
        ({"status": 302, "headers": {"Location": "/login"}}, ContractBroken),
    ],
)
def test_a_server_that_is_down_is_not_asked_for_everybody(
    server: responses.RequestsMock,
    platform: ScimPlatform,
    fault: dict[str, Any],
    error: type[Exception],
) -> None:
    """A hundred people times five attempts against a dead server is a storm of our own."""
    server.get(f"{URL}/Users", **fault)
    with pytest.raises(error):
        list(platform.upsert([sample_profile(number) for number in range(100)]))
    assert len(calls(server, "GET")) <= 3 * 5 + 2


def test_one_unreadable_answer_is_one_persons_trouble(
    server: responses.RequestsMock, platform: ScimPlatform
) -> None:
    """A record on which the server breaks must not stop the others."""
    other = held(id="8", externalId="A-0000000000000002")
    server.get(f"{URL}/Users", body='{"Resources": [', match=[asking_for(OURS.alumni_id)])
    server.get(f"{URL}/Users", json=listing(other), match=[asking_for("A-0000000000000002")])
    server.patch(f"{URL}/Users/8", status=400)
    first, second = platform.upsert([OURS, sample_profile(2)])
    assert (first.outcome, first.reason) == (WriteOutcome.RETRY, "the-answer-is-not-json")
    assert second.outcome is WriteOutcome.REFUSED


def test_a_server_that_drops_our_id_is_no_platform(
    server: responses.RequestsMock, platform: ScimPlatform
) -> None:
    """Whom we cannot recognise we cannot remove; what was just created is taken back."""
    server.get(f"{URL}/Users", json=listing())
    server.post(f"{URL}/Users", json=held(externalId=None), status=201)
    server.delete(f"{URL}/Users/7", status=204)
    profiles = [OURS, sample_profile(2), sample_profile(3)]
    with pytest.raises(ContractBroken, match="does not keep externalId"):
        list(platform.upsert(profiles))
    assert len(calls(server, "DELETE")) == 3


def test_a_created_user_without_any_id_is_no_member(
    server: responses.RequestsMock, platform: ScimPlatform
) -> None:
    """An answer that names nobody cannot be taken back; it is told, three times, and then ends."""
    server.get(f"{URL}/Users", json=listing())
    server.post(f"{URL}/Users", json={"externalId": OURS.alumni_id}, status=201)
    (result,) = platform.upsert([OURS])
    assert result.outcome is WriteOutcome.RETRY
    assert result.reason == "the-server-does-not-keep-externalid"


def test_a_server_that_drops_the_address_is_reported(
    server: responses.RequestsMock, platform: ScimPlatform
) -> None:
    """A silent drop would be a member nobody can write to."""
    server.get(f"{URL}/Users", json=listing())
    server.post(f"{URL}/Users", json=held(emails=[]), status=201)
    (result,) = platform.upsert([OURS])
    assert (result.outcome, result.reason) == (WriteOutcome.REFUSED, "not-kept:emails")


def test_a_filter_that_is_ignored_finds_nobody_else(
    server: responses.RequestsMock, platform: ScimPlatform
) -> None:
    """One real server answers every filter with all users, the administrator first."""
    admin: dict[str, object] = {"id": "1", "userName": "admin"}
    server.get(f"{URL}/Users", json=listing(admin, held(title="Old")))
    server.get(f"{URL}/Users/7", json=held())
    server.patch(f"{URL}/Users/7", status=204)
    (result,) = platform.upsert([OURS])
    assert (result.outcome, result.platform_id) == (WriteOutcome.DONE, "7")


@pytest.mark.parametrize(
    "pages", [[listing(held(), total=5), listing(total=5)], [listing(held(), total=2)] * 2]
)
def test_a_list_that_ends_early_is_an_error(
    server: responses.RequestsMock, platform: ScimPlatform, pages: list[dict[str, object]]
) -> None:
    """Half a list taken for the whole makes the other half look deleted."""
    for page in pages:
        server.get(f"{URL}/Users", json=page)
    with pytest.raises(ContractBroken, match="ended before its total"):
        list(platform.members())


@pytest.mark.parametrize(
    ("status", "left", "outcome", "reason"),
    [
        (204, None, WriteOutcome.DONE, ""),
        (404, None, WriteOutcome.DONE, ""),
        (204, held(), WriteOutcome.RETRY, "still-there"),
        (409, held(), WriteOutcome.REFUSED, "http-409"),
        (405, held(), WriteOutcome.REFUSED, "http-405"),
        (500, held(), WriteOutcome.RETRY, "http-500"),
    ],
)
def test_erasing_is_done_when_the_user_is_gone(
    server: responses.RequestsMock,
    platform: ScimPlatform,
    status: int,
    left: dict[str, object] | None,
    outcome: WriteOutcome,
    reason: str,
) -> None:
    """A 204 is a promise; only the look afterwards is proof."""
    server.get(f"{URL}/Users/7", json=held())
    server.delete(f"{URL}/Users/7", status=status)
    server.get(f"{URL}/Users/7", json=left, status=200 if left else 404)
    (result,) = platform.remove([MEMBER], Removal.ERASE)
    assert (result.outcome, result.reason) == (outcome, reason)


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://community.example/scim", True),
        ("http://127.0.0.1:8080/v2", True),
        ("http://[::1]/v2", True),
        ("http://localhost/v2", True),
        ("http://community.example/scim", False),
        ("ftp://community.example/", False),
        ("community.example", False),
    ],
)
def test_a_token_never_travels_unencrypted(url: str, good: bool) -> None:  # noqa: FBT001 a parametrised expectation
    """Plain http would show credential and members to everybody on the way."""
    if good:
        ScimSettings.model_validate({"url": url, "token": "t"})
        return
    with pytest.raises(ValidationError, match="https"):
        ScimSettings.model_validate({"url": url, "token": "t"})


def test_a_server_without_a_configuration_is_taken_for_the_poorest(
    server: responses.RequestsMock,
) -> None:
    """What a server does not say it can do is not asked of it."""
    server.reset()
    server.get(f"{URL}/ServiceProviderConfig", status=404)
    server.get(f"{URL}/Schemas", json={"Resources": [{"id": CORE, "attributes": STRICT}]})
    server.get(f"{URL}/Users", json=listing(held(title="Old")))
    server.put(f"{URL}/Users/7", json=held())
    server.get(f"{URL}/Users/7", json=held())
    settings = ScimSettings.model_validate({"url": URL, "token": "t", "calls_per_minute": 600})
    (result,) = ScimPlatform(settings, plain_context(Path())).upsert([OURS])
    (sent,) = calls(server, "PUT")
    body = json.loads(sent.body or b"")
    assert result.outcome is WriteOutcome.DONE
    assert (body["title"], body["meta"]) == ("Analyst <R&D>", {"version": 'W/"3"'})
    assert "If-Match" not in sent.headers
    assert sent.headers["Authorization"] == "Bearer t"


STRICT = [
    {"name": "userName"},
    {"name": "active"},
    {"name": "title"},
    {"name": "emails", "subAttributes": [{"name": "value"}]},
]
"""Attributes of a server that refuses a user with any other."""


def test_a_strict_server_is_sent_only_what_it_lists(server: responses.RequestsMock) -> None:
    """One real server answers 400 to `emails[0].primary`; the standard allows it."""
    server.reset()
    server.get(f"{URL}/ServiceProviderConfig", json={"filter": {"supported": True}})
    server.get(f"{URL}/Schemas", json={"Resources": [{"id": CORE, "attributes": STRICT}]})
    server.get(f"{URL}/Users", json=listing())
    server.post(f"{URL}/Users", json=held(), status=201)
    settings = ScimSettings.model_validate({"url": URL, "token": "t"})
    list(ScimPlatform(settings, plain_context(Path())).upsert([OURS]))
    (sent,) = calls(server, "POST")
    assert json.loads(sent.body or b"") == {
        "schemas": [CORE],
        "externalId": OURS.alumni_id,
        "userName": OURS.alumni_id,
        "active": True,
        "title": "Analyst <R&D>",
        "emails": [{"value": OURS.email}],
    }


def test_a_filter_the_server_does_not_know_is_done_without(
    server: responses.RequestsMock, platform: ScimPlatform
) -> None:
    """Some servers announce filters and answer 400 to `externalId eq`."""
    server.get(f"{URL}/Users", status=400, match=[asking_for(OURS.alumni_id)])
    other: dict[str, object] = {"id": "1", "userName": "admin"}
    server.get(
        f"{URL}/Users",
        json=listing(other, held()),
        match=[responses.matchers.query_param_matcher({"startIndex": "1", "count": "100"})],
    )
    (result,) = platform.upsert([OURS])
    assert (result.outcome, result.platform_id) == (WriteOutcome.UNCHANGED, "7")


@pytest.mark.parametrize(
    "meanwhile",
    [
        [(412, None), (404, None)],
        [(204, None), (404, None)],
    ],
)
def test_a_user_that_vanishes_during_a_change_is_tried_again(
    server: responses.RequestsMock,
    platform: ScimPlatform,
    meanwhile: list[tuple[int, None]],
) -> None:
    """Deleted by an administrator between look and write: not refused, not done."""
    (patched, _), (looked, _) = meanwhile
    server.get(f"{URL}/Users", json=listing(held(title="Old")))
    server.patch(f"{URL}/Users/7", status=patched)
    server.get(f"{URL}/Users/7", status=looked)
    (result,) = platform.upsert([OURS])
    assert (result.outcome, result.reason) == (WriteOutcome.RETRY, "gone-meanwhile")


def test_hiding_that_is_refused_is_told(
    server: responses.RequestsMock, platform: ScimPlatform
) -> None:
    """A member who cannot be hidden must not be put down as hidden."""
    server.get(f"{URL}/Users/7", json=held())
    server.patch(f"{URL}/Users/7", status=400, json={"scimType": "mutability"})
    (result,) = platform.remove([MEMBER], Removal.HIDE)
    assert (result.outcome, result.reason) == (WriteOutcome.REFUSED, "http-400:mutability")


def test_an_answer_that_is_no_user_is_refused(
    server: responses.RequestsMock, platform: ScimPlatform
) -> None:
    """A list where a user was asked for must not be read as one."""
    server.get(f"{URL}/Users/7", json=[])
    (result,) = platform.remove([MEMBER], Removal.HIDE)
    assert (result.outcome, result.reason) == (WriteOutcome.REFUSED, "http-200")


def test_engagement_is_not_offered(platform: ScimPlatform) -> None:
    """Nothing known must not be reported as nobody being active."""
    with pytest.raises(PermanentError, match="not offered"):
        list(platform.engagement(date(2026, 1, 1)))


def test_nothing_empty_is_added_where_something_is_taken_away() -> None:
    """An empty extension in a PUT is an attribute that a strict server refuses."""
    user = {"id": "7", "schemas": [CORE], "title": "Old"}
    changed = merged(user, {f"{URN}:mentor": None, "title": None, "name.formatted": "X"})
    assert changed == {"id": "7", "schemas": [CORE], "name": {"formatted": "X"}}
    assert user["title"] == "Old"
