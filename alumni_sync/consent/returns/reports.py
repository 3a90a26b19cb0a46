"""What a mail that came back says: a bounce (RFC 3464), a complaint (RFC 5965), or neither. Pure.

Anybody can write to a mailbox. So nothing is believed but a report in its standard form about a
mail whose Message-ID we made; an automatic answer is neither a bounce nor a complaint.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message
from email.parser import HeaderParser
from enum import StrEnum
from typing import Final

MOST_BYTES: Final = 4 * 1024 * 1024
"""What is larger is no report: those quote one mail of ours."""
_NO_SUCH_MAILBOX: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
"""RFC 3463 and 7505: no such user or domain, moved without an address, disabled, null MX."""
_STATUS: Final = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_MESSAGE_ID: Final = re.compile(r"<[^<>\s]{3,200}>")
_COMPLAINTS: Final = frozenset({"abuse", "fraud", "opt-out", "opt-out-list"})
"""Feedback types that say "I do not want this"; `not-spam`, `virus`, `auth-failure` do not."""


class ReturnKind(StrEnum):
    """What a returned mail means."""

    HARD = "hard"  # there is no such mailbox
    SOFT = "soft"  # it did not arrive this time: full, refused, given up
    COMPLAINT = "complaint"  # the reader called it spam
    OTHER = "other"  # no report, or one about nothing that ended: delayed, delivered


@dataclass(frozen=True, slots=True)
class Returned:
    """One mail that came back.

    Attributes:
        kind: what it means.
        message_id: of our mail, with its brackets; "" where the report quotes none.
        status: enhanced status code (RFC 3463) of a bounce, such as `5.1.1`; "" if there is none.
    """

    kind: ReturnKind
    message_id: str = ""
    status: str = ""


def read_returned(content: bytes) -> Returned:
    """Return what a mail says that came back; whatever is not understood is `OTHER`."""
    if len(content) > MOST_BYTES:
        return Returned(ReturnKind.OTHER)
    try:
        return _read(content)
    except RecursionError:  # a thousand parts within each other: made to stop whoever reads it
        return Returned(ReturnKind.OTHER)


def _read(content: bytes) -> Returned:
    mail = message_from_bytes(content, policy=policy.compat32)
    if mail.get_content_type() != "multipart/report" or not mail.is_multipart():
        return Returned(ReturnKind.OTHER)
    parts = [part for part in mail.get_payload() if isinstance(part, Message)]
    message_id = next((found for part in parts if (found := _quoted_id(part))), "")
    for part in parts:
        if part.get_content_type() == "message/delivery-status":
            kind, status = _delivery(part)
            return Returned(kind, message_id, status)
        if part.get_content_type() == "message/feedback-report":
            return Returned(_feedback(part), message_id)
    return Returned(ReturnKind.OTHER, message_id)


def _quoted_id(part: Message) -> str:
    """Return the Message-ID of the mail that a report quotes, whole or its head only."""
    kind = part.get_content_type()
    payload = part.get_payload()
    if kind == "message/rfc822" and isinstance(payload, list) and payload:
        quoted = payload[0] if isinstance(payload[0], Message) else Message()
    elif kind in {"text/rfc822-headers", "message/rfc822-headers"}:
        decoded = part.get_payload(decode=True)
        text = decoded if isinstance(decoded, bytes) else b""
        quoted = HeaderParser(policy=policy.compat32).parsestr(text.decode("ascii", "replace"))
    else:
        return ""
    found = _MESSAGE_ID.search(str(quoted.get("Message-ID", "")))
    return found.group() if found else ""


def _blocks(part: Message) -> Iterator[Message]:
    payload = part.get_payload()
    if isinstance(payload, list):
        yield from (block for block in payload if isinstance(block, Message))


def _delivery(part: Message) -> tuple[ReturnKind, str]:
    """Return the worst that happened to a recipient; we write to one at a time."""
    soft: tuple[ReturnKind, str] | None = None
    for block in _blocks(part):
        if str(block.get("Action", "")).strip().lower() != "failed":
            continue
        status = _status(block)
        if status in _NO_SUCH_MAILBOX:
            return ReturnKind.HARD, status
        soft = (ReturnKind.SOFT, status)
    return soft or (ReturnKind.OTHER, "")


def _status(block: Message) -> str:
    """Return a recipient's status; a vague `5.0.0` is made precise by what the server said."""
    stated = _STATUS.search(str(block.get("Status", "")))
    said = _STATUS.search(str(block.get("Diagnostic-Code", "")))
    if stated is None or stated.groups()[1:] == ("0", "0"):
        stated = said or stated
    return stated.group() if stated else ""


def _feedback(part: Message) -> ReturnKind:
    payload = part.get_payload()
    fields: Message | None = None
    if isinstance(payload, list):
        fields = next(_blocks(part), None)
    elif isinstance(payload, str):
        fields = HeaderParser(policy=policy.compat32).parsestr(payload)
    kind = str(fields.get("Feedback-Type", "")) if fields is not None else ""
    return ReturnKind.COMPLAINT if kind.strip().lower() in _COMPLAINTS else ReturnKind.OTHER
