"""What a person asks for on the site, carried out as soon as their code is right.

A copy of the data, a restriction, its lifting and an erasure wait for nobody. A correction waits
for HR, and so does an erasure that a legal hold forbids: the person is told that it is being looked
at, and gets the reason with the answer.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from alumni_sync.consent.answers.dossier import person_of
from alumni_sync.consent.links.one_time import check_code
from alumni_sync.domain import Actor
from alumni_sync.errors import Refused
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.tables import Person, t
from alumni_sync.privacy.deadlines import last_day
from alumni_sync.privacy.erasure import erase
from alumni_sync.privacy.request_rows import (
    REQUEST,
    RequestKind,
    RequestState,
    request_id,
    request_number,
    row_of,
)
from alumni_sync.privacy.request_steps import close_at_once
from alumni_sync.privacy.requests import acknowledge, ask_on_site, asked_before
from alumni_sync.privacy.restriction import lift_at_once, restrict_at_once
from alumni_sync.privacy.subject_export import SubjectExport, export_subject

if TYPE_CHECKING:
    from datetime import date

    from alumni_sync.deployment import Deployment

_PERSON: Final = t(Person)


class Wish(StrEnum):
    """What can be asked for on the site."""

    ACCESS = "access"
    EXPORT = "export"
    RECTIFY = "rectify"
    RESTRICT = "restrict"
    LIFT = "lift"
    ERASE = "erase"


GIVES_DATA: Final = frozenset({Wish.ACCESS, Wish.EXPORT})
"""Wishes after which the data can be downloaded."""


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A request that waits for an answer; `due` is the last day for it, at the site."""

    number: str
    kind: str
    due: "date"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a person has asked for so far.

    Attributes:
        restricted_at: since when the data are only kept; None if they are not.
        waiting: requests that nobody has answered yet.
    """

    restricted_at: datetime | None
    waiting: tuple[OpenRequest, ...]

    @property
    def wishes(self) -> tuple[Wish, ...]:
        """Return what can be asked for now."""
        left_out = Wish.RESTRICT if self.restricted_at else Wish.LIFT
        return tuple(wish for wish in Wish if wish is not left_out)


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of a wish.

    Attributes:
        number: of the request; "" for a lifting, which is none.
        done: carried out; else it waits for an answer until the day `due`.
    """

    wish: Wish
    number: str
    done: bool
    due: "date | None" = None


def standing(d: "Deployment", invitation_id: str) -> Standing:
    """Return what the person of an invitation has asked for so far; writes nothing."""
    person_id = person_of(d, invitation_id)
    with d.ledger.read() as connection:
        restricted = select(_PERSON.c.restricted_at).where(_PERSON.c.id == person_id)
        since: datetime | None = connection.execute(restricted).scalar()
        theirs = REQUEST.c.person_id == person_id
        query = select(REQUEST).where(theirs, REQUEST.c.state == RequestState.OPEN.value)
        rows = connection.execute(query.order_by(REQUEST.c.id)).all()
    waiting = [
        OpenRequest(
            request_number(row.id),
            row.kind,
            last_day(row.due_at, d.settings.sources[row.source].timezone),
        )
        for row in rows
    ]
    return Standing(since, tuple(waiting))


def carry_out(
    d: "Deployment", invitation_id: str, wish: Wish, words: str, code: str, nonce: str
) -> Asked | None:
    """Check the code, take the wish down, and do what can be done at once.

    The same form twice is the same request, although a code works once only.

    Returns:
        What became of it; None where the code is not right, and nothing has happened.
    """
    if number := asked_before(d, invitation_id, nonce):
        return _asked(d, wish, number)
    if wish is Wish.LIFT and standing(d, invitation_id).restricted_at is None:
        return Asked(wish, "", done=True)  # lifted a moment ago, by the same form
    if not check_code(d, invitation_id, code):
        return None
    person_id = person_of(d, invitation_id) or ""
    if wish is Wish.LIFT:
        lift_at_once(d, person_id)
        return Asked(wish, "", done=True)
    number = ask_on_site(d, invitation_id, RequestKind(wish.value), words, nonce)
    if wish in GIVES_DATA:
        _close(d, number)
    elif wish is Wish.RESTRICT:
        restrict_at_once(d, person_id, number)
    elif wish is Wish.ERASE:
        _erase(d, person_id, number)
    return _asked(d, wish, number)


def data_for(d: "Deployment", invitation_id: str, number: str, language: str) -> SubjectExport:
    """Return the data of a person whose request for them was proven.

    Raises:
        Refused: that request is somebody else's, or was for something else.
    """
    person_id = person_of(d, invitation_id)
    with d.ledger.read() as connection:
        row = row_of(connection, request_id(number))
    if row.person_id != person_id or row.kind not in {wish.value for wish in GIVES_DATA}:
        raise Refused("there is no such request")
    return export_subject(d, row.person_id, language)


def _erase(d: "Deployment", person_id: str, number: str) -> None:
    run_id, by = new_id("R"), Actor.SUBJECT.value
    try:
        erase(d, person_id, by=by, reason="request", run_id=run_id, call_platform=False)
    except Refused:  # a legal hold: somebody has to look, and to answer
        acknowledge(d, number)
    else:
        _close(d, number)


def _close(d: "Deployment", number: str) -> None:
    with d.ledger.write() as connection:
        close_at_once(connection, number, d.clock.now())


def _asked(d: "Deployment", wish: Wish, number: str) -> Asked:
    with d.ledger.read() as connection:
        row = row_of(connection, request_id(number))
    due = last_day(row.due_at, d.settings.sources[row.source].timezone)
    return Asked(wish, number, row.state != RequestState.OPEN.value, due)
