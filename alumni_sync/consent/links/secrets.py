"""Links in mails: 256-bit secrets of which the ledger keeps the SHA-256 only.

A lookup writes nothing. Unknown, expired, superseded and used links are all the same to a
stranger: None. The hash needs no key: nobody can guess 256 random bits.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, bindparam, select, update

from alumni_sync.ledger.prepared import Query
from alumni_sync.ledger.tables import Token, t
from alumni_sync.ledger.upsert import execute_many

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

BYTES: Final = 32
LONGEST: Final = 100  # a real one has 43 characters; longer input is not worth hashing
_TOKENS: Final = t(Token)


class LinkKind(StrEnum):
    """What a link opens."""

    DECIDE = "decide"
    MANAGE = "manage"
    UNSUBSCRIBE = "unsubscribe"
    VERIFY = "verify"  # proves another address


PATHS: Final = {
    LinkKind.DECIDE: "c",
    LinkKind.MANAGE: "p",
    LinkKind.UNSUBSCRIBE: "u",
    LinkKind.VERIFY: "e",
}
_FOUND: Final = Query(
    select(_TOKENS).where(
        _TOKENS.c.token_hash == bindparam("token"),
        _TOKENS.c.expires_at > bindparam("now"),
        _TOKENS.c.superseded_at.is_(None),
        _TOKENS.c.used_at.is_(None),
    )
)
"""A link that is good now."""
_SUPERSEDE: Final = (
    update(_TOKENS)
    .where(
        _TOKENS.c.invitation_id == bindparam("invitation"),
        _TOKENS.c.kind == bindparam("of_kind"),
        _TOKENS.c.superseded_at.is_(None),
    )
    .values(superseded_at=bindparam("now"))
)
_USE_UP: Final = (
    update(_TOKENS)
    .where(
        _TOKENS.c.invitation_id == bindparam("invitation"),
        _TOKENS.c.kind == LinkKind.DECIDE.value,
        _TOKENS.c.used_at.is_(None),
    )
    .values(used_at=bindparam("now"))
)


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


def token_id(token: str) -> str:
    """Return the hash under which a token is kept."""
    return hashlib.sha256(b"alumni-link-v1\0" + token.encode()).hexdigest()


def resolve_link(d: "Deployment", token: str) -> Link | None:
    """Return what `token` opens now; None for unknown, expired, superseded and used ones."""
    if not token or len(token) > LONGEST:
        return None
    found = d.ledger.look_up(_FOUND, _good(token_id(token), d.clock.now()))
    return None if found is None else _link(found)


def find_link(connection: Connection, token: str, now: datetime) -> Link | None:
    """Return what `token` opens at `now`, within the caller's transaction."""
    row = _FOUND.first(connection, _good(token_id(token), now))
    return None if row is None else _link(row)


def _good(token_id_: str, now: datetime) -> dict[str, object]:
    return {"token": token_id_, "now": now}


def _link(row: Row[Any]) -> Link:
    return Link(LinkKind(row.kind), row.invitation_id, row.person_id, row.token_hash, row.mail_kind)


def still_proves(connection: Connection, invitation_id: str, token_id_: str, now: datetime) -> bool:
    """Say whether the link to prove an address by, which a session came from, is still good."""
    row = _FOUND.first(connection, _good(token_id_, now))
    return row is not None and (row.kind, row.invitation_id) == (LinkKind.VERIFY, invitation_id)


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose link it is, and until when it is good (aware)."""

    invitation_id: str
    person_id: str
    expires_at: datetime


def issue(
    connection: Connection, holder: Holder, kind: LinkKind, now: datetime, mail_kind: str = ""
) -> str:
    """Make a link's secret, keep its hash, and return the secret: it can be told only now."""
    token = secrets.token_urlsafe(BYTES)
    row = {
        "token_hash": token_id(token),
        "invitation_id": holder.invitation_id,
        "person_id": holder.person_id,
        "kind": kind.value,
        "mail_kind": mail_kind,
        "expires_at": holder.expires_at,
        "created_at": now,
    }
    connection.execute(_TOKENS.insert(), row)
    return token


def supersede(connection: Connection, invitation_id: str, kind: LinkKind, now: datetime) -> None:
    """End the links of a kind that went out before: a newer mail carries a newer one."""
    values = {"invitation": invitation_id, "of_kind": kind.value, "now": now}
    execute_many(connection, _SUPERSEDE, [values])


def use_up(connection: Connection, invitation_id: str, now: datetime) -> None:
    """Use up every link that lets decide: the decision has been taken."""
    execute_many(connection, _USE_UP, [{"invitation": invitation_id, "now": now}])


def end_all(connection: Connection, invitation_id: str, now: datetime) -> None:
    """End every link of an invitation, the preference centre's too."""
    for kind in LinkKind:
        supersede(connection, invitation_id, kind, now)
