"""Signing the end of the consent chain, and sending what was signed out of our own reach.

The file is the second place; whoever can write it and the ledger could cut both. So each new line
may go on to a mailbox and to a web address as well (`ledger.copies`). At least once: what was not
taken there is sent again with the next one. Nothing in a line is about anybody.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import format_datetime, parseaddr
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from alumni_sync.domain import Identity
from alumni_sync.errors import ConfigError, ConnectorError, LedgerError, PermanentError
from alumni_sync.ledger.chain import verify
from alumni_sync.ledger.checkpoints import (
    forget_lost_lines,
    signed_lines,
    vouched_for,
    write_checkpoint,
)
from alumni_sync.ledger.copies import KEY
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.leases import hold
from alumni_sync.ledger.mail_tables import CheckpointCopy
from alumni_sync.ledger.tables import t
from alumni_sync.ledger.upsert import upsert
from alumni_sync.ports import Fate, Message
from alumni_sync.review.people.access import log_access
from alumni_sync.review.people.authority import Act
from alumni_sync.review.people.interests import authority_now

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_COPY: Final = t(CheckpointCopy)
_WHAT: Final = (
    (
        "This is a signed checkpoint of the consent ledger. Keep this mail: with it anybody can "
        "tell whether consent events were removed or rewritten later on. It is about nobody."
    ),
    "To compare: alumni-sync ledger verify --checkpoint FILE",
)


@dataclass(frozen=True, slots=True)
class VouchCounts:
    """What was done: lines signed now, lines that were mailed, lines that were posted."""

    checkpoints: int = 0
    mailed: int = 0
    posted: int = 0


def vouch(d: "Deployment") -> VouchCounts:
    """Sign the end of the chain, unless nothing was appended since; send on what was not sent.

    Raises:
        ConfigError: the file cannot be written.
        LedgerError: file or chain is not what was vouched for; nothing is signed or sent.
        ConnectorError: it is signed, but a place outside did not take it; next time it goes along.
    """
    place, copies = d.settings.ledger.checkpoints, d.settings.ledger.copies
    signed = write_checkpoint(d.ledger, place, d.clock.now()).checkpoints
    ways: dict[str, Callable[[Sequence[str]], None]] = {}
    if copies.mail is not None:
        to = copies.mail
        ways["mail"] = lambda lines: _mail(d, to, lines)
    if copies.webhook is not None:
        hook = d.checkpoint_hook()
        ways["webhook"] = lambda lines: hook.post("checkpoint", {KEY: list(lines)})
    sent, failure = _send_on(d, place, ways)
    if failure is not None:
        raise failure
    return VouchCounts(signed, sent.get("mail", 0), sent.get("webhook", 0))


def vouch_anew(d: "Deployment", identity: Identity) -> int:
    """Go on without the lines that the second place has lost for good; return how many they are.

    Who did so is noted: from here on nobody vouches for what only those lines did.

    Raises:
        ConfigError: no second place is configured.
        LedgerError: what is left of it does not agree with the chain.
        Refused: the role does not allow it.
    """
    authority_now(d).require(identity, Act.VOUCH_ANEW)
    place = d.settings.ledger.checkpoints
    if place is None:
        raise ConfigError.of("ledger.checkpoints", "is not set", "name a file in a second place")
    report = verify(d.ledger, vouched_for(d.ledger, place))
    if report.broken_seq is not None:
        raise LedgerError(f"the consent chain is broken at {report.broken_seq}: {report.problem}")
    lost = forget_lost_lines(d.ledger, place)
    if lost:
        log_access(d, identity, Act.VOUCH_ANEW, subject=f"{lost} checkpoints lost")
    return lost


def _send_on(
    d: "Deployment", place: Path | None, ways: Mapping[str, Callable[[Sequence[str]], None]]
) -> tuple[dict[str, int], ConnectorError | None]:
    """Send each place what it does not have; one that fails keeps no other from getting it."""
    sent: dict[str, int] = {}
    failure: ConnectorError | None = None
    if place is None or not ways:
        return sent, None
    with hold(d.ledger, d.clock, "checkpoints:copies"):
        lines = signed_lines(d.ledger, place)
        for name, send in ways.items():
            new = _not_sent(d, name, lines)
            if not new:
                continue
            try:
                send([text for text, _ in new])
            except ConnectorError as error:
                failure = error
            else:
                sent[name] = len(new)
                _note(d, name, new[-1][1])
    return sent, failure


def _not_sent(
    d: "Deployment", name: str, lines: Sequence[tuple[str, str]]
) -> Sequence[tuple[str, str]]:
    """Return the lines after the last one that a place has; all where it has none of them."""
    with d.ledger.read() as connection:
        query = select(_COPY.c.signature).where(_COPY.c.place == name)
        last = connection.execute(query).scalar()
    known = [number for number, (_, signature) in enumerate(lines) if signature == last]
    return lines[known[-1] + 1 :] if known else lines


def _note(d: "Deployment", name: str, signature: str) -> None:
    row = {"place": name, "signature": signature, "at": d.clock.now()}
    with d.ledger.write() as connection:
        upsert(connection, _COPY, [row], key=["place"], update=["signature", "at"])


def _mail(d: "Deployment", to: str, lines: Sequence[str]) -> None:
    """Mail the lines; one that has left counts as sent, whatever becomes of it."""
    paragraphs = [*_WHAT, *lines]
    domain = parseaddr(d.settings.mail.sender)[1].rpartition("@")[2]
    message = Message(
        to=to,
        sender=d.settings.mail.sender,
        subject="Checkpoint of the consent ledger",
        text="\n\n".join(paragraphs) + "\n",
        html="".join(f"<p>{escape(each)}</p>" for each in paragraphs) + "\n",
        message_id=f"<{new_id('M')}@{domain}>",
        headers={"Date": format_datetime(d.clock.now())},
    )
    result = d.mailer().send(message)
    if result.fate is Fate.REFUSED:
        raise PermanentError("mail", "checkpoint", f"refused: {result.reason}")
