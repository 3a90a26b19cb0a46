"""A person's consents for an export: every event with its exact text and form, and its receipt."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from alumni_sync.consent.evidence.body import open_displayed, open_subject
from alumni_sync.consent.evidence.jsonld import receipt_jsonld
from alumni_sync.domain import Actor
from alumni_sync.ledger.chain import load_blob, read_event
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import ConsentEvent, Invitation, t
from alumni_sync.privacy.export_reader import Item, Reader, picked, without_names

SHORT: Final = 12
"""Letters of a text's SHA-256 in the name of its file."""


@dataclass(slots=True)
class Consents:
    """Consents as items, and the files that go with them.

    Attributes:
        addresses: every address of the person that is known, for the suppression list.
        texts: file name → exact bytes as text, of what was on a page.
        receipts: file name → JSON-LD.
    """

    items: list[Item] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    receipts: dict[str, str] = field(default_factory=dict)


def consents(reader: Reader) -> Consents:
    """Return a person's consents, oldest first."""
    found = Consents()
    events = [read_event(bytes(row["canonical"])) for row in reader.rows(t(ConsentEvent), "seq")]
    for row in reader.rows(t(Invitation), "created_at"):
        item = _standing(reader, row, found)
        mine = [event for event in events if event["invitation_id"] == row["id"]]
        item["history"] = [_event(reader, event, found) for event in mine]
        found.items.append(item)
    return found


def _standing(reader: Reader, row: Mapping[str, Any], found: Consents) -> Item:
    names = ("invitation=id", "employment=spell_id", "state", "basis", "language", "asked_at")
    item = picked(row, (*names, "mails_asked=asked", "closes_at", "valid_until", "paused_until"))
    item |= picked(row, ("no_contact_reason", "notice=notice_id", "notice_version"))
    for name, column in (("agreed", "sealed"), ("waiting", "pending_sealed")):
        said = reader.opened(KeyKind.PROFILE, "invitation", row[column])
        item[name] = said
        if isinstance(said, Mapping):
            item[name] = {**said, "fields": _fields(said.get("fields", {}))}
            found.addresses += [said[key] for key in ("asked", "email") if said.get(key)]
    return item


def _fields(agreed: Mapping[str, Any]) -> Item:
    return {
        name: {"value": value, "shown_to_members": str(shown).lower()}
        for name, (value, shown) in agreed.items()
    }


def _event(reader: Reader, event: Mapping[str, Any], found: Consents) -> Item:
    body, notice = event["body"], event["body"].get("notice", {})
    item: Item = {
        "consent_event": int(event["seq"]),
        "at": event["occurred_at"],
        "event": event["event"],
        "before": event["state_before"],
        "state": event["state_after"],
        "by": reader.role(event["actor"]),
        "channel": event["channel"],
        "reason": body.get("reason", ""),
    }
    sealed = body.get("subject", {}).get("sealed", "")
    said = open_subject(reader.ring, reader.person_id, sealed)
    if said is not None:
        item |= {"name": said.name, "email": said.email}
        found.addresses.append(said.email)
    item["displayed"] = open_displayed(reader.ring, reader.person_id, sealed)
    item["decision"] = body.get("decision", {})
    item["notice"] = notice.get("id", "")
    item["notice_version"] = notice.get("version", "")
    item["evidence"] = without_names(body.get("evidence", {}), reader.role)
    item |= dict(_files(reader, notice, found))
    if body.get("receipt_id") and event["actor"] == Actor.SUBJECT.value:
        item["receipt"] = f"receipts/{body['receipt_id']}.jsonld"
        text = json.dumps(receipt_jsonld(event), ensure_ascii=False, indent=2)
        found.receipts[item["receipt"]] = text
    return item


def _files(reader: Reader, notice: Mapping[str, str], found: Consents) -> Iterator[tuple[str, str]]:
    """Yield (what, file name) of what was on the page; its bytes go into `found`."""
    for what, ending in (("text", "md"), ("form", "json")):
        digest = notice.get(f"{what}_sha256", "")
        content = load_blob(reader.connection, digest) if digest else None
        if content is not None:
            name = f"texts/{what}-{digest[:SHORT]}.{ending}"
            found.texts[name] = content.decode("utf-8", "replace")
            yield what, name
