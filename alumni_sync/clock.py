"""The clocks. `SystemClock` is the only place where the real time is read.

A sample or a test must not depend on the visitor's day (weekends and holidays would), so a clock
can be set: fixed (`--as-of`), or started at an instant and ticking (ALUMNI_SYNC_AS_OF, which every
process that is started with it shares).
"""

import time
from datetime import UTC, datetime, timedelta

from alumni_sync.errors import ConfigError
from alumni_sync.ports import Clock


class SystemClock:
    """The real time."""

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC."""
        return datetime.now(tz=UTC)


def milliseconds() -> int:
    """Return the real time in milliseconds since 1970, for ids that sort by when they were made."""
    return time.time_ns() // 1_000_000


class FixedClock:
    """Stands still until it is set; for `--as-of` and for tests."""

    def __init__(self, instant: datetime) -> None:
        """Start at `instant`, which must be aware."""
        self._instant = _utc(instant)

    def now(self) -> datetime:
        """Return the instant that the clock was set to, in UTC."""
        return self._instant

    def set(self, instant: datetime) -> None:
        """Move to another instant (aware)."""
        self._instant = _utc(instant)

    def advance(self, span: timedelta) -> None:
        """Move on by `span`."""
        self._instant += span


class TickingClock:
    """Showed `start` when the real time was `epoch`, and has gone on with it since."""

    def __init__(self, start: datetime, epoch: float) -> None:
        """Start at `start` (aware); `epoch` is real, in seconds since 1970."""
        self._start = _utc(start)
        self._epoch = epoch

    def now(self) -> datetime:
        """Return start plus the real time gone by, in UTC."""
        return self._start + timedelta(seconds=time.time() - self._epoch)


def parse_instant(text: str, where: str) -> datetime:
    """Return the aware instant that an ISO date and time with offset names.

    Raises:
        ConfigError: it is none, or has no offset; `where` says what was read.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise ConfigError.of(
            where, "is not a date and time with offset", "like 2026-11-03T09:00:00+01:00"
        )
    return instant


def clock_from(as_of: str) -> Clock:
    """Return the clock that ALUMNI_SYNC_AS_OF describes; the real one where it is empty.

    Args:
        as_of: `INSTANT`, which this process starts at, or `INSTANT@SECONDS`, where the second part
            is the real time (seconds since 1970) at which the clock showed the instant, so that
            several processes agree. `INSTANT@fixed` stands still.

    Raises:
        ConfigError: it is neither.
    """
    if not as_of:
        return SystemClock()
    where = "ALUMNI_SYNC_AS_OF"
    text, _, epoch = as_of.partition("@")
    start = parse_instant(text, where)
    if epoch == "fixed":
        return FixedClock(start)
    try:
        return TickingClock(start, float(epoch) if epoch else time.time())
    except ValueError:
        raise ConfigError.of(where, "names no real time after `@`", "seconds since 1970") from None


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        msg = "a clock needs an aware datetime"
        raise ValueError(msg)
    return instant.astimezone(UTC)
