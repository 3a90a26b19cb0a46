"""Rehires whose day has come: what changes about a spell without its source saying anything."""

from datetime import datetime
from typing import Final

from sqlalchemy import func, select, update

from alumni_sync.deployment import Deployment
from alumni_sync.intake.identity import SourceIdentity
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Spell, t

_SPELL: Final = t(Spell)


def release_effective(deployment: Deployment) -> int:
    """Note the rehires that have begun, at every source; return how many.

    A future exit that became effective has no state of its own: eligibility sees it by its instant.
    """
    hashes, now = deployment.ledger.hashes, deployment.clock.now()
    return sum(
        begin_rehires(deployment.ledger, SourceIdentity(hashes, name, source.timezone), now)
        for name, source in deployment.settings.sources.items()
    )


def begin_rehires(ledger: Ledger, identity: SourceIdentity, now: datetime) -> int:
    """Note the rehires of one source that have begun by the civil day at its site."""
    due = (
        (_SPELL.c.source == identity.source)
        & (_SPELL.c.rehire_on <= identity.today(now))
        & _SPELL.c.rehire_ends.is_(False)
    )
    with ledger.read() as connection:
        count: int = connection.execute(select(func.count()).where(due)).scalar_one()
    if count:
        with ledger.write() as connection:
            connection.execute(update(_SPELL).where(due).values(rehire_ends=True, changed_at=now))
    return count
