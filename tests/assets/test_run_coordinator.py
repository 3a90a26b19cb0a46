"""Who launched a run: only the proxy can say, and what it said holds for that run alone."""

from collections.abc import Callable

import pytest
from pydantic import SecretStr

from alumni_sync.domain import Identity
from alumni_sync.ledger.hashing import KeyedHashes
from alumni_sync.sections import Proxy
from assets.run_coordinator import (
    SIGNATURE_TAG,
    USER_TAG,
    claims_a_user,
    launch_tags,
    launched_by,
    proxied_user,
)

HASHES = KeyedHashes(bytes(range(32)))
NOBODY = Identity("unverified", verified=False)
PROXY = Proxy(user_header="X-Forwarded-User", secret=SecretStr("a shared secret"))


def _headers(**headers: str) -> Callable[[str], str | None]:
    return lambda name: headers.get(name.replace("-", "_"))


def test_the_proxys_user_is_known() -> None:
    """Without it nobody could rule on anything in the Dagster UI."""
    headers = _headers(X_Forwarded_User="hr.kowalska", X_Proxy_Secret="a shared secret")
    user = proxied_user(PROXY, headers)

    assert "hr.kowalska" == user
    assert Identity("hr.kowalska", verified=True) == launched_by(
        HASHES, "run-1", launch_tags(HASHES, "run-1", user)
    )


@pytest.mark.parametrize(
    "headers",
    [
        _headers(X_Forwarded_User="hr.kowalska"),
        _headers(X_Forwarded_User="hr.kowalska", X_Proxy_Secret=""),
        _headers(X_Forwarded_User="hr.kowalska", X_Proxy_Secret="a shared secreT"),
        _headers(X_Forwarded_User="hr.kowalska", X_Proxy_Secret="żółw"),
        _headers(X_Proxy_Secret="a shared secret"),
        _headers(X_Forwarded_User="", X_Proxy_Secret="a shared secret"),
    ],
    ids=["no secret", "empty secret", "wrong secret", "not ASCII", "no user", "empty user"],
)
def test_a_header_without_the_proxys_secret_names_nobody(
    headers: Callable[[str], str | None],
) -> None:
    """Anybody on the network can send a header."""
    user = proxied_user(PROXY, headers)

    assert user is None
    assert NOBODY == launched_by(HASHES, "run-1", launch_tags(HASHES, "run-1", user))


def test_without_a_proxy_everybody_is_unverified() -> None:
    """The header means nothing where no proxy strips it."""
    headers = _headers(X_Forwarded_User="hr.kowalska", X_Proxy_Secret="")

    assert proxied_user(None, headers) is None


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {USER_TAG: "hr.kowalska"},
        {USER_TAG: "hr.kowalska", SIGNATURE_TAG: "unverified"},
        {USER_TAG: "hr.kowalska", SIGNATURE_TAG: "ż"},
        {
            USER_TAG: "boss",
            SIGNATURE_TAG: launch_tags(HASHES, "run-1", "hr.kowalska")[SIGNATURE_TAG],
        },
        launch_tags(HASHES, "run-2", "hr.kowalska"),
        launch_tags(KeyedHashes(bytes(32)), "run-1", "hr.kowalska"),
    ],
    ids=["none", "no signature", "word", "not ASCII", "other user", "other run", "other key"],
)
def test_tags_that_somebody_chose_name_nobody(tags: dict[str, str]) -> None:
    """Whoever calls GraphQL picks the tags, and could copy those of another run."""
    assert NOBODY == launched_by(HASHES, "run-1", tags)


def test_the_tag_is_overwritten_whoever_launched() -> None:
    """A tag that came in must never be left standing."""
    assert {USER_TAG, SIGNATURE_TAG} == set(launch_tags(HASHES, "run-1", None))
    for tag in (USER_TAG, SIGNATURE_TAG):
        assert claims_a_user({tag: "hr.kowalska", "team": "hr"})
    assert not claims_a_user({"team": "hr"})
