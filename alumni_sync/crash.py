"""Crash points: where the tests kill a real run, to prove that nothing is lost or done twice.

Code that claims, calls or confirms names the instants before and after (`mail.call.before`). In
production nothing is armed and a crash point costs one comparison. Armed, the process is killed
as by `kill -9`: no `finally`, no flush, no goodbye.
"""

import os
import signal
from dataclasses import dataclass

from alumni_sync.errors import ConfigError


@dataclass(slots=True)
class _Trap:
    """The crash point to die at, and how many more hits of it to survive."""

    name: str = ""
    left: int = 0


_trap = _Trap()


def arm(spec: str) -> None:
    """Arm `NAME` or `NAME:N` (die at the Nth hit); an empty text disarms.

    Raises:
        ConfigError: N is no number above 0.
    """
    name, _, count = spec.partition(":")
    if count and not (count.isdecimal() and int(count) > 0):
        raise ConfigError.of("ALUMNI_SYNC_CRASH_AT", "must be NAME or NAME:N, N above 0")
    if name and name == _trap.name:
        return  # a process may open its deployment twice; it has one count
    _trap.name, _trap.left = name, int(count or 1)


def crash_point(name: str) -> None:
    """Die here if this point is armed and its turn has come."""
    if name != _trap.name:
        return
    _trap.left -= 1
    if _trap.left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
