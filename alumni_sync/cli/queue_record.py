"""`queue record CASE`: the record of a decision, on the screen or as a page to print."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from alumni_sync.cli.acting import acting
from alumni_sync.cli.app import App, json_option, pass_app, show
from alumni_sync.cli.private_folder import new_file
from alumni_sync.errors import Refused

if TYPE_CHECKING:
    from alumni_sync.review.record.history import CaseHistory
    from alumni_sync.review.record.record import DecisionRecordPage, Proposal, RulingMade

NOT_GIVEN: Final = "not given by the source"
"""Stands for a fact that the source's mapping does not have."""


@click.command()
@click.argument("case")
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a page to print, for its owner only; the file must be new.",
)
@click.option("--by", metavar="USER", help="Who looks. Default: the login.")
@json_option
@pass_app
def record(app: App, case: str, page: Path | None, by: str | None, *, as_json: bool) -> None:
    """Show why a person is in or out: what the rules proposed, and who ruled how and why."""
    from alumni_sync.review.record.page import render_record
    from alumni_sync.review.record.record import decision_record

    if page is not None and page.exists():
        raise Refused(f"{page} is there already")
    with app.open(create=False) as deployment:
        identity = acting(deployment.settings.people, by)
        found = decision_record(deployment, case, identity)
        if found is None:
            raise Refused(f"there is no case {case}")
        if page is not None:
            with new_file(page) as file:
                file.write(render_record(found, deployment.settings.company.name))
    written = [f"Written to {page}, readable by you alone."] if page is not None else []
    show(asdict(found), written or record_lines(found), as_json=as_json)


def record_lines(found: "DecisionRecordPage") -> Iterator[str]:
    """Yield a record as lines."""
    case = found.summary
    yield f"Decision record {case.case}"
    yield f"{found.name} ({found.employee})" if found.name else found.sealed
    yield f"{found.controller} ({case.source})"
    yield found.stands
    yield ""
    yield "What the rules proposed"
    yield from _proposal_lines(found.proposal)
    yield ""
    yield "Who ruled"
    yield from (line for one in found.rulings for line in _ruling_lines(one))
    if not found.rulings:
        yield "  nobody yet"
    yield ""
    yield "What happened"
    for entry in found.history:
        reason = f": {entry.reason}" if entry.reason else ""
        reason += f", until {entry.until}" if entry.until else ""
        yield f"  {entry.at:%Y-%m-%d %H:%M} UTC  {entry.event} by {entry.actor}{reason}"
        yield from said_lines(entry)


def _proposal_lines(proposal: "Proposal | None") -> Iterator[str]:
    if proposal is None:
        yield "  the sealed record of the verdict is not kept any more"
        return
    yield f"  {proposal.verdict}, on {proposal.judged_on}, by rules {proposal.revision}"
    for reason in proposal.reasons:
        yield f"  {reason}"
    for rule in proposal.rules:
        yield f"  {rule.id}"
        for clause in rule.clauses:
            answer = {True: "true", False: "false", None: "unknown"}[clause.holds]
            yield f"    {answer:8}{clause.words}{looked_at(clause.fields, proposal.facts)}"


def looked_at(fields: Sequence[str], facts: Mapping[str, str]) -> str:
    """Return the facts of a clause as they stand behind it: `  [exit_kind = misconduct]`."""
    said = ", ".join(f"{name} = {facts.get(name, NOT_GIVEN)}" for name in fields)
    return f"  [{said}]" if said else ""


def _ruling_lines(one: "RulingMade") -> Iterator[str]:
    vouched = "" if one.verified else " (unverified)"
    how = "in bulk" if one.bulk else "alone"
    seen = "having opened the case" if one.looked else "without having opened the case"
    ends = f", until {one.until}" if one.until else ""
    yield f"  {one.at:%Y-%m-%d %H:%M} UTC  {one.event} by {one.user}{vouched}: {one.reason}{ends}"
    yield f"    {how}, {seen}"
    yield from (f"    {line}" for words in one.words for line in words.splitlines())


def said_lines(entry: "CaseHistory") -> Iterator[str]:
    """Yield what somebody wrote, and what new facts changed."""
    yield from (f"    {line}" for line in entry.words.splitlines())
    if entry.changes is not None:
        for name, (before, now) in entry.changes.facts.items():
            yield f"    {name}: {_text(before)} -> {_text(now)}"
    elif entry.changed:
        yield f"    {', '.join(entry.changed)}"


def _text(value: object) -> str:
    return "unknown" if value is None else str(value)
