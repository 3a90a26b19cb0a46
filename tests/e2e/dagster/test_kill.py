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
    """Yield a company of the test's own, made but not started."""
    made = Live.make(tmp_path / "acme")
    yield made
    made.stop()


def test_killed_dagster_is_missed_by_nobody(company: Live) -> None:
    """A withdrawal made meanwhile is hidden in time, work goes on, nobody is mailed twice."""
    company.start()
    company.eventually(lambda: len(company.invitations()) > 10, 180, "nobody was invited")
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


def test_killed_altogether_and_started_again(company: Live) -> None:
    """A power cut: what was asked is not asked again, what was said is carried out."""
    company.start()
    company.eventually(lambda: len(company.invitations()) > 3, 180, "nobody was invited")
    first = company.invitations()[0]
    company.says_yes(first)
    assert company.process is not None
    company.process.kill()
    company.process.wait()
    company.kill_dagster()

    company.start()

    company.eventually(lambda: company.is_on_platform(first), 180, "work did not go on")
    company.eventually(lambda: len(company.invitations()) > 10, 180, "nobody else was invited")
    assert [] == company.mailed_twice()
    assert 0 == company.stop()
    assert [] == company.pids()


def test_without_dagsters_home_everything_goes_on(company: Live) -> None:
    """It owns nothing: deleting it costs the history in the UI and nothing else."""
    company.start()
    company.eventually(lambda: len(company.invitations()) > 10, 180, "nobody was invited")
    first, second = company.invitations()[:2]
    company.becomes_member(first)
    company.stop()
    mails = len(company.letters())
    shutil.rmtree(company.home)

    company.start()

    company.becomes_member(second)
    assert company.is_on_platform(first)
    assert [] == company.mailed_twice()
    assert mails <= len(company.letters()) <= mails + 2  # confirmations of the two
