"""`suppressions list|keep|end`: the do-not-write list, justified anew every 36 months."""

import click

from alumni_sync.cli.app import App, json_option, os_identity, pass_app, show, table

KEEP_REASONS = ("programme_runs", "source_lists_them", "asked_again")
END_REASONS = ("programme_ended", "address_gone", "by_court")
"""As in `consent.rounds.suppressions`; repeated so that `--help` need not import it (tested)."""


@click.group()
def suppressions() -> None:
    """Addresses that are never written to; each is justified anew every 36 months."""


@suppressions.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those that are not due yet.")
@json_option
@pass_app
def list_command(app: App, *, everything: bool, as_json: bool) -> None:
    """List what is due to be justified anew; no address, only its keyed number."""
    from alumni_sync.consent.rounds.suppressions import list_suppressions

    with app.open(create=False) as d:
        found = list_suppressions(d, os_identity(), everything=everything)
    rows = [
        (one.number, one.scope, one.reason, f"{one.since:%Y-%m-%d}", f"{one.due:%Y-%m-%d}")
        for one in found
    ]
    lines = table(rows, ("number", "scope", "reason", "since", "due"))
    show(found, lines, as_json=as_json)


@suppressions.command()
@click.argument("number")
@click.option("--reason", required=True, type=click.Choice(KEEP_REASONS), help="Kept for 2 years.")
@pass_app
def keep(app: App, number: str, reason: str) -> None:
    """Keep one that is due for another 36 months."""
    from alumni_sync.consent.rounds.suppressions import keep_suppression

    with app.open(create=False) as d:
        until = keep_suppression(d, number, reason, os_identity())
    click.echo(f"{number} is kept until {until:%Y-%m-%d}.")


@suppressions.command()
@click.argument("number")
@click.option("--reason", required=True, type=click.Choice(END_REASONS), help="Kept for 2 years.")
@pass_app
def end(app: App, number: str, reason: str) -> None:
    """End one that is due and that nothing justifies any more: its owner can be asked again."""
    from alumni_sync.consent.rounds.suppressions import end_suppression

    with app.open(create=False) as d:
        end_suppression(d, number, reason, os_identity())
    click.echo(f"{number} is ended.")
