"""Who is in the sample: each scenario makes the rows of one person, with what is expected of them.

`CAST` says how many of each stand in the Polish and in the German file.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from examples.acme import names
from examples.acme.company import CLOSE, GERMANY, POLAND, SITES, Record, Staff
from examples.acme.names import Name

Scenario = Callable[[Staff, str], Sequence[Record]]


def _plain(kind: str, why: str = "in good order") -> Scenario:
    def scenario(staff: Staff, source: str) -> Sequence[Record]:
        return [replace(staff.leaver(source, kind), why=why)]

    scenario.__name__ = kind
    return scenario


def _adverse(kind: str, verdict: str, why: str, *, intake: str = "new") -> Scenario:
    def scenario(staff: Staff, source: str) -> Sequence[Record]:
        return [staff.leaver(source, kind).ends(intake, verdict, "", why)]

    scenario.__name__ = kind
    return scenario


# --- invited ------------------------------------------------------------------------------------


def retirement(staff: Staff, source: str) -> Sequence[Record]:
    """A retiree: invited, with a flag."""
    return [replace(_retiree(staff, source), why="retired; may become a mentor")]


def _retiree(staff: Staff, source: str, left: date | None = None) -> Record:
    record = staff.leaver(source, "retirement", left=left)
    last_day = _last_day(record)
    record = record.but(
        birth_date=last_day.replace(year=last_day.year - 65, day=min(last_day.day, 28)),
        hire_date=last_day.replace(year=last_day.year - staff.random.randrange(12, 38), day=1),
        worker_type="employee",
    )
    return replace(record, flags=("retiree",))


def _last_day(record: Record) -> date:
    day = record.facts["last_working_day"]
    if not isinstance(day, date):
        msg = f"{record.scenario} has no last working day"
        raise TypeError(msg)
    return day


def short_tenure(staff: Staff, source: str) -> Sequence[Record]:
    """An intern of half a year: no minimum tenure."""
    record = staff.leaver(source, "end_of_contract")
    left = _last_day(record)
    first_title = SITES[source].departments["IT"][0]
    return [
        replace(
            record.but(
                hire_date=left - timedelta(days=staff.random.randrange(80, 190)),
                department="IT",
                job_title=first_title,
                job_level=1,
                worker_type="intern",
            ),
            scenario="short_tenure",
            why="half a year is enough: there is no minimum tenure",
        )
    ]


def expert(staff: Staff, source: str) -> Sequence[Record]:
    """A recognised expert by tag."""
    record = staff.leaver(source, "resignation").but(
        department="IT",
        job_title=SITES[source].departments["IT"][3],
        job_level=5,
        tags="expert",
        worker_type="employee",
    )
    return [replace(record, scenario="expert", flags=("expert",), why="tagged as an expert")]


def nominated(staff: Staff, source: str) -> Sequence[Record]:
    """An expert by HR's nomination list only."""
    record = staff.leaver(source, "mutual_agreement")
    return [replace(record, scenario="nominated", flags=("expert",), why="nominated by HR")]


def odd_name(make: Callable[..., Name]) -> Scenario:
    """Somebody whose name breaks careless software."""

    def scenario(staff: Staff, source: str) -> Sequence[Record]:
        name = make(staff.random)
        record = staff.leaver(source, "resignation").but(
            given_name=name.given,
            family_name=name.family or None,
            personal_email=staff.address(name),
        )
        return [replace(record, scenario=make.__name__, why="a name is not ASCII, nor two words")]

    scenario.__name__ = make.__name__
    return scenario


def long_ago(staff: Staff, source: str) -> Sequence[Record]:
    """Somebody who left years ago, with evidence: the backfill."""
    left = date(2019, 5, 3) + timedelta(weeks=staff.random.randrange(0, 340))
    record = staff.leaver(
        source, staff.random.choice(("resignation", "mutual_agreement")), left=left
    )
    return [replace(record, scenario="long_ago", why="left long ago, in good standing")]


def cancelled_hire(staff: Staff, source: str) -> Sequence[Record]:
    """Came back on paper only: the new employment was cancelled before it began."""
    left = replace(
        staff.leaver(source, "resignation"),
        scenario="cancelled_hire",
        why="the new employment was cancelled, so this person is still a leaver",
    )
    hire = left.but(
        hire_date=date(2026, 10, 1),
        last_working_day=None,
        exit_date=None,
        exit_kind=None,
        exit_code=None,
        record_status="hire_cancelled",
    ).ends("not_leaver", why="a hire that never began is no employment")
    return [left, hire]


# --- eligible, but there is no way to ask -------------------------------------------------------


def no_address(staff: Staff, source: str) -> Sequence[Record]:
    """Handed in the exit form without a private address."""
    record = staff.leaver(source, "resignation").but(personal_email=None)
    return [
        _no_contact(record, "no_address", "no_address", "no private address: a letter, by hand")
    ]


def company_mail(staff: Staff, source: str) -> Sequence[Record]:
    """The "private" address is one of the company's."""
    record = staff.leaver(source, "resignation")
    record = record.but(personal_email=record.facts["work_email"])
    return [
        _no_contact(
            record,
            "company_mail",
            "company_address",
            "a company mailbox may have another owner by now",
        )
    ]


def no_evidence(staff: Staff, source: str) -> Sequence[Record]:
    """There is an address, but nothing says what it was given for."""
    record = staff.leaver(source, "end_of_contract").but(contact_given_at=None)
    return [
        _no_contact(record, "no_evidence", "no_evidence", "an address in a file proves nothing")
    ]


def before_the_form(staff: Staff, source: str) -> Sequence[Record]:
    """Left before people were asked for a private address."""
    left = date(2003, 3, 3) + timedelta(weeks=staff.random.randrange(0, 800))
    record = _retiree(staff, source, left)
    return [
        _no_contact(record, "before_the_form", "no_evidence", "left before there was an exit form")
    ]


def apprentice(staff: Staff, source: str) -> Sequence[Record]:
    """Seventeen: asking has to wait."""
    record = staff.leaver(source, "end_of_contract", left=date(2026, 9, 30)).but(
        birth_date=date(2009, 6, 14),
        hire_date=date(2025, 9, 1),
        department="Produkcja",
        job_title="praktykant",
        job_level=1,
        worker_type="apprentice",
    )
    record = record.ends("new", "held", why="seventeen: asked after the eighteenth birthday")
    return [replace(record, scenario="apprentice")]


def do_not_consider(staff: Staff, source: str) -> Sequence[Record]:
    """Said on the exit form that they do not want to hear of it."""
    record = staff.leaver(source, "resignation").but(do_not_consider="yes")
    record = record.ends("new", "never_contact", why="asked not to be considered")
    return [replace(record, scenario="do_not_consider")]


def _no_contact(record: Record, scenario: str, reason: str, why: str) -> Record:
    return replace(record, scenario=scenario, contact=reason, why=why)


# --- a person has to look ------------------------------------------------------------------------


def no_code(staff: Staff, source: str) -> Sequence[Record]:
    """The exit code was left empty."""
    record = staff.leaver(source, "resignation").but(exit_code=None, exit_kind="unknown")
    record = record.ends("new", "review", why="no exit code: unknown is not harmless")
    return [replace(record, scenario="no_code")]


def shared_mailbox(staff: Staff, source: str) -> Sequence[Record]:
    """Two people give one address: one would decide for the other."""
    address = staff.address(Name("rodzina" if source == POLAND else "familie", "dom"))
    return [
        replace(
            staff.leaver(source, kind)
            .but(personal_email=address)
            .ends("new", "review", why="shares a private address with somebody else"),
            scenario="shared_mailbox",
        )
        for kind in ("resignation", "end_of_contract")
    ]


# --- not yet ------------------------------------------------------------------------------------


def future_exit(days: int) -> Scenario:
    """A last working day that is not over at the close."""

    def scenario(staff: Staff, source: str) -> Sequence[Record]:
        record = staff.leaver(source, "resignation", left=CLOSE + timedelta(days=days))
        record = record.but(contact_given_at=CLOSE - timedelta(days=9))
        record = record.ends("new", "held", why="still works here until the last working day ends")
        return [replace(record, scenario="future_exit")]

    scenario.__name__ = "future_exit"
    return scenario


def coming_rehire(staff: Staff, source: str) -> Sequence[Record]:
    """Left, and has signed to come back."""
    record = staff.leaver(source, "end_of_contract").but(rehire_date=date(2026, 12, 1))
    record = record.ends("new", "held", why="comes back on 1 December")
    return [replace(record, scenario="coming_rehire")]


# --- out of scope, never, not a leaver -----------------------------------------------------------


def out_of_scope(staff: Staff, source: str) -> Sequence[Record]:
    """Worked at a site that the programme does not cover."""
    record = staff.leaver(source, "resignation").but(location=SITES[source].out_of_scope)
    record = record.ends("new", "out_of_scope", why="the programme does not cover this site")
    return [replace(record, scenario="out_of_scope")]


def still_employed(staff: Staff, source: str) -> Sequence[Record]:
    """Is in the export although nobody is leaving."""
    record = _still_here(staff.leaver(source, "resignation"))
    return [replace(record.ends("not_leaver", why="still employed"), scenario="still_employed")]


def rehired(staff: Staff, source: str) -> Sequence[Record]:
    """Left years ago and works here again."""
    old = staff.leaver(source, "resignation", left=date(2024, 3, 29))
    new = _still_here(old.but(hire_date=date(2026, 4, 1)))
    return [
        replace(row.ends("not_leaver", why="works here again"), scenario="rehired")
        for row in (old, new)
    ]


def concurrent(staff: Staff, source: str) -> Sequence[Record]:
    """Had two contracts at once; only one of them ended."""
    one = staff.leaver(source, "end_of_contract", left=date(2026, 8, 31))
    two = _still_here(one.but(hire_date=date(2023, 2, 1)))
    return [
        replace(row.ends("not_leaver", why="a second contract goes on"), scenario="concurrent")
        for row in (one, two)
    ]


def rescinded(staff: Staff, source: str) -> Sequence[Record]:
    """Gave notice and took it back."""
    record = staff.leaver(source, "resignation", left=date(2026, 10, 23))
    record = record.but(record_status="rescinded")
    return [replace(record.ends("new", "held", why="took the notice back"), scenario="rescinded")]


def _still_here(record: Record) -> Record:
    return record.but(
        last_working_day=None,
        exit_date=None,
        exit_kind=None,
        exit_code=None,
        record_status="active",
        contact_given_at=None,
    )


# --- rows that cannot be used -------------------------------------------------------------------


def _rejected(scenario_name: str, why: str, **facts: str | date | None) -> Scenario:
    def scenario(staff: Staff, source: str) -> Sequence[Record]:
        record = staff.leaver(source, "resignation").but(**facts).ends("rejected", why=why)
        return [replace(record, scenario=scenario_name)]

    scenario.__name__ = scenario_name
    return scenario


def bad_date(staff: Staff, source: str) -> Sequence[Record]:
    """A day that no calendar has, written as this file writes its days."""
    day = "31.02.2026" if source == POLAND else "2026-02-30"
    return _rejected("bad_date", "there is no such day", last_working_day=day)(staff, source)


def shifted(staff: Staff, source: str) -> Sequence[Record]:
    """A delimiter in a name shifts every column after it."""
    record = staff.leaver(source, "resignation").ends("rejected", why="one column too many")
    return [replace(record, scenario="shifted", broken="stray_delimiter")]


def exit_before_hire(staff: Staff, source: str) -> Sequence[Record]:
    """Left before they came."""
    record = staff.leaver(source, "resignation").but(hire_date=date(2026, 10, 30))
    record = record.ends("rejected", why="the exit is before the hire")
    return [replace(record, scenario="exit_before_hire")]


def duplicate(staff: Staff, source: str) -> Sequence[Record]:
    """The same row twice, word for word."""
    first = replace(staff.leaver(source, "resignation"), scenario="duplicate", why="in good order")
    return [first, first.ends("unchanged", why="the same row again")]


def conflicting(staff: Staff, source: str) -> Sequence[Record]:
    """One spell twice, with two different exit codes: nobody can tell which is right."""
    first = staff.leaver(source, "resignation")
    code = SITES[source].codes["misconduct"][0]
    other = first.but(exit_kind="misconduct", exit_code=code)
    return [
        replace(row.ends("rejected", why="two rows contradict each other"), scenario="conflicting")
        for row in (first, other)
    ]


CAST: Final[Sequence[tuple[Scenario, int, int]]] = (
    # scenario, in the Polish file, in the German file
    (_plain("resignation"), 35, 25),
    (_plain("end_of_contract"), 15, 10),
    (_plain("mutual_agreement"), 9, 7),
    (_plain("redundancy", "redundant: invited, but job offers stay closed for half a year"), 9, 7),
    (_plain("undisclosed", "in good standing; the reason is none of our business"), 4, 3),
    (retirement, 4, 3),
    (short_tenure, 3, 2),
    (expert, 2, 2),
    (nominated, 1, 1),
    (odd_name(names.double_barrelled), 1, 1),
    (odd_name(names.with_apostrophe), 1, 0),
    (odd_name(names.decomposed), 1, 0),
    (odd_name(names.one_word), 0, 1),
    (long_ago, 6, 4),
    (cancelled_hire, 1, 0),
    (no_address, 2, 2),
    (company_mail, 2, 1),
    (no_evidence, 2, 1),
    (before_the_form, 1, 1),
    (apprentice, 1, 0),
    (do_not_consider, 1, 1),
    (_adverse("performance", "review", "ended over performance: a person has to look"), 2, 2),
    (_adverse("unknown", "review", "the exit code is in no mapping"), 2, 2),
    (no_code, 1, 1),
    (shared_mailbox, 1, 1),
    (_adverse("misconduct", "excluded", "dismissed for misconduct"), 3, 2),
    (_adverse("dispute", "excluded", "left in a dispute"), 2, 2),
    (future_exit(0), 1, 0),
    (future_exit(1), 1, 1),
    (future_exit(32), 1, 2),
    (coming_rehire, 1, 1),
    (out_of_scope, 3, 2),
    (_adverse("death", "never_contact", "died; nobody is written to"), 1, 1),
    (still_employed, 2, 2),
    (_adverse("internal_transfer", "", "moved within the group", intake="not_leaver"), 2, 1),
    (_adverse("no_show", "", "never began to work", intake="not_leaver"), 1, 1),
    (rehired, 1, 0),
    (concurrent, 1, 0),
    (rescinded, 1, 1),
    (bad_date, 1, 1),
    (_rejected("no_hire_date", "no hire date: the spell cannot be placed", hire_date=None), 1, 0),
    (_rejected("no_person", "nothing says whose row this is", person_id=None), 0, 1),
    (
        _rejected(
            "no_exit_date", "left, but no day says when", last_working_day=None, exit_date=None
        ),
        1,
        0,
    ),
    (shifted, 1, 0),
    (exit_before_hire, 0, 1),
    (duplicate, 1, 1),
    (conflicting, 1, 0),
)


def play(staff: Staff) -> dict[str, list[Record]]:
    """Return the rows of both sources, in an order that no code may rely on."""
    entrances = [
        (scenario, source)
        for scenario, in_poland, in_germany in CAST
        for source, count in ((POLAND, in_poland), (GERMANY, in_germany))
        for _ in range(count)
    ]
    staff.random.shuffle(entrances)
    rows: dict[str, list[Record]] = {POLAND: [], GERMANY: []}
    for scenario, source in entrances:
        rows[source].extend(scenario(staff, source))
    for records in rows.values():
        staff.random.shuffle(records)
    return rows
