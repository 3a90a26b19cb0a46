"""Sessions: what a mailed link is exchanged for, so that its secret leaves the address bar.

A session is a signed cookie and nothing else: no table, no write on GET. It names the link it came
from by an opaque reference and holds no personal value. It lives 30 minutes from the last page
opened and eight hours altogether (a link ends, and a tab that reloads itself must not outlive it),
is sent to this host only, and never with another site's form (`SameSite=Lax`; `Strict`
would not be sent on the redirect after a click in webmail).
"""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from alumni_sync.ledger.hashing import KeyedHashes
from alumni_sync.ports import Clock

LIFETIME: Final = timedelta(minutes=30)
LONGEST: Final = timedelta(hours=8)
_PURPOSE: Final = "session"


@dataclass(frozen=True, slots=True)
class Session:
    """One visit of one person by one kind of link.

    Attributes:
        id: random; form tokens are bound to it.
        kind: what the link allows: `decide`, `manage` or `unsubscribe`.
        reference: invitation that the link belongs to. For `unsubscribe` it is the link's secret
            itself, which has to be shown once more when the person confirms.
        token_id: names the link as evidence.
        expires: seconds since the epoch, UTC.
        ends: likewise; no page that is opened moves it.
        begun: likewise; what ends all visits ends those that began before. An answer given in this
            one moves it: it does not end the visit that it was given in.
    """

    id: str
    kind: str
    reference: str
    token_id: str
    expires: int
    ends: int = 0
    begun: int = 0

    @property
    def begun_at(self) -> datetime:
        """Return when the visit began, in UTC."""
        return datetime.fromtimestamp(self.begun, UTC)


_CLAIMS: Final = tuple(claim.name for claim in fields(Session))


class Sessions:
    """Writes and reads the session cookie of one site."""

    def __init__(self, hashes: KeyedHashes, clock: Clock, *, https: bool) -> None:
        """Sign with a key derived from the deployment's; `https` decides about `__Host-`."""
        self._hashes = hashes
        self._clock = clock
        self.cookie = "__Host-visit" if https else "visit"
        # Written out: base64 and hex need no quoting, and every page sets it.
        lifetime = int(LIFETIME.total_seconds())
        self._attributes = f"HttpOnly; Max-Age={lifetime}; Path=/; SameSite=lax"
        if https:
            self._attributes += "; Secure"

    def begin(self, kind: str, reference: str, token_id: str = "") -> Session:
        """Return a new session; it exists once `attach` has put it on a response."""
        now = self._clock.now()
        ends, begun = int((now + LONGEST).timestamp()), int(now.timestamp())
        name = secrets.token_urlsafe(16)
        return Session(name, kind, reference, token_id, self._expiry(), ends, begun)

    def go_on(self, session: Session) -> Session:
        """Return a visit after an answer that was given in it, whatever that answer has ended."""
        return replace(session, begun=int(self._clock.now().timestamp()))

    def attach(self, response: Response, session: Session) -> None:
        """Set the cookie on `response`, renewed to the full lifetime as far as it may last."""
        claims = {name: getattr(session, name) for name in _CLAIMS}
        claims["expires"] = min(self._expiry(), session.ends)
        body = urlsafe_b64encode(orjson.dumps(claims)).decode()
        value = f"{body}.{self._hashes.signature(_PURPOSE, body.encode())}"
        response.headers.append("set-cookie", f"{self.cookie}={value}; {self._attributes}")

    def read(self, request: Request) -> Session | None:
        """Return the live session of `request`; None if there is none that we signed."""
        body, _, signature = request.cookies.get(self.cookie, "").partition(".")
        if not signature.isascii() or not self._hashes.signed(_PURPOSE, body.encode(), signature):
            return None
        try:
            session = Session(**orjson.loads(urlsafe_b64decode(body)))
        except (Base64Error, ValueError, TypeError):  # signed by an older version of ours
            return None
        return session if session.expires > self._clock.now().timestamp() else None

    def _expiry(self) -> int:
        return int((self._clock.now() + LIFETIME).timestamp())
