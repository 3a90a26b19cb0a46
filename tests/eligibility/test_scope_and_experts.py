"""Audience, pilot and HR's list: who is addressed, and who stands out."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alumni_sync.domain import Verdict
from alumni_sync.eligibility.evaluation.columns import build_frame
from alumni_sync.eligibility.evaluation.evaluate import evaluate
from alumni_sync.eligibility.experts import load_experts
from alumni_sync.eligibility.language.pack import RulePack
from alumni_sync.eligibility.language.scope import audience_rules, in_share, pilot_rules
from alumni_sync.eligibility.revisions.differences import Scope
from alumni_sync.eligibility.wording.sentences import rule_sentence
from alumni_sync.errors import ConfigError

SOURCES = ("acme-pl", "acme-de")


def test_no_audience_addresses_everybody() -> None:
    """The default must not leave anybody out."""
    assert () == audience_rules(None) == audience_rules({})


def test_the_audience_says_itself() -> None:
    """Who is out of scope must be able to read why."""
    (rule,) = audience_rules({"location": ["Warszawa", "Berlin"], "tags": ["it", "hr"]})

    assert Verdict.OUT_OF_SCOPE == rule.then
    assert (
        "Out of scope when the location is not Warszawa or Berlin"
        " or (the tags do not contain it and the tags do not contain hr)."
    ) == rule_sentence(rule)


def test_the_pilot_says_itself() -> None:
    """A colleague who was not asked must be able to read why."""
    (rule,) = pilot_rules({"department": ["IT"]})

    assert (
        "Out of scope when the person falls outside the pilot's share or the department is not IT."
    ) == rule_sentence(rule)


@pytest.mark.parametrize("field", ["birth_date", "job_level", "given_name"])
def test_nobody_is_selected_by_who_they_are(field: str) -> None:
    """An audience by age or by name would be a judgement, and an unlawful one."""
    with pytest.raises(ConfigError, match=rf"audience\.{field}"):
        audience_rules({field: ["x"]})


@given(st.binary(min_size=32, max_size=32), st.floats(0, 1), st.floats(0, 1))
def test_a_growing_share_drops_nobody(digest: bytes, one: float, other: float) -> None:
    """Somebody who joined in the pilot must not fall out of it."""
    small, large = sorted((one, other))

    assert in_share(digest.hex(), large) or not in_share(digest.hex(), small)


_places = st.sampled_from(["IT", "HR", " it", "Lager"])
_selections = st.dictionaries(
    st.sampled_from(["department", "location"]), st.lists(_places, min_size=1, max_size=3)
)
_pilots = st.fixed_dictionaries(
    {"share": st.sampled_from([0.2, 0.5, 1.0]), "segments": _selections}
)
_people = st.fixed_dictionaries(
    {"department": _places, "location": _places, "in_pilot_share": st.just("yes")}
)


def _is_in(
    person: dict[str, str], digest: str, audience: dict[str, list[str]], pilot: dict[str, Any]
) -> bool:
    """Say whether audience and pilot address somebody, by the rules that they become."""
    rules = (*audience_rules(audience), *pilot_rules(pilot["segments"]))
    drawn = {**person, "in_pilot_share": "yes" if in_share(digest, pilot["share"]) else "no"}
    pack = RulePack("scope", rules)
    said = evaluate(build_frame([drawn], sorted(pack.fields)), pack, date(2026, 11, 3))
    return str(said["verdict"].iloc[0]) == "eligible"


@settings(max_examples=200, deadline=None)
@given(
    st.binary(min_size=32, max_size=32),
    _people,
    st.tuples(_selections, _pilots),
    st.tuples(_selections, _pilots),
)
def test_whoever_was_in_stays_in_unless_it_is_said_to_shrink(
    digest: bytes,
    person: dict[str, str],
    before: tuple[dict[str, list[str]], dict[str, Any]],
    after: tuple[dict[str, list[str]], dict[str, Any]],
) -> None:
    """Growing drops nobody; and what lets one more person in is never taken for narrower."""
    empty = RulePack("scope", ())
    grows = Scope(*after, empty).admits_more_than(Scope(*before, empty))
    shrinks = Scope(*before, empty).admits_more_than(Scope(*after, empty))
    was, will = (_is_in(person, digest.hex(), *scope) for scope in (before, after))

    assert will or not was or shrinks
    assert was or not will or grows


def test_the_whole_share_is_everybody() -> None:
    """A share of 1 that leaves somebody out is no share of 1."""
    assert in_share("f" * 64, 1.0)
    assert not in_share("0" * 64, 0.0)


def test_experts_are_read_by_source(tmp_path: Path) -> None:
    """The same number at two sources is two people."""
    path = tmp_path / "experts.csv"
    path.write_text(
        "\ufeffsource/employee,topic\nacme-pl/7,pensions\n\n"
        'acme-de/7,"law, labour"\nacme-pl/7,tax\n',
        encoding="utf-8",
    )

    experts = load_experts(path, SOURCES)

    assert {"7": ("pensions", "tax")} == experts["acme-pl"]
    assert {"7": ("law, labour",)} == experts["acme-de"]
    assert {} == load_experts(None, SOURCES)


def test_every_bad_line_is_named(tmp_path: Path) -> None:
    """A nomination that is silently dropped is a person who was promised something."""
    path = tmp_path / "experts.csv"
    path.write_text(
        "source/employee,topic\nacme-pl,pensions\nacme-fr/7,tax\nacme-pl/8,\nacme-pl/9,a,b\n"
    )

    with pytest.raises(ConfigError) as caught:
        load_experts(path, SOURCES)

    assert [
        "experts.csv:2: must be source/employee,topic",
        "experts.csv:3: there is no source acme-fr (known: acme-de, acme-pl)",
        "experts.csv:4: must be source/employee,topic",
        "experts.csv:5: must be source/employee,topic",
    ] == [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"person;topic\n", "must start with"), (b"", "must start with"), (b"\xff\xfe", "not UTF-8")],
)
def test_a_list_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    """An unreadable list must not pass for an empty one."""
    path = tmp_path / "experts.csv"
    path.write_bytes(content)

    with pytest.raises(ConfigError, match=said):
        load_experts(path, SOURCES)


def test_a_list_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Likewise."""
    with pytest.raises(ConfigError, match="cannot be read"):
        load_experts(tmp_path / "none.csv", SOURCES)
