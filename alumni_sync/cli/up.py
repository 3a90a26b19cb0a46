"""`up`: Dagster's webserver and daemon, the two sites and the withdrawal worker, as one command."""

import fcntl
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import click

from alumni_sync.cli.app import App, pass_app
from alumni_sync.cli.serve import PORT
from alumni_sync.errors import ConfigError, Problem

if TYPE_CHECKING:
    from alumni_sync.cli.supervisor import Program
    from alumni_sync.settings import Settings

LOOPBACK: Final = "127.0.0.1"
DAEMON: Final = "Dagster's daemon"
CONNECT_TIMEOUT: Final = 0.5  # seconds


@dataclass(frozen=True, slots=True)
class Ports:
    """Where things listen, on loopback."""

    dagster: int
    site: int
    desk: int


@click.command()
@click.option("--dagster-port", type=PORT, help="Dagster UI. Default: of dagster.url, or 3000.")
@click.option("--port", type=PORT, help="Consent site. Default: of consent.public_url, or 8400.")
@click.option("--desk-port", type=PORT, help="HR desk. Default: of desk.url, or 8401.")
@pass_app
def up(app: App, dagster_port: int | None, port: int | None, desk_port: int | None) -> None:
    """Run everything: Dagster UI and daemon, consent site, HR desk, withdrawal worker.

    Stops together on Ctrl-C or SIGTERM. A process that dies is started again; if one keeps dying,
    all are stopped.
    """
    from alumni_sync.cli.supervisor import Supervisor, clear_leftovers
    from assets.home import fail_orphans, instance_of, prepare_home

    with app.at_work() as deployment:  # one process migrates the ledger, before several open it
        settings, root = deployment.settings, deployment.root
    home = prepare_home(root)

    def clear_orphans() -> None:
        with instance_of(root) as instance:
            if failed := fail_orphans(instance):
                click.echo(f"{failed} run(s) had lost their process and were marked as failed.")

    def before_restart(program: "Program") -> None:
        if program.name == DAEMON:  # the runs are its children; those of the others go on
            clear_orphans()

    with only_one(home):
        clear_leftovers(home / "up.mark")
        ports = Ports(
            dagster_port or port_of(settings.dagster.url, 3000),
            port or port_of(settings.consent.public_url, 8400),
            desk_port or port_of(settings.desk.url, 8401),
        )
        check_free(ports)
        clear_orphans()
        supervisor = Supervisor(
            list(programs(app, settings, home, ports)),
            record=home / "up.mark",
            say=click.echo,
            before_restart=before_restart,
        )
        supervisor.run(lambda: all_answer(ports), lambda: announce(settings, ports))
        clear_orphans()
    click.echo("Everything is stopped.")


def programs(app: App, settings: "Settings", home: Path, ports: Ports) -> "Iterator[Program]":
    """Yield what is to be run, each with the deployment in its environment."""
    from alumni_sync.cli.supervisor import Program
    from alumni_sync.settings import child_environment

    environment = child_environment(
        ALUMNI_SYNC_CONFIG=str(app.config.resolve()),
        ALUMNI_SYNC_AS_OF=shared_clock(app),
        DAGSTER_HOME=str(home),
    )
    own = settings.root / "workspace.yaml"
    template = files("alumni_sync").joinpath("cli", "templates", "workspace.yaml")
    workspace = str(own if own.is_file() else template)
    prefix = urlsplit(settings.dagster.url).path
    web = ["-h", LOOPBACK, "-p", str(ports.dagster), *(["--path-prefix", prefix] if prefix else [])]
    quiet = ["--log-level", "error", "--code-server-log-level", "error"]
    sites = ["--host", LOOPBACK, "--port", str(ports.site), "--desk-port", str(ports.desk)]
    yield Program("the sites", [executable("alumni-sync"), "serve", *sites], environment)
    yield Program(
        DAEMON,
        [executable("dagster-daemon"), "run", "-w", workspace, *quiet],
        environment,
    )
    yield Program(
        "Dagster's webserver",
        [executable("dagster-webserver"), "-w", workspace, *web, *quiet],
        environment,
    )


def shared_clock(app: App) -> str:
    """Return the clock for all children: pinned to the real time, so that they agree."""
    from alumni_sync.settings import Runtime

    if app.as_of is not None:
        return f"{app.as_of.isoformat()}@{time.time()}"
    as_of = Runtime.from_environment().as_of
    return f"{as_of}@{time.time()}" if as_of and "@" not in as_of else as_of


def executable(name: str) -> str:
    """Return the path of a command that is installed beside this interpreter.

    Raises:
        ConfigError: it is not installed.
    """
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise ConfigError.of(name, "is not installed", "install alumni-sync again")
    return found


def port_of(url: str, default: int) -> int:
    """Return the port by which a loopback address is reached; the default for a public one."""
    parts = urlsplit(url)
    return parts.port or default if parts.hostname in {LOOPBACK, "localhost"} else default


def check_free(ports: Ports) -> None:
    """Raise `ConfigError` naming every port that something else listens on."""
    taken = [
        Problem(f"port {port}", f"something else listens there ({what})", f"use --{option}")
        for what, option, port in (
            ("Dagster UI", "dagster-port", ports.dagster),
            ("consent site", "port", ports.site),
            ("HR desk", "desk-port", ports.desk),
        )
        if answers(port)
    ]
    if taken:
        raise ConfigError(taken)


def answers(port: int) -> bool:
    """Say whether something listens on a port of this machine."""
    try:
        with socket.create_connection((LOOPBACK, port), CONNECT_TIMEOUT):
            return True
    except OSError:
        return False


def all_answer(ports: Ports) -> bool:
    """Say whether everything that is to be opened can be."""
    return all(answers(port) for port in (ports.site, ports.desk, ports.dagster))


def announce(settings: "Settings", ports: Ports) -> None:
    """Print what to open: behind a proxy its addresses, which are the only ones that let one in."""
    dagster = _to_open(settings.dagster.url, ports.dagster, settings)
    click.echo(f"Dagster UI       {dagster}")
    click.echo(f"Exclusion queue  {dagster}/assets/exclusion_queue")
    click.echo(f"HR desk          {_to_open(settings.desk.url, ports.desk, settings)}")
    click.echo(f"Consent site     {_to_open(settings.consent.public_url, ports.site, settings)}")
    click.echo("Ctrl-C stops everything.")


def _to_open(url: str, port: int, settings: "Settings") -> str:
    from alumni_sync.sections import is_loopback

    if settings.proxy is not None or not is_loopback(url):
        return url.rstrip("/")
    return f"http://{LOOPBACK}:{port}{urlsplit(url).path.rstrip('/')}"


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold the home's lock, which the kernel gives back however this process ends.

    Raises:
        ConfigError: another `up` works on this deployment.
    """
    with (home / "up.lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError.of(
                "up", "is already running for this deployment", "stop that one first"
            ) from None
        yield
