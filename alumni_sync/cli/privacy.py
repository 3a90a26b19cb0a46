"""`privacy`: what people ask of us, what is let go, and when."""

from dataclasses import asdict

import click

from alumni_sync.cli.app import App, json_option, os_identity, pass_app, show, table
from alumni_sync.cli.exits import Exit, finish
from alumni_sync.cli.processing import records
from alumni_sync.cli.rights import COMMANDS

REASONS = ("request", "objection", "authority", "mistake")


@click.group()
def privacy() -> None:
    """Answer what people ask of us; erase a person; let go what may no longer be kept."""


privacy.add_command(records)
for command in COMMANDS:
    privacy.add_command(command)


@privacy.command()
@click.argument("person")
@click.option("--reason", type=click.Choice(REASONS), default="request", show_default=True)
@pass_app
def erase(app: App, person: str, reason: str) -> None:
    """Erase PERSON everywhere: platform, ledger, keys. They are not asked again."""
    from alumni_sync.ledger.ids import new_id
    from alumni_sync.ledger.people import resolve_person, source_of
    from alumni_sync.privacy.erasure import erase as erase_person
    from alumni_sync.review.people.authority import Act
    from alumni_sync.review.people.interests import authority_now

    identity = os_identity()
    with app.open(create=False) as d:
        person_id = resolve_person(d, person)
        authority_now(d).require(identity, Act.ERASE, source_of(d, person_id))
        done = erase_person(d, person_id, by=identity.user, reason=reason, run_id=new_id("R"))
    click.echo(f"Erased {person_id}: {done.keys} keys destroyed.")
    if done.proof_kept:
        click.echo("The proof of what they agreed to is kept until its period ends.")
    if done.still_on_platform:
        click.echo("The platform could not be reached; the removal there goes on by itself.")
        finish(Exit.VENDOR)


@privacy.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be let go.")
@json_option
@pass_app
def retention(app: App, *, dry_run: bool, as_json: bool) -> None:
    """Let go what is due; `housekeeping` does so every day."""
    from alumni_sync.privacy.retention import purge_due

    with app.open(create=False) as d:
        counts = asdict(purge_due(d, dry_run=dry_run))
    head = ["category", "would be let go" if dry_run else "let go"]
    show(counts, table(list(counts.items()), head), as_json=as_json)
