"""Who may not decide although they have the role: whoever left, and whoever is too near.

Nobody decides on their own case, on their manager's, or on that of somebody they were the manager
of. Whoever left the company has lost their roles with the last working day, even while
`people:` still names them. Both need `employee:` in `people:`; of whoever is not said who they are
at the source, nothing can be known.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, and_, false, select

from alumni_sync.domain import Identity, RecordStatus
from alumni_sync.errors import Refused
from alumni_sync.ledger.facts import load_facts
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import Person, Spell, t
from alumni_sync.review.people.authority import Authority, entry_of

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment
    from alumni_sync.sections import PersonSection

_PERSON: Final = t(Person)
_SPELL: Final = t(Spell)


def authority_now(d: "Deployment", connection: Connection | None = None) -> Authority:
    """Return who may do what at this moment: without those who have left the company.

    The one way to ask before an act, whatever the act is.

    Args:
        d: the open deployment.
        connection: of the caller's transaction; None where there is none.
    """
    authority = Authority.of(d.settings)
    if all(person.employee is None for person in authority.people):
        return authority
    with d.ledger.read() if connection is None else nullcontext(connection) as reading:
        gone = _who_left(d, reading, authority.people)
    if not gone:
        return authority
    return replace(
        authority,
        people=[person for person in authority.people if person.user not in gone],
        gone=gone,
    )


def refuse_interested(
    d: "Deployment", connection: Connection, identity: Identity, case: Row[Any]
) -> None:
    """Raise `Refused` where somebody is too near to the person to decide on them.

    Args:
        d: the open deployment.
        connection: of the caller's transaction.
        identity: who wants to decide; an unverified one counts as whom it claims to be.
        case: its row; person, spell and source are looked at.
    """
    person = entry_of(d.settings.people, identity.user)
    if person is None or not (person.employee or person.manager):
        return
    query = select(_PERSON.c.employee_hash, _PERSON.c.person_hash)
    theirs = connection.execute(query.where(_PERSON.c.id == case.person_id)).one()
    if theirs.employee_hash == _number_hash(d, person.employee):
        raise _too_near("nobody rules on their own case")
    if theirs.employee_hash == _number_hash(d, person.manager):
        raise _too_near(_THEIR_MANAGER)
    for hashes in _known_managers(d, connection, person):
        if theirs.person_hash in hashes or theirs.employee_hash in hashes:
            raise _too_near(_THEIR_MANAGER)
    if _was_managed_by(d, connection, case, person):
        raise _too_near("nobody rules on the case of somebody whose manager they were")


_THEIR_MANAGER: Final = "nobody rules on their own manager's case"


def _too_near(why: str) -> Refused:
    """Return the refusal; beside a user's name and a case number, the full one says whose it is."""
    return Refused(why, outside="this case is not yours to rule on: the HR desk says why")


def too_near_for(d: "Deployment", person: "PersonSection") -> list[str]:
    """Return the hashes of employee numbers on which somebody may surely not decide.

    Their own and their manager's, as `people:` names them: what a query can leave out.
    """
    both = (_number_hash(d, person.employee), _number_hash(d, person.manager))
    return [found for found in both if found is not None]


def _number_hash(d: "Deployment", named: str | None) -> str | None:
    """Return the hash of `source/number`, None for nobody."""
    if named is None:
        return None
    source, _, number = named.partition("/")
    return d.ledger.hashes.digest("employee", source, number)


def _who_left(
    d: "Deployment", connection: Connection, people: Sequence["PersonSection"]
) -> frozenset[str]:
    """Return the users whose own exit is over, and who have not come back."""
    users = {_number_hash(d, one.employee): one.user for one in people if one.employee is not None}
    left = and_(
        _SPELL.c.record_status == RecordStatus.LEFT.value,
        _SPELL.c.effective_at <= d.clock.now(),
        _SPELL.c.rehire_ends.is_(false()),
        _PERSON.c.active_elsewhere.is_(false()),
    )
    query = (
        select(_PERSON.c.employee_hash)
        .join(_SPELL, _SPELL.c.person_id == _PERSON.c.id)
        .where(_PERSON.c.employee_hash.in_(sorted(filter(None, users))), left)
    )
    return frozenset(users[found] for found in connection.execute(query).scalars())


def _known_managers(
    d: "Deployment", connection: Connection, person: "PersonSection"
) -> Iterator[frozenset[str]]:
    """Yield the hashes of managers that the source gave for this reviewer, if they are a leaver."""
    own = _number_hash(d, person.employee)
    if own is None:
        return
    query = select(_SPELL.c.person_id, _SPELL.c.source, _SPELL.c.sealed).join(
        _PERSON, _PERSON.c.id == _SPELL.c.person_id
    )
    for row in connection.execute(query.where(_PERSON.c.employee_hash == own)):
        yield _manager_hashes(d, row.source, _facts(d, row))


def _was_managed_by(
    d: "Deployment", connection: Connection, case: Row[Any], person: "PersonSection"
) -> bool:
    """Say whether the source named this reviewer as the manager of the case's person."""
    own = _number_hash(d, person.employee)
    spell = select(_SPELL.c.person_id, _SPELL.c.source, _SPELL.c.sealed).where(
        _SPELL.c.id == case.spell_id
    )
    row = connection.execute(spell).first()
    if own is None or row is None:
        return False
    managers = _manager_hashes(d, row.source, _facts(d, row))
    if own in managers:
        return True
    known = select(_PERSON.c.person_hash).where(_PERSON.c.employee_hash == own)
    return not managers.isdisjoint(connection.execute(known).scalars())


def _facts(d: "Deployment", row: Row[Any, Any, Any]) -> Mapping[str, Any]:
    """Return the facts of a spell; empty where they are gone."""
    ring = d.ledger.vault.load([row.person_id])
    if row.sealed is None or not ring.has(row.person_id, KeyKind.PROFILE):
        return {}
    return load_facts(ring.open(row.person_id, KeyKind.PROFILE, "spell", row.sealed))


def _manager_hashes(d: "Deployment", source: str, facts: Mapping[str, Any]) -> frozenset[str]:
    """Return the hashes of a person's manager: sources give an id, or an employee number."""
    manager = facts.get("manager_id")
    if not isinstance(manager, str) or not manager:
        return frozenset()
    digest = d.ledger.hashes.digest
    return frozenset({digest("person", source, manager), digest("employee", source, manager)})
