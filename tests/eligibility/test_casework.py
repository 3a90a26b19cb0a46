"""Cases beside a pack: what differs is said, and what no case has ever tried."""

from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from alumni_sync.eligibility.proving.cases import cases_path
from alumni_sync.eligibility.proving.casework import CasesReport, run_cases
from alumni_sync.eligibility.proving.coverage import Hits
from alumni_sync.errors import ConfigError

PACK = """
pack: one
good_standing: [resignation]
rules:
  - id: young
    when: {all: [{birth_date: {after: 18 years ago}}, {not: {country: {equals: PL}}}]}
    then: held
  - id: german
    when: {exit_kind: {equals: dispute}}
    then: excluded
    sources: [acme-de]
  - id: autumn
    when: {tags: {contains: x}}
    then: {flag: x}
    valid: {from: 2026-09-01, by: run_date}
  - id: events
    when: {job_level: {at_least: 5}}
    then: {outreach_hold: {purpose: events, until: 1 month after exit_date}}
tables: [more.csv]
"""
TABLE = "id,worker_type,department,then\nrow,intern,IT,out_of_scope\n"
CASES = """
pack: one.yaml
today: 2026-11-03
usual:
  {exit_kind: resignation, exit_date: 2026-10-31, birth_date: 1990-01-01, country: PL,
   job_level: 1, tags: [], worker_type: employee, department: IT, do_not_consider: no}
cases:
  - {case: usual, verdict: eligible}
  - {case: young, leaver: {birth_date: 2010-01-01, country: DE}, verdict: held, rules: [young]}
  - {case: in Germany, source: acme-de, leaver: {exit_kind: dispute}, verdict: excluded,
     rules: [german]}
  - {case: not disputed, source: acme-de, verdict: eligible}
  - {case: tagged, leaver: {tags: [x]}, verdict: eligible, flags: [x]}
  - {case: in summer, today: 2026-08-31, leaver: {tags: [x]}, verdict: eligible}
  - {case: high, leaver: {job_level: 5}, verdict: eligible, holds: {events: 2026-11-30}}
  - {case: intern, leaver: {worker_type: intern}, verdict: out_of_scope, rules: [row]}
  - {case: intern elsewhere, leaver: {worker_type: intern, department: HR}, verdict: eligible}
"""


def _tried(folder: Path, cases: str = CASES, pack: str = PACK) -> CasesReport:
    path = folder / "one.yaml"
    path.write_text(pack, encoding="utf-8")
    (folder / "more.csv").write_text(TABLE, encoding="utf-8")
    cases_path(path).write_text(cases, encoding="utf-8")
    return run_cases(path)


def _without(*names: str) -> str:
    lines = CASES.splitlines(keepends=True)
    return "".join(
        line
        for before, line in pairwise(["", *lines])
        if not any(f"case: {name}," in (before if "case" not in line else line) for name in names)
    )


def _missing(report: CasesReport) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(hits.rule, hits.words, hits.missing) for hits in report.missing]


def test_cases_that_try_everything_pass(tmp_path: Path) -> None:
    """HR must be able to see that a change did what it was meant to do."""
    report = _tried(tmp_path)

    assert ((), ()) == (report.failed, report.missing)
    assert report.passed
    assert 9 == len(report.results)
    assert ["young", "german", "autumn", "events", "row"] == [
        hits.rule for hits in report.coverage if not hits.words
    ]


@pytest.mark.parametrize(
    ("gone", "missing"),
    [
        (
            ("young",),
            [
                ("young", "", ("true",)),
                ("young", "the birth date is less than 18 years ago", ("true",)),
                ("young", "the country is not PL", ("true",)),
            ],
        ),
        (("in Germany",), [("german", "", ("true",))]),
        (("not disputed",), [("german", "", ("false",))]),
        (
            ("in summer",),
            [("autumn", "the day of the decision is 2026-09-01 or later", ("false",))],
        ),
        (("high",), [("events", "", ("true",))]),
        (
            ("intern", "intern elsewhere"),
            [("row", "", ("true",)), ("row", "the worker type is intern", ("true",))],
        ),
    ],
)
def test_what_no_case_tries_is_named(
    tmp_path: Path, gone: tuple[str, ...], missing: list[tuple[str, str, tuple[str, ...]]]
) -> None:
    """A clause that no case reaches could say anything; effective dates and table rows as well."""
    report = _tried(tmp_path, _without(*gone))

    assert () == report.failed
    assert not report.passed
    if gone == ("intern", "intern elsewhere"):
        missing = [*missing, ("row", "the department is IT", ("false",))]
    assert missing == _missing(report)


def test_a_rule_has_its_place(tmp_path: Path) -> None:
    """Who mends a table must be led to its row."""
    report = _tried(tmp_path, _without("intern"))

    assert ["more.csv:2"] == [hits.where for hits in report.missing]


def test_what_differs_is_said(tmp_path: Path) -> None:
    """“Failed” alone sends HR through the whole file."""
    cases = CASES.replace(
        "verdict: held, rules: [young]}", "verdict: review, rules: [german], flags: [x]}"
    ).replace("{events: 2026-11-30}", "{events: ~}")

    young, high = _tried(tmp_path, cases).failed

    assert ("young", "one.cases.yaml:9") == (young.name, young.where)
    assert [
        ("verdict", "review", "held"),
        ("rules", "german", "young"),
        ("flags", "x", "none"),
    ] == [(one.what, one.expected, one.actual) for one in young.differences]
    assert [("holds", "events until further notice", "events until 2026-11-30")] == [
        (one.what, one.expected, one.actual) for one in high.differences
    ]


def test_unknown_is_counted(tmp_path: Path) -> None:
    """Nobody has to try it, for it always leads to review; but somebody may want to know."""
    cases = CASES + (
        "  - {case: no country, leaver: {country: ~, birth_date: 2010-01-01}, verdict: review,"
        " rules: [young], unknown: [country]}\n"
        "  - {case: no such columns, not_mapped: [tags, job_level], verdict: eligible,"
        " holds: {events: ~}}\n"
    )

    report = _tried(tmp_path, cases)

    assert () == report.failed
    unknown = {(hits.rule, hits.words): hits.unknown for hits in report.coverage}
    assert 1 == unknown["young", "the country is not PL"]
    assert 0 == unknown["young", "the birth date is less than 18 years ago"]
    assert 1 == unknown["events", ""]


def test_a_hit_needs_only_one_of_each() -> None:
    """The sentence about what is missing must name exactly that."""
    assert ("true", "false") == Hits("r", "").missing
    assert ("false",) == Hits("r", "", true=2).missing
    assert () == Hits("r", "", true=1, false=1).missing


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("country: PL", "land: PL", "one.cases.yaml:5 usual.land: is no field"),
        ("job_level: 1", "job_level: '1'", "one.cases.yaml:6 usual.job_level: must be a whole"),
        ("tags: [],", "tags: x,", "usual.tags: must be a list of texts"),
        ("birth_date: 1990-01-01", "birth_date: soon", "usual.birth_date: must be a date"),
        ("department: IT", "department: 7", "usual.department: must be text"),
        ("leaver: {job_level: 5}", "leaver: {level: 5}", "cases.6.leaver.level: is no field"),
        ("case: high, leaver: {job_level: 5}", "case: high, not_mapped: [joblevel]", "joblevel is"),
        ("case: intern,", "case: high,", "cases.7.case: stands twice"),
        ("pack: one.yaml", "pack: two.yaml", "one.cases.yaml:2 pack: these are cases of two.yaml"),
        ("case: high,", "case: high, verdikt: x,", "did you mean `verdict`?"),
        ("verdict: held", "verdict: kept", "one.cases.yaml:9 cases.1.verdict: must be one of"),
    ],
)
def test_cases_that_cannot_be_read(tmp_path: Path, old: str, new: str, said: str) -> None:
    """A case that is misread proves something about somebody else."""
    assert old in CASES

    with pytest.raises(ConfigError) as caught:
        _tried(tmp_path, CASES.replace(old, new, 1))

    assert said in str(caught.value)


def test_a_pack_without_cases_is_told_where_to_put_them(tmp_path: Path) -> None:
    """That nothing failed must not mean that nothing was tried."""
    path = tmp_path / "one.yaml"
    path.write_text(PACK, encoding="utf-8")
    (tmp_path / "more.csv").write_text(TABLE, encoding="utf-8")

    with pytest.raises(ConfigError, match=r"one\.cases\.yaml: is not there"):
        run_cases(path)


def test_the_day_of_a_case_counts(tmp_path: Path) -> None:
    """Rules about the day of the run can be tried without waiting for it."""
    cases = CASES.replace("today: 2026-11-03", f"today: {date(2026, 8, 31)}", 1)

    (tagged,) = _tried(tmp_path, cases).failed

    assert "tagged" == tagged.name
