"""The links by which people decide: what a waiting case, brake or guard looks like in Dagster.

A number, a rule, an age, and links that carry a ticket. The webserver executes mutations by GET, so
any web page could launch a job in a reviewer's browser; without a ticket of ours none decides.
"""

from itertools import islice
from typing import Final

import dagster as dg

from alumni_sync.deployment import Deployment
from alumni_sync.review.queue.inbox import InboxEntry, count_by_age, inbox
from alumni_sync.review.queue.rule_index import count_by_rule
from alumni_sync.review.releases.stops import RELEASE, list_stops
from alumni_sync.review.rulings.launchpad import launchpad as launchpad_url
from alumni_sync.review.rulings.tickets import issue

INLINE: Final = 1000
"""Longer Markdown is hidden behind a button by Dagster's UI."""

RULES: Final = 50
"""Lines of rules, the most first; packs have fewer, and a hundred lines are read by nobody."""

NAMED: Final = 3
"""Rules named in the entry of a case; the desk names all."""


def inbox_metadata(deployment: Deployment) -> dict[str, dg.MetadataValue]:
    """Return how many cases wait, an entry for each of the oldest, and the counts by age and rule.

    In this order: whoever rules looks for the cases first; the counts are plotted beside them.
    """
    ages, rules = count_by_age(deployment), count_by_rule(deployment)
    counts = {f"waiting, {age}": count for age, count in ages.items()}
    counts |= {f"waiting, rule {rule}": count for rule, count in islice(rules.items(), RULES)}
    entries = {
        entry.case: dg.MetadataValue.md(case_entry(deployment, entry))
        for entry in inbox(deployment)
    }
    return {
        "waiting": dg.MetadataValue.int(sum(ages.values())),
        **entries,
        **{name: dg.MetadataValue.int(count) for name, count in counts.items()},
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


def case_entry(deployment: Deployment, entry: InboxEntry) -> str:
    """Return the Markdown of a case: one line, short enough to be shown at once."""
    age = (deployment.clock.now() - entry.opened_at).days
    parts = [
        f"{entry.verdict}: {_rules(entry.rules)}",
        f"{age} days",
        f"due {entry.due_on}",
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


def _rules(rules: tuple[str, ...]) -> str:
    more = len(rules) - NAMED
    return ", ".join(rules[:NAMED]) + (f" and {more} more" if more > 0 else "")
