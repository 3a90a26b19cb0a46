"""The resources: the open deployment, which every stage is handed, and nothing to pass values by.

Opened per run or tick, from the configuration that the environment names (`alumni-sync up` sets
it). The command line's in-process runs put their own in its place.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from alumni_sync.deployment import Deployment
from alumni_sync.ledger.put_back import refuse_older
from alumni_sync.privacy.journal import before_work
from alumni_sync.settings import Runtime
from assets.failures import harmless

if TYPE_CHECKING:
    from pathlib import Path

Company = dg.ResourceParam[Deployment]
"""Annotation of the parameter `deployment` of assets, checks, schedules and sensors."""


@dg.resource(description="The open deployment: settings, ledger, clock and plugins.")
def deployment_resource(context: dg.InitResourceContext) -> Iterator[Deployment]:
    """Open the deployment for the length of a run or tick; refuse an older copy of the ledger.

    A run erases whoever was erased since the copy was made, before it touches anything: Dagster may
    be started without any command of ours. A tick reaches nobody.
    """
    with harmless():
        deployment = Deployment.open(configuration())
    try:
        with harmless():
            if context.run is not None:
                before_work(deployment)
            else:
                refuse_older(deployment.ledger, deployment.settings.ledger.checkpoints)
        yield deployment
    finally:
        deployment.close()


class NoValues(dg.IOManager):
    """Refuses values: the usual one would pickle them to disk, whoever they are about.

    Dagster's in-memory one would do so too, but with it no run can be executed again.
    """

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Refuse what a stage returned; type only, for it may be anybody."""
        msg = f"{context.name}: stages pass nothing on, and this is a {type(obj).__name__}"
        raise TypeError(msg)

    def load_input(self, context: dg.InputContext) -> None:
        """Refuse: nothing was kept."""
        msg = f"{context.name}: stages pass nothing on"
        raise TypeError(msg)


@dg.io_manager(description="Refuses values: stages pass nothing on but the ledger.")
def no_values(_context: dg.InitResourceContext) -> NoValues:
    """Return the I/O manager of every run."""
    return NoValues()


def for_ops() -> dict[str, Any]:
    """Return what a job of ops is given by name; jobs of assets get it from the definitions.

    Bound by the definitions instead, the sensor that launches such a job would be copied, and
    Dagster 1.13 warns of its own use of a beta parameter when it copies one.
    """
    return {
        "resource_defs": {"deployment": deployment_resource, "io_manager": no_values},
        "executor_def": dg.in_process_executor,
    }


def configuration() -> "Path":
    """Return the configuration that Dagster's processes work with, as an absolute path."""
    return Runtime.from_environment().config.resolve()
