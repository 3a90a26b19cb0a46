"""Joining: somebody who says that they used to work here asks to be asked. Nothing else.

No consent is taken, nobody is looked up, and what comes back is the same whoever is known: three
statements are written for each request, and everything that depends on the address (how often it
was asked, whether it objected) is found out later, where the mail is claimed. What was typed is
sealed under a key of its own, since whose it is cannot be known; it lives two days until the
mailbox is proven, and sixty until HR has matched or rejected it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import Connection, RowMapping, insert, or_, select, update

from alumni_sync.consent.gates import is_company_domain
from alumni_sync.consent.links.secrets import LONGEST, token_id
from alumni_sync.consent.mail.composing import NAME_LENGTH, MailKind, plain_name
from alumni_sync.consent.mail.outbox import mail_row, queue
from alumni_sync.consent.transitions import ALL_MAIL, suppress
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.request_tables import JoinRequest
from alumni_sync.ledger.tables import Suppression, t
from alumni_sync.ledger.vault import KeyRing

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment, Plugins

LINK: Final = timedelta(hours=48)
"""How long a mailed link is good, and how long it opens the request once it is proven."""
KEPT: Final = timedelta(days=60)
"""How long a proven request waits for HR."""
QUESTION: Final = timedelta(days=14)
"""How long somebody may think about whether an earlier no still holds."""
NUMBER_LENGTH: Final = 40
FIRST_YEAR: Final = 1940
TABLE: Final = "join_request"
"""What a request's sealed part is sealed for."""
KEYS: Final = (KeyKind.PROFILE,)
JOIN: Final = t(JoinRequest)
SUBJECT: Final = "subject"
TAKEN_BACK: Final = "taken_back"
"""Reason of a request whose owner has taken an earlier no back: it is not asked about again."""
_SUPPRESSION: Final = t(Suppression)


class JoinState(StrEnum):
    """Where a request stands."""

    UNPROVEN = "unproven"  # nobody has confirmed from the mailbox
    PROVEN = "proven"  # HR's turn
    QUESTIONED = "questioned"  # matched; the person is asked whether an earlier no still holds
    MATCHED = "matched"
    REJECTED = "rejected"
    EXPIRED = "expired"


WAITING: Final = (JoinState.UNPROVEN, JoinState.PROVEN, JoinState.QUESTIONED)


@dataclass(frozen=True, slots=True)
class Company:
    """One controller that people can have worked for, as the join page names it.

    Attributes:
        key: what the form sends; says nothing about how the company is configured.
        sources: of which it is the controller.
    """

    key: str
    name: str
    contact: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entered:
    """What was typed and chosen, as it came."""

    name: str = ""
    company: str = ""
    since: str = ""
    until: str = ""
    number: str = ""
    email: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request that can be worked with.

    Attributes:
        name: as at work.
        company: name of the controller; `sources` are its.
        since: first year there, roughly; `until`: the last one.
        number: employee number, "" where it was not remembered.
        email: private address, as it is written to.
    """

    name: str
    company: str
    sources: tuple[str, ...]
    since: int
    until: int
    number: str
    email: str
    language: str

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Wanted":
        """Return what was sealed."""
        return cls(**{**raw, "sources": tuple(raw["sources"])})


@dataclass(frozen=True, slots=True)
class OpenJoin:
    """What the holder of a mailed link may see of a request.

    Attributes:
        objected: this very address once told us never to write to it.
        question: which earlier no is asked about, "" where none is: `objected`,
            `do_not_consider`.
    """

    id: str
    state: JoinState
    language: str
    wanted: Wanted
    objected: bool = False
    question: str = ""


def companies(d: "Plugins") -> tuple[Company, ...]:
    """Return the controllers of all sources, in the configuration's order."""
    found: dict[str, Company] = {}
    for name, source in d.settings.sources.items():
        controller = source.controller
        known = found.get(controller.name)
        key = hashlib.sha256(controller.name.encode()).hexdigest()[:8]
        sources = (*known.sources, name) if known else (name,)
        found[controller.name] = Company(key, controller.name, controller.contact, sources)
    return tuple(found.values())


def read_wanted(
    entered: Entered,
    offered: Sequence[Company],
    *,
    languages: Sequence[str],
    company_domains: Sequence[str],
    year: int,
) -> Wanted | tuple[tuple[str, str], ...]:
    """Return the request, or (field, what is wrong) for everything that is wrong with it.

    Args:
        entered: from the form.
        offered: what can be chosen.
        languages: likewise.
        company_domains: no mail goes there: whoever left reads it no more.
        year: the current one.
    """
    problems: list[tuple[str, str]] = []
    name = plain_name(entered.name)
    if not name or len(entered.name) > NAME_LENGTH:
        problems.append(("name", "name"))
    company = next((one for one in offered if one.key == entered.company), None)
    if company is None:
        problems.append(("company", "company"))
    since, until = (_year(text, year) for text in (entered.since, entered.until))
    if since is None or until is None or since > until:
        problems.append(("since", "years"))
    number = plain_name(entered.number)
    if len(entered.number) > NUMBER_LENGTH or "@" in number:
        problems.append(("number", "number"))
    email = _private(entered.email, company_domains)
    if not email:
        problems.append(("email", "email"))
    if entered.language not in languages:
        problems.append(("language", "language"))
    if problems or company is None or since is None or until is None:
        return tuple(problems)
    return Wanted(
        name, company.name, company.sources, since, until, number, email, entered.language
    )


def _year(text: str, latest: int) -> int | None:
    four = text.isascii() and text.isdecimal() and len(text) == len(str(FIRST_YEAR))
    return int(text) if four and FIRST_YEAR <= int(text) <= latest else None


def _private(text: str, company_domains: Sequence[str]) -> str:
    """Return an address as it is written to; "" where none of ours may go there."""
    try:
        checked = validate_email(text, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return ""
    if is_company_domain(checked.ascii_domain, company_domains):
        return ""
    return f"{checked.local_part}@{checked.ascii_domain}"


# --- asking ---------------------------------------------------------------------------------------


def request_join(d: "Deployment", wanted: Wanted, nonce: str) -> None:
    """Keep a request and queue the mail that asks to confirm it; the same work for every address.

    Args:
        d: the deployment.
        wanted: from `read_wanted`.
        nonce: of the form; the same one twice sends one mail.
    """
    join_id, now = new_id("J"), d.clock.now()
    ring = d.ledger.vault.create_keys([join_id], KEYS)
    row = {
        "id": join_id,
        "address_hash": d.ledger.hashes.address(wanted.email),
        "token_hash": f"none:{join_id}",  # made when the mail is claimed
        "state": JoinState.UNPROVEN.value,
        "language": wanted.language,
        "created_at": now,
        "expires_at": now + LINK,
        "sealed": ring.seal_json(join_id, KeyKind.PROFILE, TABLE, asdict(wanted)),
    }
    mail = join_mail(join_id, wanted.sources[0], MailKind.JOIN, f"join:{token_id(nonce)}", now)
    with d.ledger.write() as connection:
        connection.execute(insert(JOIN), row)
        queue(connection, [mail])


def join_mail(join_id: str, source: str, kind: MailKind, key: str, now: datetime) -> dict[str, Any]:
    """Return a mail about a request, for the outbox: the request stands for invitation and person.

    Its address is sealed in the request, under a key that bears the request's name.
    """
    stands_for = {"id": join_id, "person_id": join_id, "source": source}
    return mail_row(stands_for, kind, key, now, now)


# --- behind the link ------------------------------------------------------------------------------


def find_join(d: "Deployment", token: str) -> OpenJoin | None:
    """Return what a mailed link opens now; None for everything that is not good now."""
    with d.ledger.read() as connection:
        row = by_token(connection, token, d.clock.now(), lock=False)
        objected = row is not None and is_suppressed(connection, row["address_hash"])
    if row is None:
        return None
    ring = d.ledger.vault.load([row["id"]])
    if not ring.has(row["id"], KeyKind.PROFILE):
        return None  # let go since the backup that this ledger was restored from
    return _opened(ring, row, objected=objected)


def by_token(
    connection: Connection, token: str, now: datetime, *, lock: bool = True
) -> RowMapping | None:
    """Return the request that a link opens at `now`; `lock` keeps others off it to the commit."""
    if not token or len(token) > LONGEST:
        return None
    query = select(JOIN).where(
        JOIN.c.token_hash == token_id(token),
        JOIN.c.state.in_([state.value for state in WAITING]),
        JOIN.c.sealed.is_not(None),
        JOIN.c.expires_at > now,
        or_(JOIN.c.state != JoinState.PROVEN.value, JOIN.c.proven_at > now - LINK),
    )
    query = query.with_for_update() if lock else query
    return connection.execute(query).mappings().first()


def is_suppressed(connection: Connection, address_hash: str) -> bool:
    """Say whether an address told us never to write to it."""
    query = select(_SUPPRESSION.c.scope).where(_SUPPRESSION.c.address_hash == address_hash)
    return ALL_MAIL in (connection.execute(query).scalar() or "").split(",")


def open_wanted(ring: KeyRing, row: RowMapping) -> Wanted:
    """Open what a request says, with the key that bears its name."""
    return Wanted.from_json(ring.open_json(row["id"], KeyKind.PROFILE, TABLE, row["sealed"]))


def _opened(ring: KeyRing, row: RowMapping, *, objected: bool) -> OpenJoin:
    questioned = row["state"] == JoinState.QUESTIONED
    return OpenJoin(
        id=row["id"],
        state=JoinState(row["state"]),
        language=row["language"],
        wanted=open_wanted(ring, row),
        objected=objected,
        question=row["reason"] if questioned else "",
    )


def prove_join(d: "Deployment", token: str) -> OpenJoin | None:
    """Take a confirmation from the mailbox; a second one changes nothing. None: no good link."""
    now = d.clock.now()
    with d.ledger.write() as connection:
        row = by_token(connection, token, now)
        if row is not None and row["state"] == JoinState.UNPROVEN:
            values = {"proven_at": now, "expires_at": now + KEPT}
            move(connection, row, JoinState.PROVEN, **values)
    return find_join(d, token)


def disown_join(d: "Deployment", token: str) -> bool:
    """Let go a request that its mailbox never made, and send it no mail about joining again."""
    now = d.clock.now()
    with d.ledger.write() as connection:
        row = by_token(connection, token, now)
        if row is None:
            return False
        never_asked(connection, row["id"], "not_me", now)
    forget(d, [row["id"]])
    return True


def never_asked(connection: Connection, join_id: str, reason: str, now: datetime) -> None:
    """End a request that its mailbox never made, and send it no such mail again.

    Its key goes with the next retention where the caller does not `forget` it.
    """
    query = select(JOIN).where(JOIN.c.id == join_id).with_for_update()
    row = connection.execute(query).mappings().first()
    if row is None:
        return
    if row["state"] in {state.value for state in WAITING}:
        close(connection, row, JoinState.REJECTED, reason, SUBJECT, now)
    suppress(connection, row["address_hash"], MailKind.JOIN.value, reason, now)


def keep_objection(d: "Deployment", token: str) -> bool:
    """Let an earlier no stand: the request is let go, and nothing of it is kept."""
    with d.ledger.write() as connection:
        row = by_token(connection, token, d.clock.now())
        if row is None or row["state"] == JoinState.UNPROVEN:
            return False
        close(connection, row, JoinState.REJECTED, "no_stands", SUBJECT, d.clock.now())
    forget(d, [row["id"]])
    return True


def waiting_for_hr(d: "Deployment") -> list[str]:
    """Return a sentence about requests that wait for a match, for `doctor`."""
    proven = (JOIN.c.state == JoinState.PROVEN.value, JOIN.c.expires_at > d.clock.now())
    with d.ledger.read() as connection:
        count = len(connection.execute(select(JOIN.c.id).where(*proven)).all())
    if not count:
        return []
    return [f"{count} former employees ask to be asked and wait for HR: alumni-sync join list"]


# --- what becomes of a request --------------------------------------------------------------------


def move(connection: Connection, row: RowMapping, state: JoinState, **values: object) -> None:
    """Write a request's new state."""
    moved = {"state": state.value, "version": row["version"] + 1, **values}
    connection.execute(update(JOIN).where(JOIN.c.id == row["id"]).values(moved))


def close(
    connection: Connection, row: RowMapping, state: JoinState, reason: str, by: str, at: datetime
) -> None:
    """End a request; what it said goes. Call `forget` after the transaction."""
    ended = {"reason": reason, "closed_at": at, "closed_by": by, "sealed": None}
    move(connection, row, state, **ended)


def forget(d: "Deployment", join_ids: Sequence[str]) -> None:
    """Destroy the keys of requests that are closed."""
    d.ledger.vault.shred(list(join_ids), KEYS)
