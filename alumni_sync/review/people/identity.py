"""Who is there: what the reverse proxy says, for the HR desk and for launches in Dagster alike.

A user header counts only beside the proxy's shared secret: without it anybody on the machine, or
any web page that this machine's browser opens, could write one, and neither of the two servers can
tell its peer. Everybody else is unverified. What an unverified visitor may do stands in
`alumni_sync.review.people.authority`.
"""

import hmac
from collections.abc import Callable
from typing import Final

from alumni_sync.domain import Identity
from alumni_sync.sections import Proxy

SECRET_HEADER: Final = "X-Proxy-Secret"  # noqa: S105 the name of a header, not its value
UNVERIFIED: Final = Identity("unverified", verified=False)

ReadHeader = Callable[[str], str | None]
"""Gives a header of the request by its name; None where it was not sent."""


def identity_of(read_header: ReadHeader, proxy: Proxy | None) -> Identity:
    """Return who the proxy says is there; unverified where it is not surely the proxy."""
    if proxy is None:
        return UNVERIFIED
    secret = proxy.secret.get_secret_value().encode()
    given = (read_header(SECRET_HEADER) or "").encode()
    same = hmac.compare_digest(secret, given)  # in constant time, whatever was sent
    user = (read_header(proxy.user_header) or "").strip()
    return Identity(user, verified=True) if same and secret and user else UNVERIFIED
