"""Decision tables: what HR keeps in a spreadsheet becomes the same rules as YAML, or is refused."""

import re
from pathlib import Path

import pytest

from alumni_sync.eligibility.language.pack import Rule, RulePack
from alumni_sync.eligibility.language.reading import load_pack, parse_pack
from alumni_sync.errors import ConfigError

PACK = """
pack: one
good_standing: [resignation]
tables: [exits.csv]
"""

TABLE = """\
id,exit_kind,job_level at least,department not,tags,hire_date after,then,comment
a,misconduct|dispute,,,,,excluded,two people rule on it
b,,8,IT | HR,expert,10 years ago,flag: expert,
c,redundancy,,,,,held_until: 6 months after exit_date,
d,performance,,,,2020-01-31,outreach_hold: job_offers until 1 year after exit_date,
e,no_show,,,,,outreach_hold: events,
"""

SAME = """
pack: one
good_standing: [resignation]
rules:
  - {id: a, when: {exit_kind: {one_of: [misconduct, dispute]}}, then: excluded}
  - id: b
    when:
      all:
        - job_level: {at_least: 8}
        - not: {department: {one_of: [IT, HR]}}
        - tags: {contains: expert}
        - hire_date: {after: 10 years ago}
    then: {flag: expert}
  - id: c
    when: {exit_kind: {equals: redundancy}}
    then: {held_until: 6 months after exit_date}
  - id: d
    when: {all: [{exit_kind: {equals: performance}}, {hire_date: {after: 2020-01-31}}]}
    then: {outreach_hold: {purpose: job_offers, until: 1 year after exit_date}}
  - {id: e, when: {exit_kind: {equals: no_show}}, then: {outreach_hold: {purpose: events}}}
"""


def _pack(table: str | bytes, pack: str = PACK) -> RulePack:
    content = table.encode() if isinstance(table, str) else table
    return parse_pack(pack, "pack.yaml", {"exits.csv": content})


def _rule(pack: RulePack, name: str) -> Rule:
    return next(rule for rule in pack.rules if rule.id == name)


def test_a_table_is_the_same_rules() -> None:
    """Two ways to write a rule down must not be two rules."""
    assert parse_pack(SAME).rules == _pack(TABLE).rules
    assert parse_pack(SAME).revision == _pack(TABLE).revision


@pytest.mark.parametrize("separator", [";", "\t", ","])
@pytest.mark.parametrize("first", ["", "\ufeff", "sep={}\r\n"])
def test_what_a_spreadsheet_saves_is_read(separator: str, first: str) -> None:
    """HR saves with whatever separator, line ends and marks their country's spreadsheet has."""
    saved = first.format(separator) + TABLE.replace(",", separator).replace("\n", "\r\n")
    saved += separator * 7 + "\r\n"

    assert parse_pack(SAME).rules == _pack(saved).rules


def test_only_a_new_line_ends_a_row() -> None:
    """Text from elsewhere has separators of lines that no spreadsheet shows."""
    pack = _pack("id,department,then\ra,one\u2028two\x0bthree,review\r")

    assert ("one\u2028two\x0bthree",) == _rule(pack, "a").when.values  # type: ignore[union-attr]  # a OneOf


def test_capitals_make_no_difference() -> None:
    """Spreadsheets begin a cell with a capital whether one wants it or not."""
    table = TABLE.replace("id,exit_kind,job_level at least", "Id,Exit_kind,Job_level At Least")

    assert parse_pack(SAME).rules == _pack(table.replace(",excluded", ",Excluded")).rules


def test_quoted_cells_keep_their_separators() -> None:
    """A department may be called “Sales, EMEA”, and a comment may have two lines."""
    table = (
        'id,department,then,comment\na,"Sales, EMEA",review,"one\ntwo"\nb,"Say ""IT""",review,\n'
    )

    pack = _pack(table)

    assert ("Sales, EMEA",) == _rule(pack, "a").when.values  # type: ignore[union-attr]  # a OneOf
    assert ('Say "IT"',) == _rule(pack, "b").when.values  # type: ignore[union-attr]  # a OneOf
    assert "exits.csv:4" == _rule(pack, "b").where


def test_dates_and_places_of_a_row() -> None:
    """A rule for one site and one year must stay one for that site and that year."""
    table = (
        "id;exit_kind;valid_from;valid_to;valid_by;sources;jurisdictions;then\n"
        "a;redundancy;01.02.2026;2026-12-31;exit_date;acme-de|acme-pl;de;review\n"
        "b;redundancy;;31.12.2026;run_date;;;review\n"
    )
    same = """
pack: one
good_standing: [resignation]
rules:
  - id: a
    when: {exit_kind: {equals: redundancy}}
    then: review
    valid: {from: 2026-02-01, to: 2026-12-31, by: exit_date}
    sources: [acme-pl, acme-de]
    jurisdictions: [de]
  - id: b
    when: {exit_kind: {equals: redundancy}}
    then: review
    valid: {to: 2026-12-31, by: run_date}
"""

    assert parse_pack(same).rules == _pack(table).rules


def test_a_column_may_ask_whether_something_is_known() -> None:
    """What is missing leads to review; a table must be able to say so."""
    pack = _pack("id,worker_type,birth_date is known,then\na,intern,no,review\nb,,TRUE,flag: x\n")

    said = parse_pack("""
pack: one
good_standing: [resignation]
rules:
  - id: a
    when: {all: [{worker_type: {equals: intern}}, {birth_date: {is_known: false}}]}
    then: review
  - {id: b, when: {birth_date: {is_known: true}}, then: {flag: x}}
""")
    assert said.rules == pack.rules


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("", "exits.csv:1: has no column id"),
        ("id,then\na,review\n", "exits.csv:1: has no column with a condition"),
        ("exit_kind,then\ndeath,review\n", "exits.csv:1: has no column id"),
        ("id,exit_kind,then\n", "exits.csv:1: has no row below it"),
        ("id,exit_knd,then\na,death,review\n", "exits.csv:1 exit_knd: is neither a field nor"),
        ("id,exit_knd,then\na,death,review\n", "did you mean `exit_kind`?"),
        ("id,union_member,then\na,yes,review\n", "exits.csv:1 union_member: is never a rule input"),
        ("id,job_level abve,then\na,1,review\n", "exits.csv:1 job_level abve: abve is no operator"),
        ("id,country,country,then\na,PL,DE,review\n", "exits.csv:1 country: stands twice"),
        ("id,exit_kind,then\na,deth,review\n", "exits.csv:2 exit_kind: deth is no exit_kind"),
        ("id,exit_kind,then\na,,review\n", "exits.csv:2: has no condition"),
        ("id,exit_kind,then\n,death,review\n", "exits.csv:2 id: is missing"),
        ("id,exit_kind,then\na,death,\n", "exits.csv:2 then: is missing"),
        ("id,exit_kind,then\nA B,death,review\n", "exits.csv:2 id: "),
        ("id,exit_kind,then\na,death,eligible\n", "exits.csv:2 then: is no outcome"),
        ("id,exit_kind,then\na,death,review,x\n", "exits.csv:2: has more cells"),
        (
            'id,exit_kind,then\na,death,review\nb,"death,review\nc,death,review\n',
            "exits.csv:3: is no CSV: unexpected end of data",
        ),
        ("sep=;\n", "exits.csv:1: has no column id"),
        ("id,,exit_kind,then\na,x,death,review\n", "exits.csv:2: has a cell in a column without"),
        ("id,department,then\na,-,review\n", "exits.csv:2 department: is only a dash"),
        ("id,location,then\na,|,review\n", "exits.csv:2 location: is an empty value"),
        ("id,location,then\na,Radom|,review\n", "exits.csv:2 location: is an empty value"),
        ("id,location,then\na,\u200b,review\n", "exits.csv:2 location: has a character that nob"),
        ("id,location,then\na,Radom\u00ad,review\n", "exits.csv:2 location: has a character"),
        ("id,location,then\na,\u200dRadom,review\n", "exits.csv:2 location: has a character"),
        ("id,location,then\na,\u200d,review\n", "exits.csv:2 location: is an empty value"),
        (
            "id,location,then\na,Lublin | Rad*,review\n",
            "exits.csv:2 location: Rad* would be taken literally (did you mean `matches`?)",
        ),
        (
            "id,location matches,then\na,Rad*\ufeff,review\n",
            "exits.csv:2 location matches: has a character that nobody can see",
        ),
        ("id,job_level,then\na,high,review\n", "exits.csv:2 job_level: must be a whole number"),
        (
            "id,hire_date before,then\na,1/2/2026,review\n",
            "exits.csv:2 hire_date before: must be a date",
        ),
        (
            "id,hire_date before,then\na,31.02.2026,review\n",
            "exits.csv:2 hire_date before: must be a date",
        ),
        (
            "id,job_level between,then\na,3,review\n",
            "exits.csv:2 job_level between: must be a list of two",
        ),
        ("id,exit_kind,then\n\n\na,deth,review\n", "exits.csv:4 exit_kind: deth is no exit_kind"),
        (
            "id,exit_kind,birth_date is known,then\na,death,yes,review\n",
            "exits.csv:2 when: birth_date: `is_known: true` would let a missing fact help",
        ),
        (
            "id,exit_kind,job_level,then\na,dispute,3,review\n",
            "exits.csv:2 when: on dispute or misconduct only exit_kind and exit_code",
        ),
        (
            "id,exit_kind,valid_to,then\na,death,2026-12-31,review\n",
            "exits.csv:2 valid_by: is missing",
        ),
        (
            "id,exit_kind,valid_to,valid_by,then\na,death,tomorrow,exit_date,review\n",
            "exits.csv:2 valid_to: must be a date (like 2026-01-31)",
        ),
        (
            "id,exit_kind,valid_from,valid_to,valid_by,then\na,death,2026-02-01,2026-01-01,exit_date,review\n",
            "exits.csv:2 valid_from: is empty: `from` is after `to`",
        ),
        (
            "id,exit_kind,sources,then\na,death,acme|,review\n",
            "exits.csv:2 sources: ",
        ),
        (
            "id,exit_kind,then\na,death,review\na,death,review\n",
            "exits.csv:3 a: a stands twice, first",
        ),
        (
            "id,exit_kind,then\ndeceased,death,review\n",
            "exits.csv:2 deceased: deceased is a built-in",
        ),
        (
            b"id,department,then\na,Gda\xf1sk,review\n",
            "pack.yaml:4 tables.0: exits.csv is not UTF-8",
        ),
    ],
)
def test_a_bad_table_is_refused(table: str | bytes, expected: str) -> None:
    """HR repairs a table by the message: file, line, column, and what was expected."""
    with pytest.raises(ConfigError) as caught:
        _pack(table)

    assert any(expected in str(problem) for problem in caught.value.problems), caught.value


@pytest.mark.parametrize(
    "name", ["../exits.csv", "/exits.csv", "a\\\\b.csv", "exits.xlsx", "no.csv"]
)
def test_a_table_lies_beside_its_pack(name: str, tmp_path: Path) -> None:
    """What lies elsewhere is in no revision."""
    path = tmp_path / "pack.yaml"
    path.write_text(PACK.replace("exits.csv", f"'{name}'"), encoding="utf-8")

    with pytest.raises(ConfigError, match=r"pack\.yaml:4 tables\.0: .*(no table|cannot be read)"):
        load_pack(path)


def test_every_problem_of_pack_and_tables_is_named_at_once(tmp_path: Path) -> None:
    """Whoever repairs one problem at a time needs as many rounds as there are."""
    (tmp_path / "one.csv").write_text("id,exit_kind,then\na,deth,review\nb,death,x\n")
    (tmp_path / "two.csv").write_text("id,exit_knd,then\na,death,review\n")
    path = tmp_path / "pack.yaml"
    path.write_text(
        "pack: one\ngood_standing: [death]\ntables: [one.csv, two.csv]\n"
        "rules: [{id: a, when: {exit_kind: {is: x}}, then: review}]\n"
    )

    with pytest.raises(ConfigError) as caught:
        load_pack(path)

    assert [
        *("pack.yaml:4 rules.0.when.exit_kind.is", "one.csv:2 exit_kind", "one.csv:3 then"),
        *("two.csv:1 exit_knd", "one.csv:2 a", "pack.yaml:2 good_standing.0"),
    ] == [problem.where for problem in caught.value.problems]


def test_a_row_that_goes_changes_the_revision() -> None:
    """Else a rule could vanish from a table without anybody having to release it."""
    fewer = "\n".join(line for line in TABLE.splitlines() if not line.startswith("e,"))

    assert _pack(fewer).revision != _pack(TABLE).revision
    assert _pack(TABLE.replace("two people rule on it", "")).revision == _pack(TABLE).revision


def test_the_example_of_the_page_is_true() -> None:
    """HR copies it; the table and the YAML beside it must be the same rules."""
    page = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
    section = page.partition("## Decision tables")[2].partition("\n## ")[0]
    head = "pack: one\ngood_standing: [resignation]\n"
    table, written = (
        section.partition(f"```{kind}\n")[2].partition("```")[0] for kind in ("csv", "yaml")
    )

    rules = _pack(table).rules

    assert parse_pack(head + written).rules == rules
    assert {"radom-closes", "board", "berlin-leads"} < {rule.id for rule in rules}
    rows = [line for line in section.splitlines() if re.match(r"\| [a-z]", line)]
    cells = [
        [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
        for row in rows
    ]
    assert [line.split(";") for line in table.splitlines()] == cells
