"""Who launched a run: only the proxy can say, and what it said holds for that run alone."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from pydantic import SecretStr

from alumni_sync.domain import Identity
from alumni_sync.ledger.hashing import KeyedHashes
from alumni_sync.review.people.identity import UNVERIFIED, identity_of
from alumni_sync.sections import Proxy
from assets.run_coordinator import (
    SIGNATURE_TAG,
    USER_TAG,
    claims_a_user,
    launch_tags,
    launched_by,
)

HASHES = KeyedHashes(bytes(range(32)))
KOWALSKA = Identity("hr.kowalska", verified=True)
PROXY = Proxy(user_header="X-Forwarded-User", secret=SecretStr("a shared secret"))


def _headers(**headers: str) -> Callable[[str], str | None]:
    return lambda name: headers.get(name.replace("-", "_"))


def test_the_proxys_user_is_known() -> None:
    """Without it nobody could rule on anything in the Dagster UI."""
    headers = _headers(X_Forwarded_User="hr.kowalska", X_Proxy_Secret="a shared secret")
    launcher = identity_of(headers, PROXY)

    assert KOWALSKA == launcher
    assert launcher == launched_by(HASHES, "run-1", launch_tags(HASHES, "run-1", launcher))


@pytest.mark.parametrize(
    "headers",
    [
        _headers(X_Forwarded_User="hr.kowalska"),
        _headers(X_Forwarded_User="hr.kowalska", X_Proxy_Secret=""),
        _headers(X_Forwarded_User="hr.kowalska", X_Proxy_Secret="a shared secreT"),
        _headers(X_Forwarded_User="hr.kowalska", X_Proxy_Secret="żółw"),
        _headers(X_Proxy_Secret="a shared secret"),
        _headers(X_Forwarded_User="", X_Proxy_Secret="a shared secret"),
        _headers(X_Forwarded_User=" ", X_Proxy_Secret="a shared secret"),
    ],
    ids=[
        "no secret",
        "empty secret",
        "wrong secret",
        "not ASCII",
        "no user",
        "empty user",
        "blank",
    ],
)
def test_a_header_without_the_proxys_secret_names_nobody(
    headers: Callable[[str], str | None],
) -> None:
    """Anybody on the network can send a header."""
    launcher = identity_of(headers, PROXY)

    assert UNVERIFIED == launcher
    assert UNVERIFIED == launched_by(HASHES, "run-1", launch_tags(HASHES, "run-1", launcher))


def test_without_a_proxy_everybody_is_unverified() -> None:
    """The header means nothing where no proxy strips it."""
    headers = _headers(X_Forwarded_User="hr.kowalska", X_Proxy_Secret="")

    assert UNVERIFIED == identity_of(headers, None)


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {USER_TAG: "hr.kowalska"},
        {USER_TAG: "hr.kowalska", SIGNATURE_TAG: "unverified"},
        {USER_TAG: "hr.kowalska", SIGNATURE_TAG: "ż"},
        {
            USER_TAG: "boss",
            SIGNATURE_TAG: launch_tags(HASHES, "run-1", KOWALSKA)[SIGNATURE_TAG],
        },
        launch_tags(HASHES, "run-2", KOWALSKA),
        launch_tags(KeyedHashes(bytes(32)), "run-1", KOWALSKA),
    ],
    ids=["none", "no signature", "word", "not ASCII", "other user", "other run", "other key"],
)
def test_tags_that_somebody_chose_name_nobody(tags: dict[str, str]) -> None:
    """Whoever calls GraphQL picks the tags, and could copy those of another run."""
    assert UNVERIFIED == launched_by(HASHES, "run-1", tags)


def test_the_tag_is_overwritten_whoever_launched() -> None:
    """A tag that came in must never be left standing."""
    assert {USER_TAG, SIGNATURE_TAG} == set(launch_tags(HASHES, "run-1", UNVERIFIED))
    for tag in (USER_TAG, SIGNATURE_TAG):
        assert claims_a_user({tag: "hr.kowalska", "team": "hr"})
    assert not claims_a_user({"team": "hr"})


def test_the_webserver_need_not_import_the_ledger_to_show_a_page() -> None:
    """Imported by several threads at once, the first page that somebody opens would not load."""
    asked = "import sys, assets.run_coordinator; print('sqlalchemy.orm' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert "False\n" == done.stdout
