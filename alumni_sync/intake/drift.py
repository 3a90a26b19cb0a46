"""Code drift: an exit code that does not mean any more what it was mapped as. Pure.

A code is recycled without a word to anybody: 17 was "Retirement" for years, and since the new
payroll system it is "Dismissal". Three things show it from outside: the source's own words for the
code change, far more people leave with it than ever did, or it comes back after years in which
nobody did. Then it is not trusted until two people say that it means what the mapping says.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from alumni_sync.domain import ExitKind

KEPT_KINDS: Final = frozenset(
    {
        ExitKind.MISCONDUCT.value,
        ExitKind.DISPUTE.value,
        ExitKind.DEATH.value,
        ExitKind.INTERNAL_TRANSFER.value,
        ExitKind.NO_SHOW.value,
        ExitKind.UNDISCLOSED.value,
        ExitKind.UNKNOWN.value,
    }
)
"""Kinds that stay what they are although the code is doubted: to doubt must never help anybody."""


class DoubtKind(StrEnum):
    """Why a code is not trusted."""

    LABEL = "label"
    SHARE = "share"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True)
class DriftLimits:
    """When a code is doubted.

    Attributes:
        factor: its share of the new leavers is so many times its share until now…
        least: …and so many of them have it; and so many had it before a pause counts.
        pause_days: nobody left with it for so long.
    """

    factor: float
    least: int
    pause_days: int


ENOUGH: Final = 5
"""A share is known from so many times `least` exits on: of a few, every share jumps."""


@dataclass(frozen=True, slots=True)
class CodeUse:
    """How a code was used until now; `label` is a keyed hash, "" where the source has no words."""

    label: str = ""
    exits: int = 0
    last_exit: date | None = None


@dataclass(slots=True)
class CodeRead:
    """How a read uses a code: its words (hash), and the last working days of its new leavers.

    Attributes:
        said_by: how much the words count (see `say`).
        first_exit: the first after those that were known; who is told of late ends no pause.
    """

    label: str = ""
    exits: int = 0
    first_exit: date | None = None
    last_exit: date | None = None
    said_by: tuple[bool, bool] = (False, False)

    def say(self, label: str, was: CodeUse, *, new: bool) -> None:
        """Note the words of a record, where there are several for one code.

        Those of new leavers count before those that old records may have kept; of new leavers,
        other words count before those of until now, and of old records the other way round.
        """
        said_by = (new, (label != was.label) is new)
        if not self.label or said_by >= self.said_by:
            self.label, self.said_by = label, said_by

    def add(self, day: date | None, was: CodeUse) -> None:
        """Count a new leaver."""
        self.exits += 1
        if day is not None:
            self.last_exit = max(self.last_exit or day, day)
            if was.last_exit is None or day > was.last_exit:
                self.first_exit = min(self.first_exit or day, day)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why one code is not trusted any more, in figures that are about nobody."""

    kind: DoubtKind
    counts: Mapping[str, int] = field(default_factory=dict)


def doubts(
    known: Mapping[str, CodeUse], read: Mapping[str, CodeRead], limits: DriftLimits
) -> Iterator[tuple[str, Doubt]]:
    """Yield the codes of a read that are to be doubted, each once.

    Args:
        known: how each code was used until now.
        read: how this read uses them.
        limits: when that is a drift.
    """
    before = sum(use.exits for use in known.values())
    now = sum(use.exits for use in read.values())
    for code, use in read.items():
        was = known.get(code)
        if was is None:
            continue  # a new code: whoever mapped it was asked
        if was.label and use.label and use.label != was.label:
            yield code, Doubt(DoubtKind.LABEL, {"exits": use.exits})
        elif (days := _pause(was, use)) > limits.pause_days and was.exits >= limits.least:
            yield code, Doubt(DoubtKind.PAUSE, {"exits": use.exits, "days": days})
        elif _jumps(was, use, before, now, limits):
            shares = {"percent": round(100 * use.exits / now)}
            shares["percent_before"] = round(100 * was.exits / before)
            yield code, Doubt(DoubtKind.SHARE, {"exits": use.exits, **shares})


def _pause(was: CodeUse, use: CodeRead) -> int:
    """Return for how many days nobody had left with the code when somebody did again."""
    if was.last_exit is None or use.first_exit is None:
        return 0
    return (use.first_exit - was.last_exit).days


def _jumps(was: CodeUse, use: CodeRead, before: int, now: int, limits: DriftLimits) -> bool:
    if use.exits < limits.least or before < ENOUGH * limits.least:
        return False
    return use.exits * before >= limits.factor * was.exits * now
