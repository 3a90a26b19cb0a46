"""`serve`: the consent site, the HR desk and the withdrawal worker, in one process."""

import signal
import threading
from types import FrameType
from typing import Final

import click

from alumni_sync.cli.app import App, pass_app

SITE_PORT: Final = 8400
DESK_PORT: Final = 8401
PORT: Final = click.IntRange(0, 65_535)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=PORT,
    default=SITE_PORT,
    show_default=True,
    help="Consent site; 0: a free one.",
)
@click.option(
    "--desk-port", type=PORT, default=DESK_PORT, show_default=True, help="HR desk; 0: a free one."
)
@click.option("--json-log", is_flag=True, help="Write the log as JSON lines, for machines.")
@pass_app
def serve(app: App, host: str, port: int, desk_port: int, *, json_log: bool) -> None:
    """Run the two web sites and the withdrawal worker until Ctrl-C or SIGTERM.

    The consent site must be reached at consent.public_url and the HR desk at desk.url: mails and
    links name these. Beyond loopback, put a TLS proxy in front (docs/deploy-proxy.md).
    """
    from alumni_sync.cli.launching import DeskLauncher
    from alumni_sync.consent.rounds.orphans import refuse_orphans
    from alumni_sync.logs import set_up_logging
    from alumni_sync.sites import composition
    from alumni_sync.sites.serve import serve as run

    with app.at_work() as deployment:  # a wrong key or an older ledger ends it here
        set_up_logging(json=json_log, debug=app.debug)
        stop = threading.Event()

        def end(_number: int, _frame: FrameType | None) -> None:
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        refuse_orphans(deployment)
        worker = composition.worker_of(deployment)
        sites = composition.sites_of(
            deployment,
            host=host,
            port=port,
            desk_port=desk_port,
            wake=worker.wake,
            launcher=DeskLauncher(deployment),
        )
        run(sites, worker, stop, say=click.echo)
    click.echo("Stopped.")
