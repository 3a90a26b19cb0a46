"""How a waiting case looks in Dagster: a number, a rule, an age, and three links."""

from typing import Final
from urllib.parse import quote

import dagster as dg

from alumni_sync.deployment import Deployment
from alumni_sync.review.inbox import InboxEntry, inbox

LOCATION: Final = "alumni_sync"
"""Name of the code location, in `workspace.yaml` and in links."""

SHOWN: Final = 40
"""The oldest ones; a page with hundreds of entries is not read by anybody."""

INLINE: Final = 1000
"""Longer Markdown is hidden behind a button by Dagster's UI."""


def inbox_metadata(deployment: Deployment) -> dict[str, dg.MetadataValue]:
    """Return an entry for each of the oldest cases that wait."""
    return {
        entry.case: dg.MetadataValue.md(_entry(deployment, entry))
        for entry in inbox(deployment, limit=SHOWN)
    }


def _entry(deployment: Deployment, entry: InboxEntry) -> str:
    settings, now = deployment.settings, deployment.clock.now()
    rules = ", ".join(f"`{rule}`" for rule in entry.rules)
    links = " · ".join(
        [
            f"[case]({settings.desk.url}/case/{entry.case})",
            f"[admit]({launchpad(settings.dagster.url, entry.admit_ticket)})",
            f"[uphold]({launchpad(settings.dagster.url, entry.uphold_ticket)})",
        ]
    )
    age = (now - entry.opened_at).days
    return f"{entry.verdict}: {rules} · {age} days · due {entry.due_at:%Y-%m-%d} · {links}"


def launchpad(url: str, ticket: str) -> str:
    """Return the link that opens `review_exclusions` with everything filled in but the reason."""
    config = f"ops: {{rule: {{config: {{ticket: {ticket}, reason: CHOOSE}}}}}}"
    path = f"/locations/{LOCATION}/jobs/review_exclusions/playground/setup"
    return f"{url}{path}?config={quote(config, safe='')}"
