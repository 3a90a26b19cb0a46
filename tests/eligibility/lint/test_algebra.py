"""The algebra is exact: what it says can be is, and what it says cannot be is nowhere."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from alumni_sync.domain import FieldType
from alumni_sync.eligibility.evaluation.columns import Columns, build_frame
from alumni_sync.eligibility.evaluation.operators import Evaluation
from alumni_sync.eligibility.language.fields import FIELD_TYPES
from alumni_sync.eligibility.language.pack import RulePack
from alumni_sync.eligibility.lint.axes import USUAL as DAYS
from alumni_sync.eligibility.lint.diagrams import FALSE, TRUE, UNKNOWN, TooLarge
from alumni_sync.eligibility.lint.space import Place, Space
from tests.eligibility.lint.strategies import (
    DATES,
    days,
    ends_of_months,
    leavers,
    packs,
    packs_of_bounds,
)

PLACES = (("acme-pl", "pl"), ("acme-de", "de"))
USUAL = {
    **dict.fromkeys(("employed_still", "returning", "address_shared"), "no"),
    **dict.fromkeys(("other_exit_adverse", "nominated"), "no"),
    "has_left": "yes",
    "record_status": "left",
}
many = settings(max_examples=50, deadline=None)


def said(pack: RulePack, facts: Mapping[str, Any], today: date, place: Place) -> dict[str, int]:
    """Return what the evaluator says of one leaver: rule → false, unknown or true."""
    here = pack.for_source(*place)
    evaluation = Evaluation(
        Columns(build_frame([facts], sorted(here.fields))), here.harmless, today
    )
    found = dict.fromkeys((rule.id for rule in pack.rules), FALSE)
    for rule in here.rules:
        truth = evaluation.truth(rule.condition)
        found[rule.id] = TRUE if truth.true[0] else FALSE if truth.false[0] else UNKNOWN
    return found


def _check(pack: RulePack, facts: dict[str, Any], today: date, place: Place) -> None:
    """Assert that the space has this very leaver, and that what it shows for them is like them."""
    space = Space(pack, PLACES)
    expected = said(pack, facts, today, place)
    own = [rule.id for rule in pack.rules if rule.id in space.rules]

    path = space.path(*((space.rules[rule_id], frozenset({expected[rule_id]})) for rule_id in own))

    assert path is not None, "the space has no such leaver"
    example = space.example(path)
    shown = said(pack, example.facts, example.today, example.place)
    assert {one: expected[one] for one in own} == {one: shown[one] for one in own}


@many
@given(packs(DATES[:1]), leavers(DATES[:1]), days, st.sampled_from(PLACES))
def test_every_leaver_has_a_place(
    pack: RulePack, facts: dict[str, Any], today: date, place: Place
) -> None:
    """A leaver whom the algebra does not know of makes a rule look superfluous that is not."""
    with suppress(TooLarge):
        _check(pack, facts, today, place)


@many
@given(packs(), leavers(), days, st.sampled_from(PLACES))
def test_every_leaver_has_a_place_where_dates_are_compared_with_each_other(
    pack: RulePack, facts: dict[str, Any], today: date, place: Place
) -> None:
    """Chains of dates across short months are where such an algebra would go wrong."""
    with suppress(TooLarge):
        _check(pack, facts, today, place)


@settings(max_examples=10, deadline=None)
@given(packs_of_bounds(), ends_of_months, ends_of_months, ends_of_months)
def test_every_leaver_has_a_place_at_the_ends_of_months(
    pack: RulePack, hired: date, left: date, today: date
) -> None:
    """A year before 29 February is 28 February, and a year after that is not the 29th."""
    facts = {"hire_date": hired.isoformat(), "exit_date": left.isoformat()}

    with suppress(TooLarge):
        _check(pack, {**USUAL, **facts}, today, PLACES[0])


def test_every_date_has_a_usual_day() -> None:
    """A new field without one would stop lint in the middle of a pack."""
    assert {name for name, kind in FIELD_TYPES.items() if kind is FieldType.DATE} <= set(DAYS)
