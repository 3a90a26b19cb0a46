"""Which yes does not cover what is asked today: whoever gave it is asked again, and soon it ends.

A yes covers the meaning of the notice that was read (its major version) and the recipient that was
named (the platform, who operates it, its region). What a yes covers stands beside it in a few
words, so that everybody whom a change concerns is found without opening a single event. An older
notice may be processed on for a month; to another recipient nothing goes before a new yes.
"""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import rfc8785
from sqlalchemy import ColumnElement, RowMapping, and_, func, select, update

from alumni_sync.consent.answers.answer import Channel
from alumni_sync.consent.answers.dossier import INVITATION, position_of, select_dossiers
from alumni_sync.consent.gates import recipient_gate
from alumni_sync.consent.lifecycle import HELD_ONTO, Event, step
from alumni_sync.consent.notices.versions import numbers
from alumni_sync.consent.terms import contact_terms, edition_of, pack_of
from alumni_sync.consent.transitions import Along, Happening, record
from alumni_sync.domain import Actor
from alumni_sync.ledger.upsert import CHUNK

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment, Plugins

NOTICE_CHANGED: Final = "notice_changed"
_HELD_ONTO: Final = tuple(sorted(state.value for state in HELD_ONTO))
_LETTERS: Final = 16
_AND: Final = " | "
"""Between the notice and the recipient."""


@dataclass(frozen=True, slots=True)
class ChangeCounts:
    """What a change brought about.

    Attributes:
        outdated: members who are asked again, because their yes does not cover what is asked now.
    """

    outdated: int = 0


def terms_of(d: "Plugins", notice: str, version: str) -> str:
    """Return what a yes to a version of a notice covers, with the recipient of today."""
    processor = d.settings.platform.processor
    agreement = tuple(processor.agreement.items())
    recipient = _recipient(processor.operator, agreement, processor.region)
    return f"{notice} {numbers(version)[0]}{_AND}{d.platform_name} {recipient}"


@lru_cache(maxsize=32)  # every yes says it
def _recipient(operator: str | None, agreement: tuple[tuple[str, str], ...], region: str) -> str:
    who: Any = operator or dict(agreement)  # no name: the words must do
    told: dict[str, Any] = {"recipient": who, "region": region}
    return sha256(rfc8785.dumps(told)).hexdigest()[:_LETTERS]


def agreed_to(d: "Plugins", notice: str, version: str) -> dict[str, object]:
    """Return the columns of an invitation that say what a yes of this moment covers."""
    terms = terms_of(d, notice, version)
    return {"agreed_terms": terms, "asked_terms": "", "withheld": False}


def terms_of_today(d: "Plugins") -> str:
    """Return what a yes would cover that is given now. Raises `ConfigError`."""
    manifest = edition_of(d).manifest
    return terms_of(d, manifest.id, manifest.version)


def has_changed(row: RowMapping) -> bool:
    """Say whether the renewal under way asks about something else than what was agreed."""
    return row["asked_terms"] not in {"", row["agreed_terms"]}


def count_outdated(d: "Deployment") -> int:
    """Count the members whom the next run asks again because of a change."""
    with d.ledger.read() as connection:
        query = select(func.count()).select_from(INVITATION).where(_outdated(d))
        return int(connection.execute(query).scalar_one())


def outdated_notes(d: "Deployment") -> list[str]:
    """Return what `doctor` says of a change that the next run asks members about."""
    if not (number := count_outdated(d)):
        return []
    who = f"the next run asks {number} member(s) again, and the yes of whoever is silent ends"
    return [f"the notice or the recipient has changed: {who}"]


def ask_about_changes(d: "Deployment", run_id: str, *, page: int = CHUNK) -> ChangeCounts:
    """Ask everybody again whose yes does not cover what is asked today.

    Each gets at most `notice_days` from now on; then their yes is over, whatever was said before.
    Whoever is being asked about this very change already is left alone.

    Raises:
        ConfigError: the notice or a pack cannot be used.
    """
    del run_id  # the events say when and why
    today, asked, after = terms_of_today(d), 0, ""
    _lift(d, today)
    while True:
        query = select(INVITATION.c.id).where(_outdated(d), INVITATION.c.id > after)
        with d.ledger.read() as connection:
            found = connection.execute(query.order_by(INVITATION.c.id).limit(page)).scalars().all()
        asked += sum(_ask(d, invitation_id, today) for invitation_id in found)
        if len(found) < page:
            return ChangeCounts(asked)
        after = found[-1]


def soon_withheld(d: "Deployment") -> ColumnElement[bool]:
    """Return who agreed to another recipient than today's and was not asked again yet.

    A sync withholds them before it writes anything; a plan has to say so. Raises `ConfigError`.
    """
    recipient = terms_of_today(d).partition(_AND)[2]
    return and_(
        _outdated(d), ~INVITATION.c.agreed_terms.endswith(f"{_AND}{recipient}", autoescape=True)
    )


def soon_lifted(d: "Deployment") -> ColumnElement[bool]:
    """Return who is withheld although their yes covers what is asked today. Raises `ConfigError`.

    The configuration was changed, and changed back: nothing stands between them and the community.
    """
    return _covered_again(terms_of_today(d))


def _covered_again(today: str) -> ColumnElement[bool]:
    return and_(INVITATION.c.withheld.is_(True), INVITATION.c.agreed_terms == today)


def _lift(d: "Deployment", today: str) -> None:
    """Let go again to the recipient whom a yes covers; what was asked meanwhile stays open."""
    with d.ledger.read() as connection:
        query = select(INVITATION.c.id).where(_covered_again(today))
        if connection.execute(query.limit(1)).first() is None:
            return
    version = INVITATION.c.version + 1
    lifted = update(INVITATION).where(_covered_again(today))
    values = {"withheld": False, "asked_terms": today, "version": version}
    with d.ledger.write() as connection:
        connection.execute(lifted.values(**values, pending_version=version))


def _outdated(d: "Deployment") -> ColumnElement[bool]:
    today = terms_of_today(d)
    # While nobody can agree to anything, nobody is asked; the platform's gate is shut to all then.
    asking = [name for name in d.settings.sources if not recipient_gate(contact_terms(d, name))]
    return and_(
        INVITATION.c.source.in_(asking),
        INVITATION.c.state.in_(_HELD_ONTO),
        INVITATION.c.valid_until > d.clock.now(),
        INVITATION.c.agreed_terms != today,
        INVITATION.c.asked_terms != today,
    )


def _ask(d: "Deployment", invitation_id: str, today: str) -> bool:
    now = d.clock.now()
    query = select_dossiers(now).where(INVITATION.c.id == invitation_id, _outdated(d))
    with d.ledger.write() as connection:
        locked = query.with_for_update(of=INVITATION)
        row = connection.execute(locked).mappings().first()
        if row is None:
            return False  # renewed, or gone, between the query and now
        moved = step(position_of(row), Event.NOTICE_CHANGED, now, pack_of(d, row["source"]).timers)
        if moved.taken:
            values = {"asked_terms": today, "withheld": _is_another_recipient(row, today)}
            record(connection, row, moved, _changed(row, today, d), Along(values=values))
        return moved.taken


def _is_another_recipient(row: RowMapping, today: str) -> bool:
    return str(row["agreed_terms"]).partition(_AND)[2] != today.partition(_AND)[2]


def _changed(row: RowMapping, today: str, d: "Deployment") -> Happening:
    body: dict[str, Any] = {"agreed": row["agreed_terms"], "today": today}
    return Happening(
        Event.NOTICE_CHANGED,
        Actor.SYSTEM,
        Channel.SYSTEM,
        d.clock.now(),
        reason=NOTICE_CHANGED,
        body=body,
    )
