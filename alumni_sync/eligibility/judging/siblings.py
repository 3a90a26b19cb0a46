"""Human beings with several exits: one of them may keep the others out, whatever the rules say.

What `stale.other_exit_is_adverse` says in SQL of the ledger as it is, said here of verdicts that
stand nowhere yet.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import and_, or_, select

from alumni_sync.deployment import Deployment
from alumni_sync.domain import CASE_VERDICTS, CaseStatus
from alumni_sync.eligibility.judging.stale import ADVERSE
from alumni_sync.ledger.among import among
from alumni_sync.ledger.tables import Case, Person, Spell, t
from alumni_sync.ledger.upsert import in_chunks

Verdicts = Mapping[str, tuple[str, str]]
"""Spell → its verdict and basis, where they are to be taken for others than the ledger's."""

_SPELL: Final = t(Spell)
_PERSON: Final = t(Person)
_CASE: Final = t(Case)


@dataclass(frozen=True, slots=True)
class Exit:
    """One exit of a human being as it counts for the others: by its verdict and what was ruled."""

    spell: str
    person: str
    key: str | None
    verdict: str | None
    basis: str
    admitted: str | None

    def keeps_out(self, overlay: Verdicts) -> bool:
        """Say whether it keeps the person out, as `stale.other_exit_is_adverse` does in SQL."""
        verdict, basis = overlay.get(self.spell, (self.verdict or "", self.basis))
        ruled_in = self.admitted == basis and verdict in {one.value for one in CASE_VERDICTS}
        return verdict in ADVERSE and not ruled_in


@dataclass(slots=True)
class Family:
    """All exits that count for those of a trial, by person and by human being."""

    of_person: dict[str, list[Exit]] = field(default_factory=lambda: defaultdict(list))
    of_key: dict[str, list[Exit]] = field(default_factory=lambda: defaultdict(list))
    exits: dict[str, Exit] = field(default_factory=dict)

    def add(self, one: Exit) -> None:
        """Note one exit."""
        self.exits[one.spell] = one
        self.of_person[one.person].append(one)
        if one.key is not None:
            self.of_key[one.key].append(one)

    def kept_out(self, spell: str, overlay: Verdicts) -> bool:
        """Say whether another exit of the same human being keeps them out."""
        this = self.exits[spell]
        others = [*self.of_person[this.person], *self.of_key.get(this.key or "", ())]
        return any(one.keeps_out(overlay) for one in others if one.spell != spell)


def load_family(d: Deployment, spells: Sequence[str]) -> Family:
    """Load every exit of the people concerned, those of other sources included."""
    family = Family()
    columns = (
        _SPELL.c.id,
        _SPELL.c.person_id,
        _PERSON.c.key_hash,
        _SPELL.c.verdict,
        _SPELL.c.basis,
        _CASE.c.basis.label("admitted"),
    )
    admitted = and_(_CASE.c.spell_id == _SPELL.c.id, _CASE.c.status == CaseStatus.ADMITTED.value)
    query = select(*columns).select_from(
        _SPELL.join(_PERSON, _PERSON.c.id == _SPELL.c.person_id).outerjoin(_CASE, admitted)
    )
    ours = select(_SPELL.c.person_id).where(among(_SPELL.c.id)).scalar_subquery()
    keys = select(_PERSON.c.key_hash).where(_PERSON.c.id.in_(ours)).scalar_subquery()
    query = query.where(or_(_SPELL.c.person_id.in_(ours), _PERSON.c.key_hash.in_(keys)))
    for chunk in in_chunks(spells):
        with d.ledger.read() as connection:
            for row in connection.execute(query, {"among": chunk}):
                if row.id not in family.exits:
                    family.add(Exit(*row))
    return family
