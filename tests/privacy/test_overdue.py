"""A deadline that passes in silence is a breach; so somebody hears of it in time, and once."""

from pathlib import Path

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.ledger.store import Ledger
from alumni_sync.ports import Fate, SendResult
from alumni_sync.privacy.overdue import LateRequests, alert_late_requests, late_requests
from alumni_sync.privacy.request_rows import RequestChannel, RequestKind, RequestState
from alumni_sync.privacy.requests import close_request, open_request
from tests.membership.world import Community
from tests.privacy.office import PEOPLE, WEBER


@pytest.fixture
def office(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Community:
    """A company with somebody who answers requests."""
    return Community(tmp_path, ledger, clock, people=PEOPLE)


def _open(office: Community) -> str:
    leaver = office.leaver(exit_kind="misconduct")  # nobody who is written to meanwhile
    return open_request(
        office.d,
        person_id=leaver.person,
        kind=RequestKind.ACCESS,
        channel=RequestChannel.LETTER,
        identity=WEBER,
    )


def test_privacy_is_told_a_week_before_and_when_it_is_over(office: Community) -> None:
    """Once each: whoever is told every five minutes stops reading."""
    number = _open(office)
    assert (0, LateRequests()) == (alert_late_requests(office.d), late_requests(office.d))

    office.later(days=24)
    assert LateRequests(near=1) == late_requests(office.d)
    assert ["1 requests of people are due within a week"] == late_requests(office.d).notes()
    assert (1, 0) == (alert_late_requests(office.d), alert_late_requests(office.d))
    assert "k.weber@acme.example" == office.mails[-1].to
    assert number in office.mails[-1].text

    office.later(days=10)
    assert LateRequests(overdue=1) == late_requests(office.d)
    assert ["1 open with their deadline over"] == late_requests(office.d).sentences()
    assert (1, 0) == (alert_late_requests(office.d), alert_late_requests(office.d))
    assert "breach of GDPR Art. 12(3)" in office.mails[-1].text
    assert 2 == len(office.mails)


def test_what_is_answered_is_not_late(office: Community) -> None:
    """An alert about what was done long ago teaches people to ignore alerts."""
    number = _open(office)
    close_request(office.d, number, RequestState.DONE, WEBER)
    office.later(days=60)

    assert (0, LateRequests()) == (alert_late_requests(office.d), late_requests(office.d))
    assert [] == office.mails


def test_a_refused_alert_does_not_count_as_told(office: Community) -> None:
    """A mail server that says no for a day must not swallow the only warning."""
    _open(office)
    office.later(days=40)
    office.post.fates = [SendResult(Fate.REFUSED, "550")]

    assert 0 == alert_late_requests(office.d)
    assert 1 == alert_late_requests(office.d)


def test_with_nobody_to_tell_it_is_told_later(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """As soon as somebody has the role, they hear what is late."""
    _open(Community(tmp_path / "now", sqlite_ledger, clock, people=PEOPLE))
    nobody = Community(tmp_path / "nobody", sqlite_ledger, clock)
    nobody.later(days=40)

    assert 0 == alert_late_requests(nobody.d)

    told = Community(tmp_path / "later", sqlite_ledger, clock, people=PEOPLE)
    assert 1 == alert_late_requests(told.d)
