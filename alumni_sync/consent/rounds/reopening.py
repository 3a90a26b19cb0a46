"""Whose tombstone comes off because the configuration that kept them out has changed since.

Nobody is judged or asked here, and only what was released counts. Whoever was out of scope, or
could not be written to for a reason of the configuration, and was forgotten meanwhile, is taken in
anew by the next read that lists them, and then judged and asked like everybody else. For that the
next read starts from the beginning: nothing about these people has changed, so a source that tells
changes would not mention them.
"""

from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, select

from alumni_sync.consent.answers.dossier import INVITATION
from alumni_sync.consent.gates import deployment_gate
from alumni_sync.consent.invitations import mended
from alumni_sync.consent.standing import SPELL
from alumni_sync.consent.terms import contact_terms
from alumni_sync.domain import ConsentState
from alumni_sync.eligibility.revisions.ruleset import load_ruleset
from alumni_sync.eligibility.revisions.weighing import widens
from alumni_sync.intake.tombstones import lift
from alumni_sync.ledger.leases import hold
from alumni_sync.ledger.tables import Tombstone, t

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_TOMBSTONE: Final = t(Tombstone)


def reopen_tombstones(d: "Deployment", source: str) -> int:
    """Let the next read take in again whom rules or contact terms of before had kept out.

    Returns:
        How many employments that may be, if the source still lists them.

    Raises:
        ConfigError: rules or the jurisdiction pack cannot be used.
        LeaseBusy: another run is reading this source.
    """
    if source not in d.settings.sources:
        return 0  # the read that follows says so
    with d.ledger.read() as connection:
        found = [*_out_of_scope(d, connection, source), *_out_of_reach(d, connection, source)]
    if found:
        with hold(d.ledger, d.clock, f"intake:{source}"), d.ledger.write() as connection:
            lift(connection, source, found)
    return len(found)


def _out_of_scope(d: "Deployment", connection: Connection, source: str) -> list[str]:
    """Return the spells that rules had put out of scope which left out more than today's do."""
    buried = (
        _TOMBSTONE.c.source == source,
        _TOMBSTONE.c.reopens_on == "audience",
        _TOMBSTONE.c.facts_hash != "",
    )
    query = select(_TOMBSTONE.c.revision).where(*buried).distinct()
    if not (revisions := set(connection.execute(query).scalars())):
        return []  # most of the time: the rules need not even be read
    active = load_ruleset(d, source)
    revisions = {
        revision for revision in revisions - {active.revision} if widens(d, revision, active)
    }
    spells = select(_TOMBSTONE.c.spell_hash).where(*buried, _TOMBSTONE.c.revision.in_(revisions))
    return list(connection.execute(spells).scalars())


def _out_of_reach(d: "Deployment", connection: Connection, source: str) -> list[str]:
    """Return the spells that could not be written to for a reason that has been mended."""
    terms = contact_terms(d, source)
    if deployment_gate(terms):
        return []  # they would only wait, with all their facts
    query = (
        select(_TOMBSTONE.c.spell_hash)
        .select_from(
            _TOMBSTONE.join(SPELL, SPELL.c.spell_hash == _TOMBSTONE.c.spell_hash).join(
                INVITATION, INVITATION.c.spell_id == SPELL.c.id
            )
        )
        .where(
            _TOMBSTONE.c.source == source,
            _TOMBSTONE.c.outcome == ConsentState.NO_CONTACT.value,
            _TOMBSTONE.c.reopens_on == "facts",
            _TOMBSTONE.c.facts_hash != "",
            mended(terms),
        )
    )
    return list(connection.execute(query).scalars())
