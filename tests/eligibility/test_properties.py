"""What must hold for every pack and every leaver, not only for those that somebody thought of."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from alumni_sync.domain import Verdict
from alumni_sync.eligibility.evaluation.columns import build_frame
from alumni_sync.eligibility.evaluation.evaluate import evaluate
from alumni_sync.eligibility.language.clauses import Clause
from alumni_sync.eligibility.language.pack import Rule, RulePack, SetFlag
from tests.eligibility import naive
from tests.eligibility.strategies import (
    TODAY,
    Parts,
    adverse_rules,
    everything,
    packs,
    parts,
    records,
)

ELIGIBLE = Verdict.ELIGIBLE.value
few = settings(max_examples=60, deadline=None)
many = settings(max_examples=150, deadline=None)
people = st.lists(records, min_size=1, max_size=6)


def _judged(pack: RulePack, who: Sequence[Any], today: date = TODAY) -> pd.DataFrame:
    return evaluate(build_frame(who, sorted(pack.fields)), pack, today)


@many
@given(packs, people)
def test_masks_agree_with_one_person_after_the_other(pack: RulePack, who: list[Any]) -> None:
    """The fast evaluation must say what the rules say, for everybody."""
    expected = [naive.verdict(record, pack, TODAY) for record in who]

    assert expected == list(_judged(pack, who)["verdict"])


@many
@given(parts(), people, adverse_rules)
def test_adding_an_adverse_rule_makes_nobody_eligible(
    some: Parts, who: list[Any], new: Rule
) -> None:
    """Else a rule meant to keep people out could let somebody in."""
    before = _judged(some.with_rules(), who)["verdict"]

    after = _judged(some.with_rules(new), who)["verdict"]

    assert not ((after == ELIGIBLE) & (before != ELIGIBLE)).any()


@many
@given(packs, people, st.data())
def test_removing_a_fact_makes_nobody_eligible(
    pack: RulePack, who: list[Any], data: st.DataObject
) -> None:
    """Else an empty cell would be the way around a rule."""
    field = data.draw(st.sampled_from(sorted({name for record in who for name in record})))
    before = _judged(pack, who)["verdict"]

    poorer = [{**record, field: None} if field in record else record for record in who]

    after = _judged(pack, poorer)["verdict"]
    assert not ((after == ELIGIBLE) & (before != ELIGIBLE)).any()


@few
@given(packs, people, st.integers())
def test_the_order_of_rules_never_matters(pack: RulePack, who: list[Any], seed: int) -> None:
    """People reorder files for readability; nobody's fate may hang on it."""
    rules = list(pack.rules)
    random.Random(seed).shuffle(rules)  # noqa: S311 not for secrecy
    shuffled = replace(pack, rules=tuple(rules))

    one, other = _judged(pack, who), _judged(shuffled, who)

    pd.testing.assert_frame_equal(one, other)
    assert pack.revision == shuffled.revision


@few
@given(packs, people)
def test_every_adverse_verdict_has_its_reasons(pack: RulePack, who: list[Any]) -> None:
    """A verdict nobody can explain cannot be contested."""
    for _, said in _judged(pack, who).iterrows():
        assert (said["verdict"] == ELIGIBLE) == (said["rules"] == ())
        assert len(said["rules"]) == len(said["reasons"]) == len(set(said["rules"]))


@few
@given(packs, people)
def test_verdicts_alone_are_the_same_verdicts(pack: RulePack, who: list[Any]) -> None:
    """The forecast, which asks for no reasons, must count what a run then does."""
    frame = build_frame(who, sorted(pack.fields))

    assert list(evaluate(frame, pack, TODAY, reasons=False)["verdict"]) == list(
        evaluate(frame, pack, TODAY)["verdict"]
    )


@many
@given(packs, people, st.integers(1, 800))
def test_nothing_changes_by_itself_before_it_is_said_to(
    pack: RulePack, who: list[Any], later: int
) -> None:
    """A verdict that time changes unnoticed asks a child, or holds an adult for ever."""
    day = TODAY + timedelta(days=later)
    now, then = _judged(pack, who), _judged(pack, who, day)

    settled = now["next_change"].isna() | (now["next_change"] > pd.Timestamp(day))

    assert list(now["verdict"][settled]) == list(then["verdict"][settled])


@many
@given(everything, people)
def test_flags_need_certainty(when: Clause, who: list[Any]) -> None:
    """A badge given on a missing fact would be shown to everybody."""
    pack = RulePack("flags", (Rule("f", when, SetFlag("x")),), frozenset({"tags"}))

    flags = _judged(pack, who)["flags"]

    said = [naive.holds(when, record, pack.harmless, TODAY) for record in who]
    assert [frozenset({"x"}) if truth else frozenset() for truth in said] == list(flags)
