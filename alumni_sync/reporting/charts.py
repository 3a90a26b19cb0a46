"""Figures → geometry and words for the report page. Pure: no markup, no database.

A hidden figure gets no bar at all: a length can be measured.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from alumni_sync.reporting.funnel import EARLIER, STAGES, Funnel, Line, stage_share

HIDDEN: Final = "\N{EN DASH}"
STAGE_NAMES: Final[Mapping[str, str]] = {
    "leavers": "left",
    "eligible": "may be asked",
    "invited": "were asked",
    "yes": "said yes",
    "member": "are members",
}
VERDICT_NAMES: Final[Mapping[str, str]] = {
    "eligible": "may be asked",
    "out_of_scope": "outside the programme's audience",
    "held": "wait: comes back, or is under age",
    "review": "wait for a person to look",
    "excluded": "stay out unless a person admits them",
    "never_contact": "are never contacted",
}
REASON_NAMES: Final[Mapping[str, str]] = {
    "no_address": "no private address",
    "invalid_address": "the private address cannot be one",
    "company_address": "only a company address",
    "no_evidence": "nothing says that the address was given for this",
    "suppressed": "objected to being written to",
    "minor": "under age",
    "age_unknown": "age unknown",
    "do_not_consider": "asked not to be considered",
    "letter": "a letter, by hand",
}
RULING_NAMES: Final[Mapping[str, str]] = {
    "admitted": "admitted: the person may be asked",
    "upheld": "upheld: the person stays out",
    "expired": "nobody ruled in time: the person stays out",
}
WAY_NAMES: Final[Mapping[str, str]] = {
    "looked": "upheld alone, after opening the facts",
    "one_click": "upheld alone, without opening the facts",
    "bulk": "upheld with others, by one act",
}
_PERCENT: Final = 100


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar.

    Attributes:
        value: as shown; a dash where it is hidden.
        size: 0 to 1, of the longest bar; None where it is hidden.
        note: a few words beside it.
    """

    label: str
    value: str
    size: float | None
    note: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a whole: where it starts and how long it is, both 0 to 1."""

    key: str
    label: str
    value: str
    start: float
    size: float


@dataclass(frozen=True, slots=True)
class MonthRow:
    """One line of a source's table."""

    label: str
    bars: tuple[Bar, ...]


def number(value: int | None) -> str:
    """Return a figure with thin spaces, or the mark of a hidden one."""
    return HIDDEN if value is None else f"{value:,}".replace(",", "\u202f")


def percent(share: float | None) -> str:
    """Return a share in whole per cent, "" where there is none."""
    return "" if share is None else f"{round(share * _PERCENT)}\u202f%"


def month_name(month: str) -> str:
    """Return `October 2026` for `2026-10`; the bin of older ones keeps its own word."""
    if month == EARLIER:
        return EARLIER
    year, _, index = month.partition("-")
    return date(int(year), int(index), 1).strftime("%B %Y")


def funnel_bars(line: Line) -> list[Bar]:
    """Return the stages of one line, each with its share of the one before."""
    longest = max((value for value in line.cells.values() if value), default=0)
    return [
        Bar(
            STAGE_NAMES[stage],
            number(line.cells[stage]),
            _size(line.cells[stage], longest),
            percent(stage_share(line, stage)),
            stage,
        )
        for stage in STAGES
    ]


def month_rows(funnel: Funnel, source: str) -> list[MonthRow]:
    """Return the table of one source; bars of all months share one scale."""
    lines = funnel.of(source)
    longest = max((value for line in lines for value in line.cells.values() if value), default=0)
    return [
        MonthRow(
            month_name(line.month),
            tuple(
                Bar("", number(value), _size(value, longest), key=stage)
                for stage, value in line.cells.items()
            ),
        )
        for line in lines
    ]


def plain_bars(counts: Mapping[str, int | None], names: Mapping[str, str]) -> list[Bar]:
    """Return a bar for each figure of a small table."""
    longest = max((value for value in counts.values() if value), default=0)
    return [
        Bar(names.get(key, key.replace("_", " ")), number(value), _size(value, longest), key=key)
        for key, value in counts.items()
    ]


def segments(counts: Mapping[str, int | None], names: Mapping[str, str]) -> list[Segment]:
    """Return the shown figures as parts of their sum; hidden ones take no room."""
    shown = {key: value for key, value in counts.items() if value}
    total = sum(shown.values())
    found, start = [], 0.0
    for key, value in shown.items():
        size = value / total
        found.append(Segment(key, names.get(key, key), number(value), start, size))
        start += size
    return found


def _size(value: int | None, longest: int) -> float | None:
    return None if value is None or not longest else value / longest
