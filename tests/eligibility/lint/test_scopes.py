"""Audience and pilot: what is written there and lets nobody in is told, and nothing else is."""

from collections.abc import Mapping, Sequence

import pytest

from alumni_sync.eligibility.language.pack import RulePack
from alumni_sync.eligibility.language.reading import load_pack, parse_pack
from alumni_sync.eligibility.language.scope import audience_rules, pilot_rules
from alumni_sync.eligibility.lint.finding import Finding, Kind
from alumni_sync.eligibility.lint.scopes import Selected, lint_scope
from alumni_sync.shipped import shipped
from tests.eligibility.lint.claims import Leaver, judge, shown

PLACES = (("acme-pl", "pl"), ("acme-de", "de"))
PACK = load_pack(shipped("rules") / "eligibility" / "default.yaml")
IT_OUT = """
pack: x
good_standing: [resignation]
rules:
  - {id: it, when: {department: {equals: IT}}, then: review}
"""
Lists = Mapping[str, Sequence[str]]


def _where(section: str, field: str, position: int | None) -> str:
    return ".".join(str(part) for part in (section, field, position) if part not in {None, ""})


def _found(
    audience: Lists,
    segments: Lists | None = None,
    mapped: Mapping[str, frozenset[str]] | None = None,
    values: Mapping[str, Mapping[str, frozenset[str]]] | None = None,
    pack: RulePack = PACK,
) -> list[Finding]:
    selected = Selected(audience, segments, mapped or {}, values or {})
    return list(lint_scope(pack, PLACES, selected, _where))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "is an empty value"),
        (" ", "is an empty value"),
        ("Rad\u200bom", "has a character that nobody can see"),
        ("Radom*", "would be taken literally"),
        ("Nowy\u00a0Targ", "has a blank in it that is not a single ordinary one"),
        ("Nowy  Targ", "has a blank in it that is not a single ordinary one"),
        ("\u0412erlin", "has letters of two alphabets in one word"),
        (" BERLIN", "stands there twice"),
    ],
)
def test_a_value_that_nobody_has_by_its_spelling(value: str, words: str) -> None:
    """It looks right on the screen, and a whole site is left out of the programme."""
    (found,) = _found({"location": ["Berlin", value]})

    assert (Kind.UNKNOWN_CODE, ("outside-audience",)) == (found.kind, found.rules)
    assert found.sentence.endswith(f"which {words}.")
    assert ("audience.location.1",) == found.where


@pytest.mark.parametrize(
    "value",
    [
        " Berlin ",
        "Nowy Targ",
        "\u0411\u0435\u0440\u043b\u0438\u043d",
        "IT-\u043e\u0442\u0434\u0435\u043b",
        "Łódź 2",
    ],
)
def test_a_value_that_is_fine(value: str) -> None:
    """A false alarm is why the next one is overlooked."""
    assert [] == _found({"location": [value, "Radom"]}, {"location": [value]})


def test_fields_and_values_are_those_of_the_sources() -> None:
    """Whoever selects by a column that no export has puts everybody into the queue."""
    mapped = {source: frozenset({"location", "country"}) for source, _ in PLACES}
    values = {source: {"country": frozenset({"PL", "DE"})} for source, _ in PLACES}

    found = _found({"department": ["IT"], "country": ["pl", "Polska"]}, None, mapped, values)

    assert [
        (Kind.UNKNOWN_FIELD, "audience.department"),
        (Kind.UNKNOWN_CODE, "audience.country.1"),
    ] == [(one.kind, one.where[0]) for one in found]
    assert [] == _found({"country": ["Polska"]}, None, mapped, {"acme-pl": values["acme-pl"]})
    assert [] == _found({"department": ["IT"]}, None, {"acme-pl": frozenset()})


def test_a_kind_that_does_not_exist() -> None:
    """A typing error in a code leaves its people out without a word."""
    (found,) = _found({"exit_kind": ["resignation", "retirment"]})

    assert (Kind.UNKNOWN_CODE, True) == (found.kind, "which does not exist" in found.sentence)


def test_a_segment_that_is_never_met() -> None:
    """Madrid stands in the pilot, and the audience does not have it."""
    audience, segments = {"location": ["Berlin", "Radom"]}, {"location": ["berlin", "Madrid"]}

    found = _found(audience, segments)

    assert ["pilot.segments.location.1"] == [one.where[0] for one in found]
    assert {Kind.UNREACHABLE} == {one.kind for one in found}
    extra = (*audience_rules(audience), *pilot_rules(segments))
    for one in found:
        who = Leaver({**shown(one).facts, "in_pilot_share": "yes"}, one.today, one.place)
        here = PACK.for_source(*one.place, *extra)
        (judged,) = judge(here, who)
        assert "out_of_scope" == judged.verdict


@pytest.mark.parametrize(
    ("audience", "segments", "pack", "why"),
    [
        ({"location": ["Berlin"]}, {"location": ["Madrid"]}, PACK, "audience and pilot leave"),
        ({"exit_kind": ["misconduct"]}, None, PACK, "audience, pilot and rules leave"),
        (
            {"department": ["IT"]},
            None,
            parse_pack(IT_OUT),
            "audience, pilot and rules leave",
        ),
    ],
)
def test_a_programme_for_nobody(
    audience: Lists, segments: Lists | None, pack: RulePack, why: str
) -> None:
    """A run that asks nobody is green all the same."""
    found = [one for one in _found(audience, segments, pack=pack) if "Nobody of" in one.sentence]

    assert ["acme-pl", "acme-de"] == [one.place[0] for one in found]
    assert all(why in one.sentence for one in found)


def test_no_audience_and_no_pilot_is_fine() -> None:
    """Everybody is addressed."""
    assert [] == _found({})
    assert [] == _found({"tags": ["it", "hr"], "location": ["Berlin"]}, {"country": ["DE"]})
