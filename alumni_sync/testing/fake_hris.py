"""An HRIS in memory with fault switches, for tests of what comes after a connector."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, Final

from pydantic import BaseModel

from alumni_sync.domain import Fact, Facts
from alumni_sync.ports import (
    ConnectorHealth,
    ConnectorInfo,
    Cursor,
    Page,
    PluginContext,
    SourceRecord,
    Window,
)

HIRED: Final = date(2019, 3, 1)
LEFT: Final = date(2026, 9, 30)


def leaver(number: int, **changes: Fact) -> dict[str, Fact]:
    """Return the canonical facts of an invented leaver; equal numbers give equal facts."""
    hired = changes.get("hire_date", HIRED)
    facts: dict[str, Fact] = {
        "person_id": f"E{number:04d}",
        "employee_number": str(70_000 + number),
        "given_name": "Ґалина",
        "family_name": f"Żółwica-{number}",
        "personal_email": f"galina.{number}@post.example",
        "birth_date": date(1984, 5, 17),
        "hire_date": hired,
        "last_working_day": LEFT,
        "exit_date": LEFT,
        "exit_kind": "resignation",
        "exit_code": "K-01",
        "record_status": "left",
        "rehire_date": None,
        "department": "Zakupy",
        "location": "Warszawa",
        "tags": (),
        "spell_id": str(hired),
    }
    return {**facts, **changes}


def employee(number: int, hired: date, status: str = "active") -> dict[str, Fact]:
    """Return what a source tells of somebody without an exit."""
    return {
        "person_id": f"E{number:04d}",
        "employee_number": str(70_000 + number),
        "hire_date": hired,
        "record_status": status,
        "spell_id": str(hired),
    }


class NoSettings(BaseModel):
    """The fake has no settings."""


@dataclass
class FakeHris:
    """Gives the records it was told, in pages.

    Attributes:
        records: facts, or whole records (with problems).
        page_rows: records a page.
        full: whether the read is a complete listing.
        parts: record number → delivery, where there are several.
        declared: what it says its total is.
        fail_after: pages after which `failure` is raised; None never fails.
        before_pull: called at the start of each read, with its number from 1.
        pulls: how often it was read.
    """

    info: ClassVar[ConnectorInfo] = ConnectorInfo(
        name="fake",
        vendor="alumni_sync.testing",
        docs_url="docs/connectors.md",
        auth="none",
        capabilities={"repeatable": True},
    )
    Settings: ClassVar[type[BaseModel]] = NoSettings

    context: PluginContext
    records: Sequence[Facts | SourceRecord] = ()
    page_rows: int = 3
    full: bool = True
    parts: Mapping[int, int] = field(default_factory=dict)
    declared: int | None = None
    fail_after: int | None = None
    failure: Exception = field(default_factory=lambda: RuntimeError("galina.1@post.example"))
    before_pull: Callable[[int], None] = lambda _number: None
    pulls: int = 0

    def check(self) -> ConnectorHealth:
        """Be well."""
        return ConnectorHealth(ok=True)

    def pull(self, window: Window, cursor: Cursor | None) -> Iterator[Page]:
        """Yield pages; each delivery begins a new one."""
        del window, cursor
        self.pulls += 1
        self.before_pull(self.pulls)
        basis = self.context.fingerprint("basis", repr(self.records).encode())
        pages = list(self._slices())
        for number, (start, records) in enumerate(pages):
            if number == self.fail_after:
                raise self.failure
            last = number == len(pages) - 1
            yield Page(
                records,
                None if last else Cursor(str(number + 1)),
                self.declared if last else None,
                self.full,
                basis,
                self.parts.get(start, 0),
            )

    def _slices(self) -> Iterator[tuple[int, list[SourceRecord]]]:
        """Yield the first row and the records of each page; one empty page if there are none."""
        made: list[SourceRecord] = []
        start = 0
        for number, one in enumerate(self.records):
            part = self.parts.get(number, 0)
            if made and (len(made) == self.page_rows or part != self.parts.get(start, 0)):
                yield start, made
                made, start = [], number
            made.append(
                one if isinstance(one, SourceRecord) else SourceRecord(f"fake:{number}", one)
            )
        yield start, made

    def current(self, person_ids: Sequence[str]) -> Iterator[SourceRecord]:
        """Yield the records of people."""
        for _, records in self._slices():
            for record in records:
                if record.facts.get("person_id") in person_ids:
                    yield record

    def profile_url(self, person_id: str) -> str | None:
        """Have no pages."""
        del person_id
        return None
