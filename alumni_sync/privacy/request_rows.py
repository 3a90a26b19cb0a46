"""Requests of people as the ledger has them: their words, numbers, kinds, and where they stand.

Belongs here: reading. What is done to a request is in `requests`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, literal, select, tuple_

from alumni_sync.domain import Identity
from alumni_sync.errors import Refused
from alumni_sync.ledger.columns import UtcDateTime
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.request_tables import SubjectRequest, SubjectRequestEvent
from alumni_sync.ledger.tables import t
from alumni_sync.ledger.vault import KeyRing
from alumni_sync.review.people.access import log_access
from alumni_sync.review.people.authority import Act
from alumni_sync.review.people.interests import authority_now

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

REQUEST: Final = t(SubjectRequest)
EVENT: Final = t(SubjectRequestEvent)
_NUMBER: Final = re.compile(r"SR-(\d{6,18})")


class RequestKind(StrEnum):
    """What a person asks for (GDPR article in brackets)."""

    ACCESS = "access"  # 15
    EXPORT = "export"  # 20
    RECTIFY = "rectify"  # 16
    RESTRICT = "restrict"  # 18
    ERASE = "erase"  # 17
    CONTEST = "contest"  # 22(3): of a verdict
    OBJECT = "object"  # 21


class RequestState(StrEnum):
    """Where a request stands."""

    OPEN = "open"
    DONE = "done"
    REFUSED = "refused"


class RequestChannel(StrEnum):
    """How a request came."""

    PREFERENCES = "preference_centre"
    MAIL = "mail"
    PHONE = "phone"
    LETTER = "letter"
    DESK = "desk"


EXTENSIONS: Final = ("complex", "many_requests")
"""Why an answer may take longer (GDPR Art. 12(3)); the person is told which."""
REFUSALS: Final = ("not_identified", "legal_hold", "unfounded", "excessive", "not_covered", "other")
"""Why a request may be refused; the person is told which, and where to complain (Art. 12(4))."""


@dataclass(frozen=True, slots=True)
class RequestSummary:
    """A request without its words; names nobody.

    Attributes:
        number: as people say it, SR-000123.
        due_at: end of the last day on which an answer is in time.
        overdue: it is still open after that.
    """

    number: str
    person_id: str
    source: str
    kind: RequestKind
    state: RequestState
    channel: str
    received_at: datetime
    due_at: datetime
    extended: bool
    closed_at: datetime | None
    overdue: bool


@dataclass(frozen=True, slots=True)
class RequestHappened:
    """One entry of a request's history; the actor is a user name, `subject` or `system`.

    Attributes:
        answer: what the person was told; "" where nothing was, or the evidence key is gone.
    """

    at: datetime
    event: str
    actor: str
    verified: bool
    reason: str
    answer: str


@dataclass(frozen=True, slots=True)
class ShownRequest:
    """A request, opened.

    Attributes:
        words: the person's own; "" where there were none, or the evidence key is gone.
        unreadable: the words were kept and cannot be opened any more.
    """

    summary: RequestSummary
    invitation_id: str
    words: str
    unreadable: bool
    history: tuple[RequestHappened, ...]


def request_number(number: int) -> str:
    """Return the number under which people know a request."""
    return f"SR-{number:06d}"


def request_id(number: str) -> int:
    """Return the ledger's id of a request; raises `Refused` where the text is no number of one."""
    found = _NUMBER.fullmatch(number.strip().upper())
    if not found:
        raise Refused("a request is named like SR-000123")
    return int(found[1])


def summary_of(row: Row[Any], now: datetime) -> RequestSummary:
    """Return a row as a summary."""
    state = RequestState(row.state)
    return RequestSummary(
        number=request_number(row.id),
        person_id=row.person_id,
        source=row.source,
        kind=RequestKind(row.kind),
        state=state,
        channel=row.channel,
        received_at=row.received_at,
        due_at=row.due_at,
        extended=row.extended,
        closed_at=row.closed_at,
        overdue=state is RequestState.OPEN and row.due_at <= now,
    )


def list_requests(
    d: "Deployment",
    identity: Identity,
    *,
    waiting: bool = True,
    person_id: str = "",
    after: str = "",
    limit: int | None = None,
) -> list[RequestSummary]:
    """Return requests of the sources that somebody may see, the most urgent first.

    Args:
        d: the deployment.
        identity: who looks.
        waiting: only those that nobody has answered.
        person_id: of one person; "" for all.
        after: only those that follow this number in the list; "" begins it.
        limit: how many at most; None for all.

    Raises:
        Refused: somebody may see requests of no source, or there is no request of this number.
    """
    authority = authority_now(d)
    sources = [s for s in d.settings.sources if authority.may(identity, Act.SEE_REQUEST, s).allowed]
    if not sources:
        authority.require(identity, Act.SEE_REQUEST)
    query = select(REQUEST).where(REQUEST.c.source.in_(sources))
    if waiting:
        query = query.where(REQUEST.c.state == RequestState.OPEN.value)
    if person_id:
        query = query.where(REQUEST.c.person_id == person_id)
    now, place = d.clock.now(), tuple_(REQUEST.c.due_at, REQUEST.c.id)
    with d.ledger.read() as connection:
        if after:
            last = row_of(connection, request_id(after))
            query = query.where(place > tuple_(literal(last.due_at, UtcDateTime), last.id))
        ordered = query.order_by(REQUEST.c.due_at, REQUEST.c.id).limit(limit)
        rows = connection.execute(ordered).all()
    return [summary_of(row, now) for row in rows]


def show_request(d: "Deployment", number: str, identity: Identity) -> ShownRequest:
    """Return a request with the person's words, and write down who looked.

    Raises:
        Refused: there is none of this number, or somebody may not see it.
    """
    with d.ledger.read() as connection:
        row = row_of(connection, request_id(number))
        history = _history(connection, row.id)
    authority_now(d).require(identity, Act.SEE_REQUEST, row.source)
    log_access(d, identity, Act.SEE_REQUEST, row.person_id, request_number(row.id))
    return open_shown(row, history, d.ledger.vault.load([row.person_id]), d.clock.now())


def requests_of(connection: Connection, person_id: str) -> list[tuple[Row[Any], list[Row[Any]]]]:
    """Return a person's requests, each with its history, oldest first."""
    query = select(REQUEST).where(REQUEST.c.person_id == person_id).order_by(REQUEST.c.id)
    return [(row, list(_history(connection, row.id))) for row in connection.execute(query).all()]


def row_of(connection: Connection, number: int, *, lock: bool = False) -> Row[Any]:
    """Return a request's row; raises `Refused` where there is none."""
    query = select(REQUEST).where(REQUEST.c.id == number)
    row = connection.execute(query.with_for_update() if lock else query).first()
    if row is None:
        raise Refused(f"there is no request {request_number(number)}")
    return row


def open_shown(
    row: Row[Any], history: Sequence[Row[Any]], ring: KeyRing, now: datetime
) -> ShownRequest:
    """Open a request's sealed parts as far as the evidence key is there."""
    opened = _opened(ring, row.person_id, REQUEST.name, row.sealed)
    return ShownRequest(
        summary=summary_of(row, now),
        invitation_id=row.invitation_id,
        words=opened or "",
        unreadable=opened is None,
        history=tuple(
            RequestHappened(
                at=each.at,
                event=each.event,
                actor=each.actor,
                verified=each.verified,
                reason=each.reason,
                answer=_opened(ring, each.person_id, EVENT.name, each.sealed) or "",
            )
            for each in history
        ),
    )


def _history(connection: Connection, number: int) -> Sequence[Row[Any]]:
    query = select(EVENT).where(EVENT.c.request_id == number).order_by(EVENT.c.id)
    return connection.execute(query).all()


def _opened(ring: KeyRing, person_id: str, table: str, sealed: bytes | None) -> str | None:
    """Return sealed words; "" where there are none, None where their key is gone."""
    if sealed is None:
        return ""
    if not ring.has(person_id, KeyKind.EVIDENCE):
        return None
    return str(ring.open_json(person_id, KeyKind.EVIDENCE, table, sealed)["words"])


def seal_words(ring: KeyRing, person_id: str, table: str, words: str) -> bytes | None:
    """Seal words; None where there are none, or no key to seal them with."""
    if not words or not ring.has(person_id, KeyKind.EVIDENCE):
        return None
    return ring.seal_json(person_id, KeyKind.EVIDENCE, table, {"words": words})
