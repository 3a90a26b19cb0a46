"""Networks of clients: who guesses links, and what little of an address is evidence."""

from ipaddress import IPv4Address, ip_address, ip_network
from typing import Final

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

UNKNOWN_LINKS: Final = RateLimitItemPerMinute(60)
_IPV4_BITS: Final = 24


def network_of(client: str, ipv6_bits: int) -> str:
    """Return the network of an address (IPv4: /24); "" where it is none."""
    try:
        address = ip_address(client)
    except ValueError:
        return ""
    bits = _IPV4_BITS if isinstance(address, IPv4Address) else ipv6_bits
    return str(ip_network((address, bits), strict=False))


def evidence_network(client: str) -> str:
    """Return the network kept as evidence of an answer: /24 or /48, "" for a proxy's address.

    Behind a proxy every peer is the proxy itself; a private or loopback network proves nothing.
    """
    try:
        return network_of(client, 48) if ip_address(client).is_global else ""
    except ValueError:
        return ""


class Strangers:
    """Counts unknown links by network. A link that is good is never counted and never refused.

    Guessing a 256-bit secret is hopeless anyway; this keeps somebody who tries from being served
    for free. People who share a network with them are not locked out.
    """

    def __init__(self) -> None:
        """Start with nobody counted; the count lives in this process."""
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def allows(self, client: str) -> bool:
        """Count one unknown link; False once the network has tried more than its share."""
        return self._limiter.hit(UNKNOWN_LINKS, network_of(client, 64) or client)


def agent_family(header: str) -> str:
    """Return the family of a browser, the only part of `User-Agent` that is kept as evidence."""
    text = header.lower()
    for needle, family in (
        ("edg", "edge"),
        ("opr/", "opera"),
        ("samsungbrowser", "samsung"),
        ("firefox", "firefox"),
        ("fxios", "firefox"),
        ("chrome", "chrome"),
        ("crios", "chrome"),
        ("safari", "safari"),
    ):
        if needle in text:
            return family
    return "other" if text else ""
