"""Links in mails: 256-bit secrets of which the ledger keeps the SHA-256 only.

A lookup writes nothing. Unknown, expired, superseded and used links are all the same to a
stranger: None.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment


class LinkKind(StrEnum):
    """What a link opens."""

    DECIDE = "decide"
    MANAGE = "manage"
    UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True, slots=True)
class Link:
    """A link that is good now.

    Attributes:
        token_id: names the token as evidence (its SHA-256; the token itself cannot be told).
        mail_kind: for `UNSUBSCRIBE`: the kind of mail that carried it.
    """

    kind: LinkKind
    invitation_id: str
    person_id: str
    token_id: str
    mail_kind: str = ""


def resolve_link(d: "Deployment", token: str) -> Link | None:
    """Return what `token` opens now; None for unknown, expired, superseded and used ones."""
    raise NotImplementedError
