"""A small company, live: `alumni-sync up` as a person would start it, on ports of its own."""

from collections.abc import Iterator

import pytest

from tests.e2e.browser.conftest import chromium
from tests.e2e.dagster.live import Live

__all__ = ["chromium"]  # the same browser for both folders of tests


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Yield a company that is up, with its leavers invited."""
    company = Live.make(tmp_path_factory.mktemp("live") / "acme")
    company.start()
    try:
        company.eventually(lambda: len(company.invitations()) > 10, 180, "nobody was invited")
        yield company
    finally:
        company.stop()
