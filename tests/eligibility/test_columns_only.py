"""Evaluation looks at columns: what it does in Python does not grow with the number of people."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pandas as pd
import pytest

from alumni_sync.eligibility.evaluation.columns import build_frame
from alumni_sync.eligibility.evaluation.evaluate import evaluate
from alumni_sync.eligibility.language.pack import RulePack
from alumni_sync.eligibility.language.reading import parse_pack
from tests.eligibility.strategies import TODAY

OURS = str(Path(evaluate.__code__.co_filename).parent)

PACK = """
pack: one
good_standing: [resignation]
rules:
  - {id: a, when: {department: {one_of: [IT, HR]}}, then: review}
  - {id: b, when: {tags: {contains: x}}, then: {flag: x}}
  - {id: c, when: {job_title: {matches: "senior *"}}, then: excluded}
  - {id: d, when: {birth_date: {after: 18 years ago}}, then: held}
  - {id: e, when: {exit_date: {at_least: 2 months after hire_date}}, then: out_of_scope}
  - {id: f, when: {job_level: {between: [2, 4]}}, then: {held_until: 1 year after exit_date}}
  - id: g
    when: {not: {country: {equals: PL}}}
    then: {outreach_hold: {purpose: events, until: 1 month after exit_date}}
    valid: {from: 2026-01-01, by: run_date}
"""


@pytest.fixture(scope="module")
def pack() -> RulePack:
    """Return a pack with every operator."""
    return parse_pack(PACK).for_source("acme-pl", "pl")


def _people() -> list[dict[str, Any]]:
    """Return forty people who differ in everything, and who know little of themselves."""
    return [
        {
            "exit_kind": ("resignation", "misconduct", None)[n % 3],
            "department": ("IT", "HR", "Sales", None)[n % 4],
            "job_title": ("senior buyer", "buyer", None)[n % 3],
            "birth_date": ("1990-01-01", "2010-01-01", None, "soon")[n % 4],
            "hire_date": ("2020-01-01", None)[n % 2],
            "exit_date": ("2026-01-01", "2026-03-31", None)[n % 3],
            "job_level": (1, 3, None)[n % 3],
            "country": ("PL", "DE", None)[n % 3],
            "tags": (["x"], [], None)[n % 3],
            "record_status": "left",
        }
        for n in range(40)
    ]


def _steps(work: Callable[[], object]) -> int:
    """Return how many instructions of ours `work` runs in Python."""
    steps = 0

    def follow(frame: FrameType, event: str, _argument: object) -> Any:  # noqa: ANN401 a tracer
        nonlocal steps
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        frame.f_trace_opcodes = True
        steps += event == "opcode"
        return follow

    before = sys.gettrace()
    sys.settrace(follow)
    try:
        work()
    finally:
        sys.settrace(before)
    return steps


@pytest.mark.parametrize("reasons", [False, True])
def test_ten_times_the_people_take_not_one_step_more(pack: RulePack, *, reasons: bool) -> None:
    """A loop over people, hidden in a reason or a flag, is minutes for a million of them."""

    def frame(times: int) -> pd.DataFrame:
        return build_frame(_people() * times, sorted(pack.fields))

    few, many = frame(2), frame(20)

    steps = [
        _steps(lambda: evaluate(people, pack, TODAY, reasons=reasons))  # noqa: B023 called at once
        for people in (few, many)
    ]

    assert steps[0] == steps[1] > 1_000
