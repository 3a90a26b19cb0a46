"""The SCIM connector against real servers: what they really store, drop and refuse."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alumni_sync.ports import (
    CommunityPlatform,
    MemberRef,
    Profile,
    ProfileField,
    Removal,
    Residue,
    Shown,
    WriteOutcome,
)
from alumni_sync.testing.platforms import PLATFORM_CHECKS, plain_context, sample_profile
from connectors.http_client import Call, HttpClient
from connectors.platforms.scim import ScimPlatform
from connectors.platforms.scim.extension import URN
from connectors.platforms.scim.platform import ScimSettings
from tests.connectors.platforms import scim_servers

_TENANTS = itertools.count()


@pytest.fixture(scope="module")
def plain_server() -> Iterator[str]:
    """Yield a server with everything but our extension."""
    with scim_servers.running([]) as url:
        yield url


@pytest.fixture(scope="module")
def full_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield a server that has our extension."""
    with scim_servers.running(
        scim_servers.with_our_extension(tmp_path_factory.mktemp("full"))
    ) as url:
        yield url


@pytest.fixture(scope="module")
def poor_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield a server that says it knows no filters, no PATCH and no ETag."""
    options = scim_servers.without(tmp_path_factory.mktemp("poor"), "filter", "patch", "etag")
    with scim_servers.running(options) as url:
        yield url


def tenant(server: str) -> str:
    """Return the address of a server without users."""
    return f"{server}/t{next(_TENANTS)}/v2"


def connect(
    url: str, *, user_name: str = "alumni_id", token: str = scim_servers.TOKEN
) -> ScimPlatform:
    """Return a connector as settings would make it."""
    settings = {"url": url, "token": token, "user_name": user_name, "page_size": 50}
    return ScimPlatform(ScimSettings.model_validate(settings), plain_context(Path()))


def admin(url: str) -> HttpClient:
    """Return a session of somebody else with the same server."""
    headers = {"Content-Type": "application/scim+json"}
    return HttpClient("test", url, authorization=f"Bearer {scim_servers.TOKEN}", headers=headers)


def users(url: str) -> list[dict[str, object]]:
    """Return all users, as the server lists them."""
    http = admin(url)
    answer = http.send(Call("GET", "/Users", "list", params={"count": "1000"}))
    http.close()
    found: list[dict[str, object]] = answer.body.get("Resources") or []
    return found


def add(url: str, **user: object) -> str:
    """Create somebody else's user; return the server's id."""
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], **user}
    http = admin(url)
    answer = http.send(Call("POST", "/Users", "add", json=body, accept=frozenset({201})))
    http.close()
    return str(answer.body["id"])


@pytest.mark.parametrize("server", ["plain_server", "full_server", "poor_server"])
@pytest.mark.parametrize("check", PLATFORM_CHECKS, ids=lambda check: check.__name__)
def test_conformance(
    request: pytest.FixtureRequest, server: str, check: Callable[[CommunityPlatform], None]
) -> None:
    """What holds for every platform holds on servers of every ability."""
    check(connect(tenant(request.getfixturevalue(server))))


def test_only_fields_shown_to_members_go_where_visibility_cannot_be_said(
    plain_server: str,
) -> None:
    """The core has no "stored but not shown": a phone number there is seen by everybody."""
    url = tenant(plain_server)
    list(connect(url).upsert([sample_profile(1)]))
    (user,) = users(url)
    assert "555 0001" not in str(user)
    assert user["title"] == "Analyst <R&D>"
    assert user["addresses"] == [{"locality": "Kraków", "type": "home"}]
    assert user["emails"] == [{"value": "zaneta.1@mail.example", "type": "home", "primary": True}]


def test_with_the_extension_everything_ticked_goes_over_with_its_visibility(
    full_server: str,
) -> None:
    """Segments and purposes must reach a platform that can hold them."""
    url = tenant(full_server)
    profile = replace(
        sample_profile(1),
        fields={
            ProfileField.PHONE: Shown("+48 12 555 0001", to_members=False),
            ProfileField.LEAVE_YEAR: Shown("2026", to_members=True),
            ProfileField.MENTOR_BADGE: Shown("yes", to_members=True),
            ProfileField.LEGAL_ENTITY: Shown("Acme sp. z o.o.", to_members=True),
        },
    )
    list(connect(url).upsert([profile]))
    (user,) = users(url)
    assert user[URN] == {
        "leaveYear": "2026",
        "mentor": True,
        "purposes": ["community", "events"],
        "segments": ["city:Kraków"],
        "shownToMembers": ["leave_year", "legal_entity", "mentor_badge"],
    }
    assert "555 0001" in str(user["phoneNumbers"])
    assert "Acme sp. z o.o." in str(user)


def test_an_unticked_field_is_taken_away(full_server: str) -> None:
    """Switching a field off must remove the value, not only stop updating it."""
    url = tenant(full_server)
    list(connect(url).upsert([sample_profile(1)]))
    (result,) = connect(url).upsert([replace(sample_profile(1), fields={}, segments=frozenset())])
    (user,) = users(url)
    assert result.outcome is WriteOutcome.DONE
    for gone in ("title", "addresses", "phoneNumbers"):
        assert not user.get(gone)
    assert user[URN] == {"purposes": ["community", "events"]}


@pytest.mark.parametrize("server", ["plain_server", "poor_server"])
def test_what_others_wrote_into_a_user_stays(request: pytest.FixtureRequest, server: str) -> None:
    """A member's nickname or locale on the platform is not ours to wipe."""
    url = tenant(request.getfixturevalue(server))
    list(connect(url).upsert([sample_profile(1)]))
    (user,) = users(url)
    http = admin(url)
    body = {**user, "nickName": "Żanka", "locale": "pl-PL"}
    http.send(Call("PUT", f"/Users/{user['id']}", "edit", json=body))
    http.close()
    list(connect(url).upsert([sample_profile(1, name="Żaneta Inna")]))
    (after,) = users(url)
    assert (after["nickName"], after["locale"]) == ("Żanka", "pl-PL")
    assert after["displayName"] == "Żaneta Inna"


def test_somebody_elses_user_is_never_adopted(plain_server: str) -> None:
    """A user with the same address may be an employee or an administrator."""
    url = tenant(plain_server)
    profile = sample_profile(1)
    add(url, userName=profile.email, displayName="The Admin")
    (result,) = connect(url, user_name="email").upsert([profile])
    (user,) = users(url)
    assert (result.outcome, result.reason) == (WriteOutcome.REFUSED, "user-name-taken")
    assert user["displayName"] == "The Admin"
    assert list(connect(url).members()) == []


def test_a_reused_platform_id_is_not_removed(plain_server: str) -> None:
    """After a restore, the id we noted may be another person's; only our own id counts."""
    url = tenant(plain_server)
    other = add(url, userName="bystander", externalId="HR-77")
    member = MemberRef(sample_profile(1).alumni_id, other, visible=True)
    for how in Removal:
        (result,) = connect(url).remove([member], how)
        assert result.outcome is WriteOutcome.DONE
    assert [user["userName"] for user in users(url)] == ["bystander"]
    assert users(url)[0].get("active") is not False
    assert connect(url).verify_absent(member) is Residue.ABSENT


def test_two_users_with_our_id_are_refused(plain_server: str) -> None:
    """`externalId` is not unique by the standard; guessing which one is ours can hit a stranger."""
    url = tenant(plain_server)
    for name in ("first", "second"):
        add(url, userName=name, externalId=sample_profile(1).alumni_id)
    (result,) = connect(url).upsert([sample_profile(1)])
    assert result.outcome is WriteOutcome.REFUSED
    assert result.reason == "two-users-carry-the-same-id-of-ours"


def test_a_filter_cannot_be_broken_out_of(plain_server: str) -> None:
    """A quote in a value must stay a value, or a look-up finds everybody."""
    url = tenant(plain_server)
    add(url, userName="bystander")
    evil = Profile('A-1" or userName pr or externalId eq "', "X", "x@mail.example")
    list(connect(url).upsert([evil]))
    assert sorted(str(user["userName"]) for user in users(url)) == sorted(
        ["bystander", evil.alumni_id]
    )


def test_who_asks_with_a_wrong_token_is_told(plain_server: str) -> None:
    """`doctor` must say that the credential is wrong, not that the community is empty."""
    health = connect(tenant(plain_server), token="wrong").check()
    assert not health.ok
    assert "HTTP 401" in health.problems[0]


def test_what_a_server_lacks_is_noted(poor_server: str, full_server: str) -> None:
    """An operator should know why look-ups are slow, or fields missing."""
    assert len(connect(tenant(poor_server)).check().notes) == 3
    assert connect(tenant(full_server)).check().notes == ()
