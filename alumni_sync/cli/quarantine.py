"""`quarantine list|show`: rows that could not be used, with line, field and reason."""

import click

from alumni_sync.cli.app import App, json_option, os_identity, pass_app, show, table
from alumni_sync.errors import Refused


@click.group()
def quarantine() -> None:
    """Rows that could not be used; kept sealed for 14 days."""


@quarantine.command("list")
@click.option("--source", help="Only this source.")
@json_option
@pass_app
def list_rows(app: App, source: str | None, *, as_json: bool) -> None:
    """List them with line, field and reason, oldest first; never with what they say."""
    from alumni_sync.intake.quarantine import list_quarantine

    with app.open(create=False) as deployment:
        rows = list_quarantine(deployment, source)
    head = ("id", "source", "line", "field", "reason", "until")
    lines = table(
        [
            (
                row["id"],
                row["source"],
                row["position"],
                row["field"],
                row["reason"],
                f"{row['purge_after']:%Y-%m-%d}",
            )
            for row in rows
        ],
        head,
    )
    show(rows, lines, as_json=as_json)


@quarantine.command("show")
@click.argument("quarantine_id", metavar="ID")
@pass_app
def show_row(app: App, quarantine_id: str) -> None:
    """Show one as it stands in the source, to whoever may see the leavers of its source."""
    from alumni_sync.intake.quarantine import list_quarantine, show_quarantine
    from alumni_sync.review.people.authority import Act
    from alumni_sync.review.people.interests import authority_now

    identity = os_identity()
    with app.open(create=False) as deployment:
        known = {row["id"]: row for row in list_quarantine(deployment)}
        row = known.get(quarantine_id)
        source = row["source"] if row else None
        authority_now(deployment).require(identity, Act.SEE_QUARANTINE, source)
        text = show_quarantine(deployment, quarantine_id) if row else None
    if row is None or text is None:
        raise Refused(f"{quarantine_id} is not in quarantine (any more)")
    click.echo(f"{row['position']}, field {row['field']}: {row['reason']}")
    click.echo(text)
