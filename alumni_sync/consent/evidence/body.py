"""The body of a consent event: everything that proves what was said, on which text, and how.

Lists what `reference/consent.md` 1.3 lists. Personal values (name, address, the values behind the
boxes) are sealed under the person's evidence key before they come in, so that the chain still
verifies after that key is gone. All values are strings, lists and objects (RFC 8785).
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from alumni_sync.consent.answers.answer import Evidence
from alumni_sync.consent.answers.dossier import Agreed
from alumni_sync.consent.answers.view import Page
from alumni_sync.consent.notices.editions import in_language
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.vault import KeyRing
from alumni_sync.ports import ProfileField, Purpose, Shown

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

SCHEMA: Final = "ISO/IEC TS 27560:2023"
TABLE: Final = "consent_event"


@dataclass(frozen=True, slots=True)
class Given:
    """What one decision means for each purpose.

    Attributes:
        answer: the person's answer or act, as a code.
        purposes: purpose → `given`, `not_given`, `withdrawn`, or `once_proven`: given as soon as
            another address is proven.
        fields: fields that stand after it → shown to members.
        not_before: purpose → civil day before which it stays closed.
        paused_until: end of a pause that the person has asked for.
    """

    answer: str
    purposes: Mapping[Purpose, str]
    fields: Mapping[ProfileField, bool]
    valid_from: datetime
    valid_until: datetime | None
    not_before: Mapping[Purpose, date] = field(default_factory=dict)
    paused_until: datetime | None = None


def decision_body(
    d: "Deployment",
    page: Page,
    given: Given,
    how: Evidence,
    *,
    source: str,
    receipt_id: str,
    nonce_hash: str,
    sealed: str,
) -> dict[str, Any]:
    """Return the body for something that the subject did."""
    return {
        "conforms_to": SCHEMA,
        "receipt_id": receipt_id,
        "subject": {"sealed": sealed, "address_hash": d.ledger.hashes.address(page.address)},
        "evidence": {
            "token_id": how.token_id,
            "form_nonce": nonce_hash,
            "network": how.network,
            "agent": how.agent,
            "recorded_by": how.recorded_by,
        },
        "decision": _decision(given),
        "notice": notice_body(page),
        "context": context_body(d, page, source),
    }


def _decision(given: Given) -> dict[str, Any]:
    until = instant(given.valid_until) if given.valid_until else ""
    return {
        "answer": given.answer,
        "consent_type": "expressed",
        "post_employment": "true",  # the lifecycle refuses every answer before the exit
        "purposes": [
            {
                "id": purpose.value,
                "decision": decision,
                "valid_from": instant(given.valid_from),
                "valid_until": until if decision == "given" else "",
                **_closed_until(given, purpose),
            }
            for purpose, decision in given.purposes.items()
        ],
        "fields": [
            {"id": name.value, "shown_to_members": str(shown).lower()}
            for name, shown in given.fields.items()
        ],
        **({"paused_until": instant(given.paused_until)} if given.paused_until else {}),
    }


def _closed_until(given: Given, purpose: Purpose) -> dict[str, str]:
    day = given.not_before.get(purpose)
    return {"not_before": day.isoformat()} if day else {}


def notice_body(page: Page) -> dict[str, str]:
    """Return which notice it was, down to its exact bytes."""
    manifest = page.edition.manifest
    return {
        "id": manifest.id,
        "version": manifest.version,
        "language": page.language,
        "text_sha256": page.notice.sha256,
        "template_sha256": page.notice.template_sha256,
        "form_sha256": page.form.sha256,
    }


def context_body(d: "Deployment", page: Page, source: str) -> dict[str, Any]:
    """Return who is responsible, who receives, how long, and how to withdraw or complain."""
    terms, section = page.terms, d.settings.sources[source]
    return {
        "source": source,
        "controller": {"name": terms.controller, "contact": terms.contact},
        "recipients": [
            {
                "platform": d.platform_name,
                "agreement": in_language(terms.recipient, page.language),
                "region": terms.region,
                "transfer": in_language(terms.transfer, page.language),
            }
        ],
        "retention": {"profile": "while the consent stands", "proof": f"P{terms.proof_years}Y"},
        "withdraw_url": f"{d.settings.consent.public_url}/p",
        "rights_contact": terms.contact,
        "authority": {"name": terms.authority, "url": terms.authority_url},
        "jurisdiction": page.pack.jurisdiction,
        "pack_accepted_by": page.pack.accepted_by,
        "contact_basis": terms.basis,
        "assessment": section.contact.assessment or "",
    }


def instant(moment: datetime) -> str:
    """Return an instant as text: UTC, seconds, Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seal_subject(
    ring: KeyRing, person: str, agreed: Agreed, displayed: Mapping[ProfileField, str]
) -> str:
    """Seal the personal part of an event: what stands after it, and what was on the page."""
    value = {
        "agreed": agreed.to_json(),
        "displayed": {name.value: text for name, text in displayed.items()},
    }
    return b64encode(ring.seal_json(person, KeyKind.EVIDENCE, TABLE, value)).decode("ascii")


def open_subject(ring: KeyRing, person: str, sealed: str) -> Agreed | None:
    """Open the personal part of an event; None once the evidence key is gone."""
    if not sealed or not ring.has(person, KeyKind.EVIDENCE):
        return None
    value = ring.open_json(person, KeyKind.EVIDENCE, TABLE, b64decode(sealed))
    return Agreed.from_json(value["agreed"])


def open_displayed(ring: KeyRing, person: str, sealed: str) -> dict[str, str]:
    """Return the values that were on the page, by field; none once the evidence key is gone."""
    if not sealed or not ring.has(person, KeyKind.EVIDENCE):
        return {}
    value = ring.open_json(person, KeyKind.EVIDENCE, TABLE, b64decode(sealed))
    return dict(value["displayed"])


def nobody(address: str) -> Agreed:
    """Return the personal part of an answer that agrees to nothing."""
    fields: Mapping[ProfileField, Shown] = {}
    return Agreed(name="", email=address, purposes=frozenset(), fields=fields)
