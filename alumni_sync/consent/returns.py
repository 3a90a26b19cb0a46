"""Taking what came back: a maildir of bounces and complaints → the invitations they are about.

A dead mailbox ends the question; one that is full, or a mail that was refused, is noted; a
complaint is an objection to being asked. A report about a mail that we do not know changes nothing.
Each is one short transaction, and taking the same report twice changes nothing the second time.
Reports that were taken are deleted, because they quote people's addresses; everything else is left
where it is, marked as seen, for a person to read.

Does not belong here: what a report means (`returned`).
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, RowMapping, func, select, update

from alumni_sync.consent.answers import Channel
from alumni_sync.consent.delivery import bury
from alumni_sync.consent.dossier import Dossier, load_dossier
from alumni_sync.consent.joining import never_asked
from alumni_sync.consent.lifecycle import Event, step
from alumni_sync.consent.links import LinkKind, supersede
from alumni_sync.consent.outbox import JOIN_KINDS, OUTBOX, QUESTION_KINDS, MailState
from alumni_sync.consent.returned import MOST_BYTES, Returned, ReturnKind, read_returned
from alumni_sync.consent.terms import pack_of
from alumni_sync.consent.transitions import ALL_MAIL, Along, Happening, record, suppress
from alumni_sync.domain import LIVE_STATES, Actor, ConsentState
from alumni_sync.errors import ConfigError
from alumni_sync.ledger.leases import hold

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment
    from alumni_sync.settings import Settings

_FLAGS: Final = ":2,"
"""Before the flags in the name of a maildir's mail; S: seen."""
_SENT: Final = (MailState.CLAIMED.value, MailState.ACCEPTED.value, MailState.UNKNOWN.value)
_HELD_ONTO: Final = LIVE_STATES | {ConsentState.PAUSED}


@dataclass(frozen=True, slots=True)
class ReturnCounts:
    """What a look into the mailbox found.

    Attributes:
        hard: mailboxes that do not exist.
        soft: mails that did not arrive this time.
        complaints: readers who called a mail spam.
        strange: reports about mails that we did not send, or know no more.
        other: mails that are no report; left for a person.
    """

    hard: int = 0
    soft: int = 0
    complaints: int = 0
    strange: int = 0
    other: int = 0


def take_returns(d: "Deployment", run_id: str) -> ReturnCounts:
    """Take every report that is new in `mail.returns.maildir`; nothing where it is not set.

    Raises:
        ConfigError: there is no maildir.
        LeaseBusy: another process is taking them.
    """
    del run_id  # the events say when and why
    folder = maildir_of(d.settings)
    if folder is None or not (waiting := _unseen(folder)):
        return ReturnCounts()
    counts: Counter[str] = Counter()
    with hold(d.ledger, d.clock, "mail:returns") as lease:
        for path in waiting:
            counts[_take(d, path)] += 1
            lease.renew()
    return ReturnCounts(
        hard=counts["hard"],
        soft=counts["soft"],
        complaints=counts["complaint"],
        strange=counts["strange"],
        other=counts["other"],
    )


def maildir_of(settings: "Settings") -> Path | None:
    """Return where mails come back to; None where nobody reads them.

    Raises:
        ConfigError: there is no maildir.
    """
    if settings.mail.returns is None:
        return None
    folder = settings.mail.returns.maildir
    if not all((folder / name).is_dir() for name in ("new", "cur", "tmp")):
        raise ConfigError.of("mail.returns.maildir", "is no maildir", "a folder with new, cur, tmp")
    return folder


def _unseen(folder: Path) -> list[Path]:
    """Return mails that nobody has taken or read, oldest first; names begin with the time."""
    new = [path for path in (folder / "new").iterdir() if not path.name.startswith(".")]
    read = [path for path in (folder / "cur").iterdir() if "S" not in _flags(path)]
    return sorted([*new, *read], key=lambda path: path.name)


def _flags(path: Path) -> str:
    return path.name.partition(_FLAGS)[2]


def _take(d: "Deployment", path: Path) -> str:
    """Take one mail; return what it was."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        returned = read_returned(content)
        if returned.kind is ReturnKind.OTHER or not _apply(d, returned):
            _mark_seen(path)
            return "other" if returned.kind is ReturnKind.OTHER else "strange"
        path.unlink()
    except FileNotFoundError:
        return "gone"  # another mail program moved it meanwhile
    return returned.kind.value


def _mark_seen(path: Path) -> None:
    """Move a mail to `cur` with the flag of one that was read."""
    name = path.name.partition(_FLAGS)[0]
    flags = "".join(sorted({*_flags(path), "S"}))
    path.rename(path.parents[1] / "cur" / f"{name}{_FLAGS}{flags}")


def _apply(d: "Deployment", returned: Returned) -> bool:
    """Write down what a report means; False when it is about no mail of ours."""
    if not returned.message_id:
        return False
    ours = select(OUTBOX).where(OUTBOX.c.message_id == returned.message_id)
    with d.ledger.read() as connection:
        mail = connection.execute(ours).mappings().first()
    if mail is None:
        return False
    ring = d.ledger.vault.load([mail["person_id"]])
    with d.ledger.write() as connection:
        mail = connection.execute(ours.with_for_update()).mappings().first()
        if mail is None or mail["state"] not in (*_SENT, MailState.REFUSED.value):
            return False
        if mail["state"] == MailState.REFUSED.value:
            return True  # taken before, or refused at once: nothing more to learn
        dossier = load_dossier(connection, ring, mail["invitation_id"], d.clock.now(), lock=True)
        if returned.kind is ReturnKind.COMPLAINT:
            _complained(d, connection, mail, dossier)
        elif returned.kind is ReturnKind.HARD:
            _no_such_mailbox(d, connection, mail, dossier, f"bounced {returned.status}")
        else:
            _note(connection, mail, MailState.ACCEPTED, f"bounced {returned.status}".strip())
    return True


def _note(connection: Connection, mail: RowMapping, state: MailState, reason: str) -> None:
    connection.execute(
        update(OUTBOX).where(OUTBOX.c.id == mail["id"]).values(state=state.value, reason=reason)
    )


def _no_such_mailbox(
    d: "Deployment",
    connection: Connection,
    mail: RowMapping,
    dossier: Dossier | None,
    reason: str,
) -> None:
    """End the question; a confirmation that bounced takes back nobody's yes, a person looks."""
    now = d.clock.now()
    if mail["kind"] not in QUESTION_KINDS:
        bury(connection, mail, reason, now)
        return
    _note(connection, mail, MailState.REFUSED, reason)
    if dossier is None or not _is_last(connection, mail):
        return  # a later mail went out since, perhaps to an address that was corrected
    moved = step(dossier.position, Event.UNREACHABLE, now, pack_of(d, mail["source"]).timers)
    if not moved.taken:
        return  # answered or withdrawn meanwhile: their word stands
    supersede(connection, mail["invitation_id"], LinkKind.DECIDE, now)
    happening = Happening(Event.UNREACHABLE, Actor.MAIL, Channel.SYSTEM, now, reason=reason)
    record(connection, dossier.row, moved, happening, Along(values={"no_contact_reason": reason}))


def _is_last(connection: Connection, mail: RowMapping) -> bool:
    """Say whether no asking mail about this employment left after this one."""
    later = select(func.count()).where(
        OUTBOX.c.invitation_id == mail["invitation_id"],
        OUTBOX.c.kind.in_(QUESTION_KINDS),
        OUTBOX.c.state.in_(_SENT),
        OUTBOX.c.id > mail["id"],
    )
    return not connection.execute(later).scalar_one()


def _complained(
    d: "Deployment", connection: Connection, mail: RowMapping, dossier: Dossier | None
) -> None:
    """Object in the reader's name to being asked; a member's yes stands, mails to them end."""
    now = d.clock.now()
    _note(connection, mail, MailState.ACCEPTED, "complaint")
    if mail["kind"] in JOIN_KINDS:
        never_asked(connection, mail["invitation_id"], "complaint", now)
    if dossier is None:
        return
    address = dossier.agreed.email if dossier.agreed else dossier.asked_address
    address_hash = d.ledger.hashes.address(address) if address else None
    if dossier.state not in _HELD_ONTO:
        moved = step(dossier.position, Event.OBJECTED, now, pack_of(d, mail["source"]).timers)
        if moved.taken:
            happening = Happening(
                Event.OBJECTED, Actor.SUBJECT, Channel.SYSTEM, now, reason="complaint"
            )
            record(connection, dossier.row, moved, happening, Along(address_hash=address_hash))
            return
    if address_hash:
        suppress(connection, address_hash, ALL_MAIL, "complaint", now)
