"""Finding one person at the desk: by what they say of themselves, never by leafing through a list.

A search answers with at most a handful: the same number at two sources, one mailbox of a couple.
Whoever gets more has asked for nothing in particular and sees nobody. Every search is written
down, and whom it found; what was typed is not.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Select, select, union

from alumni_sync.domain import Identity
from alumni_sync.ledger.holding import holding
from alumni_sync.ledger.request_tables import RecordedAnswer, SubjectRequest
from alumni_sync.ledger.tables import Case, ConsentEvent, Invitation, Person, Spell, t
from alumni_sync.review.people.access import log_access
from alumni_sync.review.people.authority import Act
from alumni_sync.review.people.interests import authority_now

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

MOST: Final = 5
_PERSON: Final = t(Person)
_EVENT: Final = t(ConsentEvent)
_NUMBERED: Final = re.compile(r"(EX|SR|RA)-(\d{1,18})")
_NAMED: Final = re.compile(r"(P|S|I|CR)-[0-9a-z]{1,40}")
_OF_NUMBER: Final[Mapping[str, Any]] = {
    "EX": t(Case),
    "SR": t(SubjectRequest),
    "RA": t(RecordedAnswer),
}
_OF_NAME: Final[Mapping[str, Any]] = {"S": t(Spell), "I": t(Invitation)}


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody whom a search found."""

    person_id: str
    source: str


@dataclass(frozen=True, slots=True)
class Search:
    """What a search came to.

    Attributes:
        found: at most `MOST` people.
        too_many: there were more, and none of them is shown.
    """

    found: Sequence[Found]
    too_many: bool = False


def find_person(d: "Deployment", identity: Identity, asked: str, source: str = "") -> Search:
    """Find a person, and write down who searched and whom they found.

    Args:
        d: the open deployment.
        identity: who searches.
        asked: an employee number, an e-mail address, or an id that we gave (`P-`, `S-`, `I-`,
            `CR-`, `EX-`, `SR-`, `RA-`).
        source: where an employee number is from; "" for wherever.

    Raises:
        Refused: the identity may find nobody.
    """
    authority = authority_now(d)
    authority.require(identity, Act.FIND_PERSON)
    how, query = _query(d, asked.strip(), source)
    seen = [s for s in d.settings.sources if authority.may(identity, Act.FIND_PERSON, s).allowed]
    # Looking through the record may take a while: nobody's answer waits for it.
    with d.ledger.read() as connection:
        found = _people(connection, query, seen) if query is not None else []
    shown = found if len(found) <= MOST else []
    with d.ledger.write() as connection:
        for one in shown:
            log_access(d, identity, Act.FIND_PERSON, one.person_id, how, within=connection)
        if not shown:
            log_access(d, identity, Act.FIND_PERSON, "", how, within=connection)
    return Search(shown, too_many=len(found) > MOST)


def _people(connection: Connection, ids: Select[Any], seen: Sequence[str]) -> list[Found]:
    query = (
        select(_PERSON.c.id, _PERSON.c.source)
        .where(_PERSON.c.id.in_(ids), _PERSON.c.source.in_(seen))
        .order_by(_PERSON.c.source, _PERSON.c.id)
        .limit(MOST + 1)
    )
    return [Found(row.id, row.source) for row in connection.execute(query)]


def _query(d: "Deployment", asked: str, source: str) -> tuple[str, Select[Any] | None]:
    """Return how somebody is searched for, and the ids that it means; None: it can mean nobody."""
    for how, means in _WAYS:
        if (query := means(d, asked, source)) is not None:
            return how, query
    return "nothing", None


def _by_number(_d: "Deployment", asked: str, _source: str) -> Select[Any] | None:
    """Return whose case, request or recorded answer it is."""
    found = _NUMBERED.fullmatch(asked.upper())
    if not found:
        return None
    table = _OF_NUMBER[found[1]]
    return select(table.c.person_id).where(table.c.id == int(found[2]))


def _by_id(_d: "Deployment", asked: str, _source: str) -> Select[Any] | None:
    """Return whose person, spell, invitation or receipt it is."""
    if not _NAMED.fullmatch(asked):
        return None
    kind = asked.partition("-")[0]
    if kind == "P":
        return select(_PERSON.c.id).where(_PERSON.c.id == asked)
    if kind == "CR":
        return _in_events(f'"receipt_id":"{asked}"')
    table = _OF_NAME[kind]
    return select(table.c.person_id).where(table.c.id == asked)


def _by_address(d: "Deployment", asked: str, _source: str) -> Select[Any] | None:
    """Return whose address it is or was: the source's, or one that somebody answered with."""
    if "@" not in asked:
        return None
    digest = d.ledger.hashes.address(asked)
    known = select(_PERSON.c.id).where(_PERSON.c.address_hash == digest)
    told = _in_events(f'"address_hash":"{digest}"')
    both = union(known, told).subquery()
    return select(both.c[0])


def _by_employee(d: "Deployment", asked: str, source: str) -> Select[Any] | None:
    """Return who has this number: at one source, written `source/number` too, or anywhere."""
    named, slash, number = asked.partition("/")
    if slash:
        source, asked = named, number
    if not asked:
        return None
    hashes = d.ledger.hashes
    if source:
        known = _PERSON.c.employee_hash == hashes.digest("employee", source, asked)
    else:
        known = _PERSON.c.number_hash == hashes.digest("number", asked)
    return select(_PERSON.c.id).where(known)


def _in_events(part: str) -> Select[Any]:
    """Return the people in whose events these bytes stand; reads the whole record, which is rare.

    Canonical JSON has one way to write a value, so its bytes can be searched for.
    """
    return select(_EVENT.c.person_id).where(holding(_EVENT.c.canonical, part.encode()))


_WAYS: Final[Sequence[tuple[str, Callable[["Deployment", str, str], Select[Any] | None]]]] = (
    ("by number", _by_number),
    ("by id", _by_id),
    ("by address", _by_address),
    ("by employee number", _by_employee),
)
