"""Whether other rules could move anybody towards eligible: decided, against brute force."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alumni_sync.domain import PRECEDENCE, Verdict
from alumni_sync.eligibility.language.pack import RulePack
from alumni_sync.eligibility.language.reading import parse_pack
from alumni_sync.eligibility.language.scope import audience_rules, pilot_rules
from alumni_sync.eligibility.lint.loosening import Loosening, loosening
from tests.eligibility.lint.claims import TODAY, Leaver, crowd_for, judge
from tests.eligibility.lint.strategies import packs
from tests.eligibility.lint.test_brute_force import GRID, grid_packs

HERE = ("acme-pl", "pl")
KEYS = {"pack": "x", "good_standing": "[resignation, retirement]", "adults_only": "true"}
SENIOR = "  - {id: senior, when: {job_level: {at_least: 8}}, then: review}\n"
INTERN = "  - {id: intern, when: {worker_type: {equals: intern}}, then: held}\n"
BY_RUN = "  - {{id: senior, when: {{job_level: {{at_least: 8}}}}, then: review, valid: {}}}\n"


def _text(*rules: str, **changed: str) -> str:
    keys = "".join(f"{key}: {value}\n" for key, value in {**KEYS, **changed}.items())
    return f"{keys}rules:\n{''.join(rules) or INTERN}"


def _pack(*rules: str, **changed: str) -> RulePack:
    """Return a pack as it judges one source."""
    return parse_pack(_text(*rules, **changed)).for_source(*HERE)


def _changed(before: RulePack, other: RulePack, how: str) -> RulePack:
    """Return other rules, or the same with one that is another."""
    own = [n for n, rule in enumerate(before.rules) if rule.id.startswith("r")]
    more = [replace(rule, id=f"x{rule.id}") for rule in other.rules if rule.id == "r0"]
    rest = tuple(rule for n, rule in enumerate(before.rules) if n != own[-1])
    match how:
        case "one more":
            return replace(before, rules=(*before.rules, *more))
        case "one gone":
            return replace(before, rules=rest)
        case "changed":
            return replace(before, rules=(*rest, *more))
        case _:
            return other


def _closer(before: RulePack, after: RulePack, crowd: list[Leaver]) -> list[Leaver]:
    """Return whom other rules move towards eligible, by the evaluator."""
    pairs = zip(judge(before, *crowd), judge(after, *crowd), strict=True)
    return [
        who
        for who, (was, will) in zip(crowd, pairs, strict=True)
        if PRECEDENCE.index(will.verdict) > PRECEDENCE.index(was.verdict)
    ]


def _assert_shown(before: RulePack, after: RulePack, found: Loosening | None) -> None:
    """Assert that whoever is shown moves as it is said."""
    if found is None or found.shown is None:
        return
    shown = found.shown
    assert shown.today >= TODAY or "ago" in str(before) + str(after)
    (was,), (will,) = (
        judge(pack, Leaver(shown.facts, shown.today, HERE)) for pack in (before, after)
    )
    assert (shown.before, shown.after) == (was.verdict, will.verdict)
    assert PRECEDENCE.index(shown.after) > PRECEDENCE.index(shown.before)


@settings(max_examples=60, deadline=None)
@given(grid_packs(), grid_packs(), st.sampled_from(["other", "one more", "one gone", "changed"]))
def test_it_is_what_a_grid_of_all_leavers_shows(
    before: RulePack, other: RulePack, how: str
) -> None:
    """Both ways: nobody is let in unseen, and nobody signs for a change that only closes a hole."""
    after = _changed(before, other, how)

    found = loosening(before, after, TODAY)

    assert bool(_closer(before, after, GRID)) == (found is not None)
    assert found is None or found.shown is not None
    _assert_shown(before, after, found)


@settings(max_examples=40, deadline=None)
@given(packs(), packs())
def test_whoever_moves_was_foreseen(before: RulePack, after: RulePack) -> None:
    """Dates, texts and effective dates: whom a run would let in, the comparison knows of."""
    before, after = before.for_source(*HERE), after.for_source(*HERE)
    both = replace(before, rules=(*before.rules, *after.rules))
    crowd = [replace(who, place=HERE) for who in crowd_for(both, 60) if who.today >= TODAY]

    found = loosening(before, after, TODAY)

    assert found is not None or [] == _closer(before, after, crowd)
    _assert_shown(before, after, found)


@pytest.mark.parametrize(
    ("before", "after", "moves"),
    [
        (_pack(SENIOR), _pack(SENIOR, INTERN), False),
        (_pack(SENIOR, INTERN), _pack(SENIOR), True),
        (_pack(SENIOR), _pack(SENIOR.replace("8", "7")), False),
        (_pack(SENIOR), _pack(SENIOR.replace("8", "9")), True),
        (_pack(SENIOR), _pack(SENIOR.replace("review", "excluded")), False),
        (_pack(SENIOR.replace("review", "excluded")), _pack(SENIOR), True),
        (_pack(SENIOR), _pack(SENIOR.replace("{job", "{all: [{job").replace("},", "}]},")), False),
        (_pack(BY_RUN.format("{to: 2020-01-01, by: run_date}")), _pack(INTERN), False),
        (_pack(BY_RUN.format("{to: 2030-01-01, by: run_date}")), _pack(INTERN), True),
        (_pack(BY_RUN.format("{from: 2020-01-01, by: run_date}")), _pack(SENIOR), False),
        (_pack(SENIOR), _pack(BY_RUN.format("{from: 2020-01-01, by: run_date}")), False),
        (_pack(SENIOR), _pack(BY_RUN.format("{from: 2030-01-01, by: run_date}")), True),
        (_pack(), _pack(good_standing="[resignation, retirement, performance]"), True),
        (_pack(), _pack(good_standing="[resignation]"), False),
        (_pack(), _pack(harmless_if_unmapped="[worker_type]"), True),
        (_pack(harmless_if_unmapped="[worker_type]"), _pack(), False),
        (_pack(adults_only="false"), _pack(adults_only="true"), False),  # no rule looks at ages
    ],
)
def test_what_loosens(before: RulePack, after: RulePack, *, moves: bool) -> None:
    """Whoever closes a hole must not wait; whoever opens one must, and sees for whom."""
    found = loosening(before, after, TODAY)

    assert moves == (found is not None)
    assert not moves or (found is not None and found.shown is not None)
    _assert_shown(before, after, found)


def test_who_moves_is_told_with_what_kept_them_out() -> None:
    """Somebody who signs has to see a face, a day and a rule."""
    found = loosening(_pack(SENIOR, INTERN), _pack(INTERN), TODAY)

    assert found is not None
    assert found.shown is not None
    shown = found.shown
    assert (Verdict.REVIEW, Verdict.ELIGIBLE) == (shown.before, shown.after)
    assert (("senior",), ("job_level",)) == (shown.rules, shown.looked_at)
    assert 8 <= shown.facts["job_level"]


_BERLIN = {"location": ["Berlin"]}
_IT_TOO = {"location": [" berlin"], "department": ["IT"]}


@pytest.mark.parametrize(
    ("before", "after", "moves"),
    [
        (_BERLIN, _IT_TOO, False),
        (_IT_TOO, _BERLIN, True),
        ({}, _BERLIN, False),
        (_BERLIN, {}, True),
    ],
)
def test_a_narrower_audience_moves_nobody(
    before: Mapping[str, list[str]], after: Mapping[str, list[str]], *, moves: bool
) -> None:
    """Narrowing never waits, also where somebody's department is not known."""
    sides = [
        parse_pack(_text(SENIOR)).for_source(*HERE, *audience_rules(selected), *pilot_rules({}))
        for selected in (before, after)
    ]

    assert moves == (loosening(sides[0], sides[1], TODAY) is not None)


WORDS = "abcdefghijklmnop"
LARGE = ", ".join(f"{{job_title: {{matches: '*{a}*{b}*'}}}}" for a, b in pairwise(WORDS))
LARGE_RULE = f"  - {{id: large, when: {{any: [{LARGE}]}}, then: review}}\n"


@pytest.mark.parametrize(
    ("before", "after", "moves"),
    [
        ((LARGE_RULE, SENIOR), (LARGE_RULE, SENIOR, INTERN), False),
        ((LARGE_RULE, SENIOR), (LARGE_RULE, SENIOR.replace("8", "7")), False),
        ((LARGE_RULE, SENIOR), (LARGE_RULE, INTERN), True),
        ((LARGE_RULE, SENIOR), (SENIOR,), True),
        ((SENIOR,), (LARGE_RULE, SENIOR), False),
    ],
)
def test_what_is_too_large_waits_only_where_it_matters(
    before: tuple[str, ...], after: tuple[str, ...], *, moves: bool
) -> None:
    """A rule that nobody can see through must neither let anybody in nor stop every change."""
    assert moves == (loosening(_pack(*before), _pack(*after), TODAY) is not None)


def test_what_is_tried_only_is_not_taken_for_nobody() -> None:
    """Dates in a chain of months are tried at their ends: what is gone of such rules waits."""
    chain = (
        "  - id: chain\n    when:\n      all:\n"
        "        - hire_date: {at_most: 1 month before exit_date}\n"
        "        - hire_date: {at_least: 28 days before exit_date}\n"
        "        - exit_date: {at_most: 1 month ago}\n"
        "        - exit_date: {at_least: 31 days ago}\n"
        "    then: review\n"
    )

    assert loosening(_pack(chain, SENIOR), _pack(chain, SENIOR, INTERN), TODAY) is None
    assert loosening(_pack(chain, SENIOR), _pack(SENIOR), TODAY) is not None
