"""Who is a leaver, seen over all employments of one person at a source. Pure.

A leaver is a person with no remaining active employment, so a row alone cannot tell: somebody with
two contracts, a transfer to the next legal entity or a new job since is none. Days are ordinals
(`date.toordinal`), because a file has many and a survey keeps them in arrays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from alumni_sync.domain import ExitKind


class Standing(IntEnum):
    """What the source says of one employment."""

    ACTIVE = 0
    LEFT = 1
    RESCINDED = 2  # the exit was taken back: the employment goes on
    HIRE_CANCELLED = 3
    DELETED = 4
    MOVED = 5  # left on paper: a transfer within the group, or a hire that never came
    UNUSABLE = 6


_ADVERSE: Final = (
    ExitKind.DEATH,
    ExitKind.MISCONDUCT,
    ExitKind.DISPUTE,
    ExitKind.PERFORMANCE,
    ExitKind.UNKNOWN,
)
RANKS: Final = {kind.value: _ADVERSE.index(kind) if kind in _ADVERSE else 9 for kind in ExitKind}
"""Of two employments that end on one day the more adverse exit speaks for the person."""


@dataclass(frozen=True, slots=True)
class Employment:
    """One employment of a person.

    Attributes:
        key: tells it from the person's others.
        hired: first day.
        ends: last working day; 0 if there is none.
        rank: of the exit kind, see `RANKS`.
        rehired: day of a new employment that the record itself names; 0 if it names none.
    """

    key: int
    standing: Standing
    hired: int
    ends: int = 0
    rank: int = 9
    rehired: int = 0

    @property
    def goes_on(self) -> bool:
        """Say whether the person still works, or will work, under this contract."""
        return self.standing in {Standing.ACTIVE, Standing.RESCINDED}


@dataclass(frozen=True, slots=True)
class Place:
    """What one ended employment is among the others.

    Attributes:
        leaver: whether this exit makes the person a leaver.
        rehired: first day of the employment that follows; 0 if none does.
    """

    leaver: bool
    rehired: int = 0


def place(employments: Sequence[Employment], today: int) -> dict[int, Place]:
    """Say of each ended employment (by key) whether it makes the person a leaver today.

    It does not if another one went on over its end, began since, or speaks for the person in its
    stead. One that begins later does not change who is a leaver, but is noted as a rehire.
    """
    ended = [one for one in employments if one.standing is Standing.LEFT]
    going_on = [one for one in employments if one.goes_on]
    return {one.key: _place(one, ended, going_on, today) for one in ended}


def _place(
    one: Employment, ended: Sequence[Employment], going_on: Sequence[Employment], today: int
) -> Place:
    following = [_follows(one, other) for other in going_on]
    following += [_follows(one, other) for other in ended if other.ends > one.ends]
    if one.rehired > one.ends:
        following.append(one.rehired)
    rehired = min(following, default=0)
    if 0 < rehired <= max(today, one.ends + 1):
        return Place(leaver=False, rehired=rehired)
    speaks = min(
        (other for other in ended if other.ends == one.ends),
        key=lambda other: (other.rank, other.hired, other.key),
    )
    return Place(leaver=speaks.key == one.key, rehired=rehired)


def _follows(one: Employment, other: Employment) -> int:
    """Return from when the other employment keeps the person from being a leaver.

    One that is said to end before it began was there when it ended.
    """
    begins = other.hired if other.goes_on else min(other.hired, other.ends)
    return max(begins, one.ends + 1)


def works_here(employments: Sequence[Employment], today: int) -> bool:
    """Say whether any employment goes on and has begun."""
    return any(one.goes_on and one.hired <= today for one in employments)
