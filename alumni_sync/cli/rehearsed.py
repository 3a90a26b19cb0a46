"""The intake flow of `run --dry-run`: the services of the flow, in its order, over a copy."""

from typing import TYPE_CHECKING, Any

from alumni_sync.errors import AlumniSyncError

if TYPE_CHECKING:
    from alumni_sync.cli.rehearsal import Rehearsal

Unread = dict[str, AlumniSyncError]
"""Source → why it could not be read."""


def rehearsed(
    rehearsal: "Rehearsal", source: str | None, run_id: str, unread: Unread
) -> dict[str, dict[str, Any]]:
    """Run the services of the intake flow up to the planning of invitations.

    A source that cannot be read is noted in `unread` and keeps no other from being read.
    """
    from dataclasses import asdict

    from alumni_sync.cli.run import named_sources, queue_now
    from alumni_sync.consent.invitations import plan_requests
    from alumni_sync.consent.rounds.reopening import reopen_tombstones
    from alumni_sync.eligibility.judging.judge import judge_leavers
    from alumni_sync.eligibility.revisions.publishing import publish
    from alumni_sync.intake.counts import IntakeCounts
    from alumni_sync.intake.pull import pull_leavers
    from alumni_sync.review.queue.following import sync_queue

    counts = IntakeCounts()
    for name in named_sources(rehearsal, source):
        try:
            publish(rehearsal, run_id, [name])
            reopen_tombstones(rehearsal, name)
            counts += pull_leavers(rehearsal, name, close=None, run_id=run_id)
        except AlumniSyncError as error:
            unread[name] = error
    verdicts = judge_leavers(rehearsal, run_id=run_id, source=source)
    sync_queue(rehearsal, run_id=run_id)
    requests = plan_requests(rehearsal, run_id=run_id)
    return {
        "leavers": asdict(counts),
        "eligibility": {"verdicts": dict(verdicts.verdicts), "flags": dict(verdicts.flags)},
        "exclusion_queue": queue_now(rehearsal),
        "consent_requests": {
            "due": requests.due,
            "no_contact": requests.no_contact,
            "blocked": dict(requests.blocked),
        },
    }
