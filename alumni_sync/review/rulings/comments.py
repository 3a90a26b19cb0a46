"""What somebody writes beside a ruling: kept sealed under the person's evidence key.

An opinion about a person is data about that person: it is in their export, and dies with them. It
goes through no link, no launch and no list; a launch hands over a ticket and a reason code only.
"""

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, delete, insert, select

from alumni_sync.domain import Identity
from alumni_sync.errors import Refused
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import Case, CaseEvent, t
from alumni_sync.review.people.authority import Act, Authority
from alumni_sync.review.people.interests import authority_now, refuse_interested
from alumni_sync.review.queue.numbering import case_id

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

COMMENT: Final = "comment"
"""The event that holds somebody's words."""
LONGEST: Final = 2000
_RULING: Final = (Act.RULE, Act.PROPOSE, Act.CONFIRM)

_CASES: Final = t(Case)
_EVENTS: Final = t(CaseEvent)


def keep_comment(
    d: "Deployment", case: str, version: int, identity: Identity, text: str
) -> int | None:
    """Keep what somebody writes on a version of a case; return its event, None for nothing kept.

    The same words by the same person on the same version are kept once.

    Args:
        d: the open deployment.
        case: its number.
        version: that they have seen.
        identity: who writes.
        text: their words; control characters are taken out, at most `LONGEST` letters stay.

    Raises:
        Refused: there is no such case, it has changed since, or it is not theirs to see; or nothing
            can be kept of the person any more.
    """
    with d.ledger.write() as connection:
        row = connection.execute(select(_CASES).where(_CASES.c.id == case_id(case))).first()
        if row is None:
            raise Refused(f"there is no case {case}")
        refuse_interested(d, connection, identity, row)
        _must_rule(authority_now(d, connection), identity, row.source)
        if version != row.version:
            raise Refused(f"{case} has changed since: look at it again before writing")
        return keep_words(d, connection, row, identity, text)


def take_back_comment(d: "Deployment", kept: int) -> None:
    """Let go of words that were kept beside a ruling which was then refused: nothing is changed."""
    with d.ledger.write() as connection:
        connection.execute(delete(_EVENTS).where(_EVENTS.c.id == kept, _EVENTS.c.event == COMMENT))


def plain_words(text: str) -> str:
    """Return words without control characters but line breaks, at most `LONGEST` letters."""
    kept = text.replace("\r\n", "\n").replace("\r", "\n")
    shown = "".join(letter for letter in kept if letter == "\n" or letter.isprintable())
    return shown.strip()[:LONGEST]


def _must_rule(authority: Authority, identity: Identity, source: str) -> None:
    """Refuse whoever may be neither the one, nor the first, nor the second on a case."""
    if not any(authority.may(identity, act, source).allowed for act in _RULING):
        authority.require(identity, Act.RULE, source)


def keep_words(
    d: "Deployment", connection: Connection, row: Row[Any], identity: Identity, text: str
) -> int | None:
    """Keep words beside the version of a case in `row`; return their event, None for nothing new.

    Raises:
        Refused: nothing can be kept of the person any more.
    """
    if not (words := plain_words(text)):
        return None
    ring = d.ledger.vault.load([row.person_id])
    if not ring.has(row.person_id, KeyKind.EVIDENCE):
        raise Refused("nothing can be kept of this person any more")
    mine = select(_EVENTS.c.sealed).where(
        _EVENTS.c.case_id == row.id,
        _EVENTS.c.version == row.version,
        _EVENTS.c.event == COMMENT,
        _EVENTS.c.actor == identity.user,
    )
    said = [
        ring.open_json(row.person_id, KeyKind.EVIDENCE, _EVENTS.name, sealed)
        for sealed in connection.execute(mine).scalars()
        if sealed is not None
    ]
    if words in said:
        return None
    sealed = ring.seal_json(row.person_id, KeyKind.EVIDENCE, _EVENTS.name, words)
    made = connection.execute(
        insert(_EVENTS)
        .values(
            case_id=row.id,
            person_id=row.person_id,
            version=row.version,
            event=COMMENT,
            at=d.clock.now(),
            actor=identity.user,
            verified=identity.verified,
            sealed=sealed,
        )
        .returning(_EVENTS.c.id)
    )
    return int(made.scalar_one())
