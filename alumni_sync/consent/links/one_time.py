"""One-time codes: eight digits to the address on record, before somebody is shown everything.

A link may lie in an old mailbox, on paper, or in somebody's history; a code shows that whoever asks
reads that address now. It lives ten minutes, takes five tries, opens once, and is known to its
reader only: the ledger keeps a keyed hash, made when the mail is claimed. Only the newest counts.
"""

import hmac
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, select, update

from alumni_sync.consent.answers.dossier import load_dossier, person_of
from alumni_sync.consent.links.on_record import address_on_record
from alumni_sync.consent.mail.composing import MailKind
from alumni_sync.consent.mail.outbox import mail_row, often_enough, queue
from alumni_sync.ledger.hashing import KeyedHashes
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.request_tables import OneTimeCode
from alumni_sync.ledger.tables import t

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

DIGITS: Final = 8
LIFETIME: Final = timedelta(minutes=10)
MOST_TRIES: Final = 5
MOST_CODES: Final = 3
"""In an hour, so that nobody's mailbox is filled by whoever holds a link."""
_CODES: Final = t(OneTimeCode)
_NONE: Final = 0  # no row has this number
_PURPOSE: Final = "one_time_code"


class CodeAsked(StrEnum):
    """What became of the wish for a code."""

    COMING = "coming"
    TOO_MANY = "too_many"  # this hour's codes are used up
    NO_ADDRESS = "no_address"  # there is none on record, or it cannot be read any more


def ask_code(d: "Deployment", invitation_id: str) -> CodeAsked:
    """Queue a mail with a new code to the address on record; the caller wakes the worker."""
    person, now = person_of(d, invitation_id), d.clock.now()
    ring = d.ledger.vault.load([person] if person else [])
    with d.ledger.write() as connection:
        dossier = load_dossier(connection, ring, invitation_id, now, lock=True)
        if dossier is None or not address_on_record(d, connection, ring, dossier):
            return CodeAsked.NO_ADDRESS
        if often_enough(connection, invitation_id, MailKind.CODE, now, most=MOST_CODES):
            return CodeAsked.TOO_MANY
        key = f"{invitation_id}:code:{new_id('N')}"
        queue(connection, [mail_row(dossier.row, MailKind.CODE, key, now, now)])
    return CodeAsked.COMING


def issue_code(
    connection: Connection, hashes: KeyedHashes, invitation_id: str, person_id: str, now: datetime
) -> str:
    """Make a code, keep its hash, and return it: it can be told only now. Older ones end."""
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    connection.execute(
        update(_CODES)
        .where(_CODES.c.invitation_id == invitation_id, _CODES.c.used_at.is_(None))
        .values(used_at=now)
    )
    row = {
        "invitation_id": invitation_id,
        "person_id": person_id,
        "code_hash": "",  # needs the number that the row is about to get
        "tries": 0,
        "expires_at": now + LIFETIME,
        "created_at": now,
    }
    insert = _CODES.insert().values(row).returning(_CODES.c.id)
    number = connection.execute(insert).scalar_one()
    hashed = _hash(hashes, invitation_id, number, code)
    connection.execute(update(_CODES).where(_CODES.c.id == number).values(code_hash=hashed))
    return code


def check_code(d: "Deployment", invitation_id: str, code: str) -> bool:
    """Say whether `code` is the one that was mailed last, and use it up; every try counts.

    The same queries and the same hash are made whether there is a code, or even an invitation.
    """
    now, plain = d.clock.now(), _plain(code)
    with d.ledger.write() as connection:
        row = connection.execute(
            select(_CODES)
            .where(
                _CODES.c.invitation_id == invitation_id,
                _CODES.c.used_at.is_(None),
                _CODES.c.expires_at > now,
                _CODES.c.tries < MOST_TRIES,
            )
            .order_by(_CODES.c.id.desc())
            .limit(1)
            .with_for_update()
        ).first()
        number = _NONE if row is None else row.id
        given = _hash(d.ledger.hashes, invitation_id, number, plain)
        fits = hmac.compare_digest(given, row.code_hash if row else given[::-1])
        connection.execute(
            update(_CODES)
            .where(_CODES.c.id == number)
            .values(tries=_CODES.c.tries + 1, used_at=now if fits else None)
        )
    return fits and row is not None


def _plain(code: str) -> str:
    """Return a code as it was mailed, however it was typed: with spaces, a dash, other digits."""
    kept = [letter for letter in code[:100] if letter not in " -\N{NO-BREAK SPACE}\t"]
    return "".join(str(int(letter)) if letter.isdecimal() else "x" for letter in kept)


def _hash(hashes: KeyedHashes, invitation_id: str, number: int, code: str) -> str:
    return hashes.digest(_PURPOSE, invitation_id, str(number), code)
