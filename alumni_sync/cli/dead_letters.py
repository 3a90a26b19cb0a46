"""`dead-letters list|retry|drop`: what was tried until trying again made no sense."""

import click

from alumni_sync.cli.app import App, json_option, os_identity, pass_app, show, table


@click.group(name="dead-letters")
def dead_letters() -> None:
    """What could not be written or sent, and waits for a person."""


@dead_letters.command(name="list")
@json_option
@pass_app
def list_letters(app: App, *, as_json: bool) -> None:
    """List what waits, oldest first."""
    from alumni_sync.membership.letters import open_letters

    with app.open(create=False) as d:
        letters = open_letters(d)
    rows = [
        [row["id"], row["kind"], row["person_id"], row["reason"], row["attempts"]]
        for row in letters
    ]
    show(letters, table(rows, ["number", "kind", "person", "reason", "tries"]), as_json=as_json)


@dead_letters.command()
@click.argument("number", type=int)
@pass_app
def retry(app: App, number: int) -> None:
    """Let a platform write be tried again in the next sync."""
    from alumni_sync.membership.letters import retry as let_retry
    from alumni_sync.review.people.authority import Act
    from alumni_sync.review.people.interests import authority_now

    identity = os_identity()
    with app.open(create=False) as d:
        authority_now(d).require(identity, Act.DEAD_LETTERS)
        let_retry(d, number, by=identity.user)
    click.echo(f"Dead letter {number} is tried again in the next sync.")


@dead_letters.command()
@click.argument("number", type=int)
@pass_app
def drop(app: App, number: int) -> None:
    """Give a dead letter up; nothing is written for it."""
    from alumni_sync.membership.letters import drop as give_up
    from alumni_sync.review.people.authority import Act
    from alumni_sync.review.people.interests import authority_now

    identity = os_identity()
    with app.open(create=False) as d:
        authority_now(d).require(identity, Act.DEAD_LETTERS)
        give_up(d, number, by=identity.user)
    click.echo(f"Dead letter {number} is dropped.")
