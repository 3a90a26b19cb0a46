"""Consent receipts: ISO/IEC TS 27560 as JSON-LD (DPV), and the same for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from alumni_sync.domain import ConsentState
from alumni_sync.ports import ProfileField, Purpose

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Receipt:
    """One consent event as its person may keep it, made from the ledger alone.

    Attributes:
        notice_text: the exact Markdown text that was on the page.
        name: and `email`: "" once the evidence key is gone.
        fields: field → (value, shown to members).
        jsonld: ISO/IEC TS 27560 record in DPV terms.
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


def receipt(d: "Deployment", which: str | int) -> Receipt | None:
    """Return the receipt of an event (`int`: seq) or of an invitation's last answer (`str`: id)."""
    raise NotImplementedError
