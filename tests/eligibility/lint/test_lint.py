"""Lint on planted mistakes and near misses: every one is found, and nothing that is none."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings

from alumni_sync.eligibility.language.pack import RulePack
from alumni_sync.eligibility.language.reading import load_pack, parse_pack
from alumni_sync.eligibility.lint.finding import Kind
from alumni_sync.eligibility.lint.linting import lint
from alumni_sync.shipped import shipped
from tests.eligibility.lint.claims import assert_claim, crowd_for
from tests.eligibility.lint.strategies import packs

if TYPE_CHECKING:
    from collections.abc import Mapping

CASES = Path(__file__).parents[2] / "cases" / "eligibility" / "lint"
PLANTED = sorted(CASES.glob("planted-*.yaml"))
NEAR_MISSES = sorted(CASES.glob("fine-*.yaml"))
MARK = re.compile(r"! (\w+): ([\w -]+(?:, [\w -]+)*)")


def _expected(path: Path) -> list[tuple[str, tuple[str, ...]]]:
    """Return kind and rules of each finding, from the comments of a case and its table."""
    table = path.with_suffix(".csv")
    text = path.read_text(encoding="utf-8") + (table.read_text() if table.exists() else "")
    return sorted((kind, tuple(re.split("[ ,]+", rules))) for kind, rules in MARK.findall(text))


def _known(path: Path) -> dict[str, Any]:
    """Return what is known of the configuration: places, codes, fields."""
    found = re.search(r"^# with: (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    said: Mapping[str, Any] = yaml.safe_load(found[1]) if found else {}
    return {
        key: value if key == "places" else {s: frozenset(v) for s, v in value.items()}
        for key, value in said.items()
    }


def test_there_are_thirty_of_each() -> None:
    """A folder that is not found would be a test that cannot fail."""
    assert len(PLANTED) >= 30
    assert len(NEAR_MISSES) >= 30


@pytest.mark.parametrize("path", [*PLANTED, *NEAR_MISSES], ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    """R7: a mistake that is not found judges people; a false alarm is why the next is ignored."""
    pack, known = load_pack(path), _known(path)

    found = lint(pack, **known)

    assert _expected(path) == sorted((one.kind.value, one.rules) for one in found)
    crowd = crowd_for(pack, places=list(known.get("places", {}).items()))
    for one in found:
        assert_claim(pack, one, crowd)


def test_every_kind_is_planted() -> None:
    """A kind that nobody has planted could claim anything."""
    planted = {kind for path in PLANTED for kind, _ in _expected(path)}

    assert {kind.value for kind in Kind} - {Kind.UNDECIDED.value} == planted


@pytest.mark.parametrize("places", [None, {"acme-pl": "pl", "acme-de": "de"}])
def test_the_pack_that_we_ship_is_clean(places: dict[str, str] | None) -> None:
    """Whoever starts with findings learns to overlook them."""
    pack = load_pack(shipped("rules") / "eligibility" / "default.yaml")

    assert () == lint(pack, places=places)


@settings(max_examples=30, deadline=None)
@given(packs())
def test_no_claim_is_false(pack: RulePack) -> None:
    """A rule that is taken out because lint called it spare must not change what anybody gets."""
    for one in lint(pack, places={"acme-pl": "pl", "acme-de": "de"}):
        if one.kind not in {Kind.OVERLAPPING, Kind.UNDECIDED}:
            assert_claim(pack, one, crowd_for(pack, 60))


WORDS = ("senior", "junior", "head", "lead", "manager", "engineer", "buyer", "clerk", "driver")
MORE = ("nurse", "welder", "cook", "guard", "intern")
BASE = """
pack: large
good_standing: [resignation, retirement, end_of_contract, redundancy, mutual_agreement, undisclosed]
rules:
  - {id: left-badly, when: {exit_kind: {one_of: [misconduct, dispute]}}, then: excluded}
  - id: unclear
    when: {exit_kind: {one_of: [performance, unknown, internal_transfer, no_show]}}
    then: review
"""


def test_many_patterns_are_compared_two_by_two() -> None:
    """A pack of fourteen title patterns is no unusual one; together they have 16,384 meanings."""
    rules = "".join(
        f"  - {{id: {word}, when: {{job_title: {{contains: {word}}}}}, then: {{flag: x}}}}\n"
        for word in (*WORDS, *MORE)
    )
    wider = "  - {id: wider, when: {job_title: {matches: '*ine?r*'}}, then: {flag: x}}\n"

    found = lint(parse_pack(f"{BASE}{rules}{wider}"))

    assert [(Kind.SUBSUMED, ("engineer", "wider"))] == [(one.kind, one.rules) for one in found]


def test_what_is_too_large_is_said() -> None:
    """A rule that nobody can see through must not keep lint from ending, nor pass for fine."""
    parts = ", ".join(f"{{job_title: {{contains: {word}}}}}" for word in (*WORDS, *MORE))
    large = f"  - {{id: large, when: {{any: [{parts}]}}, then: review}}\n"
    twice = "  - {id: twice, when: {exit_kind: {equals: performance}}, then: review}\n"

    found = lint(parse_pack(f"{BASE}{large}{twice}"))

    assert [(Kind.SUBSUMED, ("twice", "unclear")), (Kind.UNDECIDED, ("large",))] == sorted(
        (one.kind, one.rules) for one in found
    )


def test_a_large_table_is_looked_at_in_steps() -> None:
    """A hundred rows must not take minutes; the work is counted, not the time."""
    head = "id,department,job_level at least,job_level at most,then\n"
    verdicts = ("held", "review", "excluded", "out_of_scope")
    rows = "".join(
        f"r{n},Dept {n % 25},{n // 25 * 3},{n // 25 * 3 + 2},{verdicts[n // 25]}\n"
        for n in range(100)
    )
    pack = parse_pack(f"{BASE}tables: [big.csv]\n", tables={"big.csv": (head + rows).encode()})

    assert () == lint(pack)
