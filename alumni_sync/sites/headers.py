"""Response headers that every page carries, and the address a site answers at.

One middleware, because a header that each route has to remember is missing on the error page.
Sources: OWASP ASVS 5.0 chapters 3 and 14. `Referrer-Policy` is `same-origin`, not `no-referrer`:
the latter makes browsers send `Origin: null` with our own forms.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEALTH_PATH: Final = "/healthz"

_ALWAYS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"
    ),
}
_TWO_YEARS: Final = "max-age=63072000; includeSubDomains"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a site is reached from outside, from the configuration and from nothing else.

    Attributes:
        origin: scheme, host and port as a browser writes them in `Origin`.
        host: host name without port, lower case.
        prefix: path under which a proxy mounts the site, "" or "/desk"; no trailing slash.
        https: whether browsers reach it over TLS (then cookies are `__Host-` and HSTS is sent).
    """

    origin: str
    host: str
    prefix: str
    https: bool

    @classmethod
    def of(cls, url: str) -> "Address":
        """Take an absolute URL of the configuration apart."""
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"
        return cls(origin, host, parts.path.rstrip("/"), parts.scheme == "https")


def is_loopback(host: str) -> bool:
    """Say whether a host name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class SecureHeaders:
    """Add the headers above to every response; a route may set its own `Cache-Control`."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        """Wrap `app`; `https` says how browsers reach it, whatever a proxy speaks to us."""
        self.app = app
        always = {**_ALWAYS, **({"Strict-Transport-Security": _TWO_YEARS} if https else {})}
        self._always = Headers(always).raw
        self._names = frozenset(name for name, _ in self._always)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the response's headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [one for one in message["headers"] if one[0] not in self._names]
                if all(name != b"cache-control" for name, _ in own):
                    own.append((b"cache-control", b"no-store"))
                message["headers"] = own + self._always
            await send(message)

        await self.app(scope, receive, complete)


class AtAddress:
    """Answer only under the configured host, with or without the configured path prefix.

    The host check keeps another site's name from being pointed at ours (DNS rebinding on loopback,
    poisoned links elsewhere). Proxies differ in whether they strip the prefix: both work. Forwarded
    headers are read nowhere. The health check is exempt: probes call the machine by its address.
    """

    def __init__(self, app: ASGIApp, address: Address) -> None:
        """Wrap `app`, which is reached at `address`."""
        self.app = app
        self._address = address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse foreign hosts, strip the prefix, pass the rest on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        prefix, path = self._address.prefix, scope["path"]
        if prefix and (path == prefix or path.startswith(prefix + "/")):
            path = path[len(prefix) :] or "/"
            scope = {**scope, "path": path, "raw_path": path.encode()}
        if path != HEALTH_PATH and not self._is_ours(scope):
            await PlainTextResponse("Wrong host.", 400)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _is_ours(self, scope: Scope) -> bool:
        hosts = Headers(scope=scope).getlist("host")
        if len(hosts) != 1:
            return False
        return _host_name(hosts[0]) == self._address.host


@lru_cache(maxsize=64)  # browsers name the same one each time
def _host_name(header: str) -> str | None:
    try:
        return urlsplit(f"//{header}").hostname
    except ValueError:  # an unbalanced bracket
        return None
