"""A fact that is not what its field holds: that person goes to review, the others go on."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alumni_sync.clock import FixedClock
from alumni_sync.domain import FieldType, Verdict
from alumni_sync.eligibility.evaluation.columns import build_frame
from alumni_sync.eligibility.evaluation.evaluate import evaluate
from alumni_sync.eligibility.evaluation.readable import column_of
from alumni_sync.eligibility.judging.decisions import current_decisions
from alumni_sync.eligibility.judging.judge import judge_leavers
from alumni_sync.eligibility.language.fields import FIELD_TYPES
from alumni_sync.eligibility.language.pack import RulePack
from alumni_sync.eligibility.language.reading import parse_pack
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.store import Ledger
from tests.eligibility.strategies import TODAY, packs, records
from tests.roster import Roster

GARBAGE = st.one_of(
    st.integers() | st.just(10**400),
    st.booleans(),
    st.floats(),
    st.text(max_size=3),
    st.sampled_from(["2026-13-01", "2026-1-1", "today", "NaT", "10000-01-01", "2026-01-01T00:00"]),
    st.lists(st.integers() | st.text(max_size=2), max_size=2),
    st.dictionaries(st.text(max_size=1), st.none(), max_size=1),
)


def _fits(value: object, kind: FieldType) -> bool:
    match kind:
        case FieldType.TEXT | FieldType.CODE:
            return isinstance(value, str)
        case FieldType.INTEGER:
            return type(value) is int and abs(value) < 2**53
        case FieldType.TAGS:
            return isinstance(value, list) and all(isinstance(tag, str) for tag in value)
        case FieldType.DATE:
            return isinstance(value, str) and _is_day(value)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


@settings(max_examples=150, deadline=None)
@given(packs, st.lists(records, min_size=2, max_size=4), st.data())
def test_garbage_is_unknown_and_stops_nobody(
    pack: RulePack, who: list[Any], data: st.DataObject
) -> None:
    """R6: one broken record of a hundred thousand must neither pass nor hold up the others."""
    field = data.draw(st.sampled_from(sorted(set(who[0]) | {"birth_date", "tags", "job_level"})))
    value = data.draw(GARBAGE.filter(lambda value: not _fits(value, FIELD_TYPES[field])))

    broken = _judged(pack, [{**who[0], field: value}, *who[1:]])

    missing = _judged(pack, [{**who[0], field: None}, *who[1:]])
    for column in ("verdict", "rules", "unknown", "grounds", "flags"):
        assert list(missing[column]) == list(broken[column])
    assert list(missing["reasons"][1:]) == list(broken["reasons"][1:])


def _judged(pack: RulePack, who: list[Any]) -> Any:  # noqa: ANN401 pandas
    return evaluate(build_frame(who, sorted(pack.fields)), pack, TODAY)


UNREADABLE = "what stands there cannot be read"
PACK = """
pack: one
good_standing: [resignation]
rules:
  - {id: r, when: {exit_date: {after: 6 months after hire_date}}, then: excluded}
  - {id: young, when: {birth_date: {after: 18 years ago}}, then: held}
"""


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (
            {"hire_date": "soon", "exit_date": "2026-01-01"},
            "not known: the hire date (UNREADABLE).",
        ),
        (
            {"hire_date": "soon", "exit_date": None},
            "not known: the exit date, the hire date (UNREADABLE).",
        ),
        (
            {"hire_date": "9999-12-31", "exit_date": "2026-01-01"},
            "the exit date (UNREADABLE), the hire date (UNREADABLE).",
        ),
    ],
    ids=["a word", "a word and nothing", "a day after which there is none"],
)
def test_the_trace_names_what_cannot_be_read(facts: dict[str, Any], reason: str) -> None:
    """A reviewer who is told that a fact is missing looks for it in the wrong place."""
    pack = parse_pack(PACK)
    people = [{"exit_kind": "resignation", "birth_date": "1990-01-01", **facts}]

    said = _judged(pack, people).iloc[0]

    assert Verdict.REVIEW == said["verdict"]
    assert ("r",) == said["rules"]
    assert said["reasons"][0].endswith(reason.replace("UNREADABLE", UNREADABLE))


def test_the_end_of_time_is_survived() -> None:
    """Systems that write 9999-12-31 for “not yet” must not stop a page of three thousand."""
    pack = parse_pack(
        PACK + "  - id: hold\n    when: {exit_kind: {equals: resignation}}\n"
        "    then: {outreach_hold: {purpose: events, until: 1 year after exit_date}}\n"
        "    valid: {to: 9999-12-31, by: run_date}\n"
    )
    person = {"exit_kind": "resignation", "hire_date": "2020-01-01", "birth_date": "9999-12-31"}

    said = _judged(pack, [{**person, "exit_date": "9999-12-31"}]).iloc[0]

    assert ("excluded", None) == (said["verdict"], said["holds"][0].until)
    assert said["next_change"] is not None


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (FieldType.DATE, "2026-02-28", "2026-02-29"),
        (FieldType.DATE, "2026-02-28", 20260228),
        (FieldType.INTEGER, 3, 3.5),
        (FieldType.INTEGER, 3, True),
        (FieldType.INTEGER, 2**53 - 1, 2**53),
        (FieldType.TEXT, "x", 7),
        (FieldType.CODE, "x", ["x"]),
        (FieldType.TAGS, ["x"], "x"),
        (FieldType.TAGS, ["x"], [["x"]]),
    ],
)
def test_only_what_cannot_be_read_is_marked(kind: FieldType, good: object, bad: object) -> None:
    """Text that passes for a day, or half a number, would be compared as something else."""
    _, unreadable = column_of([good, None, bad], kind)
    _, nothing = column_of([good, None], kind)

    assert unreadable is not None
    assert [False, False, True] == unreadable.tolist()
    assert nothing is None


def test_a_run_goes_on_past_whom_it_cannot_read(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """One spell of an old version, or a broken one, must not keep a whole source unjudged."""
    roster = Roster.of(tmp_path, sqlite_ledger, clock)
    bad, good, worse = roster.add(birth_date="soon"), roster.add(), roster.add()
    ring = roster.ledger.vault.load([worse.person])
    roster.set(worse, sealed=ring.seal(worse.person, KeyKind.PROFILE, "spell", b"{"))

    judge_leavers(roster.deployment, run_id="R-1")

    assert ["review", "eligible", "review"] == [
        roster.spell(leaver).verdict for leaver in (bad, good, worse)
    ]
    record = current_decisions(roster.ledger, [bad.spell])[bad.spell]
    assert ("birth_date",) == record.judgement.unknown
    assert any(UNREADABLE in reason for reason in record.judgement.reasons)
    assert "soon" == record.facts["birth_date"]
