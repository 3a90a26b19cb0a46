"""Who launched a run: the one place where Dagster learns it from something nobody can choose.

The webserver has no login, and whoever calls its GraphQL picks the tags of a run. So only the proxy
says who it was (`review.people.identity`), the tag of the user is overwritten whatever came
in, and it is signed together with the run's id, so that it can be copied to no other run. Anything
else is unverified.

The webserver imports this module with the first page that somebody opens, in several threads at
once; half of SQLAlchemy's ORM imported by each of them is an error, and a page that never loads.
So nothing here imports the ledger before a run is launched.
"""

from collections.abc import Mapping
from typing import Final

import dagster as dg

from alumni_sync.domain import Identity
from alumni_sync.ledger.hashing import KeyedHashes
from alumni_sync.review.people.identity import UNVERIFIED, identity_of
from alumni_sync.settings import Runtime, load_settings

USER_TAG: Final = "alumni_sync/user"
SIGNATURE_TAG: Final = "alumni_sync/user_signature"
PURPOSE: Final = "launch"


class SignedRunCoordinator(dg.QueuedRunCoordinator):
    """Queues runs as Dagster does, after stamping each with who launched it."""

    def submit_run(self, context: dg.SubmitRunContext) -> dg.DagsterRun:
        """Overwrite the tags that name the user, then queue the run."""
        from alumni_sync.deployment import deployment_key  # noqa: PLC0415 see the head

        run = context.dagster_run
        settings = load_settings(Runtime.from_environment().config.resolve())
        launcher = identity_of(context.get_request_header, settings.proxy)
        if launcher.verified or claims_a_user(run.tags):
            hashes = KeyedHashes(deployment_key(settings, make=False))
            self._instance.add_run_tags(run.run_id, launch_tags(hashes, run.run_id, launcher))
        return super().submit_run(context)


def launch_tags(hashes: KeyedHashes, run_id: str, launcher: Identity) -> dict[str, str]:
    """Return the tags that say who launched a run; always both, over whatever came in."""
    user = launcher.user
    if not launcher.verified:
        return {USER_TAG: user, SIGNATURE_TAG: user}
    return {USER_TAG: user, SIGNATURE_TAG: hashes.signature(PURPOSE, _signed(run_id, user))}


def claims_a_user(tags: Mapping[str, str]) -> bool:
    """Say whether tags name a user already; the caller may have chosen them."""
    return USER_TAG in tags or SIGNATURE_TAG in tags


def launched_by(hashes: KeyedHashes, run_id: str, tags: Mapping[str, str]) -> Identity:
    """Return who launched a run, verified only by a signature that is ours and for this run."""
    user, signature = tags.get(USER_TAG, ""), tags.get(SIGNATURE_TAG, "")
    if user and signature.isascii() and hashes.signed(PURPOSE, _signed(run_id, user), signature):
        return Identity(user, verified=True)
    return UNVERIFIED


def _signed(run_id: str, user: str) -> bytes:
    return f"{run_id}\n{user}".encode()
