"""`join list|show|match|reject`: former employees who asked to be asked."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from alumni_sync.cli.app import App, json_option, os_identity, pass_app, show, table
from alumni_sync.errors import ConfigError

if TYPE_CHECKING:
    from alumni_sync.consent.joining.candidates import Candidate
    from alumni_sync.consent.joining.matching import JoinDetails, JoinLine, MatchResult
    from alumni_sync.domain import Facts

REJECTIONS = ("not_found", "ambiguous", "works_here", "duplicate", "other")
"""As in `consent.joining.matching`; repeated so that `--help` need not import it (tested)."""


@click.group()
def join() -> None:
    """Requests of former employees to be asked; each was confirmed from its mailbox."""


@join.command("list")
@json_option
@pass_app
def list_command(app: App, *, as_json: bool) -> None:
    """List the requests that wait for HR, oldest first. No name, no address."""
    from alumni_sync.consent.joining.matching import list_joins

    with app.open(create=False) as d:
        lines = list_joins(d, os_identity())
    head = ("request", "company", "years", "language", "confirmed", "until", "state")
    show(lines, table([_row(line) for line in lines], head), as_json=as_json)


def _row(line: "JoinLine") -> tuple[object, ...]:
    state = "objected" if line.objected else line.state
    proven = f"{line.proven_at:%Y-%m-%d}" if line.proven_at else ""
    years = f"{line.since}-{line.until}"
    return line.id, line.company, years, line.language, proven, f"{line.expires_at:%Y-%m-%d}", state


@join.command("show")
@click.argument("request")
@click.option("--number", default="", metavar="NUMBER", help="An employee number that HR found.")
@json_option
@pass_app
def show_command(app: App, request: str, number: str, *, as_json: bool) -> None:
    """Show a REQUEST and the employments it may be about; the look is written down."""
    from alumni_sync.consent.joining.matching import show_join

    with app.open(create=False) as d:
        details = show_join(d, request, os_identity(), number)
    show(details, _told(details), as_json=as_json)


def _told(details: "JoinDetails") -> list[str]:
    line = details.line
    lines = [
        f"{line.id}: {details.name}, {line.company}, {line.since}-{line.until}",
        f"employee number: {details.number or 'not given'}; address: {details.email}",
    ]
    if line.objected:
        lines.append("its address told us never to write to it: only its owner can take that back")
    head = ("employment", "source", "found by", "name", "from", "to", "verdict", "consent")
    found = table([_candidate(one) for one in details.candidates], head)
    return [*lines, *(found if details.candidates else ["no employment was found for it"])]


def _candidate(one: "Candidate") -> tuple[object, ...]:
    name = one.name if one.whole else "(facts were let go)"
    ways = " ".join(one.found_by)
    days = (one.hired_on or "", one.last_working_day or "")
    return one.spell_id, one.source, ways, name, *days, one.verdict, one.consent


@join.command()
@click.argument("request")
@click.argument("employment", default="")
@click.option("--source", help="Where the person left, for facts that are not in the ledger.")
@click.option(
    "--facts",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A YAML file of what HR confirms; what it leaves out is unknown.",
)
@json_option
@pass_app
def match(
    app: App,
    request: str,
    employment: str,
    source: str | None,
    facts: Path | None,
    *,
    as_json: bool,
) -> None:
    """Say that a REQUEST is about an EMPLOYMENT (S-…); rules and gates decide the rest.

    One whose facts are not in the ledger is described in a file, with --source and --facts: what
    the file says goes the way of a row of that source.
    """
    from alumni_sync.consent.joining.matching import match_confirmed, match_join

    if (facts is None) != (source is None) or not (employment or facts):
        msg = "name the EMPLOYMENT, or give --source and --facts"
        raise click.UsageError(msg)
    identity = os_identity()
    with app.open(create=False) as d:
        if facts is None or source is None:
            result = match_join(d, request, employment, identity)
        else:
            confirmed = _confirmed(facts)
            result = match_confirmed(d, request, source, confirmed, identity, employment)
    _say(result, as_json=as_json)


def _confirmed(path: Path) -> "Facts":
    """Read what HR confirms from a file, where it does not stay in the shell's history."""
    import yaml

    from alumni_sync.intake.confirmed import facts_of

    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        raise ConfigError.of(
            str(path), "is no YAML", "a line for each fact: hire_date: …"
        ) from None
    if not isinstance(raw, dict) or not all(isinstance(key, str) for key in raw):
        raise ConfigError.of(str(path), "is no mapping", "a line for each fact: hire_date: …")
    return facts_of(raw)


@join.command()
@click.argument("request")
@click.option("--reason", required=True, type=click.Choice(REJECTIONS), help="Kept for 14 days.")
@json_option
@pass_app
def reject(app: App, request: str, reason: str, *, as_json: bool) -> None:
    """Let a REQUEST go; what it said is deleted, and its sender hears nothing."""
    from alumni_sync.consent.joining.matching import reject_join

    with app.open(create=False) as d:
        result = reject_join(d, request, reason, os_identity())
    _say(result, as_json=as_json)


def _say(result: "MatchResult", *, as_json: bool) -> None:
    show(result, [f"{result.sentence}."], as_json=as_json)
