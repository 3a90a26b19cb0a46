"""Nobody acts on their own file: whoever `people:` names as an employee is recognised there."""

from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, select

from alumni_sync.domain import Identity
from alumni_sync.errors import Refused
from alumni_sync.ledger.tables import Person, t
from alumni_sync.review.authority import Authority

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_PERSON: Final = t(Person)


def refuse_own_file(
    d: "Deployment", connection: Connection, identity: Identity, person_id: str
) -> None:
    """Raise `Refused` where a person of `people:` is the very person whose file it is."""
    known = Authority.of(d.settings).person(identity.user)
    if known is None or known.employee is None:
        return
    source, _, employee = known.employee.partition("/")
    query = select(_PERSON.c.employee_hash).where(_PERSON.c.id == person_id)
    theirs = connection.execute(query).scalar()
    if theirs == d.ledger.hashes.digest("employee", source, employee):
        raise Refused("nobody acts on their own file")
