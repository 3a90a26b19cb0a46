"""One employment that HR confirms because the person asked to be asked: taken in like any other.

Somebody who left before this programme ran, or whose facts were let go, stands in no read. What HR
confirms goes the way of a row of the source, through the same looking and placing, and is judged
and queued by the same rules afterwards: what HR does not know is unknown. A tombstone does not bar
it, since it keeps people from being asked by us, not from asking us.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, RowMapping, select, update

from alumni_sync.domain import LEAVER_FIELDS, ExitKind, Fact, Facts, FieldType, RecordStatus
from alumni_sync.errors import Refused
from alumni_sync.intake.identity import SourceIdentity
from alumni_sync.intake.sighting import is_usable, sight
from alumni_sync.intake.survey import Survey
from alumni_sync.intake.taking import PageTaker
from alumni_sync.ledger.facts import dump_facts, load_facts
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.leases import hold
from alumni_sync.ledger.tables import Spell, t
from alumni_sync.ledger.vault import KeyRing
from alumni_sync.ports import SourceRecord

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

NOT_TO_CONFIRM: Final = frozenset(
    {"personal_email", "contact_given_at", "contact_text", "record_status"}
)
"""How we may write to somebody is theirs to say, not HR's; and they have left, or nothing fits."""
_CLOSED: Final[Mapping[str, frozenset[str]]] = {
    "exit_kind": frozenset(kind.value for kind in ExitKind),
    "do_not_consider": frozenset({"yes", "no"}),
}
_MUST_BE: Final = {name: f"one of: {', '.join(sorted(kinds))}" for name, kinds in _CLOSED.items()}
_KINDS: Final[Mapping[FieldType, str]] = {
    FieldType.DATE: "a date like 2009-06-30",
    FieldType.INTEGER: "a number",
    FieldType.TAGS: "a list of words",
    FieldType.TEXT: "text",
    FieldType.CODE: "text",
}
WHERE: Final = "confirmed by HR"

_SPELL: Final = t(Spell)


def take_confirmed(
    d: "Deployment", source: str, facts: Facts, *, expected: str | None, run_id: str
) -> str:
    """Take in an employment that HR confirmed; return its spell.

    Args:
        d: the deployment.
        source: where the person left.
        facts: what HR knows, by canonical field; whatever is left out is unknown.
        expected: spell hash that the facts must lead to, for an employment whose facts were let
            go; None where it may be one that we never heard of.
        run_id: kept with what is written.

    Raises:
        Refused: the facts cannot be placed, are about another employment than expected, or the
            person is no leaver: they work here.
        LeaseBusy: a run is reading this source.
    """
    identity = SourceIdentity(d.ledger.hashes, source, d.settings.sources[source].timezone)
    record = SourceRecord(WHERE, confirmed_facts(facts))
    if not is_usable(record):
        msg = "without the source's id of the person, first day and last working day nobody is told"
        raise Refused(msg)
    spell_hash, now = identity.spell(record.facts), d.clock.now()
    if expected is not None and spell_hash != expected:
        msg = "this is another employment than the one chosen: check person id, spell id, first day"
        raise Refused(msg)
    with hold(d.ledger, d.clock, f"intake:{source}"):
        survey = Survey()
        with d.ledger.read() as connection:
            if there := _there(connection, spell_hash):
                return there
            survey.add(sight(connection, identity, [record], asked_back=True), 0)
        found = survey.find(identity.today(now).toordinal())
        taker = PageTaker(d.ledger, identity, close=None, run_id=run_id, now=now)
        taker.take([record], found, 0)
        taker.note_rehires(found.rehires, found.active)
    with d.ledger.read() as connection:
        taken = _there(connection, spell_hash)
    if taken is None:
        msg = "another employment of this person goes on or came later: match that one"
        raise Refused(msg)
    return taken


def confirmed_facts(facts: Facts) -> dict[str, Fact]:
    """Return a whole record: what HR knows, and null, which is unknown, for all the rest."""
    known = {name: fact for name, fact in facts.items() if name not in NOT_TO_CONFIRM}
    blank: dict[str, Fact] = dict.fromkeys(LEAVER_FIELDS)
    return {**blank, "tags": (), **known, "record_status": RecordStatus.LEFT.value}


def facts_of(raw: Mapping[str, object]) -> dict[str, Fact]:
    """Return what HR wrote as facts: dates as `2009-06-30`, nothing for what is not known.

    Raises:
        Refused: a field that nobody knows or that HR cannot confirm, or a value that is none of its
            kind; the message names the field, never the value.
    """
    found: dict[str, Fact] = {}
    for name, value in raw.items():
        kind = LEAVER_FIELDS.get(name)
        if kind is None or name in NOT_TO_CONFIRM:
            raise Refused(f"{name[:40]!r} is no fact that HR confirms")
        if value is None or value == "":
            continue
        fact = _fact(name, kind, value)
        if fact is None:
            raise Refused(f"{name} must be {_MUST_BE.get(name) or _KINDS[kind]}")
        found[name] = fact
    return found


def _fact(name: str, kind: FieldType, value: object) -> Fact:
    """Return a value as its field has it; None where it is none of that kind."""
    if isinstance(value, bool):  # what YAML makes of yes and no
        value = "yes" if value else "no"
    if name in _CLOSED:
        return str(value) if value in _CLOSED[name] else None
    if kind is FieldType.DATE:
        return _day(value)
    if kind is FieldType.INTEGER:
        return int(str(value)) if re.fullmatch(r"-?\d{1,6}", str(value)) else None
    if kind is FieldType.TAGS:
        tags = value if isinstance(value, list | tuple) else str(value).split(",")
        return tuple(one.strip() for one in map(str, tags) if one.strip())
    text = value if isinstance(value, str | int) else ""
    return str(text).strip() or None


def _day(value: object) -> Fact:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


def _there(connection: Connection, spell_hash: str) -> str | None:
    """Return the spell if its facts are there."""
    whole = (_SPELL.c.spell_hash == spell_hash, _SPELL.c.sealed.is_not(None))
    found: str | None = connection.execute(select(_SPELL.c.id).where(*whole)).scalar()
    return found


def take_word(
    connection: Connection,
    identity: SourceIdentity,
    ring: KeyRing,
    spell: RowMapping,
    said: Mapping[str, Fact],
    now: datetime,
) -> None:
    """Let the person's own word stand over a fact of their spell, until the source changes it.

    Args:
        connection: a write transaction in which `spell` was read.
        identity: of the spell's source.
        ring: with the person's profile key.
        spell: the ledger's row.
        said: canonical field → what the person says.
        now: the instant.
    """
    person = spell["person_id"]
    old = load_facts(ring.open(person, KeyKind.PROFILE, "spell", spell["sealed"]))
    content = dump_facts({**old, **said})
    values = {
        "facts_hash": identity.facts(content),
        "revision": spell["revision"] + 1,
        "changed_at": now,
        "sealed": ring.seal(person, KeyKind.PROFILE, "spell", content),
    }
    connection.execute(update(_SPELL).where(_SPELL.c.id == spell["id"]).values(**values))
