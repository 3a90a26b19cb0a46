"""Consent receipts: ISO/IEC TS 27560 as JSON-LD (DPV), and the same for people.

Made from the ledger alone: the event's canonical bytes, the notice and form kept by their hashes,
and, as long as the evidence key lives, the sealed personal part.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, select

from alumni_sync.consent.evidence.body import open_subject
from alumni_sync.consent.evidence.jsonld import receipt_jsonld
from alumni_sync.domain import Actor, ConsentState
from alumni_sync.ledger.chain import load_blob, read_event
from alumni_sync.ledger.tables import ConsentEvent, t
from alumni_sync.ports import ProfileField, Purpose

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_EVENTS: Final = t(ConsentEvent)
_RECEIPT: Final = "receipt_id"


@dataclass(frozen=True, slots=True)
class Receipt:
    """One consent event as its person may keep it, made from the ledger alone.

    Attributes:
        notice_text: the exact Markdown text that was on the page; "" for an act without a page.
        name: and `email`: "" once the evidence key is gone.
        purposes: those that stand after the event.
        not_before: purpose → civil day before which it stays closed.
        paused_until: end of a pause that the person has asked for.
        fields: field → (value, shown to members).
        labels: of fields and purposes, as they stood on the form.
        jsonld: ISO/IEC TS 27560 record in DPV terms; holds no name, address or value.
    """

    seq: int
    receipt_id: str
    event: str
    state: ConsentState
    occurred_at: datetime
    language: str
    controller: str
    controller_contact: str
    notice_id: str
    notice_version: str
    notice_sha256: str
    notice_text: str
    form_sha256: str
    name: str
    email: str
    purposes: tuple[Purpose, ...]
    fields: Mapping[ProfileField, tuple[str, bool]]
    valid_until: datetime | None
    labels: Mapping[str, str]
    jsonld: Mapping[str, Any]
    not_before: Mapping[Purpose, date] = field(default_factory=dict)
    paused_until: datetime | None = None


def receipt(d: "Deployment", which: str | int) -> Receipt | None:
    """Return the receipt of an event (`int`: seq) or of an invitation's last answer (`str`: id).

    A complaint and the wish to be asked again are words of the person, too, and no answers.
    """
    with d.ledger.read() as connection:
        event = _find(connection, which)
        if event is None:
            return None
        notice = event["body"].get("notice", {})
        text = _blob(connection, notice.get("text_sha256", ""))
        form = json.loads(_blob(connection, notice.get("form_sha256", "")) or "{}")
    return _receipt(d, event, text, form)


def _find(connection: Connection, which: str | int) -> dict[str, Any] | None:
    query = select(_EVENTS.c.canonical).where(_EVENTS.c.actor == Actor.SUBJECT.value)
    if isinstance(which, int):
        query = query.where(_EVENTS.c.seq == which)
    else:
        query = query.where(_EVENTS.c.invitation_id == which)
    found = connection.execute(query.order_by(_EVENTS.c.seq.desc())).scalars()
    events = (read_event(bytes(canonical)) for canonical in found)
    return next((event for event in events if _RECEIPT in event["body"]), None)


def _blob(connection: Connection, sha256: str) -> str:
    return (load_blob(connection, sha256) or b"").decode() if sha256 else ""


def _receipt(
    d: "Deployment", event: Mapping[str, Any], text: str, form: Mapping[str, Any]
) -> Receipt:
    body, person = event["body"], event["person_id"]
    notice, context = body.get("notice", {}), body.get("context", {})
    controller = context.get("controller", {})
    ring = d.ledger.vault.load([person])
    said = open_subject(ring, person, body["subject"]["sealed"])
    given = {
        item["id"]: item for item in body["decision"]["purposes"] if item["decision"] == "given"
    }
    resting = body["decision"].get("paused_until", "")
    until = next((item["valid_until"] for item in given.values()), "")
    return Receipt(
        seq=int(event["seq"]),
        receipt_id=body[_RECEIPT],
        event=event["event"],
        state=ConsentState(event["state_after"]),
        occurred_at=datetime.fromisoformat(event["occurred_at"]),
        language=notice.get("language", ""),
        controller=controller.get("name", ""),
        controller_contact=controller.get("contact", ""),
        notice_id=notice.get("id", ""),
        notice_version=notice.get("version", ""),
        notice_sha256=notice.get("text_sha256", ""),
        notice_text=text,
        form_sha256=notice.get("form_sha256", ""),
        name=said.name if said else "",
        email=said.email if said else "",
        purposes=tuple(Purpose(name) for name in given),
        fields={name: (shown.value, shown.to_members) for name, shown in said.fields.items()}
        if said
        else {},
        valid_until=datetime.fromisoformat(until) if until else None,
        labels=_labels(form),
        jsonld=receipt_jsonld(event),
        not_before={
            Purpose(name): date.fromisoformat(item["not_before"])
            for name, item in given.items()
            if item.get("not_before")
        },
        paused_until=datetime.fromisoformat(resting) if resting else None,
    )


def _labels(form: Mapping[str, Any]) -> dict[str, str]:
    """Return the words of the boxes as they stood on the form; membership has its own."""
    if not form:
        return {}
    boxes = {box["id"]: box["label"] for box in (*form["fields"], *form["purposes"])}
    return {**boxes, Purpose.COMMUNITY.value: form["labels"]["community"]}
