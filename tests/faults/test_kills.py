"""`kill -9` at every instant at which something may be lost or done twice, then the next run."""

import re
import shutil
import signal
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Final

import pytest
from _pytest.mark import ParameterSet

from tests.conftest import NOW
from tests.faults.company import CONFIG, FIRST_RUN_ENDS, command, mails, process, tables
from tests.invariants.checker import assert_sound
from tests.invariants.world import Row, World

SEED: Final = 20_261_103
SOURCES: Final = 2  # a page and a watermark each
REMOVAL, WRITE = 1, 2  # in this order a run comes to them

INTAKE: Final = ("intake.page_committed", "intake.watermark")
MAIL: Final = ("mail.claim", "mail.call", "mail.confirm")
PLATFORM: Final = ("platform.claim", "platform.call", "platform.confirm")
KEYS: Final = {"keys.rotated", "keys.handed_over"}
"""Of no run: `keys rotate` is killed there by tests/privacy/test_keys.py."""

CAN_BE_UNKNOWN: Final = {"mail.claim.after", "mail.call.before"}
"""Killed there, a mail was claimed and is in no outbox: it counts, and is not sent again."""

COUNTED: Final = (
    *("person", "spell", "decision", "quarantine", "watermark", "close_done"),
    *("exclusion_case", "case_event", "invitation", "consent_event", "notice_blob"),
    *("outbox", "dead_letter", "membership", "tombstone", "suppression", "brake"),
)


def _points(places: tuple[str, ...]) -> list[str]:
    return [f"{place}.{moment}" for place in places for moment in ("before", "after")]


def _nth(point: str, most: int) -> int:
    """Return at which hit to die: another one for every point, the same in every session."""
    return Random(f"{SEED} {point}").randint(1, most)  # noqa: S311 seeded on purpose


def _case(point: str, nth: int, a_few: set[str]) -> ParameterSet:
    """Return a case; it is for every test run where it is one of `a_few`, else for `.ci/run`."""
    marks = [] if point in a_few else [pytest.mark.every_crash]
    return pytest.param(f"{point}:{nth}", marks=marks)


def _killed(folder: Path, point: str) -> None:
    died = process(folder, "run", ALUMNI_SYNC_CRASH_AT=point)
    assert -signal.SIGKILL == died.returncode, (died.returncode, died.stderr[-2000:])


def _counted(found: Mapping[str, list[Row]]) -> dict[str, int]:
    return {table: len(found[table]) for table in COUNTED}


def _states(found: Mapping[str, list[Row]]) -> dict[str, Counter[object]]:
    """Return how many leavers are in which state, by everything that decides about them."""
    return {
        "spells": Counter((row["source"], row["record_status"]) for row in found["spell"]),
        "verdicts": Counter(row["verdict"] for row in found["decision"]),
        "cases": Counter(row["status"] for row in found["exclusion_case"]),
        "consents": Counter(row["state"] for row in found["invitation"]),
        "events": Counter(row["event"] for row in found["consent_event"]),
        "members": Counter(row["state"] for row in found["membership"]),
    }


def _sound(folder: Path) -> World:
    """Return the world after the run that followed, with chain and invariants looked at."""
    assert 0 == command(folder, "ledger", "verify")
    return assert_sound(folder / CONFIG, NOW)


def _ended_as(folder: Path, uninterrupted: Path, point: str) -> None:
    """Check a company that was killed and ran again against one that nothing happened to."""
    sent, expected = mails(folder), mails(uninterrupted)
    assert {1} == set(sent.values())
    missing = 1 if point.partition(":")[0] in CAN_BE_UNKNOWN else 0
    assert missing == (expected - sent).total()
    assert Counter() == sent - expected
    found, wanted = tables(folder), tables(uninterrupted)
    assert _counted(wanted) == _counted(found)
    assert _states(wanted) == _states(found)


def test_every_crash_point_has_its_case() -> None:
    """A point that somebody adds would otherwise be one at which nobody ever died."""
    places = (Path(__file__).parents[2] / "alumni_sync").rglob("*.py")
    named = {
        name
        for path in places
        for name in re.findall(r'crash_point\("([^"]+)"\)', path.read_text("utf-8"))
    }
    assert {*_points((*INTAKE, *MAIL, *PLATFORM)), *KEYS} == named


@pytest.mark.slow
@pytest.mark.parametrize(
    "point",
    [
        _case(point, _nth(point, most), {"intake.page_committed.after", "mail.call.after"})
        for places, most in ((INTAKE, SOURCES), (MAIL, 6))
        for point in _points(places)
    ],
)
def test_a_run_killed_during_intake_or_mail_loses_and_repeats_nothing(
    fresh: Path, invited: Path, tmp_path: Path, point: str
) -> None:
    """A leaver who is lost is never asked; one who is asked twice tells everybody."""
    folder = tmp_path / "acme"
    shutil.copytree(fresh, folder)
    _killed(folder, point)

    assert command(folder, "run") in FIRST_RUN_ENDS

    _sound(folder)
    _ended_as(folder, invited, point)


@pytest.mark.slow
@pytest.mark.parametrize(
    "point",
    [
        _case(point, turn, {"platform.confirm.before"} if turn == WRITE else set())
        for turn in (REMOVAL, WRITE)
        for point in _points(PLATFORM)
    ],
)
def test_a_run_killed_at_the_platform_ends_where_the_consent_says(
    answered: Path, settled: Path, tmp_path: Path, point: str
) -> None:
    """Nobody twice in the directory, nobody left there who said goodbye, nobody forgotten."""
    folder = tmp_path / "acme"
    shutil.copytree(answered, folder)
    _killed(folder, point)

    assert 0 == command(folder, "run")

    members = _sound(folder).platform
    assert Counter(member.visible for member in members) == Counter({True: 5})
    _ended_as(folder, settled, point)
