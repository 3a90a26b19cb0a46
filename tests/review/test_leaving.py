"""Whoever leaves the company loses every role with the last working day, not only the queue."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from alumni_sync.cli.app import os_identity
from alumni_sync.clock import FixedClock
from alumni_sync.consent.joining.matching import list_joins
from alumni_sync.consent.rounds.suppressions import list_suppressions
from alumni_sync.deployment import Deployment
from alumni_sync.domain import Identity
from alumni_sync.errors import Refused
from alumni_sync.ledger.store import Ledger
from alumni_sync.privacy.handing_out import export_at_desk
from alumni_sync.privacy.holds import set_hold
from alumni_sync.privacy.request_rows import list_requests
from alumni_sync.privacy.restriction import restrict
from alumni_sync.reporting.person_file import open_file
from alumni_sync.review.people.finding import find_person
from alumni_sync.sites.desk.service import LedgerDesk
from tests import officer
from tests.consent.world import World

LAST_DAY, NEXT_DAY = datetime(2026, 11, 5, 9, tzinfo=UTC), datetime(2026, 11, 6, 9, tzinfo=UTC)
WEBER = Identity("k.weber", verified=True)
PEOPLE = [
    {
        "user": "k.weber",
        "mail": "k.weber@acme.example",
        "roles": ["privacy"],
        "employee": "acme-pl/10001",
    }
]

ACTS: dict[str, Callable[[Deployment, str], object]] = {
    "suppressions": lambda d, _: list_suppressions(d, WEBER),
    "requests": lambda d, _: list_requests(d, WEBER),
    "joins": lambda d, _: list_joins(d, WEBER),
    "find": lambda d, person: find_person(d, WEBER, person),
    "file": lambda d, person: open_file(d, person, WEBER),
    "export": lambda d, person: export_at_desk(d, person, WEBER),
    "hold": lambda d, person: set_hold(d, person, WEBER, reason="claim", matter="AZ 12/26"),
    "restrict": lambda d, person: restrict(d, person, WEBER),
}


@pytest.mark.parametrize("act", ACTS)
def test_no_role_outlives_the_last_working_day(
    act: str, tmp_path: Path, ledger: Ledger, clock: FixedClock
) -> None:
    """A privacy officer who has gone reads, exports and erases nobody from outside."""
    roster = World(tmp_path, ledger, clock, people=PEOPLE).roster
    roster.add(last_working_day=LAST_DAY.date())
    somebody = roster.add().person
    clock.set(LAST_DAY)
    ACTS[act](roster.deployment, somebody)

    clock.set(NEXT_DAY)

    with pytest.raises(Refused, match=r"k\.weber has left"):
        ACTS[act](roster.deployment, somebody)


def test_the_desk_is_closed_to_whoever_left(
    tmp_path: Path, ledger: Ledger, clock: FixedClock
) -> None:
    """A page that still opens is a page that is still read."""
    roster = World(tmp_path, ledger, clock, people=PEOPLE).roster
    roster.add(last_working_day=LAST_DAY.date())
    desk = LedgerDesk(roster.deployment)
    clock.set(LAST_DAY)
    assert desk.may_open(WEBER)

    clock.set(NEXT_DAY)

    assert (False, []) == (desk.may_open(WEBER), desk.sources(WEBER))


@pytest.mark.parametrize("command", ["erase", "pause", "rotate"])
def test_the_command_line_is_closed_to_whoever_left(
    command: str, tmp_path: Path, clock: FixedClock, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is erased, stopped or wrapped anew by a login that should have ended."""
    config = officer.write_company(tmp_path / "acme")
    content = yaml.safe_load(config.read_text("utf-8"))
    content["people"][-1] |= {"roles": ["privacy", "operator"], "employee": "acme-pl/10001"}
    config.write_text(yaml.safe_dump(content), "utf-8")
    with officer.open_ledger(config) as ledger:
        world = World(tmp_path, ledger, clock)
        world.roster.add(last_working_day=LAST_DAY.date())
        person = world.roster.add().person
    lines = {
        "erase": ("privacy", "erase", person, "--reason", "request"),
        "pause": ("pause", "all", "--reason", "other"),
        "rotate": ("keys", "rotate", "--key-file", str(tmp_path / "next")),
    }

    officer.run(config, *lines[command], at=NEXT_DAY.isoformat())

    assert f"{os_identity().user} has left" in capsys.readouterr().err
    assert not (tmp_path / "next").exists()
