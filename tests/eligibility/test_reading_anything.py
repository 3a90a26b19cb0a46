"""Whatever stands in a pack or a table: rules, or problems with their place; nothing else."""

from datetime import date, datetime
from typing import Any, Final

import pandas as pd
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from alumni_sync.domain import FieldType
from alumni_sync.eligibility.evaluation.columns import build_frame
from alumni_sync.eligibility.evaluation.evaluate import evaluate
from alumni_sync.eligibility.language.conditions import JOINING, OPERATORS
from alumni_sync.eligibility.language.fields import KNOWN_CODES, RULE_FIELDS
from alumni_sync.eligibility.language.pack import RulePack
from alumni_sync.eligibility.language.reading import parse_pack
from alumni_sync.eligibility.wording.sentences import rule_sentence
from alumni_sync.errors import ConfigError
from tests.eligibility.strategies import TODAY

PLACE: Final = ("pack.yaml:", "table.csv:")
KEYS: Final = st.sampled_from(
    [*RULE_FIELDS, *OPERATORS, *JOINING, "flag", "held_until", "outreach_hold", "purpose", "until"]
)
VALUES: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.integers() | st.just(10**400),
    st.floats(),
    st.dates() | st.just(date.max) | st.just(datetime(2026, 1, 1, 10, 0)),  # noqa: DTZ001 as YAML reads it
    st.sampled_from(
        ["death", "PL", "today", "18 years ago", "6 months after exit_date", "yes", "-"]
    ),
    st.sampled_from(["review", "held", "events", "exit_date", "run_date", "99999 days ago"]),
    st.text(max_size=4),
)
ANYTHING: Final[st.SearchStrategy[Any]] = st.recursive(
    VALUES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(KEYS, inner, min_size=1, max_size=2),
    ),
    max_leaves=6,
)
ODD_CELLS: Final = st.one_of(
    st.sampled_from(["31.01.2026", "1/2/2026", "|", "-", '"', "x;y", "true", "3"]),
    st.text(max_size=4),
)
COLUMNS: Final = {
    "exit_kind": ["death", "redundancy|unknown", ""],
    "exit_kind not": ["resignation"],
    "department": ["IT", "Sales | HR", ""],
    "job_level between": ["1|3", ""],
    "tags not": ["x"],
    "worker_type matches": ["in*", ""],
    "hire_date before": ["2026-01-31", "31.12.9999", "200 years ago", ""],
    "birth_date is known": ["no", ""],
    "valid_from": ["2026-01-01", ""],
    "valid_by": ["exit_date", "run_date", ""],
    "sources": ["acme-pl|acme-de", ""],
    "comment": ["!?"],
    "": [""],
}


@st.composite
def tables(draw: st.DrawFn) -> str:
    """Return the text of a table that is right but for some cells."""
    columns = draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=4, unique=True))
    odd = draw(st.integers(0, 20))
    lines = [["id", "then", *columns, *draw(st.sampled_from([[], [], [], ["exit_knd"], ["a;b"]]))]]
    for row in range(draw(st.integers(1, 3))):
        cells = [draw(st.sampled_from(COLUMNS[name])) for name in columns]
        if odd in range(len(cells)):
            cells[odd] = draw(ODD_CELLS)
        then = draw(st.sampled_from(["review", "flag: x", "held_until: 1 day after exit_date"]))
        lines.append(["abc"[row], then, *cells])
    return "\n".join(",".join(cells) for cells in lines)


PERSON: Final[dict[str, Any]] = {
    name: {FieldType.DATE: "9999-12-31", FieldType.INTEGER: 3, FieldType.TAGS: ["x"]}.get(
        kind, "PL"
    )
    for name, kind in RULE_FIELDS.items()
}
many = settings(max_examples=300, deadline=None)


def _read(content: dict[str, Any], table: str = "") -> RulePack | None:
    """Return the pack; None where it is refused, each problem with file and line."""
    text = yaml.safe_dump(content, allow_unicode=True)
    try:
        return parse_pack(text, "pack.yaml", {"table.csv": table.encode("utf-8", "replace")})
    except ConfigError as error:
        for problem in error.problems:
            assert problem.where.startswith(PLACE)
            assert problem.where.partition(":")[2].partition(" ")[0].isdigit()
            assert problem.what
        return None


def _judges(pack: RulePack | None) -> None:
    """Check that a pack that was read judges somebody, says itself, and has a revision."""
    if pack is None:
        return
    people: list[dict[str, Any]] = [{"exit_kind": "death"}, PERSON, dict.fromkeys(PERSON)]
    said = evaluate(build_frame(people, sorted(pack.fields)), pack, TODAY)
    assert isinstance(said, pd.DataFrame)
    assert all(map(rule_sentence, pack.rules))
    assert pack.revision


@many
@given(ANYTHING, ANYTHING, st.none() | ANYTHING, st.none() | ANYTHING)
def test_any_rule_is_read_or_refused(when: Any, then: Any, valid: Any, sources: Any) -> None:  # noqa: ANN401 any
    """A pack that stops the reader with a traceback tells HR nothing."""
    rule = {"id": "r", "when": when, "then": then, "valid": valid, "sources": sources}

    _judges(_read({"pack": "p", "good_standing": ["resignation"], "rules": [rule]}))


def _nearly(name: str) -> st.SearchStrategy[Any]:
    """Return conditions on a field that have the right shape, and often the right type."""
    operand: st.SearchStrategy[Any] = {
        FieldType.DATE: st.sampled_from([date.max, date(2020, 1, 1), "today", "200 years ago"]),
        FieldType.INTEGER: st.integers(),
        FieldType.CODE: st.sampled_from(list(map(str, KNOWN_CODES.get(name, ("PL", "x"))))),
    }.get(RULE_FIELDS[name], st.text(min_size=1, max_size=3))
    fitting = [operator for operator, kinds in OPERATORS.items() if RULE_FIELDS[name] in kinds]
    several = st.lists(operand, min_size=2, max_size=2)

    def condition(operator: str, one: object, two: object) -> dict[str, Any]:
        return {name: {operator: two if operator in {"one_of", "between"} else one}}

    return st.builds(condition, st.sampled_from(fitting), operand | st.booleans() | VALUES, several)


NEARLY: Final = st.recursive(
    st.sampled_from(sorted(RULE_FIELDS)).flatmap(_nearly),
    lambda inner: st.one_of(
        inner.map(lambda one: {"not": one}),
        st.lists(inner, min_size=1, max_size=2).map(lambda some: {"any": some}),
    ),
    max_leaves=3,
)


@many
@given(
    NEARLY,
    st.sampled_from(["review", {"flag": "x"}, {"held_until": "200 years after exit_date"}]),
    st.none() | st.just({"from": date.min, "to": date.max, "by": "run_date"}),
)
def test_any_condition_that_is_read_can_be_judged(when: Any, then: Any, valid: Any) -> None:  # noqa: ANN401 any
    """What passes the reader and fails in a run would stop everybody."""
    rule = {"id": "r", "when": when, "then": then, "valid": valid}

    _judges(_read({"pack": "p", "good_standing": ["resignation"], "rules": [rule]}))


@many
@given(tables())
def test_any_table_is_read_or_refused(table: str) -> None:
    """Spreadsheets hold anything."""
    _judges(_read({"pack": "p", "good_standing": ["resignation"], "tables": ["table.csv"]}, table))
