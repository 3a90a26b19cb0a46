"""What each operator says of one value: true, false, or unknown."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from alumni_sync.domain import Verdict
from alumni_sync.eligibility.evaluation.columns import build_frame, shift
from alumni_sync.eligibility.evaluation.evaluate import evaluate
from alumni_sync.eligibility.language.clauses import Duration, Unit
from alumni_sync.eligibility.language.pack import RulePack
from alumni_sync.eligibility.language.reading import parse_pack

TODAY = date(2026, 3, 31)
YES, NO, UNKNOWN = "excluded", "eligible", "review"

PACK = """
pack: one
good_standing: [resignation]
harmless_if_unmapped: [{harmless}]
rules:
  - {{id: r, when: {when}, then: {then}}}
"""


def _pack(when: str, *, harmless: str = "", then: str = "excluded") -> RulePack:
    return parse_pack(PACK.format(when=when, harmless=harmless, then=then))


def _said(pack: RulePack, facts: dict[str, Any], today: date = TODAY) -> Any:  # noqa: ANN401 pandas
    record = {"exit_kind": "resignation", **facts}
    return evaluate(build_frame([record], sorted(pack.fields)), pack, today).iloc[0]


@pytest.mark.parametrize(
    ("when", "facts", "expected"),
    [
        ("{department: {equals: IT}}", {"department": " it "}, YES),
        ("{department: {equals: IT}}", {"department": "ITS"}, NO),
        ("{department: {equals: IT}}", {"department": None}, UNKNOWN),
        ("{department: {equals: IT}}", {}, UNKNOWN),
        ("{department: {one_of: [IT, HR]}}", {"department": "HR"}, YES),
        ("{job_level: {equals: 3}}", {"job_level": 3}, YES),
        ("{job_level: {one_of: [3, 4]}}", {"job_level": 5}, NO),
        ("{department: {contains: log}}", {"department": "Logistyka"}, YES),
        ("{tags: {contains: choir}}", {"tags": ["Choir", "x"]}, YES),
        ("{tags: {contains: choir}}", {"tags": ["choirmaster"]}, NO),
        ("{tags: {contains: choir}}", {"tags": []}, NO),
        ("{tags: {contains: choir}}", {"tags": None}, UNKNOWN),
        ("{job_title: {matches: 'senior *'}}", {"job_title": "Senior Buyer"}, YES),
        ("{job_title: {matches: 'senior *'}}", {"job_title": "a Senior Buyer"}, NO),
        ("{job_title: {matches: '*er'}}", {"job_title": "buyer buyer"}, YES),
        ("{job_title: {matches: 'b?yer'}}", {"job_title": "byer"}, NO),
        ("{job_title: {matches: 'a*b*c'}}", {"job_title": "aXbXbXc"}, YES),
        ("{job_title: {matches: 'a[b]'}}", {"job_title": "ab"}, NO),
        ("{job_level: {between: [2, 4]}}", {"job_level": 2}, YES),
        ("{job_level: {between: [2, 4]}}", {"job_level": 5}, NO),
        ("{job_level: {at_least: 3}}", {"job_level": 3}, YES),
        ("{job_level: {at_most: 3}}", {"job_level": 4}, NO),
        ("{job_level: {at_most: 3}}", {"job_level": None}, UNKNOWN),
        ("{hire_date: {equals: 2020-02-29}}", {"hire_date": "2020-02-29"}, YES),
        ("{hire_date: {equals: 2020-02-29}}", {"hire_date": "2020-02-28"}, NO),
        ("{hire_date: {one_of: [2020-01-01, today]}}", {"hire_date": "2026-03-31"}, YES),
        ("{hire_date: {one_of: [2020-01-01, 2020-01-03]}}", {"hire_date": "2020-01-02"}, NO),
        ("{hire_date: {one_of: [2020-01-01]}}", {"hire_date": None}, UNKNOWN),
        ("{hire_date: {equals: 1 month ago}}", {"hire_date": "2026-02-28"}, YES),
        ("{hire_date: {between: [2 years ago, today]}}", {"hire_date": "2024-03-31"}, YES),
        ("{hire_date: {between: [2 years ago, today]}}", {"hire_date": "2024-03-30"}, NO),
        ("{hire_date: {between: [2020-01-01, 1 year ago]}}", {"hire_date": None}, UNKNOWN),
        ("{hire_date: {before: 2020-01-01}}", {"hire_date": "2020-01-01"}, NO),
        ("{hire_date: {at_most: 2020-01-01}}", {"hire_date": "2020-01-01"}, YES),
        ("{hire_date: {after: 2020-01-01}}", {"hire_date": "2020-01-02"}, YES),
        ("{hire_date: {after: 2020-01-01}}", {"hire_date": None}, UNKNOWN),
        ("{hire_date: {after: today}}", {"hire_date": "2026-04-01"}, YES),
        ("{hire_date: {after: 1 month ago}}", {"hire_date": "2026-03-01"}, YES),
        ("{hire_date: {after: 1 month ago}}", {"hire_date": "2026-02-28"}, NO),
        ("{hire_date: {before: 2 weeks ago}}", {"hire_date": "2026-03-16"}, YES),
        (
            "{exit_date: {at_least: 10 years after hire_date}}",
            {"hire_date": "2016-02-29", "exit_date": "2026-02-28"},
            YES,
        ),
        (
            "{exit_date: {at_least: 10 years after hire_date}}",
            {"hire_date": None, "exit_date": "2026-02-28"},
            UNKNOWN,
        ),
        (
            "{hire_date: {after: 30 days before exit_date}}",
            {"hire_date": "2026-03-02", "exit_date": "2026-03-31"},
            YES,
        ),
        ("{department: {is_known: false}}", {"department": None}, YES),
        ("{department: {is_known: false}}", {"department": "IT"}, NO),
        ("{not: {department: {equals: IT}}}", {"department": "HR"}, YES),
        ("{not: {department: {equals: IT}}}", {"department": None}, UNKNOWN),
    ],
)
def test_operator(when: str, facts: dict[str, Any], expected: str) -> None:
    """An operator that reads a value otherwise than HR does judges people wrongly."""
    assert expected == _said(_pack(when), facts)["verdict"]


@pytest.mark.parametrize(
    ("one", "other", "both", "either"),
    [
        ("IT", "x", NO, YES),
        ("IT", "IT", YES, YES),
        ("IT", None, UNKNOWN, YES),
        ("x", None, NO, UNKNOWN),
        (None, None, UNKNOWN, UNKNOWN),
        ("x", "x", NO, NO),
    ],
)
def test_all_and_any(one: str | None, other: str | None, both: str, either: str) -> None:
    """Kleene's tables: what is known decides where it can, and only there."""
    facts = {"department": one, "location": other}
    parts = "[{department: {equals: IT}}, {location: {equals: IT}}]"

    assert both == _said(_pack(f"{{all: {parts}}}"), facts)["verdict"]
    assert either == _said(_pack(f"{{any: {parts}}}"), facts)["verdict"]
    opposite = {YES: NO, NO: YES, UNKNOWN: UNKNOWN}
    assert opposite[both] == _said(_pack(f"{{not: {{all: {parts}}}}}"), facts)["verdict"]


def test_what_is_harmless_neither_triggers_nor_hinders() -> None:
    """A source without a column must not fill the queue, nor switch off the rest of a rule."""
    pack = _pack(
        "{any: [{not: {department: {equals: IT}}}, {location: {equals: Radom}}]}",
        harmless="department",
    )

    assert NO == _said(pack, {"location": "Berlin"})["verdict"]
    assert YES == _said(pack, {"location": "Radom"})["verdict"]
    assert UNKNOWN == _said(pack, {"location": "Berlin", "department": None})["verdict"]


def test_only_what_is_missing_is_named() -> None:
    """A reviewer asks for the facts that are named; a harmless field is not one of them."""
    pack = _pack(
        "{any: [{location: {equals: X}}, {exit_date: {after: 2 days after hire_date}}]}",
        harmless="location",
    )

    said = _said(pack, {"exit_date": "2026-01-01", "hire_date": None})

    assert ("hire_date",) == said["unknown"]
    (reason,) = said["reasons"]
    assert reason == (
        "To be reviewed: whether the location is X or the exit date is after 2 days after the"
        " hire date cannot be decided; not known: the hire date."
    )


def test_a_hold_is_closed_by_what_is_not_known() -> None:
    """A job offer sent to somebody who may have lost theirs cannot be taken back."""
    pack = _pack(
        "{department: {equals: IT}}",
        then="{outreach_hold: {purpose: job_offers, until: 1 month after exit_date}}",
    )

    def until(**facts: str | None) -> list[date | None]:
        return [hold.until for hold in _said(pack, facts)["holds"]]

    assert [date(2026, 2, 28)] == until(department="IT", exit_date="2026-01-31")
    assert [None] == until(department="IT", exit_date=None)
    assert [None] == until(department=None, exit_date="2026-01-31")
    assert [] == until(department="HR", exit_date="2026-01-31")


DATED = """
pack: one
good_standing: [resignation]
rules:
  - {{id: r, when: {{department: {{equals: IT}}}}, then: {then}{valid}}}
"""


def _on(then: str, valid: str, day: date, **facts: str | None) -> tuple[str, date | None]:
    """Return the verdict on a day, and the day on which it may change."""
    pack = parse_pack(DATED.format(then=then, valid=valid and f", valid: {{{valid}}}"))
    said = _said(pack, {"department": "IT", "exit_date": "2026-08-31", **facts}, day)
    change = said["next_change"]
    return said["verdict"], None if pd.isna(change) else change.date()


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 8, 31), ("held", date(2027, 2, 28))),
        (date(2027, 2, 28), ("held", date(2027, 3, 1))),
        (date(2027, 3, 1), (NO, date(2027, 3, 2))),
        (date(2027, 3, 9), (NO, None)),
    ],
)
def test_held_until_so_long_after_the_exit(day: date, expected: tuple[str, date | None]) -> None:
    """The day itself is the last one; then they are judged again, without anyone's doing."""
    assert expected == _on("{held_until: 6 months after exit_date}", "", day)


def test_held_until_a_day() -> None:
    """A freeze that nobody lifts must lift itself, and one day late is late."""
    until = "{held_until: 2026-12-31}"

    assert ("held", date(2027, 1, 1)) == _on(until, "", date(2026, 12, 31))
    assert (NO, None) == _on(until, "", date(2027, 1, 1))
    assert (UNKNOWN, date(2027, 1, 1)) == _on(until, "", TODAY, department=None)


def test_a_hold_that_counts_from_nothing_is_for_a_person() -> None:
    """Held without an end would be held for ever; eligible would be too early."""
    said = _on("{held_until: 6 months after exit_date}", "", TODAY, exit_date=None)

    assert (UNKNOWN, None) == said


@pytest.mark.parametrize(
    ("valid", "day", "expected"),
    [
        ("from: 2026-04-01, by: run_date", date(2026, 3, 31), (NO, date(2026, 4, 1))),
        ("from: 2026-04-01, by: run_date", date(2026, 4, 1), (YES, None)),
        ("to: 2026-04-01, by: run_date", date(2026, 4, 1), (YES, date(2026, 4, 2))),
        ("to: 2026-04-01, by: run_date", date(2026, 4, 2), (NO, None)),
        (
            "from: 2026-04-01, to: 2026-05-01, by: run_date",
            date(2026, 3, 1),
            (NO, date(2026, 4, 1)),
        ),
        ("from: 2026-08-31, by: exit_date", TODAY, (YES, None)),
        ("from: 2026-09-01, by: exit_date", TODAY, (NO, None)),
        ("to: 2026-08-31, by: exit_date", TODAY, (YES, None)),
        ("to: 2026-08-30, by: exit_date", TODAY, (NO, None)),
    ],
)
def test_a_rule_is_in_force_from_its_first_day_to_its_last(
    valid: str, day: date, expected: tuple[str, date | None]
) -> None:
    """An agreement with the works council begins and ends on days, both included."""
    assert expected == _on("excluded", valid, day)


def test_what_a_window_makes_undecided_is_named() -> None:
    """A reviewer must be told to look for the exit date, though the rule is about departments."""
    pack = parse_pack(
        DATED.format(then="excluded", valid=", valid: {from: 2026-01-01, by: exit_date}")
    )

    said = _said(pack, {"department": "IT", "exit_date": None})

    assert (UNKNOWN, ("exit_date",)) == (said["verdict"], said["unknown"])
    assert ("department", "exit_date") == said["grounds"]


def test_a_hold_may_have_no_end() -> None:
    """Some purposes stay closed until somebody changes the rule."""
    pack = _pack("{department: {equals: IT}}", then="{outreach_hold: {purpose: events}}")

    (hold,) = _said(pack, {"department": "IT"})["holds"]

    assert ("events", None, "r") == (hold.purpose, hold.until, hold.rule)


@pytest.mark.parametrize("comparison", ["after", "before", "at_least", "at_most"])
@pytest.mark.parametrize(
    ("ago", "since"),
    [
        ("1 month ago", date(2026, 1, 15)),
        ("13 months ago", date(2025, 1, 15)),
        ("1 year ago", date(2023, 2, 1)),
        ("9 days ago", date(2026, 2, 5)),
        ("today", date(2026, 2, 15)),
    ],
)
def test_the_day_on_which_a_verdict_changes_is_never_missed(
    comparison: str, ago: str, since: date
) -> None:
    """Walks day by day past every change: none may come before it was said to."""
    pack = _pack(f"{{hire_date: {{{comparison}: {ago}}}}}")
    start = date(2024, 2, 1) if ago == "1 year ago" else date(2026, 2, 14)
    days = [start + timedelta(days=n) for n in range(75)]
    hired = [(since + timedelta(days=n)).isoformat() for n in range(60)]
    frame = build_frame(
        [{"exit_kind": "resignation", "hire_date": d} for d in hired], sorted(pack.fields)
    )
    results = [evaluate(frame, pack, day, reasons=False) for day in days]

    for today, (now, then) in enumerate(pairwise(results)):
        changed = now["verdict"] != then["verdict"]
        tomorrow = np.datetime64(days[today + 1], "D")
        told = now["next_change"].to_numpy().astype("M8[D]") <= tomorrow
        assert not (changed & ~told).any(), f"unnoticed after {days[today]}"


def test_verdicts_that_time_cannot_change_say_so() -> None:
    """A spell that is judged anew every day for nothing would write every day."""
    pack = _pack("{birth_date: {after: 18 years ago}}")

    assert pd.isna(_said(pack, {"birth_date": "2000-01-01"})["next_change"])
    assert pd.isna(_said(pack, {"birth_date": None})["next_change"])
    assert date(2027, 6, 1) == _said(pack, {"birth_date": "2009-06-01"})["next_change"].date()


@pytest.mark.parametrize(
    ("day", "count", "unit", "expected"),
    [
        ("2026-01-31", 1, Unit.MONTHS, "2026-02-28"),
        ("2024-01-31", 1, Unit.MONTHS, "2024-02-29"),
        ("2024-02-29", 1, Unit.YEARS, "2025-02-28"),
        ("2026-12-31", 2, Unit.MONTHS, "2027-02-28"),
        ("2026-02-28", 2, Unit.WEEKS, "2026-03-14"),
        ("2026-02-28", 0, Unit.DAYS, "2026-02-28"),
    ],
)
def test_months_end_on_their_last_day(day: str, count: int, unit: Unit, expected: str) -> None:
    """Half a year after 31 August is the end of February, not some day in March."""
    moved = shift(np.array([day], dtype="M8[D]"), Duration(count, unit), later=True)

    assert [expected] == [str(found) for found in moved]


def test_an_empty_page_is_judged() -> None:
    """A page whose people are all gone must not stop the others."""
    pack = _pack("{department: {equals: IT}}")

    assert [] == list(evaluate(build_frame([], sorted(pack.fields)), pack, TODAY)["verdict"])


def test_many_groups_stay_apart() -> None:
    """Thirty rules that each split everybody: group numbers must not run over."""
    rules = "\n".join(
        f"  - {{id: r{n}, when: {{tags: {{contains: t{n}}}}}, then: review}}" for n in range(70)
    )
    pack = parse_pack(f"pack: p\ngood_standing: [resignation]\nrules:\n{rules}")
    records = [
        {"exit_kind": "resignation", "tags": [f"t{n}" for n in range(70) if (who >> n % 7) & 1]}
        for who in range(128)
    ]

    said = evaluate(build_frame(records, sorted(pack.fields)), pack, TODAY)

    for record, rules_said in zip(records, said["rules"], strict=True):
        assert sorted(f"r{tag[1:]}" for tag in record["tags"]) == list(rules_said)


def test_reasons_are_made_once_a_group() -> None:
    """Sentences for a hundred thousand people must not be composed one by one."""
    pack = _pack("{department: {equals: IT}}")
    records = [{"exit_kind": "resignation", "department": "IT"}] * 50

    said = evaluate(build_frame(records, sorted(pack.fields)), pack, TODAY)

    assert 1 == len({id(reasons) for reasons in said["reasons"]})
    assert [Verdict.EXCLUDED.value] * 50 == list(said["verdict"])
