"""`sample`: the sample company, from a payroll close to its community, on its own clock.

`make run` and `make up` call it. What a leaver does, it does as a leaver would: through mails and
the consent site, which runs as a process of its own.
"""

from pathlib import Path
from typing import Final

import click

from alumni_sync.cli.app import App, pass_app
from alumni_sync.cli.exits import Exit, finish

FOLDER: Final = Path("var/sample")


@click.group()
def sample() -> None:
    """The sample company: a walkthrough on a clock of its own, and its live deployment."""


INTO = click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=FOLDER,
    show_default=True,
    help="Where the sample's deployment lies.",
)


@sample.command("run")
@INTO
@pass_app
def run_sample(app: App, folder: Path) -> None:
    """Run one payroll close of the sample company, start to end, and show what came of it.

    Wipes the folder first. Leavers answer by mail and consent site; one withdraws again; a second
    run writes nothing.
    """
    from alumni_sync.cli.sample_screen import screen
    from alumni_sync.cli.sample_walk import walk

    del app
    walked = walk(folder, say=click.echo)
    for line in screen(walked):
        click.echo(line)
    finish(Exit.DONE if walked.second_run_was_silent else Exit.BUG)


@sample.command("up")
@INTO
@click.pass_context
def bring_up(ctx: click.Context, folder: Path) -> None:
    """Run the sample company live, its clock ticking on from where the sample stands.

    Makes the sample first where there is none.
    """
    from alumni_sync.cli.sample_walk import ensure_sample, latest_instant
    from alumni_sync.cli.up import up

    app = ctx.ensure_object(App)
    app.config = ensure_sample(folder)
    app.as_of = latest_instant(app.config)
    ctx.invoke(up, dagster_port=None, port=None, desk_port=None)
