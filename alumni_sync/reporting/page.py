"""The programme report as one page: inline style and SVG, no script, nothing from elsewhere."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from alumni_sync.reporting import charts
from alumni_sync.reporting.figures import Figures, read_figures
from alumni_sync.reporting.suppression import SMALLEST_SHOWN

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment


def render_report(d: "Deployment") -> str:
    """Return the report of a deployment as HTML."""
    return render(d, read_figures(d))


def render(d: "Deployment", figures: Figures) -> str:
    """Return the page of a deployment for figures that were read already."""
    sources = {name: source.controller.name for name, source in d.settings.sources.items()}
    return page(figures, company=d.settings.company.name, controllers=sources)


def page(figures: Figures, *, company: str, controllers: dict[str, str]) -> str:
    """Return the page for given figures.

    Args:
        figures: what may be shown.
        company: whose programme it is.
        controllers: source → the legal entity behind it, as a heading.
    """
    funnel = figures.funnel
    return (
        _templates()
        .get_template("report.html")
        .render(
            company=company,
            as_of=f"{funnel.as_of.day} {funnel.as_of:%B %Y}",
            total=charts.funnel_bars(funnel.total),
            members=charts.number(funnel.total.cells["member"]),
            rate=charts.percent(_share(figures, "yes", "invited")),
            reach=charts.percent(_share(figures, "invited", "eligible")),
            median=_days(figures.median_days),
            boomerangs=charts.number(figures.boomerangs),
            sources=[
                {
                    "name": controllers.get(line.source, line.source),
                    "key": line.source,
                    "bars": charts.funnel_bars(line),
                    "months": charts.month_rows(funnel, line.source),
                }
                for line in funnel.sources
            ],
            verdict_parts=charts.segments(figures.verdicts, charts.VERDICT_NAMES),
            verdicts=charts.plain_bars(figures.verdicts, charts.VERDICT_NAMES),
            reasons=charts.plain_bars(figures.no_contact, charts.REASON_NAMES),
            ruled=charts.plain_bars(figures.ruled.ended, charts.RULING_NAMES),
            ways=charts.plain_bars(figures.ruled.ways.get("upheld", {}), charts.WAY_NAMES),
            overrides=charts.percent(figures.ruled.override_rate) or charts.HIDDEN,
            to_ruling=_days(figures.ruled.median_days),
            days=charts.plain_bars(figures.days_to_yes, {}) if _any(figures.days_to_yes) else [],
            stage_names=charts.STAGE_NAMES,
            hidden=charts.HIDDEN,
            smallest=SMALLEST_SHOWN,
        )
    )


def _share(figures: Figures, stage: str, of: str) -> float | None:
    part, whole = figures.funnel.total.cells[stage], figures.funnel.total.cells[of]
    return part / whole if part is not None and whole else None


def _any(counts: Mapping[str, int | None]) -> bool:
    """Say whether a chart has anything to show; an empty one would only be puzzled over."""
    return any(value is not None for value in counts.values())


def _days(days: float | None) -> str:
    if days is None:
        return charts.HIDDEN
    if days < 1:
        return "same day"
    return f"{days:g} day{'' if days == 1 else 's'}"


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("alumni_sync.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
