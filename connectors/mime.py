"""A mail as bytes on the wire (RFC 5322, MIME), the same for every mail connector.

Headers are folded at 998 characters, not at 78: with the standard limit Python encodes a long
`List-Unsubscribe` address as `=?utf-8?q?…?=`, and one-click unsubscribing dies silently.
"""

from email import policy
from email.errors import HeaderParseError
from email.headerregistry import AddressHeader
from email.message import EmailMessage
from typing import Final

from alumni_sync.ports import Message

LINE: Final = 998
"""Octets of a line (RFC 5322, 2.1.1): a longer header would be encoded all the same."""
WIRE: Final = policy.SMTP.clone(max_line_length=LINE)
_BODY: Final = policy.SMTP.clone(max_line_length=76)
"""Of quoted-printable (RFC 2045, 6.7); left alone, Python writes 78."""
_VERBATIM: Final = frozenset({"list-unsubscribe", "list-unsubscribe-post", "message-id", "date"})
"""Headers that machines read as they stand: encoded they mean nothing."""


class BadHeader(ValueError):
    """A header of the mail holds what no header may hold; the message names the header only."""


def to_bytes(message: Message) -> bytes:
    """Return a mail with a text and an HTML part, lines ending in CRLF.

    Raises:
        BadHeader: an address or header is not one line, or is no address.
    """
    mail = EmailMessage(policy=_BODY)
    headers = {
        "From": message.sender,
        "To": message.to,
        "Subject": message.subject,
        "Message-ID": message.message_id,
        "Auto-Submitted": "auto-generated",  # autoresponders keep still (RFC 3834)
        **message.headers,
    }
    for name, value in headers.items():
        _set(mail, name, value)
    mail.set_content(message.text, cte="quoted-printable")
    mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
    return mail.as_bytes(policy=WIRE)


def sender_address(message: Message) -> str:
    """Return the bare address of the sender, for the envelope; raises `BadHeader`."""
    mail = EmailMessage(policy=policy.SMTP)
    _set(mail, "From", message.sender)
    address = str(mail["From"].addresses[0].addr_spec)
    if not address.isascii():
        msg = "the header From has an address that is not ASCII"
        raise BadHeader(msg)
    return address


def _set(mail: EmailMessage, name: str, value: str) -> None:
    try:
        mail[name] = value
        header = mail[name]
        bad = bool(header.defects)
        verbatim = name.lower() in _VERBATIM
        bad = bad or (verbatim and not (value.isascii() and len(f"{name}: {value}") <= LINE))
        bad = bad or (isinstance(header, AddressHeader) and len(header.addresses) != 1)
    except (ValueError, IndexError, HeaderParseError):  # their messages would show the value
        bad = True
    if bad:
        msg = f"the header {name} cannot be sent"
        raise BadHeader(msg) from None
