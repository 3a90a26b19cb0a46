"""Report: the funnel and the figures beside it. Last stage of the community flow.

Cells under five are left out, here as on the page that `alumni-sync report` writes.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import dagster as dg

from alumni_sync.reporting.figures import programme_numbers
from assets.community import community_members
from assets.resources import Company
from assets.stage import stage

COLUMNS: Final = ("source", "month", "leavers", "eligible", "invited", "yes", "member")


@dg.asset(
    group_name="reporting",
    deps=[community_members],
    kinds={"report"},
    description="The funnel by source and month; its totals are plotted.",
)
def programme_report(
    context: dg.AssetExecutionContext, deployment: Company
) -> dg.MaterializeResult[Any]:
    """Count the programme as it stands."""
    with stage(context, deployment, "programme_report") as work:
        numbers = programme_numbers(deployment)
        shown = {name: count for name, count in numbers["total"].items() if count is not None}
        done = work.done(shown)
        return dg.MaterializeResult(
            metadata={**(done.metadata or {}), "funnel": dg.MetadataValue.md(_table(numbers))}
        )


def _table(numbers: Mapping[str, Any]) -> str:
    """Return the funnel as a Markdown table; a cell that may not be shown is `< 5`."""
    lines: Sequence[Mapping[str, Any]] = numbers["funnel"]
    rows = [COLUMNS, ["---"] * len(COLUMNS)]
    rows += [[_cell(line[column]) for column in COLUMNS] for line in lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(value: object) -> str:
    return "< 5" if value is None else str(value) or "all"
