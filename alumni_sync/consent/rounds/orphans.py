"""People of a source that is not configured any more: who is responsible for them, nobody can say.

Their pages need its controller, its law and its time zone, so they could neither answer nor leave.
A source is taken out of the configuration once nobody of it is left, and not before.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from alumni_sync.consent.answers.dossier import INVITATION
from alumni_sync.consent.lifecycle import HELD_ONTO
from alumni_sync.domain import ConsentState
from alumni_sync.errors import ConfigError

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_OPEN: Final = tuple(
    sorted(
        {
            *(state.value for state in HELD_ONTO),
            ConsentState.INVITED.value,
            ConsentState.DEFERRED.value,
            ConsentState.ADDRESS_PENDING.value,
        }
    )
)


def orphans(d: "Deployment") -> Mapping[str, int]:
    """Return source that is not configured → people of it who can still answer, or leave."""
    query = (
        select(INVITATION.c.source, func.count())
        .where(INVITATION.c.state.in_(_OPEN), INVITATION.c.source.not_in(list(d.settings.sources)))
        .group_by(INVITATION.c.source)
        .order_by(INVITATION.c.source)
    )
    with d.ledger.read() as connection:
        return {str(row[0]): int(row[1]) for row in connection.execute(query)}


def refuse_orphans(d: "Deployment") -> None:
    """Refuse to serve pages on which somebody could not even leave.

    Raises:
        ConfigError: a source is missing whose people can still answer, or leave.
    """
    if found := orphans(d):
        who = ", ".join(f"{count} of {source}" for source, count in found.items())
        raise ConfigError.of(
            "sources",
            f"people of sources that are not configured could not answer, or leave: {who}",
            "configure them again, without payroll:, until nobody of them is left",
        )
