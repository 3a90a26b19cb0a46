"""`run --dry-run`: how many are eligible, reachable, in the queue; which codes are unmapped."""

from collections.abc import Iterable, Mapping
from time import perf_counter
from typing import TYPE_CHECKING

from alumni_sync.cli.app import App, show
from alumni_sync.cli.exits import Exit, finish, report_error, worst
from alumni_sync.cli.rehearsed import Unread, rehearsed
from alumni_sync.cli.summary import blocked_requests, lines_of, newly_rejected, summarise
from alumni_sync.errors import SafetyStop

if TYPE_CHECKING:
    from alumni_sync.consent.reach import Reach


def forecast(app: App, source: str | None, *, as_json: bool) -> None:
    """Rehearse the intake flow on a copy of the ledger and print what came of it.

    Where no source could be read there is nothing to foretell: only the errors are printed.
    """
    from alumni_sync.cli.rehearsal import rehearse
    from alumni_sync.cli.run import named_sources, told_source
    from alumni_sync.consent.reach import reach
    from alumni_sync.deployment import load_configuration
    from alumni_sync.ledger.ids import new_id

    started = perf_counter()
    unread: Unread = {}
    run_id = new_id("R")
    with rehearse(load_configuration(app.config), app.clock()) as rehearsal:
        stages = rehearsed(rehearsal, source, run_id, unread)
        summary = summarise(
            [stages],
            run_id=run_id,
            closes=[],
            queue=stages["exclusion_queue"],
            stops=[error.brake_id for error in unread.values() if isinstance(error, SafetyStop)],
            duration_seconds=perf_counter() - started,
        )
        reached = reach(rehearsal, named_sources(rehearsal, source))
        told = {name: told_source(rehearsal, name) for name in unread}
        nothing_read = len(unread) == len(named_sources(rehearsal, source))
    if not nothing_read:
        unmapped = {name: dict(found) for name, found in rehearsal.unmapped.counts().items()}
        value = {
            **summary,
            "dry_run": True,
            "reach": [each.numbers() for each in reached],
            "unmapped": unmapped,
            "unread": sorted(unread),
        }
        said = lines_of(summary, blocked_requests([stages]))
        show(
            value,
            [*_head(unread), *said[1:], *_reachable(reached), *_tail(unmapped)],
            as_json=as_json,
        )
    codes = [
        report_error(error, debug=app.debug, source=told[name]) for name, error in unread.items()
    ]
    finish(worst([*codes, Exit.REJECTED] if newly_rejected([stages]) else codes))


def _head(unread: Iterable[str]) -> list[str]:
    """Return what takes the place of the payroll closes."""
    lines = ["Dry run: nothing was written, nobody was asked."]
    return lines + [f"Not read        {name}: nobody of it is in these figures" for name in unread]


def _reachable(reached: "Iterable[Reach]") -> list[str]:
    """Return a line for each source and basis."""
    return [f"Reach           {each.sentence()}" for each in reached]


def _tail(unmapped: Mapping[str, Mapping[str, int]]) -> list[str]:
    lines = []
    for name, found in unmapped.items():
        codes = ", ".join(f"{code} ({number})" for code, number in sorted(found.items()))
        lines.append(f"Unmapped codes  {name}: {codes}")
    return lines
