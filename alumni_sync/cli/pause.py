"""`pause` and `resume`: the off switch for what goes out.

It is honoured inside every claim, so that nothing new begins once `pause` has returned. It never
stops the removal of somebody whose gate has closed.
"""

import click

from alumni_sync.cli.app import App, os_identity, pass_app
from alumni_sync.ledger.pauses import Outlet, paused
from alumni_sync.ledger.pauses import pause as stop
from alumni_sync.ledger.pauses import resume as go_on

ALL = "all"
REASONS = ("incident", "maintenance", "legal", "wrong_data", "other")
WHAT = click.argument(
    "what", type=click.Choice([*(outlet.value for outlet in Outlet), ALL]), default=ALL
)


@click.command()
@WHAT
@click.option("--reason", type=click.Choice(REASONS), required=True, help="Kept with the pause.")
@pass_app
def pause(app: App, what: str, reason: str) -> None:
    """Stop mails, writes to the platform, or all; a removal by a closed gate goes on."""
    from alumni_sync.review.people.authority import Act
    from alumni_sync.review.people.interests import authority_now

    identity = os_identity()
    with app.open() as deployment:
        authority_now(deployment).require(identity, Act.PAUSE)
        now = deployment.clock.now()
        stop(deployment.ledger, _outlets(what), by=identity.user, reason=reason, now=now)
        for outlet, (why, by, at) in sorted(paused(deployment.ledger).items()):
            click.echo(f"{outlet} is paused since {at:%Y-%m-%d %H:%M} UTC by {by} ({why}).")


@click.command()
@WHAT
@pass_app
def resume(app: App, what: str) -> None:
    """Let mails, writes to the platform, or all go on."""
    from alumni_sync.review.people.authority import Act
    from alumni_sync.review.people.interests import authority_now

    identity = os_identity()
    with app.open() as deployment:
        authority_now(deployment).require(identity, Act.PAUSE)
        resumed = go_on(deployment.ledger, _outlets(what))
    for outlet in resumed:
        click.echo(f"{outlet} goes on.")
    if not resumed:
        click.echo("Nothing was paused.")


def _outlets(what: str) -> list[Outlet]:
    return list(Outlet) if what == ALL else [Outlet(what)]
