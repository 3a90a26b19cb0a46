"""The one resource: the open deployment, which every stage is handed.

Opened per run or tick, from the configuration that the environment names (`alumni-sync up` sets
it). The command line's in-process runs put their own in its place.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from alumni_sync.deployment import Deployment
from alumni_sync.settings import Runtime
from assets.failures import harmless

if TYPE_CHECKING:
    from pathlib import Path

Company = dg.ResourceParam[Deployment]
"""Annotation of the parameter `deployment` of assets, checks, schedules and sensors."""


@dg.resource(description="The open deployment: settings, ledger, clock and plugins.")
def deployment_resource(_context: dg.InitResourceContext) -> Iterator[Deployment]:
    """Open the deployment for the length of a run or tick."""
    with harmless():
        deployment = Deployment.open(configuration())
    try:
        yield deployment
    finally:
        deployment.close()


def for_ops() -> dict[str, Any]:
    """Return what a job of ops is given by name; jobs of assets get it from the definitions.

    Bound by the definitions instead, the sensor that launches such a job would be copied, and
    Dagster 1.13 warns of its own use of a beta parameter when it copies one.
    """
    return {
        "resource_defs": {"deployment": deployment_resource, "io_manager": dg.mem_io_manager},
        "executor_def": dg.in_process_executor,
    }


def configuration() -> "Path":
    """Return the configuration that Dagster's processes work with, as an absolute path."""
    return Runtime.from_environment().config.resolve()
