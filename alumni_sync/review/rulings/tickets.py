"""Tickets: what a link must carry to decide anything.

Dagster's webserver carries out mutations by GET, so any web page could launch a job in a reviewer's
browser. A ticket is made by us for one subject, version and act, until a given instant, and where
the user is known, for them; nobody else can make one.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from alumni_sync.errors import Refused
from alumni_sync.ledger.hashing import KeyedHashes
from alumni_sync.review.rulings.steps import NO_TERMS, Terms

LIFETIME: Final = timedelta(days=7)
"""How long a link of the exclusion queue works; the queue makes new ones every day."""

_PURPOSE: Final = "ticket"
_SHAPE: Final = re.compile(
    r"(?P<content>(?P<subject>[A-Z]{2}-[0-9a-z]+)\.(?P<version>\d{1,9})\.(?P<act>[a-z]+)"
    r"(?:-(?P<until>\d{8}))?(?P<bulk>-bulk)?\.(?P<expires>\d{1,11})\.(?P<user>[\w-]*))\.(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a ticket stands for.

    Attributes:
        subject: `EX-000123`, `BR-…` or `GU-…`.
        version: of the subject; another version is stale.
        act: `admit`, `uphold` or `release`.
        user: whom it was made for; "" for whoever holds it.
        until: the last day on which an admission is to hold; None: without an end.
        bulk: whether it is one of several that are ruled on by one act.
    """

    subject: str
    version: int
    act: str
    expires_at: datetime
    user: str = ""
    until: date | None = None
    bulk: bool = False


def issue(
    hashes: KeyedHashes,
    subject: str,
    version: int,
    act: str,
    *,
    now: datetime,
    user: str = "",
    lifetime: timedelta = LIFETIME,
    terms: Terms = NO_TERMS,
) -> str:
    """Return a ticket as text, safe in an address and in YAML without quotes.

    Of `terms`, the last day and bulk are in it; a comment goes through no link.
    """
    act += f"-{terms.until:%Y%m%d}" if terms.until else ""
    act += "-bulk" if terms.bulk else ""
    expires = int((now + lifetime).timestamp())
    named = urlsafe_b64encode(user.encode()).decode("ascii").rstrip("=")
    content = f"{subject}.{version}.{act}.{expires}.{named}"
    return f"{content}.{hashes.signature(_PURPOSE, content.encode())}"


def verify(hashes: KeyedHashes, text: str, *, now: datetime, user: str) -> Ticket:
    """Return what a ticket stands for.

    Raises:
        Refused: it is not one of ours, has expired, or was made for somebody else.
    """
    found = _SHAPE.fullmatch(text.strip())
    if found is None or not hashes.signed(_PURPOSE, found["content"].encode(), found["signature"]):
        raise Refused("the ticket is not one of ours: follow the link of the case again")
    named = found["user"]
    ticket = Ticket(
        subject=found["subject"],
        version=int(found["version"]),
        act=found["act"],
        expires_at=datetime.fromtimestamp(int(found["expires"]), UTC),
        user=urlsafe_b64decode(named + "=" * (-len(named) % 4)).decode(),
        until=date.fromisoformat(found["until"]) if found["until"] else None,
        bulk=found["bulk"] is not None,
    )
    if now >= ticket.expires_at:
        raise Refused("the ticket has expired: follow the link of the case again")
    if ticket.user not in {"", user}:
        raise Refused("the ticket was made for somebody else")
    return ticket
