"""`run` and `sync`: the jobs of the two flows, in the process of this command.

The only module besides `up` that imports `assets`: what runs here is what runs in Dagster, on the
same home, and is seen there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from alumni_sync.cli.app import App, json_option, pass_app, show
from alumni_sync.cli.exits import Exit, finish, report_error, worst
from alumni_sync.cli.summary import blocked_requests, lines_of, newly_rejected, summarise
from alumni_sync.errors import AlumniSyncError, ConfigError, SafetyStop

if TYPE_CHECKING:
    from collections.abc import Callable

    from alumni_sync.deployment import Deployment
    from assets.in_process import FlowResult

Target = tuple[str, date]
"""A source and the payroll close to take it in for."""


@dataclass(slots=True)
class Outcome:
    """What came of the flows so far.

    Attributes:
        errors: each with the source at which it happened; "" where it is none's, or the only one's.
        faults: bugs of ours, already without values.
    """

    run_ids: list[str] = field(default_factory=list)
    closes: list[str] = field(default_factory=list)
    errors: list[tuple[str, AlumniSyncError]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def note(self, source: str, error: AlumniSyncError) -> None:
        """Keep an error; the same words of several sources are said once."""
        for at, (sources, known) in enumerate(self.errors):
            if str(known) == str(error):
                if source and source not in sources.split(", "):
                    self.errors[at] = (", ".join(filter(None, (sources, source))), known)
                return
        self.errors.append((source, error))

    @property
    def stops(self) -> list[str]:
        """Return the ids of brakes and guards that stopped something."""
        return [error.brake_id for _, error in self.errors if isinstance(error, SafetyStop)]


@click.command()
@click.option("--source", help="Only this source.")
@click.option(
    "--close",
    type=click.DateTime(["%Y-%m-%d"]),
    help="For this payroll close. Default: every one that is due and not done.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would come of it; write nothing.")
@json_option
@pass_app
def run(
    app: App, source: str | None, close: datetime | None, *, dry_run: bool, as_json: bool
) -> None:
    """Take in leavers and bring the community up to date.

    A source without a payroll calendar, or one that is named, is taken in as of today where no
    close is due. One source that fails does not keep the others from being taken in.
    """
    if dry_run and close is not None:
        raise click.UsageError("--dry-run looks at everything there is now; take --close out.")
    if dry_run:
        from alumni_sync.cli.forecast import forecast

        forecast(app, source, as_json=as_json)
        return
    started = perf_counter()
    with app.at_work() as deployment:
        outcome = Outcome()
        for target in targets(deployment, source, close.date() if close else None):
            _intake(deployment, target, outcome)
        _round(deployment, outcome)
        _report(app, deployment, outcome, perf_counter() - started, as_json=as_json)


@click.command()
@json_option
@pass_app
def sync(app: App, *, as_json: bool) -> None:
    """Make the platform hold exactly the people who said yes; `plan` shows it before."""
    started = perf_counter()
    with app.at_work() as deployment:
        outcome = Outcome()
        _community(deployment, outcome)
        _report(app, deployment, outcome, perf_counter() - started, as_json=as_json)


def targets(deployment: "Deployment", source: str | None, close: date | None) -> Iterator[Target]:
    """Yield what is to be taken in, source by source.

    Raises:
        ConfigError: there is no such source.
    """
    from alumni_sync.intake.closes import due_closes

    sources = deployment.settings.sources
    for name in named_sources(deployment, source):
        if close is not None:
            yield name, close
            continue
        due = due_closes(deployment, name)
        yield from ((name, one.day) for one in due)
        if not due and (source is not None or sources[name].payroll is None):
            timezone = sources[name].timezone
            yield name, deployment.clock.now().astimezone(timezone).date()


def named_sources(deployment: "Deployment", source: str | None) -> list[str]:
    """Return the source that was asked for, or all; raises `ConfigError` for an unknown one."""
    known = list(deployment.settings.sources)
    if source is None:
        return known
    if source not in known:
        raise ConfigError.of("--source", f"there is no {source}", f"known: {', '.join(known)}")
    return [source]


def _intake(deployment: "Deployment", target: Target, outcome: Outcome) -> None:
    from assets.in_process import run_intake

    name, day = target
    if _go(outcome, lambda: run_intake(deployment, name, day), told_source(deployment, name)):
        outcome.closes.append(f"{name}|{day.isoformat()}")


def _round(deployment: "Deployment", outcome: Outcome) -> None:
    """Go on with whoever is at any stage, not only with whom this run has read.

    An exit may have become effective; an earlier run may have been killed when its close was taken
    in and its leavers were not judged yet, and no close is due because of them.
    """
    from assets.in_process import run_job
    from assets.jobs import daily_round

    _go(outcome, lambda: run_job(deployment, daily_round.name))


def _community(deployment: "Deployment", outcome: Outcome) -> None:
    from assets.in_process import run_community

    _go(outcome, lambda: run_community(deployment))


def told_source(deployment: "Deployment", source: str) -> str:
    """Return what an error says of its source: nothing where there is only one."""
    return source if len(deployment.settings.sources) > 1 else ""


def _go(outcome: Outcome, flow: "Callable[[], FlowResult]", source: str = "") -> bool:
    """Execute a flow and keep what came of it; say whether it went through."""
    from assets.failures import StageFailed

    try:
        result = flow()
    except StageFailed as failed:  # a fault of ours, in words that hold no value
        outcome.faults.append(str(failed.description))
        return False
    outcome.run_ids.append(result.run_id)
    if result.error is not None:
        outcome.note(source, result.error)
    return result.error is None


def _report(
    app: App, deployment: "Deployment", outcome: Outcome, seconds: float, *, as_json: bool
) -> None:
    """Print what came of it, each error as a line, and end with the code of the worst."""
    stages = recorded(deployment, outcome.run_ids)
    holding = open_brakes(deployment)  # one on removals stops them without an error
    stops = sorted({*outcome.stops, *holding, *doubted_codes(deployment)})
    summary = summarise(
        stages,
        run_id=outcome.run_ids[-1] if outcome.run_ids else "",
        closes=outcome.closes,
        queue=queue_now(deployment),
        stops=stops,
        duration_seconds=seconds,
    )
    show(summary, lines_of(summary, blocked_requests(stages)), as_json=as_json)
    if summary["rules"]["rules_broken"]:
        _tell_broken_rules(deployment)
    codes = [report_error(error, debug=app.debug, source=at) for at, error in outcome.errors]
    for fault in outcome.faults:
        click.echo(f"alumni-sync: {fault}", err=True)
        codes.append(Exit.BUG)
    if holding:
        codes.append(Exit.STOPPED)
    if newly_rejected(stages):
        codes.append(Exit.REJECTED)
    finish(worst(codes))


def _tell_broken_rules(deployment: "Deployment") -> None:
    """Name every problem of the files that runs do without: file, line, what was expected."""
    from alumni_sync.eligibility.revisions.publishing import broken_problems

    for problem in broken_problems(deployment):
        click.echo(f"alumni-sync: {problem}", err=True)


def recorded(deployment: "Deployment", run_ids: Sequence[str]) -> list[dict[str, dict[str, Any]]]:
    """Return what the stages of each run counted."""
    from alumni_sync.ledger.runs import run_counts

    with deployment.ledger.read() as connection:
        return [run_counts(connection, run_id) for run_id in run_ids]


def open_brakes(deployment: "Deployment") -> list[str]:
    """Return the ids of brakes that hold something back now."""
    from sqlalchemy import select

    from alumni_sync.ledger.tables import Brake, t
    from alumni_sync.membership.brakes import BrakeStatus

    table = t(Brake)
    waiting = (BrakeStatus.TRIPPED.value, BrakeStatus.AWAITING_SECOND.value)
    query = select(table.c.id).where(
        table.c.kind == "brake",
        table.c.scope == deployment.platform_name,
        table.c.status.in_(waiting),
    )
    with deployment.ledger.read() as connection:
        return sorted(connection.execute(query).scalars())


def doubted_codes(deployment: "Deployment") -> list[str]:
    """Return the guards of exit codes that are not trusted; they stop no read."""
    from alumni_sync.intake.code_watch import doubted_guards

    guards = doubted_guards(deployment.ledger, deployment.settings.sources)
    return [guard["guard_id"] for guard in guards]


def queue_now(deployment: "Deployment") -> dict[str, int]:
    """Return how many cases are open, and how many of them are overdue."""
    from sqlalchemy import func, select

    from alumni_sync.domain import CaseStatus
    from alumni_sync.ledger.tables import Case, t

    table = t(Case)
    waiting = (CaseStatus.OPEN, CaseStatus.REOPENED, CaseStatus.AWAITING_SECOND)
    undecided = select(func.count()).where(table.c.status.in_([one.value for one in waiting]))
    late = undecided.where(table.c.due_at < deployment.clock.now())
    with deployment.ledger.read() as connection:
        return {
            "open": connection.execute(undecided).scalar_one(),
            "overdue": connection.execute(late).scalar_one(),
        }
