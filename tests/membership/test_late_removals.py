"""Late removals: what is late by the clock, who is told, and how often."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from alumni_sync.clock import FixedClock
from alumni_sync.errors import ConnectorError, Unavailable
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.leases import LeaseBusy, hold
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Membership, t
from alumni_sync.membership.late_removals import (
    LateRemovals,
    alert_late_removals,
    alert_level,
    late_removals,
)
from alumni_sync.membership.read_backs import verify_removed
from alumni_sync.membership.removal import remove_closed
from alumni_sync.ports import Fate, SendResult
from alumni_sync.sites import composition
from tests.conftest import NOW
from tests.membership.world import Community
from tests.roster import Leaver

PRIVACY = ["dpo@acme.example", "counsel@acme.example"]
PEOPLE = [
    {"user": "d.dpo", "mail": PRIVACY[0], "roles": ["privacy"]},
    {"user": "c.counsel", "mail": PRIVACY[1], "roles": ["privacy", "auditor"]},
    {"user": "o.operator", "mail": "ops@acme.example", "roles": ["operator"]},
]


@pytest.fixture
def watched(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Community:
    """Return a company on either database in which two people answer for privacy."""
    return Community(tmp_path, ledger, clock, people=PEOPLE)


def stuck(community: Community, name: str = "zofia") -> Leaver:
    """Add a member who left, and whom the platform does not let go."""
    leaver = community.joined(name)
    community.leave(leaver)
    community.platform.busy[community.membership(leaver)["alumni_id"]] = "http-500"
    community.post.sent.clear()
    return leaver


def attempt(community: Community) -> None:
    """Try once more to remove whoever is due."""
    remove_closed(community.d, new_id("R"))


@pytest.mark.parametrize(
    ("after", "level"),
    [
        (timedelta(hours=4) - timedelta(seconds=1), 0),
        (timedelta(hours=4), 4),
        (timedelta(hours=72) - timedelta(seconds=1), 4),
        (timedelta(hours=72), 72),
        (timedelta(days=400), 72),
    ],
)
def test_deadlines_to_the_second(after: timedelta, level: int) -> None:
    """An alert that comes an hour late is an hour in which somebody is still shown."""
    assert alert_level(NOW, NOW + after) == level


def test_a_platform_that_recovers_hides_within_fifteen_minutes(watched: Community) -> None:
    """Ten minutes of outage must not become half an hour of somebody shown who left."""
    community = watched
    leaver = stuck(community)
    worker = composition.removals
    closed_at = community.clock.now()
    while community.clock.now() - closed_at < timedelta(minutes=15):
        worker(community.d, new_id("R"))
        community.later(seconds=5)
        if community.clock.now() - closed_at > timedelta(minutes=11):
            community.platform.busy.clear()
    hidden_at = community.membership(leaver)["hidden_at"]
    assert hidden_at is not None
    assert timedelta(minutes=11) < hidden_at - closed_at <= timedelta(minutes=15)
    assert late_removals(community.d) == LateRemovals()


def test_what_is_late_is_counted_by_the_clock(watched: Community) -> None:
    """Nobody looks at a removal that fails unless a number says so."""
    community = watched
    stuck(community)
    counted = {}
    for minutes in (15, 16, 4 * 60, 72 * 60):
        community.clock.set(NOW + timedelta(minutes=minutes))
        attempt(community)
        late = late_removals(community.d)
        counted[minutes] = (late.visible, late.over_4_hours, late.over_72_hours)
    assert counted == {15: (0, 0, 0), 16: (1, 0, 0), 240: (1, 1, 0), 4320: (1, 1, 1)}


def test_who_is_hidden_but_not_erased_is_late_and_not_visible(watched: Community) -> None:
    """A platform that hides and keeps the profile has not let go of anybody."""
    community = watched
    leaver = community.joined()
    community.leave(leaver)
    community.platform.sticky.add(community.membership(leaver)["alumni_id"])
    attempt(community)
    community.later(hours=5)
    assert late_removals(community.d) == LateRemovals(over_4_hours=1)
    assert alert_late_removals(community.d) == 1


def test_privacy_is_told_once_for_each_deadline(watched: Community) -> None:
    """Never told is a breach nobody knows of; told every five minutes is noise nobody reads.

    This is T21 of docs/tests-of-consent.md.
    """
    community = watched
    leaver = stuck(community)
    attempt(community)
    community.later(hours=3, minutes=59)
    assert alert_late_removals(community.d) == 0
    community.later(minutes=1)
    assert [alert_late_removals(community.d) for _ in range(2)] == [1, 0]
    community.later(hours=68)
    assert [alert_late_removals(community.d) for _ in range(2)] == [1, 0]
    assert [mail.to for mail in community.mails] == [*PRIVACY, *PRIVACY]
    subjects = [mail.subject for mail in community.mails[::2]]
    assert subjects == [
        "1 removal(s) late by more than 4 hours",
        "1 removal(s) late by more than 72 hours",
    ]
    said = "".join(mail.text + mail.html for mail in community.mails)
    assert "an incident" in community.mails[-1].text
    membership = community.membership(leaver)
    for secret in ("zofia", "Zofia", "Jaworowska", leaver.person, membership["alumni_id"]):
        assert secret not in said


def test_one_mail_tells_of_many(watched: Community) -> None:
    """A platform that is down for a night must not fill a mailbox."""
    community = watched
    for name in ("anna", "olga"):
        stuck(community, name)
    community.later(hours=5)
    assert alert_late_removals(community.d) == 2
    assert [mail.subject for mail in community.mails] == [
        "2 removal(s) late by more than 4 hours"
    ] * 2


def test_a_mail_server_that_is_down_does_not_swallow_the_alert(watched: Community) -> None:
    """Platform and mail server often fail together."""
    community = watched
    stuck(community)
    community.later(hours=5)
    community.post.fates = [Unavailable("memory", "connect", "refused")]
    with pytest.raises(ConnectorError):
        alert_late_removals(community.d)
    assert alert_late_removals(community.d) == 1
    assert len(community.mails) == 2


def test_an_address_that_refuses_everything_keeps_nobody_else_from_hearing(
    watched: Community,
) -> None:
    """Somebody who left the company is still in `people:`; the other one must hear of it."""
    community = watched
    stuck(community)
    community.later(hours=5)
    community.post.fates = [SendResult(Fate.REFUSED, "550 5.1.1")] * 2
    alert_late_removals(community.d)
    assert community.mails == []
    community.post.fates = [SendResult(Fate.REFUSED, "550 5.1.1")]
    alert_late_removals(community.d)
    assert [mail.to for mail in community.mails] == [PRIVACY[1]]
    assert alert_late_removals(community.d) == 0


def test_nobody_in_the_role_is_told_as_soon_as_there_is_somebody(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """An alert without a reader must not count as read."""
    community = Community(tmp_path, sqlite_ledger, clock)
    stuck(community)
    community.later(hours=5)
    assert alert_late_removals(community.d) == 0
    told = Community(tmp_path / "later", sqlite_ledger, clock, people=PEOPLE)
    told.d.community = community.platform
    assert alert_late_removals(told.d) == 1


def test_a_removal_that_was_told_and_done_is_told_anew_when_it_comes_back(
    watched: Community,
) -> None:
    """A restored backup is a new incident."""
    community = watched
    leaver = stuck(community)
    community.later(hours=5)
    assert alert_late_removals(community.d) == 1
    community.platform.busy.clear()
    community.later(hours=1)
    attempt(community)
    assert late_removals(community.d) == LateRemovals()
    assert community.membership(leaver)["alerted_hours"] == 0


def test_a_look_that_nobody_made_is_late(watched: Community) -> None:
    """Without the look a restored backup shows people again, and nobody knows."""
    community = watched
    leaver = community.joined()
    community.leave(leaver)
    attempt(community)
    community.later(hours=4, minutes=59)
    assert late_removals(community.d) == LateRemovals()
    community.later(minutes=1)
    assert late_removals(community.d) == LateRemovals(looks=1)
    verify_removed(community.d, new_id("R"))
    assert late_removals(community.d) == LateRemovals()
    assert community.membership(leaver)["read_backs"] == 2


def test_an_erasure_that_a_brake_holds_back_is_not_late(community: Community) -> None:
    """A person decides about it; they must not be called a late removal meanwhile."""
    leaver = community.joined()
    community.roster.set(leaver, rehire_ends=True)
    table = t(Membership)
    with community.d.ledger.write() as connection:
        connection.execute(update(table).values(state="hidden", hidden_at=NOW))
    community.later(days=4)
    assert late_removals(community.d) == LateRemovals()


def test_nothing_late_takes_no_lease(watched: Community) -> None:
    """It is looked for every five minutes, for years."""
    community = watched
    community.joined()
    with hold(community.d.ledger, community.clock, "alerts"):
        assert alert_late_removals(community.d) == 0
    stuck(community, "olga")
    community.later(hours=5)
    with (
        hold(community.d.ledger, community.clock, "alerts"),
        pytest.raises(LeaseBusy),
    ):
        alert_late_removals(community.d)


def test_the_mail_says_when_the_first_gate_closed(watched: Community) -> None:
    """Deadlines towards an authority are counted from there."""
    community = watched
    stuck(community)
    community.clock.set(datetime(2026, 11, 8, 9, tzinfo=UTC))
    alert_late_removals(community.d)
    assert f"{NOW:%Y-%m-%d %H:%M} UTC" in community.mails[0].text
