"""What is promised about rules and mass change, R1 to R9: each has a test that claims it.

R1 a rule edited away lets nobody in; R2 a mass error removes nobody; R3 a release is for exactly
what was looked at; R4 the edges of a brake; R5 a trickle; R6 broken files, and records that no rule
can read; R7 rules that contradict; R8 old decisions come out the same; R9 a connector or platform
that is swapped. A test claims one by its name (`test_r1_…`) or in its docstring (`R1:`).
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

TESTS: Final = Path(__file__).parents[1]
_CLAIM: Final = re.compile(r"_r([1-9])_|\bR([1-9])[:,]")


def _claims() -> Iterator[tuple[int, str]]:
    """Yield each promise that a test claims, with the test."""
    for path in sorted(TESTS.rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if path == Path(__file__) or not _CLAIM.search(text):  # parsing all takes seconds
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                said = f"{node.name} {ast.get_docstring(node) or ''}"
                for match in _CLAIM.finditer(said):
                    yield int(match[1] or match[2]), f"{path.name}::{node.name}"


CLAIMED: Final = sorted(set(_claims()))


@pytest.mark.parametrize("number", range(1, 10))
def test_every_promise_is_claimed_by_a_test(number: int) -> None:
    """A promise that is tested nowhere is a wish."""
    assert [test for promise, test in CLAIMED if promise == number]
