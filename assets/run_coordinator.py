"""Who launched a run: the one place where Dagster learns it from something nobody can choose.

The webserver has no login, and whoever calls its GraphQL picks the tags of a run. So a user header
counts only beside the proxy's shared secret (the webserver cannot tell its peer), the tag of the
user is overwritten whatever came in, and it is signed together with the run's id, so that it can
be copied to no other run. Anything else is unverified.
"""

import hmac
from collections.abc import Callable, Mapping
from typing import Final

import dagster as dg

from alumni_sync.deployment import deployment_key
from alumni_sync.domain import Identity
from alumni_sync.ledger.hashing import KeyedHashes
from alumni_sync.sections import Proxy
from alumni_sync.settings import load_settings
from assets.resources import configuration

USER_TAG: Final = "alumni_sync/user"
SIGNATURE_TAG: Final = "alumni_sync/user_signature"
SECRET_HEADER: Final = "X-Proxy-Secret"  # noqa: S105 the name of a header, not its value
UNVERIFIED: Final = "unverified"
PURPOSE: Final = "launch"

ReadHeader = Callable[[str], str | None]


class SignedRunCoordinator(dg.QueuedRunCoordinator):
    """Queues runs as Dagster does, after stamping each with who launched it."""

    def submit_run(self, context: dg.SubmitRunContext) -> dg.DagsterRun:
        """Overwrite the tags that name the user, then queue the run."""
        run, settings = context.dagster_run, load_settings(configuration())
        user = proxied_user(settings.proxy, context.get_request_header)
        if user is not None or claims_a_user(run.tags):
            hashes = KeyedHashes(deployment_key(settings, make=False))
            self._instance.add_run_tags(run.run_id, launch_tags(hashes, run.run_id, user))
        return super().submit_run(context)


def proxied_user(proxy: Proxy | None, read_header: ReadHeader) -> str | None:
    """Return the user that the reverse proxy names; None where it is not surely the proxy."""
    if proxy is None:
        return None
    secret = proxy.secret.get_secret_value()
    given = read_header(SECRET_HEADER) or ""
    if not secret or not hmac.compare_digest(given.encode(), secret.encode()):
        return None
    return read_header(proxy.user_header) or None


def launch_tags(hashes: KeyedHashes, run_id: str, user: str | None) -> dict[str, str]:
    """Return the tags that say who launched a run; always both, over whatever came in."""
    if user is None:
        return {USER_TAG: UNVERIFIED, SIGNATURE_TAG: UNVERIFIED}
    return {USER_TAG: user, SIGNATURE_TAG: hashes.signature(PURPOSE, _signed(run_id, user))}


def claims_a_user(tags: Mapping[str, str]) -> bool:
    """Say whether tags name a user already; the caller may have chosen them."""
    return USER_TAG in tags or SIGNATURE_TAG in tags


def launched_by(hashes: KeyedHashes, run_id: str, tags: Mapping[str, str]) -> Identity:
    """Return who launched a run, verified only by a signature that is ours and for this run."""
    user, signature = tags.get(USER_TAG, ""), tags.get(SIGNATURE_TAG, "")
    if user and signature.isascii() and hashes.signed(PURPOSE, _signed(run_id, user), signature):
        return Identity(user, verified=True)
    return Identity(UNVERIFIED, verified=False)


def _signed(run_id: str, user: str) -> bytes:
    return f"{run_id}\n{user}".encode()
