"""Dagster's home of a deployment: where it is, what is in it, and runs whose process is gone.

The command line's `run` and `up` use the same home, so that what one does is seen in the other.
It holds counts, case numbers and run history only, and may be deleted at any time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Final

import dagster as dg

from alumni_sync.ledger.leases import Owner, is_alive, this_process
from alumni_sync.settings import Runtime

OWNER_TAG: Final = ".dagster/alumni_sync_process"
"""On runs executed in the process of a command: its host, pid and start."""

UNFINISHED: Final = (
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)


def home_of(root: Path) -> Path:
    """Return Dagster's home of the deployment in `root`: DAGSTER_HOME, or `var/dagster` there."""
    return Runtime.from_environment().dagster_home or root / "var" / "dagster"


def prepare_home(root: Path) -> Path:
    """Make Dagster's home with the deployment's `dagster.yaml` in it, and return its path."""
    home = home_of(root).resolve()
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    text = instance_settings(root)
    settings = home / "dagster.yaml"
    if not settings.exists() or settings.read_text(encoding="utf-8") != text:
        draft = home / ".dagster.yaml.new"
        draft.write_text(text, encoding="utf-8")
        draft.replace(settings)
    return home


def instance_settings(root: Path) -> str:
    """Return the deployment's `dagster.yaml`, or the one that `init` writes."""
    own = root / "dagster.yaml"
    if own.is_file():
        return own.read_text(encoding="utf-8")
    template = files("alumni_sync").joinpath("cli", "templates", "dagster.yaml")
    return template.read_text(encoding="utf-8")


@contextmanager
def instance_of(root: Path) -> Iterator[dg.DagsterInstance]:
    """Open Dagster's instance of a deployment."""
    with dg.DagsterInstance.from_config(str(prepare_home(root))) as instance:
        yield instance


def owner_tag() -> dict[str, str]:
    """Return the tag that says in which process a run is executed."""
    me = this_process()
    return {OWNER_TAG: f"{me.host} {me.pid} {me.started}"}


def fail_orphans(instance: dg.DagsterInstance) -> int:
    """Mark unfinished runs as failed whose process is gone; return how many there were.

    To be called when no daemon works on this home: a run that one of its workers executed has lost
    it. A run in the process of a command is left alone while that process lives.
    """
    orphans = [
        run
        for run in instance.get_runs(dg.RunsFilter(statuses=list(UNFINISHED)))
        if not _lives(run.tags.get(OWNER_TAG, ""))
    ]
    for run in orphans:
        instance.report_run_failed(
            run, "Its process is gone. Nothing is lost: the next run goes on."
        )
    return len(orphans)


def _lives(tag: str) -> bool:
    host, _, rest = tag.partition(" ")
    pid, _, started = rest.partition(" ")
    return pid.isdecimal() and is_alive(Owner(host, int(pid), started))
