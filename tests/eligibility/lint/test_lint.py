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
from tests.eligibility.lint.claims import assert_claim, crowd_for, judge_shown, shown
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

    found = lint(pack, **known).findings

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

    assert () == lint(pack, places=places).findings


@settings(max_examples=30, deadline=None)
@given(packs())
def test_no_claim_is_false(pack: RulePack) -> None:
    """A rule that is taken out because lint called it spare must not change what anybody gets."""
    for one in lint(pack, places={"acme-pl": "pl", "acme-de": "de"}).findings:
        if one.kind not in {Kind.OVERLAPPING, Kind.UNDECIDED}:
            assert_claim(pack, one, crowd_for(pack, 60))


MEET = """
  - {id: it, when: {department: {equals: IT}}, then: held}
  - {id: senior, when: {job_level: {at_least: 8}}, then: review}
  - {id: until, when: {exit_kind: {equals: redundancy}}, then: {held_until: 2027-01-01}}
  - id: intern
    when: {worker_type: {equals: intern}}
    then: {held_until: 6 months after exit_date}
  - {id: late, when: {exit_kind: {equals: retirement}}, then: {held_until: 2027-06-01}}
  - {id: jobs, when: {location: {equals: Radom}}, then: {outreach_hold: {purpose: job_offers}}}
  - id: jobs-for-a-time
    when: {country: {equals: PL}}
    then: {outreach_hold: {purpose: job_offers, until: 6 months after exit_date}}
"""


def test_who_is_heard_is_who_decides() -> None:
    """Whoever reads that a rule decides must find that it does, of the leaver that is shown."""
    pack = parse_pack(BASE + MEET)

    report = lint(pack, meetings=True)

    assert () == report.findings
    assert ("senior", "it") in [one.rules for one in report.settled]
    assert ("left-badly", "senior") in [one.rules for one in report.settled]
    later = {one.rules for one in report.settled if "the later end counts" in one.sentence}
    assert {("until", "intern"), ("intern", "late"), ("jobs", "jobs-for-a-time")} == later
    for one in report.settled:
        judged = judge_shown(pack, shown(one))
        assert judged.said[one.rules[0]] is judged.said[one.rules[1]] is True
        if one.rules not in later:
            assert one.rules[0] == judged.rules[0]
    assert () == lint(pack).settled


CHAIN = """
  - id: chain
    when:
      all:
        - hire_date: {at_most: 1 month before exit_date}
        - hire_date: {at_least: 28 days before exit_date}
        - exit_date: {at_most: 1 month ago}
        - exit_date: {at_least: %s days ago}
    then: review
"""


def test_what_rests_on_the_ends_of_months_says_so() -> None:
    """Nobody fits the first of these; of the second that is wrong: 15 February, March, April."""
    for days in (28, 31):
        (found,) = lint(parse_pack(BASE + CHAIN % days)).findings

        assert (Kind.CONTRADICTING, ("chain",)) == (found.kind, found.rules)
        assert found.sentence.endswith("were tried at the ends of months only: look twice.)")
    plain = BASE + "  - {id: x, when: {all: [{exit_date: {after: 1 month ago}}, {exit_date: {"
    (found,) = lint(parse_pack(f"{plain}before: 31 days ago}}}}]}}, then: review}}\n")).findings
    assert "look twice" not in found.sentence


def test_a_pair_that_is_too_large_is_named() -> None:
    """A pair that was not looked at must not pass for one that never meets."""
    parts = ", ".join(f"{{job_title: {{contains: {word}}}}}" for word in (*WORDS, *MORE))
    large = f"  - {{id: large, when: {{any: [{parts}]}}, then: review}}\n"

    found = lint(parse_pack(f"{BASE}{large}"), meetings=True).settled

    assert (Kind.UNDECIDED, ("left-badly", "large")) in [(one.kind, one.rules) for one in found]


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

    found = lint(parse_pack(f"{BASE}{rules}{wider}")).findings

    assert [(Kind.SUBSUMED, ("engineer", "wider"))] == [(one.kind, one.rules) for one in found]


def test_what_is_too_large_is_said() -> None:
    """A rule that nobody can see through must not keep lint from ending, nor pass for fine."""
    parts = ", ".join(f"{{job_title: {{contains: {word}}}}}" for word in (*WORDS, *MORE))
    large = f"  - {{id: large, when: {{any: [{parts}]}}, then: review}}\n"
    twice = "  - {id: twice, when: {exit_kind: {equals: performance}}, then: review}\n"

    found = lint(parse_pack(f"{BASE}{large}{twice}")).findings

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

    assert () == lint(pack).findings
