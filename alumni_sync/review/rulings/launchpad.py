"""Where a ruling is launched: the address that opens a Dagster job with everything filled in.

Absolute, because a path prefix of a proxy is not known to whoever reads a link; one line of YAML,
because that is what the launchpad takes in an address. The reason is left to the person: `CHOOSE`
is in no list of reasons, so that *Launch Run* stays disabled until one is chosen.
"""

from typing import Final
from urllib.parse import quote

LOCATION: Final = "alumni_sync"
"""Name of the code location, in `workspace.yaml` and in links."""

RULING_JOB: Final = "review_exclusions"
RULING_OP: Final = "rule"


def launchpad(dagster_url: str, job: str, op: str, ticket: str) -> str:
    """Return the link that opens `job` with `ticket` filled in for `op`, and no reason yet.

    The reason stands first: a ticket is longer than the launchpad is wide.
    """
    config = f"ops: {{{op}: {{config: {{reason: CHOOSE, ticket: {ticket}}}}}}}"
    path = f"/locations/{LOCATION}/jobs/{job}/playground/setup"
    return f"{dagster_url}{path}?config={quote(config, safe='')}"
