"""`ledger migrate|verify|checkpoint|role|stats|backup|restore`: the system of record itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alumni_sync.cli.app import App, json_option, os_identity, pass_app, show, table
from alumni_sync.cli.exits import Exit, finish
from alumni_sync.errors import ConfigError

if TYPE_CHECKING:
    from alumni_sync.ledger.checkpoints import LedgerReport


@click.group()
def ledger() -> None:
    """Look after the ledger: schema, consent chain, copies."""


@ledger.command()
@pass_app
def migrate(app: App) -> None:
    """Bring the schema up to date (every command that writes does so too)."""
    with app.open(create=True):
        click.echo("The ledger's schema is up to date.")


@ledger.command()
@click.option(
    "--checkpoint",
    "copy",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Compare with FILE as well: a checkpoint that was mailed or posted, as it was kept.",
    metavar="FILE",
)
@json_option
@pass_app
def verify(app: App, *, copy: Path | None, as_json: bool) -> None:
    """Walk the consent chain and its signed checkpoints; name the first wrong row."""
    from alumni_sync.ledger.checkpoints import check
    from alumni_sync.ledger.copies import read_copy

    lines = read_copy(copy) if copy else None
    with app.open(create=False) as deployment:
        report = check(deployment.ledger, deployment.settings.ledger.checkpoints, lines)
    show(report, _lines(report), as_json=as_json)
    finish(Exit.DONE if report.sound else Exit.REJECTED)


def _lines(report: "LedgerReport") -> Iterator[str]:
    if report.broken_seq is None:
        yield f"The consent chain is whole: {report.events} events, head {report.head[:12]}."
    elif report.broken_seq:
        yield f"The consent chain is broken at event {report.broken_seq}: {report.problem}."
    else:
        yield f"The second place cannot vouch for the consent chain: {report.problem}."
    for digest in report.edited_texts:
        yield f"A text that people were shown was edited: {digest}."
    if report.checkpoints is None:
        yield "Nobody vouches for its end: give `ledger.checkpoints` a second place."
    elif report.broken_seq is None:
        yield f"{report.checkpoints} signed checkpoints agree, up to event {report.vouched}."
    if report.copies is not None and report.broken_seq is None:
        agree = report.copies - report.explained
        yield f"{agree} of {report.copies} checkpoints of the copy agree."
    if report.explained:
        yield f"{report.explained} of them are about events that a restore has lost:"
    for each in report.recovered:
        yield each.sentence()


@ledger.command()
@click.option(
    "--anew", is_flag=True, help="The file, or its end, is lost for good: go on without. Is noted."
)
@pass_app
def checkpoint(app: App, *, anew: bool) -> None:
    """Sign the end of the consent chain into the second place; `housekeeping` does so nightly."""
    from alumni_sync.ledger.checkpoints import public_key
    from alumni_sync.privacy.vouching import vouch, vouch_anew

    with app.open(create=False) as deployment:
        if deployment.settings.ledger.checkpoints is None:
            raise ConfigError.of(
                "ledger.checkpoints", "is not set", "name a file in a second place"
            )
        if anew:
            lost = vouch_anew(deployment, os_identity())
            click.echo(f"{lost} signed line(s) are given up; that you did so is noted.")
        counts = vouch(deployment)
        click.echo("Signed." if counts.checkpoints else "Nothing was appended since the last one.")
        for how, lines in (("Mailed", counts.mailed), ("Posted", counts.posted)):
            if lines:
                click.echo(f"{how}: {lines} line(s).")
        click.echo(f"Public key: {public_key(deployment.ledger.hashes)}")


@ledger.command()
@click.argument("name")
def role(name: str) -> None:
    """Print the SQL that makes NAME the application role of a ledger on PostgreSQL.

    It may add to the consent events, their texts and the erasure journal, never change them.
    """
    from alumni_sync.ledger.roles import application_role

    for statement in application_role(name):
        click.echo(f"{statement};")


@ledger.command()
@json_option
@pass_app
def stats(app: App, *, as_json: bool) -> None:
    """Count the rows of every table."""
    from alumni_sync.ledger.backup import row_counts

    with app.open(create=False) as deployment:
        counts = row_counts(deployment.ledger)
    show(counts, table(list(counts.items()), ["table", "rows"]), as_json=as_json)


@ledger.command()
@click.argument("file", type=click.Path(path_type=Path))
@pass_app
def backup(app: App, file: Path) -> None:
    """Write a consistent copy of the ledger to FILE, while work goes on.

    The key store is not in it: copy that on its own, and keep those copies for 14 days at most,
    since a key that was destroyed lives on in every copy of it.
    """
    from alumni_sync.ledger.backup import back_up

    with app.open(create=False) as deployment:
        back_up(deployment.ledger, file)
    click.echo(f"Wrote {file}. The key store is not in it (see Backups in docs/privacy.md).")


@ledger.command(name="restore")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@pass_app
def restore_command(app: App, file: Path) -> None:
    """Replace the ledger by the copy in FILE; mail and platform stay paused until you resume.

    Who was erased since the copy was made stays unreadable: their keys are gone.
    """
    from alumni_sync.deployment import load_configuration
    from alumni_sync.ledger.backup import restore

    settings = load_configuration(app.config).settings
    restore(settings.ledger.url, file, app.clock().now())
    click.echo(f"Restored {file}.")
    _go_on(app)


@ledger.command(name="recover")
@pass_app
def recover_command(app: App) -> None:
    """Go on with a ledger that was restored by other means than `ledger restore`.

    Until then `run` and `serve` refuse it, where a second place vouches for more than it has.
    """
    from alumni_sync.deployment import load_configuration
    from alumni_sync.ledger.backup import pause_everything, refuse_while_in_use

    url = load_configuration(app.config).settings.ledger.url
    refuse_while_in_use(url)
    app.open().close()  # a key that is missing is said before anything is changed
    pause_everything(url, app.clock().now())
    _go_on(app)


def _go_on(app: App) -> None:
    """Let the chain tell of the loss, erase again whoever was erased since, say what is next."""
    from alumni_sync.ledger.put_back import recover
    from alumni_sync.privacy.journal import replay

    with app.open() as deployment:
        place = deployment.settings.ledger.checkpoints
        report = recover(deployment.ledger, place, deployment.clock.now())
        erased = replay(deployment, restored=True)
    click.echo(f"The ledger has {report.events} consent events; mail and platform are paused.")
    for each in report.recovered[-1:]:
        click.echo(each.sentence())
    click.echo(f"{erased} people whose keys were destroyed since are erased here as well.")
    click.echo("Look at `alumni-sync plan`, then: alumni-sync resume all")
    if report.broken_seq is not None:
        click.echo(f"The consent chain is broken at {report.broken_seq}: {report.problem}.")
        finish(Exit.REJECTED)
