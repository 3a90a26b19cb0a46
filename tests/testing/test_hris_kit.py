"""The kit for HRIS connectors catches what it is there for: one planted fault a check."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import pytest

from alumni_sync.domain import ExitKind, Fact
from alumni_sync.errors import Unavailable
from alumni_sync.ports import (
    ConnectorHealth,
    ConnectorInfo,
    Cursor,
    Page,
    SourceRecord,
    Window,
)
from alumni_sync.testing.fake_hris import FakeHris
from alumni_sync.testing.hris import EXIT_CODES, HRIS_CHECKS, Sample
from alumni_sync.testing.platforms import plain_context

DATES = ("hire_date", "last_working_day", "exit_date")


def translated(number: int, sample: Sample) -> SourceRecord:
    """Translate a sample as a good connector would."""
    facts: dict[str, Fact] = dict(sample)
    problems = []
    for name in DATES:
        text = sample[name]
        try:
            facts[name] = date.fromisoformat(text) if text else None
        except ValueError:
            problems.append((name, "bad-date"))
    kind = EXIT_CODES.get(sample["exit_code"] or "", ExitKind.UNKNOWN)
    facts["exit_kind"] = kind.value
    if kind is ExitKind.UNDISCLOSED:
        facts["exit_code"] = "undisclosed"
    if not sample["hire_date"]:
        problems.append(("hire_date", "missing"))
    if sample["record_status"] == "left" and not sample["exit_date"]:
        problems.append(("exit_date", "missing"))
    return SourceRecord(f"row {number}", facts, tuple(problems))


@dataclass
class Honest(FakeHris):
    """A connector in memory without a fault; a fault is a subclass."""

    down: bool = False
    full: bool = False
    page_rows: int = 2

    def check(self) -> ConnectorHealth:
        """Say which fields there are."""
        fields = ("person_id", "hire_date")
        return ConnectorHealth(ok=not self.down, asked=fields, returned=fields)

    def pull(self, window: Window, cursor: Cursor | None) -> Iterator[Page]:
        """Yield pages from the cursor on."""
        if self.down:
            raise Unavailable("kit", "read", "down")
        pages = list(super().pull(window, None))
        yield from pages[int(cursor.value) if cursor else 0 :]


class Stage:
    """Publishes samples through a connector class."""

    def __init__(self, root: Path, kind: type[Honest]) -> None:
        """Use the class of a connector."""
        self.context = plain_context(root)
        self.kind = kind

    def publish(self, records: Sequence[Sample]) -> Honest:
        """Hold the records."""
        return self.kind(self.context, [translated(at, one) for at, one in enumerate(records)])

    def unreachable(self) -> Honest:
        """Be down."""
        return self.kind(self.context, down=True)


def changed(change: Callable[[Page], Page]) -> type[Honest]:
    """Return a connector whose pages are changed."""

    class Changed(Honest):
        def pull(self, window: Window, cursor: Cursor | None) -> Iterator[Page]:
            yield from map(change, super().pull(window, cursor))

    return Changed


def facts_changed(change: Callable[[dict[str, Any]], dict[str, Any]]) -> type[Honest]:
    """Return a connector whose facts are changed."""
    return changed(
        lambda page: replace(
            page, records=[replace(one, facts=change(dict(one.facts))) for one in page.records]
        )
    )


class NoDocs(Honest):
    """Says nothing of itself."""

    info: ClassVar[ConnectorInfo] = replace(Honest.info, docs_url="")


class OncePerPage(Honest):
    """Tears people apart, and cannot be read twice."""

    info: ClassVar[ConnectorInfo] = replace(Honest.info, capabilities={})


class NeverEnds(Honest):
    """Has a cursor on its last page."""

    def pull(self, window: Window, cursor: Cursor | None) -> Iterator[Page]:
        """Yield pages."""
        for page in super().pull(window, cursor):
            yield replace(page, cursor=Cursor("9"))


class Moody(Honest):
    """Gives another basis in every read."""

    reads: ClassVar[list[int]] = []

    def pull(self, window: Window, cursor: Cursor | None) -> Iterator[Page]:
        """Yield pages."""
        self.reads.append(1)
        for page in super().pull(window, cursor):
            yield replace(page, basis=f"{len(self.reads)}")


class Forgetful(Honest):
    """Begins anew at every cursor."""

    def pull(self, window: Window, cursor: Cursor | None) -> Iterator[Page]:
        """Yield pages."""
        del cursor
        return super().pull(window, None)


class Inventive(Honest):
    """Gives everybody, whoever was asked for."""

    def current(self, person_ids: Sequence[str]) -> Iterator[SourceRecord]:
        """Yield everybody."""
        del person_ids
        return super().current(["E0001", "E0002", "E0003"])


class AlwaysWell(Honest):
    """Is well whatever happens."""

    def check(self) -> ConnectorHealth:
        """Be well."""
        return replace(super().check(), ok=True)


class Silent(Honest):
    """Takes no answer for nobody."""

    def pull(self, window: Window, cursor: Cursor | None) -> Iterator[Page]:
        """Yield nothing when it is down."""
        return iter([Page([])]) if self.down else super().pull(window, cursor)


class Linking(Honest):
    """Puts ids into links as they are."""

    def profile_url(self, person_id: str) -> str | None:
        """Return a link."""
        return f"https://hris.example/{person_id}"


FAULTS: dict[str, type[Honest]] = {
    "info_is_complete": NoDocs,
    "a_leaver_arrives_as_published": facts_changed(lambda facts: {**facts, "department": "IT"}),
    "facts_are_canonical": facts_changed(lambda facts: {**facts, "hire_date": "2019-03-01"}),
    "an_empty_value_is_null_and_not_left_out": facts_changed(
        lambda facts: {name: fact for name, fact in facts.items() if fact is not None}
    ),
    "an_unmapped_code_is_unknown": facts_changed(lambda f: {**f, "exit_kind": "resignation"}),
    "an_undisclosed_reason_is_forgotten": changed(
        lambda page: replace(page, records=[replace(r, raw="long illness") for r in page.records])
    ),
    "a_record_that_cannot_be_used_says_why": changed(
        lambda page: replace(page, records=[r for r in page.records if not r.problems])
    ),
    "who_has_not_left_is_told_apart": facts_changed(lambda f: {**f, "record_status": "left"}),
    "positions_tell_records_apart_and_nobody": changed(
        lambda page: replace(page, records=[replace(r, where="row") for r in page.records])
    ),
    "pages_end_and_agree": NeverEnds,
    "a_read_can_be_repeated": Moody,
    "a_read_goes_on_from_a_cursor": Forgetful,
    "records_of_a_person_stand_together": OncePerPage,
    "nobody_is_no_error": changed(
        lambda page: replace(page, records=page.records or [SourceRecord("row", {})])
    ),
    "current_gives_who_was_asked_for": Inventive,
    "check_compares_asked_and_returned": AlwaysWell,
    "an_unreachable_source_is_no_empty_one": Silent,
    "a_profile_url_leads_to_the_person_only": Linking,
}


@pytest.mark.parametrize("check", HRIS_CHECKS, ids=lambda check: check.__name__)
def test_a_check_passes_what_is_right_and_catches_its_fault(
    check: Callable[[Any], None], tmp_path: Path
) -> None:
    """A check that catches nothing lets a connector lose people with a green test."""
    check(Stage(tmp_path, Honest))

    with pytest.raises(AssertionError):
        check(Stage(tmp_path, FAULTS[check.__name__]))
