"""The programme's figures on a terminal: the funnel as a table with bars. Pure."""

from collections.abc import Iterator
from typing import Final

from alumni_sync.reporting.charts import (
    HIDDEN,
    RULING_NAMES,
    WAY_NAMES,
    funnel_bars,
    month_name,
    number,
    percent,
    plain_bars,
)
from alumni_sync.reporting.figures import Figures
from alumni_sync.reporting.funnel import STAGES, Funnel, Line
from alumni_sync.reporting.ruled_cases import RuledCases
from alumni_sync.reporting.suppression import SMALLEST_SHOWN

WIDTH: Final = 40
_BLOCK: Final = "█"
_FIRST: Final = 24
_CELL: Final = 10


def screen(figures: Figures) -> list[str]:
    """Return the report as lines."""
    return [
        *funnel_screen(figures.funnel),
        "",
        *_table(figures.funnel),
        "",
        *ruled_screen(figures.ruled),
        f"{HIDDEN} = under {SMALLEST_SHOWN}, or kept back to protect a figure that is.",
    ]


def funnel_screen(funnel: Funnel) -> list[str]:
    """Return the funnel of the whole programme, a bar a stage."""
    return [
        f"{bar.label:<13}{bar.value:>6}  {_bar(bar.size):<{WIDTH}}  {bar.note:>6}".rstrip()
        for bar in funnel_bars(funnel.total)
    ]


def ruled_screen(ruled: RuledCases) -> Iterator[str]:
    """Yield how cases were ruled on, with an empty line after it; nothing where nobody ruled."""
    if not ruled.ended:
        return
    for bar in plain_bars(ruled.ended, RULING_NAMES):
        yield f"{bar.value:>6}  {bar.label}"
    for bar in plain_bars(ruled.ways.get("upheld", {}), WAY_NAMES):
        yield f"{bar.value:>6}    {bar.label}"
    took = HIDDEN if ruled.median_days is None else f"{ruled.median_days:g}"
    rate = percent(ruled.override_rate) or HIDDEN
    yield f"{rate:>6}  of rulings were not what the rules proposed"
    yield f"{took:>6}  days from a case to its ruling, in the middle"
    yield ""


def _bar(size: float | None) -> str:
    return "" if size is None else _BLOCK * max(1, round(size * WIDTH))


def _table(funnel: Funnel) -> Iterator[str]:
    yield f"{'':<{_FIRST}}" + "".join(f"{stage:>{_CELL}}" for stage in STAGES)
    for source in funnel.sources:
        yield _row(source.source, source)
        for line in funnel.of(source.source):
            yield _row(f"  {month_name(line.month)}", line)


def _row(label: str, line: Line) -> str:
    return f"{label:<{_FIRST}}" + "".join(
        f"{number(line.cells[stage]):>{_CELL}}" for stage in STAGES
    )
