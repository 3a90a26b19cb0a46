"""The links by which people decide: what a waiting case, brake or guard looks like in Dagster.

A number, a rule, an age, and links that carry a ticket. The webserver executes mutations by GET, so
any web page could launch a job in a reviewer's browser; without a ticket of ours none decides.
"""

from typing import Final

import dagster as dg

from alumni_sync.deployment import Deployment
from alumni_sync.review.inbox import InboxEntry, inbox
from alumni_sync.review.launchpad import launchpad as launchpad_url
from alumni_sync.review.releases import RELEASE, list_stops
from alumni_sync.review.tickets import issue

INLINE: Final = 1000
"""Longer Markdown is hidden behind a button by Dagster's UI."""


def inbox_metadata(deployment: Deployment) -> dict[str, dg.MetadataValue]:
    """Return an entry for each of the cases that have waited longest."""
    return {
        entry.case: dg.MetadataValue.md(_entry(deployment, entry)) for entry in inbox(deployment)
    }


def release_metadata(deployment: Deployment, stop: str) -> dict[str, dg.MetadataValue]:
    """Return how a brake or guard that stopped a run is released; empty once it is."""
    standing = {
        one[kind]: one["version"]
        for kind in ("brake", "guard")
        for one in list_stops(deployment, kind)
    }
    if stop not in standing:
        return {}
    hashes, now = deployment.ledger.hashes, deployment.clock.now()
    ticket = issue(hashes, stop, standing[stop], RELEASE, now=now)
    link = launchpad(deployment, "release_brake", "release", ticket)
    return {stop: dg.MetadataValue.md(f"[release]({link}) (takes two people)")}


def launchpad(deployment: Deployment, job: str, op: str, ticket: str) -> str:
    """Return the link that opens a job with everything filled in but the reason."""
    return launchpad_url(deployment.settings.dagster.url, job, op, ticket)


def _entry(deployment: Deployment, entry: InboxEntry) -> str:
    age = (deployment.clock.now() - entry.opened_at).days
    parts = [
        f"{entry.verdict}: {', '.join(entry.rules)}",
        f"{age} days",
        f"due {entry.due_at:%Y-%m-%d}",
        *(["**awaits a second person**"] if entry.awaits_second else []),
        f"[case]({deployment.settings.desk.url}/case/{entry.case})",
        *(
            f"[{ruling}]({launchpad(deployment, 'review_exclusions', 'rule', ticket)})"
            for ruling, ticket in (
                ("admit", entry.admit_ticket),
                ("uphold", entry.uphold_ticket),
            )
        ),
    ]
    return " · ".join(parts)
