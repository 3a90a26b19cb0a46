"""`privacy requests|export|restrict|unrestrict|hold|release`: what people ask of us, answered.

Words of a person never stand on a command line, where a shell would keep them: they are read from a
file, or typed into standard input (`-`).
"""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from alumni_sync.cli.app import App, json_option, os_identity, pass_app, show, table
from alumni_sync.cli.private_folder import new_file, private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alumni_sync.privacy.request_rows import RequestSummary, ShownRequest

KINDS = ("access", "export", "rectify", "restrict", "erase", "contest", "object")
CHANNELS = ("mail", "phone", "letter", "desk")
OUTCOMES = ("done", "refused")
EXTENSIONS = ("complex", "many_requests")
REFUSALS = ("not_identified", "legal_hold", "unfounded", "excessive", "not_covered", "other")
HOLD_REASONS = ("claim", "authority", "dispute", "other")
LIFT_REASONS = ("ended", "mistake", "other")
"""As in `privacy`; repeated here so that `--help` imports no database (a test compares)."""


@click.group()
def requests() -> None:
    """Requests under GDPR Art. 15-22: taken down, answered in time, closed."""


@requests.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those that were answered.")
@json_option
@pass_app
def list_command(app: App, *, everything: bool, as_json: bool) -> None:
    """List the requests that wait for an answer, the most urgent first. Names nobody."""
    from alumni_sync.privacy.request_rows import list_requests

    with app.open(create=False) as d:
        found = list_requests(d, os_identity(), waiting=not everything)
    head = ("request", "source", "kind", "received", "due", "state")
    show([_plain(one) for one in found], table([_row(one) for one in found], head), as_json=as_json)


def _row(one: "RequestSummary") -> tuple[object, ...]:
    state = "OVERDUE" if one.overdue else one.state.value
    days = (f"{at:%Y-%m-%d}" for at in (one.received_at, one.due_at))
    return one.number, one.source, one.kind.value, *days, state


def _plain(one: "RequestSummary") -> dict[str, object]:
    return {
        "request": one.number,
        "person": one.person_id,
        "source": one.source,
        "kind": one.kind.value,
        "state": one.state.value,
        "channel": one.channel,
        "received_at": one.received_at.isoformat(),
        "due_at": one.due_at.isoformat(),
        "extended": one.extended,
        "closed_at": one.closed_at and one.closed_at.isoformat(),
        "overdue": one.overdue,
    }


@requests.command("show")
@click.argument("number")
@json_option
@pass_app
def show_command(app: App, number: str, *, as_json: bool) -> None:
    """Show a request with the person's words and what was done. Who looks is written down."""
    from alumni_sync.privacy.request_rows import show_request

    with app.open(create=False) as d:
        shown = show_request(d, number, os_identity())
    content = _plain(shown.summary) | {"words": shown.words, "history": list(_history(shown))}
    show(content, _lines(shown), as_json=as_json)


def _history(shown: "ShownRequest") -> "Iterator[dict[str, object]]":
    for each in shown.history:
        yield {
            "at": each.at.isoformat(),
            "event": each.event,
            "by": each.actor,
            "verified": each.verified,
            "reason": each.reason,
            "answer": each.answer,
        }


def _lines(shown: "ShownRequest") -> "Iterator[str]":
    one = shown.summary
    late = ", OVERDUE" if one.overdue else ""
    yield f"{one.number}  {one.kind.value}, {one.state.value}{late}, {one.source}, {one.person_id}"
    yield f"received {one.received_at:%Y-%m-%d %H:%M} UTC by {one.channel.replace('_', ' ')}"
    yield f"due {one.due_at:%Y-%m-%d %H:%M} UTC{', extended' if one.extended else ''}"
    if shown.unreadable:
        yield "Their words cannot be read any more: the key is destroyed."
    yield from ("", *shown.words.splitlines(), "") if shown.words else ("",)
    for each in shown.history:
        reason = f" ({each.reason.replace('_', ' ')})" if each.reason else ""
        what = each.event.replace("_", " ")
        yield f"{each.at:%Y-%m-%d %H:%M} UTC  {what} by {each.actor}{reason}"
        yield from (f"                  {line}" for line in each.answer.splitlines())


@requests.command("open")
@click.argument("person")
@click.option("--kind", type=click.Choice(KINDS), required=True, help="What is asked for.")
@click.option("--channel", type=click.Choice(CHANNELS), required=True, help="How it came.")
@click.option(
    "--received",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Day on which it reached us, at the site; the deadline runs from there. Default: today.",
)
@click.option("--words", type=click.File("r"), help="File with their words; - to type them in.")
@pass_app
def open_command(
    app: App,
    person: str,
    kind: str,
    channel: str,
    received: datetime | None,
    words: TextIO | None,
) -> None:
    """Take down a request of PERSON that came by mail, phone, letter or in person.

    Make sure first who is asking: the answer is everything we know about somebody.
    """
    from alumni_sync.ledger.people import resolve_person
    from alumni_sync.privacy.request_rows import RequestChannel, RequestKind, list_requests
    from alumni_sync.privacy.requests import open_request

    identity = os_identity()
    with app.open(create=False) as d:
        person_id = resolve_person(d, person)
        number = open_request(
            d,
            person_id=person_id,
            kind=RequestKind(kind),
            channel=RequestChannel(channel),
            words=words.read() if words else "",
            identity=identity,
            received_on=received.date() if received else None,
        )
        (made,) = (
            one for one in list_requests(d, identity, person_id=person_id) if one.number == number
        )
    click.echo(f"{number}: due {made.due_at:%Y-%m-%d %H:%M} UTC.")


@requests.command()
@click.argument("number")
@click.option("--reason", type=click.Choice(EXTENSIONS), required=True, help="The person is told.")
@pass_app
def extend(app: App, number: str, reason: str) -> None:
    """Take two months longer for NUMBER, once; the person is told, and why."""
    from alumni_sync.privacy.requests import extend_request

    with app.open(create=False) as d:
        due = extend_request(d, number, os_identity(), reason=reason)
    click.echo(f"{number}: due {due:%Y-%m-%d %H:%M} UTC.")


@requests.command()
@click.argument("number")
@click.option("--outcome", type=click.Choice(OUTCOMES), required=True)
@click.option(
    "--reason", type=click.Choice(REFUSALS), help="Why it is refused; the person is told."
)
@click.option("--answer", type=click.File("r"), help="File with the answer; - to type it in.")
@pass_app
def close(app: App, number: str, outcome: str, reason: str | None, answer: TextIO | None) -> None:
    """Close NUMBER with its answer, which goes to the person by mail where there is an address."""
    from alumni_sync.privacy.request_rows import RequestState
    from alumni_sync.privacy.requests import close_request

    with app.open(create=False) as d:
        closed = close_request(
            d,
            number,
            RequestState(outcome),
            os_identity(),
            reason=reason or "",
            answer=answer.read() if answer else "",
        )
    how = "the answer goes by mail" if closed.mailed else "no address is known: answer by letter"
    click.echo(f"{closed.number} is {outcome}; {how}.")


@click.command()
@click.argument("person")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder that is not there yet, or an empty one that nobody else can read.",
)
@click.option("--language", default="", help="Of the page; default: the person's own.")
@pass_app
def export(app: App, person: str, out: Path, language: str) -> None:
    """Write everything about PERSON: a page for people, JSON for machines, the exact texts.

    For requests that came by letter, and of whoever has no link, an excluded person included. Who
    made it is written down.
    """
    from alumni_sync.ledger.people import resolve_person
    from alumni_sync.privacy.handing_out import export_at_desk

    with app.open(create=False) as d:
        made = export_at_desk(d, resolve_person(d, person), os_identity(), language)
    private_folder(out)
    for name, content in made.files.items():
        path = out / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with new_file(path) as file:
            file.write(content.decode())
    click.echo(f"{out}: {len(made.files)} files about {made.person_id}. Delete them when sent.")


@click.command()
@click.argument("person")
@pass_app
def restrict(app: App, person: str) -> None:
    """Keep the data of PERSON and use them for nothing (GDPR Art. 18), from now on."""
    from alumni_sync.ledger.people import resolve_person
    from alumni_sync.privacy.restriction import restrict as restrict_person

    with app.open(create=False) as d:
        person_id = resolve_person(d, person)
        restrict_person(d, person_id, os_identity())
    click.echo(f"{person_id} is restricted: hidden within minutes, written to by nobody.")


@click.command()
@click.argument("person")
@pass_app
def unrestrict(app: App, person: str) -> None:
    """Lift the restriction of PERSON. Tell them before you do (GDPR Art. 18(3))."""
    from alumni_sync.ledger.people import resolve_person
    from alumni_sync.privacy.restriction import lift

    with app.open(create=False) as d:
        person_id = resolve_person(d, person)
        lift(d, person_id, os_identity())
    click.echo(f"{person_id} is not restricted any more.")


@click.command()
@click.argument("person")
@click.option("--reason", type=click.Choice(HOLD_REASONS), required=True)
@click.option("--matter", required=True, help="The file it is for, as the company names it.")
@pass_app
def hold(app: App, person: str, reason: str, matter: str) -> None:
    """Set a legal hold: nothing of PERSON is let go or erased while it stands."""
    from alumni_sync.ledger.people import resolve_person
    from alumni_sync.privacy.holds import set_hold

    with app.open(create=False) as d:
        person_id = resolve_person(d, person)
        new = set_hold(d, person_id, os_identity(), reason=reason, matter=matter)
    click.echo(f"{person_id} {'is held' if new else 'was held before'}.")


@click.command()
@click.argument("person")
@click.option("--reason", type=click.Choice(LIFT_REASONS), required=True)
@pass_app
def release(app: App, person: str, reason: str) -> None:
    """Lift the legal hold on PERSON; what is due meanwhile is let go in the next housekeeping."""
    from alumni_sync.ledger.people import resolve_person
    from alumni_sync.privacy.holds import lift_hold

    with app.open(create=False) as d:
        person_id = resolve_person(d, person)
        lifted = lift_hold(d, person_id, os_identity(), reason=reason)
    click.echo(f"{person_id} {'is held no longer' if lifted else 'was not held'}.")


COMMANDS = (requests, export, restrict, unrestrict, hold, release)
