"""The programme's figures on a terminal: the funnel as a table with bars. Pure."""

from collections.abc import Iterator
from typing import Final

from alumni_sync.reporting.charts import HIDDEN, funnel_bars, month_name, number
from alumni_sync.reporting.figures import Figures
from alumni_sync.reporting.funnel import STAGES, Funnel, Line
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
        f"{HIDDEN} = under {SMALLEST_SHOWN}, or kept back to protect a figure that is.",
    ]


def funnel_screen(funnel: Funnel) -> list[str]:
    """Return the funnel of the whole programme, a bar a stage."""
    return [
        f"{bar.label:<13}{bar.value:>6}  {_bar(bar.size):<{WIDTH}}  {bar.note:>6}".rstrip()
        for bar in funnel_bars(funnel.total)
    ]


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
