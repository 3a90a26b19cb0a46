"""Nobody acts on their own file: whoever `people:` names as an employee is recognised there."""

from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, select

from alumni_sync.domain import Identity
from alumni_sync.errors import Refused
from alumni_sync.ledger.tables import Person, t
from alumni_sync.review.people.authority import entry_of

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_PERSON: Final = t(Person)
_OWN: Final = "nobody acts on their own file"


def refuse_own_file(
    d: "Deployment", connection: Connection, identity: Identity, person_id: str
) -> None:
    """Raise `Refused` where a person of `people:` is the very person whose file it is."""
    if (employee := _employee(d, identity)) is None:
        return
    query = select(_PERSON.c.employee_hash).where(_PERSON.c.id == person_id)
    theirs = connection.execute(query).scalar()
    if theirs == d.ledger.hashes.digest("employee", *employee):
        raise Refused(_OWN)


def refuse_own_number(d: "Deployment", identity: Identity, source: str, number: object) -> None:
    """Raise `Refused` where somebody gives their own employee number for somebody else's."""
    if _employee(d, identity) == (source, number):
        raise Refused(_OWN)


def _employee(d: "Deployment", identity: Identity) -> tuple[str, str] | None:
    """Return source and number under which somebody works here; None where we are not told."""
    known = entry_of(d.settings.people, identity.user)
    if known is None or known.employee is None:
        return None
    source, _, number = known.employee.partition("/")
    return source, number
