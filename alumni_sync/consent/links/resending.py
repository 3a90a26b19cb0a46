"""A fresh link for somebody whose link is old: asked for by an address, sent only to one on record.

A page must not tell whether an address is known, and neither may how long it takes. So what was
typed is written down as a hash, the same for everybody; who it is, if anybody, is looked up later,
by the worker beside the site. Such a mail is at the person's request: it asks for nothing and
counts against no cap of asking mails, but three an hour and ten a day are enough for anybody.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import RowMapping, delete, func, or_, select, update

from alumni_sync.consent.answers.dossier import INVITATION, load_dossier
from alumni_sync.consent.links.fitting import fitting_link
from alumni_sync.consent.mail.composing import MailKind
from alumni_sync.consent.mail.outbox import mail_row, often_enough, queue
from alumni_sync.ledger.request_tables import LinkRequest
from alumni_sync.ledger.tables import Person, t

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

MOST_LINKS: Final = 3
WITHIN: Final = timedelta(hours=1)
"""At most `MOST_LINKS` in it for one address."""
OPEN, DONE, TOO_MANY = "open", "done", "too_many"
LONGEST: Final = 254
"""Of an address, in characters (RFC 5321)."""
_PAGE: Final = 100
_REQUESTS: Final = t(LinkRequest)
_PERSON: Final = t(Person)


def looks_like_an_address(typed: str) -> bool:
    """Say whether something could be an address at all; asks nobody."""
    local, _, domain = typed.strip().rpartition("@")
    return bool(local) and bool(domain) and len(typed) <= LONGEST and typed.isprintable()


def ask_link(d: "Deployment", typed: str) -> None:
    """Write a wish for a fresh link down: the same statements whoever asks, and however often."""
    address_hash, now = d.ledger.hashes.address(typed), d.clock.now()
    with d.ledger.write() as connection:
        lately = select(func.count()).where(
            _REQUESTS.c.address_hash == address_hash,
            _REQUESTS.c.created_at > now - WITHIN,
            _REQUESTS.c.state != TOO_MANY,
        )
        state = OPEN if connection.execute(lately).scalar_one() < MOST_LINKS else TOO_MANY
        row = {"address_hash": address_hash, "state": state, "created_at": now}
        connection.execute(_REQUESTS.insert(), row)


def answer_link_requests(d: "Deployment", run_id: str) -> int:
    """Queue a mail for every open wish that somebody on record stands behind; return how many."""
    del run_id  # the mails say when and why; no run has a part in it
    now, queued = d.clock.now(), 0
    while open_ones := _open(d):
        for request in open_ones:
            queued += _answer(d, request)
    over = _REQUESTS.c.created_at <= now - WITHIN
    with d.ledger.read() as connection:
        if connection.execute(select(_REQUESTS.c.id).where(over).limit(1)).first() is None:
            return queued
    with d.ledger.write() as connection:
        connection.execute(delete(_REQUESTS).where(over))
    return queued


def _open(d: "Deployment") -> Sequence[RowMapping]:
    query = select(_REQUESTS).where(_REQUESTS.c.state == OPEN).order_by(_REQUESTS.c.id)
    with d.ledger.read() as connection:
        return connection.execute(query.limit(_PAGE)).mappings().all()


def _answer(d: "Deployment", request: RowMapping) -> int:
    found = _known(d, request["address_hash"])
    ring = d.ledger.vault.load([row["person_id"] for row in found])
    now, mails = d.clock.now(), []
    with d.ledger.write() as connection:
        taken = (_REQUESTS.c.id == request["id"], _REQUESTS.c.state == OPEN)
        if not connection.execute(update(_REQUESTS).where(*taken).values(state=DONE)).rowcount:
            return 0  # somebody else answers it
        for row in found:
            if often_enough(connection, row["id"], MailKind.LINK, now, most=MOST_LINKS):
                continue
            dossier = load_dossier(connection, ring, row["id"], now)
            if dossier is not None and fitting_link(dossier, now)[0] is not None:
                key = f"{row['id']}:link:{request['id']}"
                mails.append(mail_row(dossier.row, MailKind.LINK, key, now, now))
        queue(connection, mails)
    return len(mails)


def _known(d: "Deployment", address_hash: str) -> Sequence[RowMapping]:
    """Return the invitations behind an address: by the person's choice, or as the HRIS has it."""
    query = (
        select(INVITATION.c.id, INVITATION.c.person_id)
        .select_from(INVITATION.join(_PERSON, _PERSON.c.id == INVITATION.c.person_id))
        .where(
            or_(INVITATION.c.address_hash == address_hash, _PERSON.c.address_hash == address_hash)
        )
        .order_by(INVITATION.c.id)
    )
    with d.ledger.read() as connection:
        return connection.execute(query).mappings().all()
