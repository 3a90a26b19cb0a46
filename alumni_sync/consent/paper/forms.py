"""The form on paper: the very notice and form of the site, printed for one person who was asked.

What is printed is kept: text and form by their hashes, the values beside the boxes sealed. So when
the paper comes back weeks later, its number says exactly what stood on it, whatever has changed.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, RowMapping, insert, select, update

from alumni_sync.consent.answers.answer import Channel, Conflict
from alumni_sync.consent.answers.dossier import INVITATION, Dossier, load_dossier, person_of
from alumni_sync.consent.answers.offers import full_name, masked
from alumni_sync.consent.answers.view import Page, page_for
from alumni_sync.consent.lifecycle import HELD_ONTO, Event, NotTaken, step
from alumni_sync.consent.transitions import suppressed_scope
from alumni_sync.domain import ConsentState, Identity
from alumni_sync.errors import Refused
from alumni_sync.ledger.chain import load_blob, store_blob
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.request_tables import RecordedAnswer
from alumni_sync.ledger.tables import Suppression, t
from alumni_sync.ledger.vault import KeyRing
from alumni_sync.ports import ProfileField
from alumni_sync.review.people.authority import Act
from alumni_sync.review.people.interests import authority_now
from alumni_sync.review.people.own_file import refuse_own_file

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

PRINTED: Final = "printed"
AWAITING: Final = "awaiting_second"
RECORDED: Final = "recorded"
DROPPED: Final = "dropped"
CONSENT: Final = "consent"
ANSWERS: Final = t(RecordedAnswer)
"""States and kind of a recorded answer, see `ledger.request_tables`."""
_SUPPRESSION: Final = t(Suppression)
_NUMBER: Final = re.compile(r"RA-(\d{6,18})")
_PART: Final = 6


@dataclass(frozen=True, slots=True)
class PrintedForm:
    """One printed form, as it was printed.

    Attributes:
        version: of its row; grows with everything that happens to it.
        text: the exact notice; `form` the exact form (labels, order, defaults).
        values: field → what stands beside its box.
        name: as the source has it; the person may write another one.
        address: where the question was mailed, masked; "" for whom only a letter asked.
        printed: all of that, as it is sealed.
        said: what was keyed in from the paper; empty while it has not come back.
        foot: at its foot: version, language, and a code for text, form, values and number.
    """

    number: str
    state: str
    version: int
    invitation_id: str
    person_id: str
    language: str
    notice_id: str
    notice_version: str
    text: str
    text_sha256: str
    form: Mapping[str, Any]
    form_sha256: str
    values: Mapping[ProfileField, str]
    name: str
    address: str
    printed: Mapping[str, Any]
    said: Mapping[str, Any]
    foot: str
    printed_at: datetime
    recorded_by: str
    second_by: str


def answer_number(row_id: int) -> str:
    """Return the number under which people know a recorded answer."""
    return f"RA-{row_id:06d}"


def answer_id(number: str) -> int:
    """Return the ledger's id of a recorded answer; raises `Refused` for anything else."""
    found = _NUMBER.fullmatch(number.strip().upper())
    if not found:
        raise Refused("a recorded answer is named like RA-000123")
    return int(found[1])


def in_the_way(d: "Deployment", connection: Connection, dossier: Dossier, page: Page) -> str:
    """Return why no yes can be taken on paper now, "" if one can.

    As on the site; but a member says more, or renews, there and not here: the link is in each mail.
    """
    if dossier.state in HELD_ONTO:
        return "member"
    moved = step(dossier.position, Event.SAID_YES, d.clock.now(), page.pack.timers)
    if moved.not_taken is not None:
        reasons = {NotTaken.BEFORE_EXIT: "before_exit", NotTaken.CLOSED: "closed"}
        return reasons.get(moved.not_taken, "state")
    scope = connection.execute(
        select(_SUPPRESSION.c.scope).where(
            _SUPPRESSION.c.address_hash == d.ledger.hashes.address(page.address)
        )
    ).scalar()
    if dossier.obstacle or suppressed_scope(scope, "invitation"):
        return "not_standing"
    return ""


def print_form(
    d: "Deployment", invitation_id: str, language: str, identity: Identity
) -> str | Conflict:
    """Keep what a form says for one person and return its number; the same words, the same number.

    Printing asks nobody: it is for a person who was asked and wants to answer on paper.

    Raises:
        Refused: the identity may not, or it is their own file.
    """
    person = person_of(d, invitation_id)
    ring = d.ledger.vault.load([person] if person else [])
    with d.ledger.write() as connection:
        now = d.clock.now()
        dossier = load_dossier(connection, ring, invitation_id, now, lock=True)
        if dossier is None or not ring.has(dossier.row["person_id"], KeyKind.EVIDENCE):
            return Conflict(ConsentState.ERASED)
        authority_now(d, connection).require(identity, Act.RECORD_CONSENT, dossier.row["source"])
        refuse_own_file(d, connection, identity, dossier.row["person_id"])
        page = page_for(d, dossier, language)
        if reason := in_the_way(d, connection, dossier, page):
            return Conflict(dossier.state, reason)
        printed = _printed(dossier, page)
        if known := _same(connection, ring, dossier.row, printed):
            return known
        store_blob(connection, page.notice.text.encode(), "text/markdown; charset=utf-8", now)
        store_blob(connection, page.form.content, "application/json", now)
        made = connection.execute(
            insert(ANSWERS).values(
                invitation_id=invitation_id,
                person_id=dossier.row["person_id"],
                kind=CONSENT,
                channel=Channel.LETTER.value,
                state=PRINTED,
                version=1,
                recorded_by=identity.user,
                recorded_at=now,
                second_by="",
                sealed=seal_answer(ring, dossier.row["person_id"], printed, {}),
            )
        )
        key = made.inserted_primary_key
        return answer_number(int(key[0]) if key else 0)


def _printed(dossier: Dossier, page: Page) -> dict[str, Any]:
    manifest = page.edition.manifest
    return {
        "notice": {
            "id": manifest.id,
            "version": manifest.version,
            "language": page.language,
            "text_sha256": page.notice.sha256,
            "form_sha256": page.form.sha256,
        },
        "values": {name.value: value for name, value in page.values.items()},
        "name": full_name(dossier.facts),
        "address": masked(dossier.proven_address),
    }


def _same(
    connection: Connection, ring: KeyRing, row: RowMapping, printed: Mapping[str, Any]
) -> str | None:
    """Return the number of a form of these words that has not come back."""
    query = select(ANSWERS).where(ANSWERS.c.invitation_id == row["id"], ANSWERS.c.state == PRINTED)
    for known in connection.execute(query.order_by(ANSWERS.c.id.desc())):
        if _opened(ring, known)["printed"] == printed:
            return answer_number(known.id)
    return None


def seal_answer(
    ring: KeyRing, person_id: str, printed: Mapping[str, Any], said: Mapping[str, Any]
) -> bytes:
    """Seal what stood on a form and what was answered, for the row of a recorded answer."""
    value = {"printed": dict(printed), "said": dict(said)}
    return ring.seal_json(person_id, KeyKind.EVIDENCE, ANSWERS.name, value)


def _opened(ring: KeyRing, row: Row[Any]) -> Mapping[str, Any]:
    if row.sealed is None or not ring.has(row.person_id, KeyKind.EVIDENCE):
        raise Refused(f"{answer_number(row.id)}: what stood on it is kept no longer")
    opened: Mapping[str, Any] = ring.open_json(
        row.person_id, KeyKind.EVIDENCE, ANSWERS.name, row.sealed
    )
    return opened


def find_answer(connection: Connection, number: str, *, lock: bool = False) -> Row[Any] | None:
    """Return the row of a recorded answer; `lock` keeps others from changing it."""
    query = select(ANSWERS).where(ANSWERS.c.id == answer_id(number))
    return connection.execute(query.with_for_update() if lock else query).first()


def open_form(d: "Deployment", connection: Connection, ring: KeyRing, row: Row[Any]) -> PrintedForm:
    """Return a printed form from its row, from the ledger alone.

    Raises:
        Refused: it is no printed form, or what stood on it is kept no longer.
    """
    number, opened = answer_number(row.id), _opened(ring, row)
    printed = opened["printed"]
    if not printed:
        raise Refused(f"{number} was no printed form")
    notice = printed["notice"]
    blobs = [load_blob(connection, notice[f"{kind}_sha256"]) for kind in ("text", "form")]
    text, form = (content or b"" for content in blobs)
    if not text or not form:
        raise Refused(f"{number}: the text or the form it was printed with is missing")
    return PrintedForm(
        number=number,
        state=row.state,
        version=row.version,
        invitation_id=row.invitation_id,
        person_id=row.person_id,
        language=notice["language"],
        notice_id=notice["id"],
        notice_version=notice["version"],
        text=text.decode(),
        text_sha256=notice["text_sha256"],
        form=json.loads(form),
        form_sha256=notice["form_sha256"],
        values={ProfileField(name): value for name, value in printed["values"].items()},
        name=printed["name"],
        address=printed["address"],
        printed=printed,
        said=opened["said"],
        foot=f"{notice['version']}/{notice['language']}/{_code(d, number, printed)}",
        printed_at=row.recorded_at,
        recorded_by=row.recorded_by,
        second_by=row.second_by,
    )


def _code(d: "Deployment", number: str, printed: Mapping[str, Any]) -> str:
    """Return the code: begins of both hashes, and a keyed one over everything."""
    notice = printed["notice"]
    whole = d.ledger.hashes.digest("paper", number, json.dumps(printed, sort_keys=True))
    parts = (notice["text_sha256"], notice["form_sha256"], whole)
    return "-".join(part[:_PART] for part in parts)


def forget_forms(connection: Connection, invitation_id: str, now: datetime) -> None:
    """Drop what stands on forms that never became a consent: facts that are let go elsewhere."""
    waiting = (ANSWERS.c.kind == CONSENT, ANSWERS.c.state.in_([PRINTED, AWAITING]))
    connection.execute(
        update(ANSWERS)
        .where(ANSWERS.c.invitation_id == invitation_id, *waiting)
        .values(state=DROPPED, sealed=None, closed_at=now, version=ANSWERS.c.version + 1)
    )


@dataclass(frozen=True, slots=True)
class FormLine:
    """One form of a list; names nobody.

    Attributes:
        since: when it was printed.
        received_on: when it came back; None while it has not.
    """

    number: str
    source: str
    state: str
    printed_by: str
    since: datetime
    received_on: date | None


def list_forms(d: "Deployment", sources: Collection[str], *, limit: int = 100) -> list[FormLine]:
    """Return the forms that wait: for a second first, then for the post; the newest first."""
    query = (
        select(ANSWERS, INVITATION.c.source)
        .join(INVITATION, INVITATION.c.id == ANSWERS.c.invitation_id)
        .where(
            INVITATION.c.source.in_(sources),
            ANSWERS.c.kind == CONSENT,
            ANSWERS.c.state.in_([PRINTED, AWAITING]),
        )
        .order_by(ANSWERS.c.state, ANSWERS.c.id.desc())
        .limit(limit)
    )
    with d.ledger.read() as connection:
        rows = connection.execute(query).all()
    return [_line(row) for row in rows]


def _line(row: Row[Any]) -> FormLine:
    number, since = answer_number(row.id), row.recorded_at
    return FormLine(number, row.source, row.state, row.recorded_by, since, row.received_on)
