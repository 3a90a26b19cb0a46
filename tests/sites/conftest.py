"""The consent site over the stand-in, with a clock that stands still."""

from collections.abc import Callable

import pytest
from starlette.types import ASGIApp

from alumni_sync.ledger.hashing import KeyedHashes
from alumni_sync.sites.consent.app import ConsentSite, consent_app
from tests.sites.browser import ORIGIN, Browser
from tests.sites.standin import StandIn

MASTER = b"k" * 32
CONTACTS = (("Acme sp. z o.o.", "privacy@acme.example"),)


@pytest.fixture
def stand_in() -> StandIn:
    """One invited person."""
    return StandIn()


@pytest.fixture
def woken() -> list[str]:
    """One entry for each time the worker was woken."""
    return []


@pytest.fixture
def build(stand_in: StandIn, woken: list[str]) -> Callable[[str], ASGIApp]:
    """Build the site for a public address."""

    def site(public_url: str = ORIGIN) -> ASGIApp:
        return consent_app(
            ConsentSite(public_url, "Acme", ("en", "pl"), CONTACTS),
            stand_in.services,
            hashes=KeyedHashes(MASTER),
            clock=stand_in.clock,
            wake=lambda: woken.append("wake"),
        )

    return site


@pytest.fixture
def browser(build: Callable[[str], ASGIApp]) -> Browser:
    """A visitor of the site."""
    return Browser(build(ORIGIN))
