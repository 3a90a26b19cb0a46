"""Webserver, daemon and workers may die at any time: withdrawals do not wait for them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.dagster.live import Live

pytestmark = pytest.mark.slow
HIDDEN_WITHIN = 20  # seconds; the contract is 15 minutes


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Live]:
    """Yield a company of the test's own, up, with its leavers invited."""
    made = Live.make(tmp_path / "acme")
    made.take_in()
    assert 10 < len(made.invitations())
    made.start()
    yield made
    made.stop()


def test_killed_dagster_is_missed_by_nobody(company: Live) -> None:
    """A withdrawal made meanwhile is hidden in time, work goes on, nobody is mailed twice."""
    first, second, third = company.invitations()[:3]
    company.becomes_member(first)
    company.eventually(lambda: company.can_leave(first), 180, "no confirmation was sent")

    company.says_yes(second)  # so that a worker is likely to be at it
    assert 3 < len(company.kill_dagster())
    company.withdraws(first)
    company.eventually(
        lambda: not company.is_on_platform(first), HIDDEN_WITHIN, "a withdrawal had no effect"
    )

    company.eventually(lambda: company.is_on_platform(second), 180, "work did not go on")
    company.becomes_member(third)
    assert [] == company.mailed_twice()
    assert not company.is_on_platform(first)


def test_killed_altogether_and_without_dagsters_home(company: Live) -> None:
    """A power cut, and the history lost with it: what was asked is not asked again."""
    first, second, third = company.invitations()[:3]
    company.becomes_member(first)
    company.says_yes(second)
    assert company.process is not None
    company.process.kill()
    company.process.wait()
    company.kill_dagster()
    shutil.rmtree(company.home)

    company.start()

    company.eventually(lambda: company.is_on_platform(second), 180, "work did not go on")
    company.becomes_member(third)
    assert company.is_on_platform(first)
    assert [] == company.mailed_twice()
    assert 0 == company.stop()
    assert [] == company.pids()
