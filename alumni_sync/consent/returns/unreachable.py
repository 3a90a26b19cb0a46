"""A mailbox that does not exist: what is noted about it, and what makes asking possible again.

Another department or exit date does not make a mailbox. Only another address does, and which one
bounced is kept as the keyed hash that the person's record had then.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from alumni_sync.consent.standing import PERSON
from alumni_sync.ledger.tables import Invitation, t

BOUNCED: Final = "bounced"
REFUSED: Final = "refused"
_REASONS: Final = (BOUNCED, REFUSED)
_INVITATION: Final = t(Invitation)


def unreachable_values(connection: Connection, person_id: str, reason: str) -> Mapping[str, Any]:
    """Return the columns of an invitation whose mails do not arrive; `reason` begins with why."""
    query = select(PERSON.c.address_hash).where(PERSON.c.id == person_id)
    address = connection.execute(query).scalar()
    return {"no_contact_reason": reason, "reason_terms": address or ""}


def is_about_mailbox(reason: str | None) -> bool:
    """Say whether the reason for which somebody cannot be written to is their mailbox."""
    return (reason or "").partition(" ")[0] in _REASONS


@cache
def mailbox_gone() -> ColumnElement[bool]:
    """Say the same of an invitation, in SQL."""
    return or_(*(_INVITATION.c.no_contact_reason.startswith(word) for word in _REASONS))


@cache
def has_another_address() -> ColumnElement[bool]:
    """Say that the person's record names another address than the one that does not exist."""
    return and_(
        PERSON.c.address_hash.is_not(None),
        PERSON.c.address_hash != _INVITATION.c.reason_terms,
    )
