"""`run --dry-run`: how many are eligible, reachable, in the queue; which codes are unmapped."""

from collections.abc import Iterable, Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Any

from alumni_sync.cli.app import App, show
from alumni_sync.cli.exits import Exit, finish, report_error, worst
from alumni_sync.cli.summary import blocked_requests, lines_of, newly_rejected, summarise
from alumni_sync.errors import AlumniSyncError, SafetyStop

if TYPE_CHECKING:
    from alumni_sync.cli.rehearsal import Rehearsal
    from alumni_sync.consent.reach import Reach

Unread = dict[str, AlumniSyncError]
"""Source → why it could not be read."""


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


def rehearsed(
    rehearsal: "Rehearsal", source: str | None, run_id: str, unread: Unread
) -> dict[str, dict[str, Any]]:
    """Run the services of the intake flow up to the planning of invitations.

    A source that cannot be read is noted in `unread` and keeps no other from being read.
    """
    from dataclasses import asdict

    from alumni_sync.cli.run import named_sources, queue_now
    from alumni_sync.consent.invitations import plan_requests
    from alumni_sync.consent.rounds.reopening import reopen_tombstones
    from alumni_sync.eligibility.judging.judge import judge_leavers
    from alumni_sync.eligibility.revisions.publishing import publish
    from alumni_sync.intake.counts import IntakeCounts
    from alumni_sync.intake.pull import pull_leavers
    from alumni_sync.review.queue.following import sync_queue

    counts = IntakeCounts()
    for name in named_sources(rehearsal, source):
        try:
            publish(rehearsal, run_id, [name])
            reopen_tombstones(rehearsal, name)
            counts += pull_leavers(rehearsal, name, close=None, run_id=run_id)
        except AlumniSyncError as error:
            unread[name] = error
    verdicts = judge_leavers(rehearsal, run_id=run_id, source=source)
    sync_queue(rehearsal, run_id=run_id)
    requests = plan_requests(rehearsal, run_id=run_id)
    return {
        "leavers": asdict(counts),
        "eligibility": {"verdicts": dict(verdicts.verdicts), "flags": dict(verdicts.flags)},
        "exclusion_queue": queue_now(rehearsal),
        "consent_requests": {
            "due": requests.due,
            "no_contact": requests.no_contact,
            "blocked": dict(requests.blocked),
        },
    }
