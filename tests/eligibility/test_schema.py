"""What editors are told of a rule pack is what the pack's reader reads."""

from datetime import date
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from alumni_sync.cli.rules import rules
from alumni_sync.eligibility.language.conditions import JOINING, OPERATORS
from alumni_sync.eligibility.language.fields import RULE_FIELDS
from alumni_sync.eligibility.language.reading import parse_pack
from alumni_sync.eligibility.language.schema import FILE, pack_schema, schema_text
from alumni_sync.errors import ConfigError
from alumni_sync.shipped import shipped

PACKS = shipped("rules") / "eligibility"

RULE = """
pack: one
good_standing: [resignation]
rules:
  - {id: r, RULE}
"""
GOOD = (
    "when: {exit_kind: {one_of: [misconduct, dispute]}}, then: excluded",
    "when: {all: [{tags: {contains: x}}, {not: {country: {equals: PL}}}]}, then: {flag: x}",
    "when: {any: [{hire_date: {before: 2020-01-31}}]}, then: {held_until: 2027-01-01}",
    "when: {hire_date: {between: [1 year ago, today]}}, then: {held_until: 1 day after exit_date}",
    "when: {exit_date: {at_most: 30 days after hire_date}}, then: {flag: short}",
    "when: {location: {equals: X}}, then: {outreach_hold: {purpose: events}}",
    "when: {do_not_consider: {equals: yes}}, then: review, valid: {from: 2026-01-01, by: run_date}",
    "when: {job_level: {at_least: 3}}, then: review, sources: [acme-pl], jurisdictions: [pl]",
    "when: {job_title: {matches: 'senior *'}}, then: never_contact",
    "when: {birth_date: {is_known: false}}, then: out_of_scope",
)
BAD = (
    "when: {exit_kind: {one_of: [fired]}}, then: excluded",
    "when: {exit_kind: {is: death}}, then: excluded",
    "when: {union_member: {equals: 'yes'}}, then: excluded",
    "when: {job_level: {at_least: high}}, then: review",
    "when: {department: {at_least: 3}}, then: review",
    "when: {exit_kind: {equals: death}, country: {equals: PL}}, then: review",
    "when: {all: []}, then: review",
    "when: {hire_date: {before: yesterday}}, then: review",
    "when: {hire_date: {before: 3 days after job_title}}, then: review",
    "when: {exit_kind: {equals: death}}, then: eligible",
    "when: {exit_kind: {equals: death}}, then: {flag: x, held_until: 2027-01-01}",
    "when: {exit_kind: {equals: death}}, then: {outreach_hold: {purpose: community}}",
    "when: {exit_kind: {equals: death}}, then: review, valid: {from: 2026-01-01}",
    "when: {exit_kind: {equals: death}}, then: review, valid: {by: exit_date}",
    "when: {exit_kind: {equals: death}}, then: review, sources: []",
    "when: {exit_kind: {equals: death}}, then: review, valid_from: 2026-01-01",
    "when: {exit_kind: {equals: death}}",
)


def _problems(text: str) -> list[str]:
    """Return what an editor would mark; editors read a day as text."""
    value = _as_editors_read(yaml.safe_load(text))
    return [error.message for error in Draft202012Validator(pack_schema()).iter_errors(value)]


def _as_editors_read(value: Any) -> Any:  # noqa: ANN401 any YAML
    if isinstance(value, dict):
        return {key: _as_editors_read(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_editors_read(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def test_the_file_beside_the_packs_is_current() -> None:
    """An editor that completes yesterday's operators teaches HR what is refused today."""
    said = CliRunner().invoke(rules, ["schema"], catch_exceptions=False).output

    assert schema_text() == said == (PACKS / FILE).read_text(encoding="utf-8")
    Draft202012Validator.check_schema(pack_schema())


def test_the_default_pack_names_its_schema_and_fits_it() -> None:
    """The first line is what an editor goes by."""
    text = (PACKS / "default.yaml").read_text(encoding="utf-8")

    assert f"# yaml-language-server: $schema={FILE}" == text.splitlines()[0]
    assert [] == _problems(text)


@pytest.mark.parametrize("rule", GOOD)
def test_what_is_read_is_not_marked(rule: str) -> None:
    """A mark under what is right is learnt to be ignored."""
    text = RULE.replace("RULE", rule)

    assert [] == _problems(text)
    parse_pack(text)


@pytest.mark.parametrize("rule", BAD)
def test_what_is_refused_is_marked(rule: str) -> None:
    """The earlier somebody sees it, the cheaper it is."""
    text = RULE.replace("RULE", rule)

    assert [] != _problems(text)
    with pytest.raises(ConfigError):
        parse_pack(text)


def test_a_pack_of_tables_only_fits() -> None:
    """Whoever keeps all rules in a spreadsheet has a pack of three lines."""
    head = "pack: one\ngood_standing: [resignation]\n"

    assert [] == _problems(head + "tables: [conduct.csv]\n")
    assert [] != _problems(head)
    assert [] != _problems(head + "tables: [conduct.xlsx]\n")


def test_every_field_and_operator_is_completed() -> None:
    """What an editor does not offer is not found."""
    condition = pack_schema()["$defs"]["condition"]["properties"]
    offered = {name for field in RULE_FIELDS for name in condition[field]["properties"]}

    assert {*RULE_FIELDS, *JOINING} == set(condition)
    assert set(OPERATORS) == offered
    assert all("description" in said for said in condition.values())
