"""Which link somebody may have who asks for a fresh one. Pure."""

from datetime import datetime, timedelta
from typing import Final

from alumni_sync.consent.answers.dossier import Dossier
from alumni_sync.consent.lifecycle import HELD_ONTO
from alumni_sync.consent.links.secrets import LinkKind
from alumni_sync.consent.standing import ENDINGS
from alumni_sync.domain import ConsentState

WITHOUT_END: Final = timedelta(days=7)
"""How long a link lasts to a question that has no last day: one that was put off."""
_QUESTION_IS_OPEN: Final = frozenset(
    {ConsentState.INVITED, ConsentState.DEFERRED, ConsentState.ADDRESS_PENDING}
)


def fitting_link(dossier: Dossier, now: datetime) -> tuple[LinkKind | None, datetime | None]:
    """Return which link somebody may have who asks for one, and until when it is good.

    Nobody gets one who was not asked yet, or whose question or consent has ended: a mail would ask
    again, and the caps are there to bar that.
    """
    row = dossier.row
    if dossier.obstacle in ENDINGS:
        return None, None
    if dossier.state in HELD_ONTO and row["valid_until"] and now < row["valid_until"]:
        return LinkKind.MANAGE, row["valid_until"]
    if dossier.state in _QUESTION_IS_OPEN:
        until = row["closes_at"] or now + WITHOUT_END
        return (LinkKind.DECIDE, until) if now < until else (None, None)
    return None, None
