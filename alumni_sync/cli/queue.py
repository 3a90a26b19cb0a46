"""`queue list|show|record|uphold|admit|reopen`: the exclusion queue without a browser."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TextIO

import click

from alumni_sync.cli.acting import Outcome, act_on_each, acting, report_outcomes
from alumni_sync.cli.app import App, json_option, pass_app, show, table
from alumni_sync.cli.queue_record import record, said_lines
from alumni_sync.domain import ADMIT_REASONS, UPHOLD_REASONS, Ruling
from alumni_sync.errors import Refused

if TYPE_CHECKING:
    from alumni_sync.review.queue.listing import CaseFilter, CaseSummary
    from alumni_sync.review.record.dossier import Dossier

REOPEN_REASONS = ("contest", "new_information", "mistake", "other")
"""As in `review.rulings.steps`; repeated so that `--help` need not import pandas (tested)."""

Command = Callable[..., Any]


@click.group()
def queue() -> None:
    """Cases on which a named person rules: excluded, or to be reviewed."""


queue.add_command(record)


@queue.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those that nobody waits for.")
@click.option("--source", help="Only this source.")
@click.option("--rule", default="", metavar="ID", help="Only those in which this rule speaks.")
@click.option("--overdue", is_flag=True, help="Only those that should have been ruled on by now.")
@click.option("--awaiting-second", is_flag=True, help="Only those that one of two has ruled on.")
@click.option("--older-than", type=click.IntRange(min=1), metavar="DAYS", help="Open at least so.")
@json_option
@pass_app
def list_command(app: App, /, *, as_json: bool, **wanted: Any) -> None:  # noqa: ANN401 click's options
    """List the cases that wait for a ruling, by their number. No name, no fact."""
    from alumni_sync.review.queue.listing import stream_cases

    with app.open(create=False) as deployment:
        cases = stream_cases(deployment, _filter(**wanted))
        if as_json:
            _stream(cases)
        else:
            head = ("case", "source", "verdict", "rules", "opened", "due", "status")
            show(None, table([_row(case) for case in cases], head), as_json=False)


def _filter(
    *,
    everything: bool,
    source: str | None,
    rule: str,
    overdue: bool,
    awaiting_second: bool,
    older_than: int | None,
) -> "CaseFilter":
    from alumni_sync.review.queue.listing import CaseFilter

    return CaseFilter(
        sources=None if source is None else frozenset({source}),
        rule=rule,
        waiting=not everything,
        awaiting_second=awaiting_second,
        overdue=overdue,
        older_than=None if older_than is None else timedelta(days=older_than),
    )


def _row(case: "CaseSummary") -> tuple[object, ...]:
    opened = f"{case.opened_at:%Y-%m-%d}"
    status = f"{case.status}, until {case.admitted_until}" if case.admitted_until else case.status
    return case.case, case.source, case.verdict, " ".join(case.rules), opened, case.due_on, status


def _stream(cases: "Iterator[CaseSummary]") -> None:
    """Print a JSON list case by case: a long queue is never in memory as a whole."""
    start = "["
    for case in cases:
        click.echo(f"{start}{json.dumps(_summary(case), ensure_ascii=False)}", nl=False)
        start = ",\n "
    click.echo("]" if start != "[" else "[]")


def _summary(case: "CaseSummary") -> dict[str, object]:
    ends = {"admitted_until": case.admitted_until.isoformat()} if case.admitted_until else {}
    return {
        "case": case.case,
        "source": case.source,
        "verdict": case.verdict,
        "rules": list(case.rules),
        "opened_at": case.opened_at.isoformat(),
        "due_at": case.due_at.isoformat(),
        "status": case.status,
        "version": case.version,
        **ends,
    }


@queue.command("show")
@click.argument("case")
@click.option("--by", metavar="USER", help="Who looks. Default: the login.")
@json_option
@pass_app
def show_command(app: App, case: str, by: str | None, *, as_json: bool) -> None:
    """Show a case with the person and the facts, to whoever may see them."""
    from alumni_sync.review.record.dossier import show_case

    with app.open(create=False) as deployment:
        identity = acting(deployment.settings.people, by)
        shown = show_case(deployment, case, identity)
    if shown is None:
        raise Refused(f"there is no case {case}")
    content = {**asdict(shown), **_summary(shown.summary)}
    del content["summary"]
    show(content, _lines(shown), as_json=as_json)


def _lines(shown: "Dossier") -> Iterator[str]:
    case = shown.summary
    ends = f" until {case.admitted_until}" if case.admitted_until else ""
    due = f"due {case.due_on}"
    yield f"{case.case}  {case.verdict}, {case.status}{ends}, {due}, {case.source}"
    yield f"{shown.name} ({shown.employee})" if shown.name else shown.sealed
    yield ""
    yield from shown.reasons
    for rule in shown.rules:
        yield f"  {rule.id}"
        for clause in rule.clauses:
            answer = {True: "true", False: "false", None: "unknown"}[clause.holds]
            yield f"    {answer:8}{clause.words}"
    yield ""
    yield from table(list(shown.facts.items()), ("fact", "value"))
    if shown.profile_url:
        yield f"In the HRIS: {shown.profile_url}"
    yield ""
    yield "Admitting:"
    yield from (f"  {effect}" for effect in shown.effects)
    yield ""
    for entry in shown.history:
        vouched = "" if entry.verified else " (unverified)"
        reason = f": {entry.reason}" if entry.reason else ""
        how = f", until {entry.until}" if entry.until else ""
        how += ", in bulk" if entry.bulk else ""
        yield f"{entry.at:%Y-%m-%d %H:%M} UTC  {entry.event} by {entry.actor}{vouched}{reason}{how}"
        yield from said_lines(entry)


def _options(reasons: tuple[str, ...]) -> Callable[[Command], Command]:
    """Add what all rulings take."""

    def add(command: Command) -> Command:
        for option in (
            click.option(
                "--reason", default="", metavar="CODE", help=f"One of {', '.join(reasons)}."
            ),
            click.option(
                "--comment",
                type=click.File(encoding="utf-8"),
                help="A file with your words, kept sealed; - reads them from standard input.",
            ),
            click.option("--by", metavar="USER", help="Who rules. Default: the login."),
            click.argument("cases", metavar="CASE...", nargs=-1, required=True),
        ):
            command = option(command)
        return json_option(command)

    return add


@queue.command()
@_options(UPHOLD_REASONS)
@pass_app
def uphold(app: App, /, cases: tuple[str, ...], *, as_json: bool, **said: Any) -> None:  # noqa: ANN401 click's options
    """Uphold the verdict on each CASE: the person stays out."""
    _rule(app, cases, Ruling.UPHOLD, as_json=as_json, **said)


@queue.command()
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="The last day on which it holds; the case then opens again by itself.",
)
@_options(ADMIT_REASONS)
@pass_app
def admit(app: App, /, cases: tuple[str, ...], *, as_json: bool, **said: Any) -> None:  # noqa: ANN401 click's options
    """Admit each CASE: the person may be asked, from the next round on."""
    _rule(app, cases, Ruling.ADMIT, as_json=as_json, **said)


def _rule(
    app: App,
    cases: tuple[str, ...],
    ruling: Ruling,
    *,
    as_json: bool,
    by: str | None,
    reason: str,
    comment: TextIO | None,
    until: datetime | None = None,
) -> None:
    from alumni_sync.ledger.ids import new_id
    from alumni_sync.review.rulings.bulk import RefusedCase, rule_cases

    with app.open(create=False) as deployment:
        results = rule_cases(
            deployment,
            cases,
            ruling=ruling,
            reason=reason,
            identity=acting(deployment.settings.people, by),
            run_id=new_id("R"),
            until=_day(until),
            comment=comment.read() if comment else "",
        )
    report_outcomes(
        [
            Outcome(given, done=False, said=f"{given}: {result.sentence}")
            if isinstance(result, RefusedCase)
            else Outcome(given, done=True, said=result.sentence)
            for given, result in zip(cases, results, strict=True)
        ],
        as_json=as_json,
    )


def _day(until: datetime | None) -> date | None:
    return until.date() if until else None


@queue.command()
@_options(REOPEN_REASONS)
@pass_app
def reopen(
    app: App,
    cases: tuple[str, ...],
    by: str | None,
    reason: str,
    comment: TextIO | None,
    *,
    as_json: bool,
) -> None:
    """Take the ruling on each CASE up again: until somebody rules anew, the person is out."""
    from alumni_sync.ledger.ids import new_id
    from alumni_sync.review.rulings.ruling import reopen_case

    with app.open(create=False) as deployment:
        identity, run_id = acting(deployment.settings.people, by), new_id("R")
        words = comment.read() if comment else ""

        def one(case: str) -> str:
            result = reopen_case(
                deployment,
                case=case,
                reason=reason,
                identity=identity,
                run_id=run_id,
                comment=words,
            )
            return result.sentence

        act_on_each(cases, one, as_json=as_json)
