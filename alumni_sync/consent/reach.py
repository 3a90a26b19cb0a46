"""Whom we can reach, by source and contact basis: by mail, by letter only, not yet, or not at all.

Counts only; from states in the ledger, nobody's facts are opened.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from alumni_sync.consent.answers.dossier import INVITATION
from alumni_sync.consent.gates import ClosedReason, deployment_gate
from alumni_sync.consent.standing import SPELL, joined, may_be_asked
from alumni_sync.consent.terms import contact_terms
from alumni_sync.domain import ConsentState, ContactBasis

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

NOT_PLANNED: Final = "not_planned"
"""Nothing is in the way: the next run asks them."""


@dataclass(slots=True)
class Reach:
    """The leavers of one source under one contact basis.

    Attributes:
        by_mail: who may be, or was, written to.
        by_letter: whom nothing but a basis for mails is missing for: `letters export`.
        waiting: reason of the deployment, or `not_planned` → people nobody has looked at yet.
        closed: reason → people who cannot be reached at all.
    """

    source: str
    basis: str
    by_mail: int = 0
    by_letter: int = 0
    waiting: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """Return how many there are."""
        return self.by_mail + self.by_letter + self.waiting.total() + self.closed.total()

    def numbers(self) -> dict[str, object]:
        """Return it as JSON values; a Counter is none that `asdict` can copy."""
        return {
            "source": self.source,
            "basis": self.basis,
            "by_mail": self.by_mail,
            "by_letter": self.by_letter,
            "waiting": dict(self.waiting),
            "closed": dict(self.closed),
        }

    def sentence(self) -> str:
        """Say it in one line, for people."""
        if not self.total:
            return f"source {self.source}, basis {self.basis}: nobody is to be asked so far"
        reached = f"{self.by_mail} of {self.total} leavers can be contacted by mail"
        parts = [f"source {self.source}, basis {self.basis}: {reached}"]
        parts += [f"{self.by_letter} by letter only"] if self.by_letter else []
        parts += [f"waiting: {_listed(self.waiting)}"] if self.waiting else []
        parts += [f"not at all: {_listed(self.closed)}"] if self.closed else []
        return "; ".join(parts)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {counts[name]}" for name in sorted(counts))


def reach(d: "Deployment", sources: Iterable[str] | None = None) -> list[Reach]:
    """Return an entry for every source and basis there is, those without anybody included.

    Args:
        d: the deployment.
        sources: some of them; None for all.

    Raises:
        ConfigError: a jurisdiction pack cannot be read.
    """
    names = list(d.settings.sources if sources is None else sources)
    found = {
        (name, basis): Reach(name, basis)
        for name in names
        for basis in [d.settings.sources[name].contact.basis.value]
    }
    _count_known(d, found, names)
    _count_waiting(d, found, names)
    return [found[key] for key in sorted(found)]


def _count_known(d: "Deployment", found: dict[tuple[str, str], Reach], names: list[str]) -> None:
    columns = (
        INVITATION.c.source,
        INVITATION.c.basis,
        INVITATION.c.state,
        INVITATION.c.no_contact_reason,
    )
    query = (
        select(*columns, func.count().label("people"))
        .where(INVITATION.c.source.in_(names), INVITATION.c.state != ConsentState.ERASED.value)
        .group_by(*columns)
    )
    with d.ledger.read() as connection:
        rows = connection.execute(query).all()
    for row in rows:
        entry = found.setdefault((row.source, row.basis), Reach(row.source, row.basis))
        unreachable = row.state == ConsentState.NO_CONTACT
        if unreachable and row.no_contact_reason != ClosedReason.LETTER:
            entry.closed[row.no_contact_reason or "unknown"] += row.people
        elif unreachable or row.basis == ContactBasis.NONE:
            entry.by_letter += row.people
        else:
            entry.by_mail += row.people


def _count_waiting(d: "Deployment", found: dict[tuple[str, str], Reach], names: list[str]) -> None:
    """Count who may be asked and has not been looked at, with what in the deployment stops it."""
    query = (
        select(SPELL.c.source, func.count().label("people"))
        .select_from(joined().outerjoin(INVITATION, INVITATION.c.spell_id == SPELL.c.id))
        .where(SPELL.c.source.in_(names), may_be_asked(d.clock.now()), INVITATION.c.id.is_(None))
        .group_by(SPELL.c.source)
    )
    with d.ledger.read() as connection:
        rows = connection.execute(query).all()
    for row in rows:
        terms = contact_terms(d, row.source)
        reason = deployment_gate(terms)
        found[row.source, terms.basis.value].waiting[reason or NOT_PLANNED] += row.people
