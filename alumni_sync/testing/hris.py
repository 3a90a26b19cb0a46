"""Conformance kit for HRIS connectors.

A plugin's test says how its (fake) vendor comes to hold given records, and runs every check on it:

    class Stage:
        def publish(self, records): ...      # make the source hold exactly these
            return MyConnector(settings, plain_context(root))
        def unreachable(self): ...           # a connector whose source does not answer

    @pytest.mark.parametrize("check", HRIS_CHECKS, ids=lambda check: check.__name__)
    def test_conformance(check):
        check(Stage())

Records are canonical field → text, dates as ISO; an exit code is one of `EXIT_CODES`, which the
stage maps to its kind. A check raises `AssertionError` and says what would go wrong in production.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Final, Protocol

from alumni_sync.domain import LEAVER_FIELDS, REQUIRED_FIELDS, ExitKind, Fact, FieldType
from alumni_sync.errors import ConfigError, ConnectorError
from alumni_sync.ports import Cursor, HrisConnector, Page, SourceRecord, Window

EXIT_CODES: Final[Mapping[str, ExitKind]] = {
    "K-01": ExitKind.RESIGNATION,
    "K-02": ExitKind.RETIREMENT,
    "K-03": ExitKind.MISCONDUCT,
    "K-09": ExitKind.DEATH,
    "K-90 long illness": ExitKind.UNDISCLOSED,
}
"""The codes of the sample records. `K-55` is in none: it has to become `unknown`."""

Sample = Mapping[str, str | None]
WINDOW: Final = Window(since=None, until=datetime(2026, 11, 3, 9, 0, tzinfo=UTC))
NAME: Final = "Żółwica"
ADDRESS: Final = "canary.{0}@post.example"


class HrisStage(Protocol):
    """What a plugin's test provides."""

    def publish(self, records: Sequence[Sample]) -> HrisConnector:
        """Make the source hold exactly `records`, in this order; return a new connector for it."""

    def unreachable(self) -> HrisConnector:
        """Return a connector whose source is not there."""


def sample_record(number: int, **changes: str | None) -> Sample:
    """Return the record of an invented leaver; equal numbers give equal records."""
    record = {
        "person_id": f"E{number:04d}",
        "given_name": "Ґалина",
        "family_name": f"{NAME}-{number}",
        "personal_email": ADDRESS.format(number),
        "hire_date": "2019-03-01",
        "last_working_day": "2026-09-29",
        "exit_date": "2026-09-30",
        "record_status": "left",
        "exit_code": "K-01",
        "department": "Zakupy & Sprzedaż",
    }
    return {**record, **changes}


def _expect(holds: object, what: str) -> None:
    """Raise with `what` unless it holds; not an assert, which `python -O` would drop."""
    if not holds:
        raise AssertionError(what)


def _pages(connector: HrisConnector, cursor: Cursor | None = None) -> list[Page]:
    return list(connector.pull(WINDOW, cursor))


def _records(connector: HrisConnector) -> list[SourceRecord]:
    return [record for page in _pages(connector) for record in page.records]


def _only(stage: HrisStage, sample: Sample) -> SourceRecord:
    records = _records(stage.publish([sample]))
    _expect(len(records) == 1, f"one record was published, {len(records)} came")
    return records[0]


def _typed(name: str, fact: Fact) -> bool:
    """Say whether a fact has the type of its field."""
    kinds = {FieldType.DATE: date, FieldType.INTEGER: int, FieldType.TAGS: tuple}
    return fact is None or isinstance(fact, kinds.get(LEAVER_FIELDS[name], str))


# --- the checks ---------------------------------------------------------------------------------


def info_is_complete(stage: HrisStage) -> None:
    """`connectors list` shows it; a gap there is a question to the author."""
    info = stage.publish([]).info
    empty = [name for name in ("name", "vendor", "docs_url", "auth") if not getattr(info, name)]
    _expect(not empty, f"info has no {', '.join(empty)}")


def a_leaver_arrives_as_published(stage: HrisStage) -> None:
    """A value that is lost or turned round invites the wrong person, or nobody."""
    sample = sample_record(1)
    record = _only(stage, sample)
    _expect(not record.problems, f"a plain leaver has problems: {record.problems}")
    for name, text in sample.items():
        fact = record.facts.get(name)
        told = fact.isoformat() if isinstance(fact, date) else fact
        _expect(told == text, f"{name} arrives as {fact!r}, published was {text!r}")
    _expect(record.facts["exit_kind"] == ExitKind.RESIGNATION.value, "the exit code is not mapped")


def facts_are_canonical(stage: HrisStage) -> None:
    """Rules compare dates with dates; a date as text is later than every other text."""
    for record in _records(stage.publish([sample_record(1), sample_record(2, exit_code="K-02")])):
        unknown = sorted(set(record.facts) - set(LEAVER_FIELDS))
        _expect(not unknown, f"not fields of a leaver: {unknown}")
        wrong = [name for name, fact in record.facts.items() if not _typed(name, fact)]
        _expect(not wrong, f"of the wrong type: {wrong}")
        gone = [name for name in REQUIRED_FIELDS if not record.facts.get(name)]
        _expect(not gone, f"without these no record can be placed: {gone}")


def an_empty_value_is_null_and_not_left_out(stage: HrisStage) -> None:
    """A field that is missing counts as not supported, and then a pack may take it for harmless."""
    record = _only(stage, sample_record(1, personal_email=None, exit_code=None))
    for name in ("personal_email", "exit_code"):
        _expect(name in record.facts, f"{name} is empty at the source and gone from the facts")
        _expect(record.facts[name] is None, f"{name} is empty at the source and not null")
    _expect(record.facts["exit_kind"] == ExitKind.UNKNOWN.value, "no code is not harmless")


def an_unmapped_code_is_unknown(stage: HrisStage) -> None:
    """Whoever left over misconduct under a new code would be invited."""
    facts = _only(stage, sample_record(1, exit_code="K-55")).facts
    _expect(facts["exit_kind"] == ExitKind.UNKNOWN.value, f"K-55 became {facts['exit_kind']}")
    _expect(facts["exit_code"] == "K-55", "the code is gone, so nobody can map it")


def an_undisclosed_reason_is_forgotten(stage: HrisStage) -> None:
    """Why somebody is ill is none of our business; it may not even be sealed."""
    whole = sample_record(1, exit_code="K-90 long illness")
    broken = sample_record(2, exit_code="K-90 long illness", hire_date="2020-02-31")
    records = _records(stage.publish([whole, broken]))
    _expect(records[0].facts["exit_kind"] == ExitKind.UNDISCLOSED.value, "the code is not mapped")
    _expect("illness" not in repr(records), "the reason is still in the facts, or in the raw row")


def a_record_that_cannot_be_used_says_why(stage: HrisStage) -> None:
    """One bad record must not stop the others, nor pass for a good one."""
    bad = [
        sample_record(2, hire_date="2020-02-31"),
        sample_record(3, hire_date=None),
        sample_record(4, last_working_day=None, exit_date=None),
    ]
    records = _records(stage.publish([sample_record(1), *bad, sample_record(5)]))
    _expect(len(records) == len(bad) + 2, "a bad record is gone, or stopped the others")
    usable = [not record.problems for record in records]
    _expect(usable == [True, False, False, False, True], f"usable are {usable}")
    for record in records[1:-1]:
        _expect(all(field and reason for field, reason in record.problems), "a reason is missing")


def who_has_not_left_is_told_apart(stage: HrisStage) -> None:
    """Somebody who works here would be asked to join the alumni."""
    stay = {"last_working_day": None, "exit_date": None, "exit_code": None}
    records = _records(
        stage.publish([sample_record(1, record_status="active", **stay), sample_record(2)])
    )
    found = [record.facts["record_status"] for record in records]
    _expect(found == ["active", "left"], f"the statuses are {found}")


def positions_tell_records_apart_and_nobody(stage: HrisStage) -> None:
    """A position goes into messages and lists; a name or an address may not."""
    samples = [sample_record(number) for number in range(1, 4)]
    places = [record.where for record in _records(stage.publish(samples))]
    _expect(len(set(places)) == len(samples), f"positions are not unique: {places}")
    told = " ".join(places)
    _expect(NAME not in told, "a position contains a name")
    _expect("@" not in told, "a position contains an address")


def pages_end_and_agree(stage: HrisStage) -> None:
    """A read without a last page never moves the watermark; one that disagrees passes no guard."""
    pages = _pages(stage.publish([sample_record(number) for number in range(1, 8)]))
    _expect(pages, "there is not a single page")
    _expect(pages[-1].cursor is None, "the last page has a cursor")
    _expect(all(page.cursor for page in pages[:-1]), "a page before the last has no cursor")
    _expect(len({(page.full, page.basis) for page in pages}) == 1, "pages differ in full or basis")
    total = pages[-1].declared_total
    count = sum(len(page.records) for page in pages)
    _expect(total in {None, count}, f"{total} records are declared, {count} came")


def a_read_can_be_repeated(stage: HrisStage) -> None:
    """What was looked at first must be what is taken in afterwards."""
    samples = [sample_record(number) for number in range(1, 4)]
    first, second = _pages(stage.publish(samples)), _pages(stage.publish(samples))
    _expect(first == second, "the same source gives other pages")
    changed = _pages(stage.publish([sample_record(1, department="IT"), *samples[1:]]))
    basis = first[-1].basis
    _expect(not basis or basis != changed[-1].basis, "other content has the same basis")


def a_read_goes_on_from_a_cursor(stage: HrisStage) -> None:
    """Resuming must neither lose nor repeat a record."""
    connector = stage.publish([sample_record(number) for number in range(1, 8)])
    pages = _pages(connector)
    for number, page in enumerate(pages[:-1], start=1):
        _expect(_pages(connector, page.cursor) == pages[number:], f"page {number} is not resumed")


def records_of_a_person_stand_together(stage: HrisStage) -> None:
    """Somebody with a second contract would be taken for a leaver."""
    other = {"hire_date": "2024-01-01", "record_status": "active", "exit_code": None}
    other |= {"last_working_day": None, "exit_date": None}
    connector = stage.publish([sample_record(1), sample_record(2), sample_record(1, **other)])
    pages = _pages(connector)
    if pages[0].full or connector.info.capabilities.get("repeatable"):
        return  # such a read is seen whole before anything is taken in
    places = defaultdict(set)
    for number, page in enumerate(pages):
        for record in page.records:
            places[record.facts["person_id"]].add(number)
    _expect(
        all(len(found) == 1 for found in places.values()), "a person's records are on two pages"
    )


def nobody_is_no_error(stage: HrisStage) -> None:
    """A source without leavers is a quiet month; the guards decide whether to believe it."""
    pages = _pages(stage.publish([]))
    _expect(not [record for page in pages for record in page.records], "records of nobody")


def current_gives_who_was_asked_for(stage: HrisStage) -> None:
    """Whoever is unknown there is left out, never invented."""
    connector = stage.publish([sample_record(number) for number in range(1, 4)])
    found = {record.facts["person_id"] for record in connector.current(["E0001", "E0003", "E77"])}
    _expect(found == {"E0001", "E0003"}, f"current gives {sorted(map(str, found))}")
    _expect(not list(connector.current([])), "current gives people although nobody was asked for")


def check_compares_asked_and_returned(stage: HrisStage) -> None:
    """A field that the source keeps from us is found by `doctor`, not by its absence in mails."""
    health = stage.publish([sample_record(1)]).check()
    _expect(health.ok, f"a good source is not well: {health.problems}")
    _expect(health.asked, "nothing is asked for")
    _expect(set(health.returned) <= set(health.asked), "more is returned than asked for")
    _expect(not stage.unreachable().check().ok, "a source that is not there is well")


def an_unreachable_source_is_no_empty_one(stage: HrisStage) -> None:
    """No leavers and no answer are two things."""
    try:
        _pages(stage.unreachable())
    except (ConnectorError, ConfigError):
        return
    msg = "a source that is not there raises neither ConnectorError nor ConfigError"
    raise AssertionError(msg)


def a_profile_url_leads_to_the_person_only(stage: HrisStage) -> None:
    """It stands on the HR desk and in its logs."""
    connector = stage.publish([sample_record(1)])
    url = connector.profile_url("E 1/2?x=&y")
    _expect(url is None or url.startswith(("https://", "http://")), "no web address")
    _expect(url is None or "E 1/2?x" not in url, "the id is not escaped")


HRIS_CHECKS: Final[tuple[Callable[[HrisStage], None], ...]] = (
    info_is_complete,
    a_leaver_arrives_as_published,
    facts_are_canonical,
    an_empty_value_is_null_and_not_left_out,
    an_unmapped_code_is_unknown,
    an_undisclosed_reason_is_forgotten,
    a_record_that_cannot_be_used_says_why,
    who_has_not_left_is_told_apart,
    positions_tell_records_apart_and_nobody,
    pages_end_and_agree,
    a_read_can_be_repeated,
    a_read_goes_on_from_a_cursor,
    records_of_a_person_stand_together,
    nobody_is_no_error,
    current_gives_who_was_asked_for,
    check_compares_asked_and_returned,
    an_unreachable_source_is_no_empty_one,
    a_profile_url_leads_to_the_person_only,
)
"""Every check; a connector passes all of them."""
