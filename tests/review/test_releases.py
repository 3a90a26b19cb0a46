"""Brakes and source guards are released by two people, for what was stopped, and for a while."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, insert, select

from alumni_sync.clock import FixedClock
from alumni_sync.domain import Identity
from alumni_sync.errors import Refused
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Brake, t
from alumni_sync.review.releases.stops import ReleaseResult, list_stops, release_stop
from alumni_sync.review.rulings.tickets import issue
from tests.review.queue_of import NOBODY, PEOPLE, Desk, who
from tests.roster import Roster

_BRAKES = t(Brake)


def _stop(desk: Desk, one: str, **changed: Any) -> str:  # noqa: ANN401 any column
    row = {
        "id": one,
        "kind": "brake" if one.startswith("BR") else "guard",
        "name": "adds" if one.startswith("BR") else "short",
        "scope": "directory" if one.startswith("BR") else "acme-pl",
        "subject_hash": "f" * 64,
        "counts": {"planned": 300},
        "status": "tripped",
        "version": 1,
        "tripped_at": desk.d.clock.now(),
        "expires_at": None,
        "run_id": "R-1",
    }
    with desk.d.ledger.write() as connection:
        connection.execute(insert(_BRAKES).values({**row, **changed}))
    return one


def _row(desk: Desk, one: str) -> Row[Any]:
    with desk.d.ledger.read() as connection:
        return connection.execute(select(_BRAKES).where(_BRAKES.c.id == one)).one()


def _release(desk: Desk, one: str, by: str | Identity, reason: str = "expected") -> ReleaseResult:
    identity = who(by) if isinstance(by, str) else by
    return release_stop(desk.d, stop=one, reason=reason, identity=identity)


@pytest.mark.parametrize("one", ["BR-1", "GU-1"])
def test_two_people_release(desk: Desk, one: str) -> None:
    """One person who is in a hurry is what a brake is for."""
    _stop(desk, one)

    first, second = _release(desk, one, "ops"), _release(desk, one, "sec")

    until = desk.d.clock.now() + timedelta(hours=24)
    assert ("awaiting_second", "released") == (first.status, second.status)
    assert f"is released until {until:%Y-%m-%d %H:%M} UTC" in second.sentence
    assert ("released", 3, until) == (
        _row(desk, one).status,
        _row(desk, one).version,
        _row(desk, one).expires_at,
    )


def test_the_second_is_another(desk: Desk) -> None:
    """Somebody with both roles is still one person."""
    _stop(desk, "BR-1")
    _release(desk, "BR-1", "sec")

    with pytest.raises(Refused, match="must be another person"):
        _release(desk, "BR-1", "sec")

    assert "awaiting_second" == _row(desk, "BR-1").status


def test_roles_count_here_too(desk: Desk) -> None:
    """Who may rule on people need not know what a platform can bear."""
    _stop(desk, "BR-1")
    with pytest.raises(Refused, match="takes the role operator or second"):
        _release(desk, "BR-1", "rev")
    _release(desk, "BR-1", "ops")

    for user in ("ops", "aud", "stranger"):
        with pytest.raises(Refused):
            _release(desk, "BR-1", user)

    assert "awaiting_second" == _row(desk, "BR-1").status


def test_nobody_unverified_releases(desk: Desk) -> None:
    """Not even on loopback, not even as the first."""
    _stop(desk, "GU-1")

    with pytest.raises(Refused, match="nothing vouches"):
        _release(desk, "GU-1", NOBODY)


def test_a_release_keeps_the_end_that_the_guard_has(desk: Desk) -> None:
    """A file is good for as long as the guard says, not for ever."""
    until = desk.d.clock.now() + timedelta(days=7)
    _stop(desk, "GU-1", expires_at=until)
    _release(desk, "GU-1", "ops")
    _release(desk, "GU-1", "sec")

    assert until == _row(desk, "GU-1").expires_at


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"status": "released"}, "is released already"),
        ({"status": "spent"}, "is spent already"),
        ({"expires_at": datetime.fromisoformat("2026-11-03T08:59:00+00:00")}, "has run out"),
    ],
)
def test_what_does_not_stand_is_not_released(
    desk: Desk, changed: dict[str, Any], said: str
) -> None:
    """A release of yesterday's plan must not let today's through."""
    _stop(desk, "BR-1", **changed)

    with pytest.raises(Refused, match=said):
        _release(desk, "BR-1", "ops")


def test_a_release_needs_a_reason_and_a_subject(desk: Desk) -> None:
    """Likewise."""
    _stop(desk, "BR-1")

    with pytest.raises(Refused, match="give one of"):
        _release(desk, "BR-1", "ops", "because")
    with pytest.raises(Refused, match="no brake or guard BR-2"):
        _release(desk, "BR-2", "ops")
    with pytest.raises(Refused, match="needs a ticket"):
        release_stop(desk.d, reason="expected", identity=who("ops"))


def test_a_ticket_releases_one_version_once(desk: Desk) -> None:
    """A link is for what somebody looked at; sending it twice is one act."""
    _stop(desk, "BR-1")

    def ticket(version: int, act: str = "release") -> str:
        return issue(desk.d.ledger.hashes, "BR-1", version, act, now=desk.d.clock.now())

    def by(text: str, user: str) -> ReleaseResult:
        return release_stop(desk.d, ticket=text, reason="expected", identity=who(user))

    first = by(ticket(1), "ops")
    again = by(ticket(1), "ops")
    with pytest.raises(Refused, match="has changed since"):
        by(ticket(1), "sec")
    with pytest.raises(Refused, match="for something else"):
        by(ticket(2, "admit"), "sec")

    assert (True, False) == (first.applied, again.applied)
    assert by(ticket(2), "sec").applied


def test_two_releases_at_once(desk_here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The version is compared in the very statement that writes."""
    from alumni_sync.review.releases import stops as releases

    desk = desk_here
    _stop(desk, "BR-1")
    standing = releases._standing

    def stale(connection: Any, stop: str, now: datetime) -> Any:  # noqa: ANN401 passed through
        row = standing(connection, stop, now)
        connection.execute(_BRAKES.update().values(version=7))
        return row

    monkeypatch.setattr(releases, "_standing", stale)
    with pytest.raises(Refused, match="somebody else was faster"):
        _release(desk, "BR-1", "ops")

    assert ("tripped", 1) == (_row(desk, "BR-1").status, _row(desk, "BR-1").version)


def test_what_is_stopped_is_listed(desk: Desk, clock: FixedClock) -> None:
    """Without the id nobody can release anything."""
    _stop(desk, "BR-1", expires_at=clock.now() + timedelta(hours=1))
    _stop(desk, "BR-2", status="spent")
    _stop(desk, "GU-1")

    brakes, guards = list(list_stops(desk.d, "brake")), list(list_stops(desk.d, "guard"))

    assert [("BR-1", "directory", {"planned": 300})] == [
        (stop["brake"], stop["platform"], stop["counts"]) for stop in brakes
    ]
    assert [("GU-1", "acme-pl", "tripped")] == [
        (stop["guard"], stop["source"], stop["status"]) for stop in guards
    ]
    clock.advance(timedelta(hours=1))
    assert [] == list(list_stops(desk.d, "brake"))


@pytest.mark.parametrize("one", ["BR-1", "GU-1"])
def test_what_was_proposed_by_whoever_lost_the_role_is_void(
    tmp_path: Path, ledger: Ledger, clock: FixedClock, one: str
) -> None:
    """A brake goes by two people who may still release it, not by one and a memory."""
    desk = Desk(Roster.of(tmp_path, ledger, clock, people=PEOPLE))
    _stop(desk, one)
    _release(desk, one, "ops")
    without = [person for person in PEOPLE if person["user"] != "ops"]
    later = Desk(Roster.of(tmp_path, ledger, clock, people=without))

    anew = _release(later, one, "sec")
    assert (
        "awaiting_second",
        f"{one} waits for a second person to release it; what was proposed before is void",
    ) == (anew.status, anew.sentence)
    with pytest.raises(Refused, match="must be another person"):
        _release(later, one, "sec")
    assert "released" == _release(later, one, "both").status


def test_a_proposal_for_another_source_is_void(
    tmp_path: Path, ledger: Ledger, clock: FixedClock
) -> None:
    """Whoever answers for Germany now has not proposed anything for Poland."""
    people = [{**one, "sources": ["acme-de"]} if one["user"] == "ops" else one for one in PEOPLE]
    _stop(desk := Desk(Roster.of(tmp_path, ledger, clock, people=PEOPLE)), "GU-1")
    _release(desk, "GU-1", "ops")
    later = Desk(Roster.of(tmp_path, ledger, clock, people=people))

    assert "awaiting_second" == _release(later, "GU-1", "sec").status
    assert ("awaiting_second", 3) == (_row(later, "GU-1").status, _row(later, "GU-1").version)
