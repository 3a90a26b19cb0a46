"""Events of the company's mail provider: signed, fresh, read once; then as any other report.

`Alumni-Sync-Signature: t=SECONDS,v1=HEX`, where HEX is HMAC-SHA256 over `SECONDS.` and the raw
body. The signature is checked before anything in the body is read; a signature of another time than
about now is worth nothing, and an event that was taken changes nothing a second time.

Our own small format, because no two providers have the same: docs/mail.md shows how one is made
into it. Does not belong here: HTTP (`sites.consent.mail_hook`).
"""

import hmac
import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from alumni_sync.consent.returns.effects import Taken, take_report
from alumni_sync.consent.returns.reports import Returned, ReturnKind

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

SIGNATURE_HEADER: Final = "alumni-sync-signature"
FRESH: Final = timedelta(minutes=5)
_SIGNATURE: Final = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})", re.ASCII)
_NAME: Final = re.compile(r"[\x21-\x7e]{1,200}")
_MESSAGE_ID: Final = re.compile(r"<[^<>\s]{3,200}>")
_STATUS: Final = re.compile(r"[45]\.\d{1,3}\.\d{1,3}", re.ASCII)
_KINDS: Final = {
    "bounced": ReturnKind.HARD,
    "soft_bounced": ReturnKind.SOFT,
    "complained": ReturnKind.COMPLAINT,
}


@dataclass(frozen=True, slots=True)
class MailEvent:
    """One event: its number at the provider, and what it says."""

    id: str
    returned: Returned


def signature(secret: bytes, body: bytes, at: datetime) -> str:
    """Return the header that signs `body`, as the company's side makes it."""
    seconds = int(at.timestamp())
    return f"t={seconds},v1={_digest(secret, str(seconds), body)}"


def _digest(secret: bytes, seconds: str, body: bytes) -> str:
    return hmac.new(secret, seconds.encode() + b"." + body, sha256).hexdigest()


def is_signed(secret: bytes, header: str, body: bytes, now: datetime) -> bool:
    """Say whether somebody who knows the secret sent `body` within the last minutes."""
    found = _SIGNATURE.fullmatch(header)
    seconds, claimed = found.groups() if found else ("0", "")
    signed = hmac.compare_digest(_digest(secret, seconds, body), claimed)  # whatever is claimed
    return signed and abs(now.timestamp() - int(seconds)) <= FRESH.total_seconds()


def read_event(body: bytes) -> MailEvent | None:
    """Return the event in a signed body; None where it is none. Other keys may stand beside."""
    try:
        plain = json.loads(body)
        at = datetime.fromisoformat(plain["at"])
        named = {key: plain[key] for key in ("id", "type", "message_id")}
        status = plain.get("status", "")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    kind = _KINDS.get(named["type"]) if isinstance(named["type"], str) else None
    if kind is None or at.tzinfo is None or not _are(named, status):
        return None
    return MailEvent(named["id"], Returned(kind, named["message_id"], status))


def _are(named: dict[str, object], status: object) -> bool:
    """Say whether the words have the form of what they name."""
    number, message_id = named["id"], named["message_id"]
    return (
        isinstance(number, str)
        and _NAME.fullmatch(number) is not None
        and isinstance(message_id, str)
        and _MESSAGE_ID.fullmatch(message_id) is not None
        and (status == "" or (isinstance(status, str) and _STATUS.fullmatch(status) is not None))
    )


def take_event(d: "Deployment", event: MailEvent) -> Taken:
    """Write down what an event means; the number bars a second time, whatever it says then."""
    number = d.ledger.hashes.digest("return", "webhook", event.id)
    return take_report(d, number, event.returned, keep_strange=True)
