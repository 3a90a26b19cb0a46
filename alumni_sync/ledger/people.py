"""Finding a person by what a command line may name: `source/employee`, `P-…`, or a bare number.

Never by an e-mail address or a name: those would stay in the shell's history.
"""

from typing import TYPE_CHECKING, Final

from sqlalchemy import ColumnElement, select

from alumni_sync.errors import ConfigError
from alumni_sync.ledger.tables import Person, t

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_WHERE: Final = "PERSON"
_HOW: Final = "name people as source/employee, P-…, or by an employee number that is unique"


def resolve_person(d: "Deployment", text: str) -> str:
    """Return the person id that `text` means.

    Raises:
        ConfigError: it is an e-mail address, means nobody, or means several people. The message
            does not repeat what was typed.
    """
    text = text.strip()
    if "@" in text:
        raise ConfigError.of(
            _WHERE, "an e-mail address would stay in the shell's history, so none is taken", _HOW
        )
    found = _find(d, _condition(d, text))
    if not found:
        raise ConfigError.of(_WHERE, "nobody is known by this name", _HOW)
    if len(found) > 1:
        sources = ", ".join(sorted({source for _, source in found}))
        raise ConfigError.of(
            _WHERE, f"several people have this number ({sources})", "write source/employee"
        )
    return found[0][0]


def source_of(d: "Deployment", person_id: str) -> str:
    """Return at which source a resolved person is; roles are given source by source."""
    return _find(d, t(Person).c.id == person_id)[0][1]


def _condition(d: "Deployment", text: str) -> ColumnElement[bool]:
    people = t(Person)
    hashes = d.ledger.hashes
    if text.startswith("P-"):
        return people.c.id == text
    source, slash, employee = text.partition("/")
    if not slash:
        return people.c.number_hash == hashes.digest("number", text)
    if source not in d.settings.sources:
        known = ", ".join(sorted(d.settings.sources))
        raise ConfigError.of(_WHERE, "there is no such source", f"known: {known}")
    return people.c.employee_hash == hashes.digest("employee", source, employee)


def _find(d: "Deployment", condition: ColumnElement[bool]) -> list[tuple[str, str]]:
    people = t(Person)
    query = select(people.c.id, people.c.source).where(condition).order_by(people.c.id)
    with d.ledger.read() as connection:
        return [(row.id, row.source) for row in connection.execute(query)]
