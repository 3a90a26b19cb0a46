"""What an export is read with: one person's rows in one transaction, their keys, and who did what.

A colleague of ours is told of by the role, never by name: whose data an export is about is the
person who asks for it, and nobody else (GDPR Art. 15(4)).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Table, select

from alumni_sync.domain import NOT_VISIBLE, Actor
from alumni_sync.ledger.keystore import KeyKind, SealBroken
from alumni_sync.ledger.vault import KeyRing
from alumni_sync.review.people.authority import entry_of

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

Item = dict[str, Any]
_NOBODY: Final = frozenset(actor.value for actor in Actor)
_NAMED: Final = frozenset({"by", "user", "recorded_by", "second", "second_by", "confirmed_by"})
"""Keys of evidence under which a colleague's name may stand."""
OTHERS: Final = frozenset({"manager_id"})
"""Facts that are about somebody else."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Everything that sections are made from, within one read transaction."""

    d: "Deployment"
    connection: Connection
    ring: KeyRing
    person: Mapping[str, Any]

    @property
    def person_id(self) -> str:
        """Return whose data it is."""
        return str(self.person["id"])

    def rows(self, table: Table, order: str = "id") -> list[dict[str, Any]]:
        """Return the person's rows of a table, oldest first."""
        query = select(table).where(table.c.person_id == self.person_id)
        found = self.connection.execute(query.order_by(table.c[order])).mappings()
        return [dict(row) for row in found]

    def has(self, kind: KeyKind) -> bool:
        """Say whether a key is still there."""
        return self.ring.has(self.person_id, kind)

    def opened(self, kind: KeyKind, table: str, sealed: bytes | None) -> Any | None:  # noqa: ANN401 JSON
        """Return a sealed value; None where there is none, or it cannot be opened any more."""
        if not sealed or not self.has(kind):
            return None
        try:
            return plain(self.ring.open_json(self.person_id, kind, table, sealed))
        except SealBroken:
            return None

    def role(self, user: str) -> str:
        """Return who did something: the person, the program, or a colleague by their role."""
        if not user or user in _NOBODY:
            return user
        known = entry_of(self.d.settings.people, user)
        return ", ".join(sorted(known.roles)) if known and known.roles else "colleague"


def without_names(value: Any, role: Callable[[str], str]) -> Any:  # noqa: ANN401 JSON
    """Return evidence with colleagues by their role."""
    if isinstance(value, Mapping):
        return {
            key: role(inner)
            if key in _NAMED and isinstance(inner, str)
            else without_names(inner, role)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [without_names(inner, role) for inner in value]
    return value


def plain(value: Any) -> Any:  # noqa: ANN401 whatever a row holds
    """Return what JSON can hold: instants and days as ISO text, what we may not see as a word."""
    match value:
        case datetime() | date():
            return value.isoformat()
        case Mapping():
            return {str(key): plain(inner) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            inside = [plain(inner) for inner in value]
            return sorted(inside) if isinstance(value, set | frozenset) else inside
        case _:
            return "not_visible" if value is NOT_VISIBLE else value


def picked(row: Mapping[str, Any], names: Iterable[str]) -> Item:
    """Return some columns of a row; `new=old` gives a column another name."""
    found: Item = {}
    for name in names:
        new, _, old = name.partition("=")
        found[new] = plain(row[old or new])
    return found
