"""Who looks at the HR desk.

A user header counts only beside the proxy's shared secret: without it anybody on the machine, or
any web page that this machine's browser opens, could write one. Everybody else is unverified.
"""

import hmac
from collections.abc import Mapping
from typing import Final

from alumni_sync.domain import Identity
from alumni_sync.sections import Proxy

SECRET_HEADER: Final = "X-Proxy-Secret"  # noqa: S105 the name of a header, not its value
UNVERIFIED: Final = Identity("unverified", verified=False)


def identity_of(headers: Mapping[str, str], proxy: Proxy | None) -> Identity:
    """Return who the proxy says is looking; unverified where it is not surely the proxy."""
    if proxy is None:
        return UNVERIFIED
    secret = proxy.secret.get_secret_value().encode()
    given = headers.get(SECRET_HEADER, "").encode()
    same = hmac.compare_digest(secret, given)  # in constant time, whatever was sent
    user = headers.get(proxy.user_header, "").strip()
    return Identity(user, verified=True) if same and secret and user else UNVERIFIED
