"""Who somebody who asks to join may be: found by keyed hashes of what they told us, and no more.

Names are sealed, so nobody is searched for by name: what HR sees opened are the few employments to
which the address, the number that was typed, or a number that HR looked up leads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row, or_, select

from alumni_sync.consent.answers.dossier import INVITATION
from alumni_sync.consent.answers.offers import full_name
from alumni_sync.consent.joining.join_requests import Wanted
from alumni_sync.consent.standing import PERSON, SPELL
from alumni_sync.ledger.facts import load_facts
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.vault import KeyRing

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment
    from alumni_sync.domain import Facts

BY_ADDRESS: Final = "address"
BY_NUMBER: Final = "number"
BY_HR: Final = "looked_up"
MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """One employment that a request may be about.

    Attributes:
        found_by: `address`, `number` (as the person typed it), `looked_up` (by HR).
        name: "" where the facts were let go.
        verdict: of the rules, "" before they spoke; `consent`: state of the consent, or "".
        whole: whether its facts are here; without them HR has to confirm them anew.
    """

    spell_id: str
    person_id: str
    source: str
    found_by: tuple[str, ...]
    name: str
    hired_on: date | None
    last_working_day: date | None
    legal_entity: str
    verdict: str
    consent: str
    whole: bool


def candidates(
    d: "Deployment", wanted: Wanted, address_hash: str, looked_up: str = ""
) -> tuple[Candidate, ...]:
    """Return the employments that a request may be about, newest first.

    Args:
        d: the deployment.
        wanted: the request.
        address_hash: of its address.
        looked_up: an employee number, or `source/number`, that HR found for it.
    """
    numbers = _hashes(d, wanted.sources, wanted.number) if wanted.number else set()
    source, slash, rest = looked_up.partition("/")
    places, number = ((source,), rest) if slash else (wanted.sources, looked_up)
    by_hr = _hashes(d, places, number) if number else set()
    query = (
        select(
            SPELL,
            PERSON.c.address_hash,
            PERSON.c.employee_hash,
            PERSON.c.person_hash,
            INVITATION.c.state.label("consent"),
        )
        .select_from(
            SPELL.join(PERSON, PERSON.c.id == SPELL.c.person_id).outerjoin(
                INVITATION, INVITATION.c.spell_id == SPELL.c.id
            )
        )
        .where(
            or_(
                PERSON.c.address_hash == address_hash,
                PERSON.c.employee_hash.in_(numbers | by_hr),
                PERSON.c.person_hash.in_(numbers | by_hr),
            )
        )
        .order_by(SPELL.c.last_working_day.desc(), SPELL.c.id)
        .limit(MOST)
    )
    with d.ledger.read() as connection:
        rows = connection.execute(query).all()
    ring = d.ledger.vault.load([row.person_id for row in rows])
    told = {BY_ADDRESS: {address_hash}, BY_NUMBER: numbers, BY_HR: by_hr}
    return tuple(_candidate(row, ring, told) for row in rows)


def _hashes(d: "Deployment", sources: tuple[str, ...], number: str) -> set[str]:
    """Return under what a number may be known: employee number, or the source's id of a person."""
    digest = d.ledger.hashes.digest
    return {digest(what, source, number) for source in sources for what in ("employee", "person")}


def _candidate(row: Row[Any], ring: KeyRing, told: Mapping[str, set[str]]) -> Candidate:
    facts: Facts = {}
    if row.sealed is not None and ring.has(row.person_id, KeyKind.PROFILE):
        facts = load_facts(ring.open(row.person_id, KeyKind.PROFILE, "spell", row.sealed))
    theirs = {row.address_hash, row.employee_hash, row.person_hash}
    entity = facts.get("legal_entity")
    return Candidate(
        spell_id=row.id,
        person_id=row.person_id,
        source=row.source,
        found_by=tuple(way for way, hashes in told.items() if hashes & theirs),
        name=full_name(facts),
        hired_on=row.hired_on,
        last_working_day=row.last_working_day,
        legal_entity=entity if isinstance(entity, str) else "",
        verdict=row.verdict or "",
        consent=row.consent or "",
        whole=bool(facts),
    )
