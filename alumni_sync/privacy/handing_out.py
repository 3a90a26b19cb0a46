"""A person's data handed out by somebody of the company: who may, and written down before."""

from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from alumni_sync.domain import Identity
from alumni_sync.errors import Refused
from alumni_sync.ledger.tables import Person, t
from alumni_sync.privacy.subject_export import SubjectExport, export_subject
from alumni_sync.review.people.access import log_access
from alumni_sync.review.people.authority import Act
from alumni_sync.review.people.interests import authority_now
from alumni_sync.review.people.own_file import refuse_own_file

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_PERSON: Final = t(Person)


def export_at_desk(
    d: "Deployment", person_id: str, identity: Identity, language: str = ""
) -> SubjectExport:
    """Return everything about a person, for a request that came by letter.

    Args:
        d: the deployment.
        person_id: `P-…`.
        identity: who hands it out, and has made sure who asks.
        language: of the page; "" for the person's own.

    Raises:
        Refused: there is no such person, or somebody may not.
    """
    with d.ledger.write() as connection:
        query = select(_PERSON.c.source).where(_PERSON.c.id == person_id)
        source = connection.execute(query).scalar()
        if source is None:
            raise Refused("there is no such person")
        authority_now(d, connection).require(identity, Act.HANDLE_REQUEST, source)
        refuse_own_file(d, connection, identity, person_id)
        log_access(d, identity, Act.HANDLE_REQUEST, person_id, "export", within=connection)
    return export_subject(d, person_id, language)
