"""Whom a run took in and nobody has judged: it was killed, or stopped, between the two stages.

Looked for every few seconds, so it must cost nothing while all is well: spells are looked at only
where a run of the last days read a source and did not come to its judgement. What is older than
that, the daily round has judged.
"""

from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, func, or_, select

from alumni_sync.deployment import Deployment
from alumni_sync.ledger.runs import RunStatus
from alumni_sync.ledger.tables import Person, Run, Spell, t

LOOK_BACK: Final = timedelta(days=2)
FAILED: Final = RunStatus.FAILED.value
STAGE: Final = "eligibility"
"""What the stage is called in the record of a run."""

_PERSON: Final = t(Person)
_RUN: Final = t(Run)
_SPELL: Final = t(Spell)


def unjudged_spells(d: Deployment, limit: int) -> tuple[str, ...]:
    """Return at most `limit` spells whose facts no rule has seen, by opaque ids."""
    with d.ledger.read() as connection:
        sources = _cut_short(connection, d) & set(d.settings.sources)
        if not sources:
            return ()
        seen = func.substr(_SPELL.c.judged_facts, 1, func.length(_SPELL.c.facts_hash))
        query = (
            select(_SPELL.c.id)
            .join(_PERSON, _PERSON.c.id == _SPELL.c.person_id)
            .where(
                _SPELL.c.source.in_(sources),
                _SPELL.c.sealed.is_not(None),
                _PERSON.c.erased_at.is_(None),
                or_(_SPELL.c.judged_facts.is_(None), seen != _SPELL.c.facts_hash),
            )
            .order_by(_SPELL.c.id)
            .limit(limit)
        )
        return tuple(connection.execute(query).scalars())


def _cut_short(connection: Connection, d: Deployment) -> set[str]:
    """Return the sources that a run of the last days read without judging: killed, or failed."""
    since = d.clock.now() - LOOK_BACK
    query = select(_RUN.c.source, _RUN.c.counts, _RUN.c.status).where(_RUN.c.started_at >= since)
    rows = connection.execute(query.where(_RUN.c.source != ""))
    return {row.source for row in rows if STAGE not in row.counts or row.status == FAILED}
