"""Clocks: the time that stages see is the one that was asked for."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from alumni_sync.clock import FixedClock, SystemClock, TickingClock, clock_from, parse_instant
from alumni_sync.errors import ConfigError

INSTANT = datetime(2026, 11, 3, 8, 0, tzinfo=UTC)


def test_the_real_clock_is_aware() -> None:
    """A naive time compared with an aware one is an error in the middle of a run."""
    assert UTC is clock_from("").now().tzinfo
    assert isinstance(clock_from(""), SystemClock)


def test_a_fixed_clock_stands_until_it_is_moved() -> None:
    """A test that waits for real time is a test that fails at times."""
    clock = FixedClock(datetime.fromisoformat("2026-11-03T09:00:00+01:00"))
    assert INSTANT == clock.now()
    clock.advance(timedelta(days=7))
    assert INSTANT + timedelta(days=7) == clock.now()
    clock.set(INSTANT)
    assert INSTANT == clock.now()


def test_processes_with_one_epoch_agree() -> None:
    """The site stamps a withdrawal that the worker looks for."""
    began = time.time() - 90
    clock = clock_from(f"2026-11-03T09:00:00+01:00@{began}")

    assert timedelta(seconds=90) <= clock.now() - INSTANT < timedelta(seconds=95)


def test_without_an_epoch_it_starts_now() -> None:
    """Someone who sets the variable by hand means: from here on."""
    clock = clock_from("2026-11-03T09:00:00+01:00")

    assert isinstance(clock, TickingClock)
    assert timedelta() <= clock.now() - INSTANT < timedelta(seconds=5)


def test_a_clock_can_be_fixed_by_the_environment() -> None:
    """A process that is started for one computation must not drift."""
    clock = clock_from("2026-11-03T09:00:00+01:00@fixed")

    assert INSTANT == clock.now() == clock.now()


@pytest.mark.parametrize("text", ["tomorrow", "2026-11-03T09:00:00", "2026-11-03", ""])
def test_an_instant_without_offset_is_refused(text: str) -> None:
    """Nine o'clock in which country? A deadline would depend on the server."""
    with pytest.raises(ConfigError, match="with offset"):
        parse_instant(text, "--as-of")


def test_a_broken_epoch_is_said() -> None:
    """A clock that silently takes another start is worse than none."""
    with pytest.raises(ConfigError, match="seconds since 1970"):
        clock_from("2026-11-03T09:00:00+01:00@noon")


def test_a_naive_datetime_is_refused() -> None:
    """Whatever is compared with it would fail far away from the cause."""
    with pytest.raises(ValueError, match="aware"):
        FixedClock(INSTANT.replace(tzinfo=None))
