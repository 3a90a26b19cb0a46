"""The fault and attack cases T1 to T48: which tests claim them, and the page that lists them.

A test claims a case by its name (`test_t28_…`) or its docstring (`T28`), a module by its own.
`python -m tests.docs.cases` writes the page anew.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "tests-of-consent.md"
FOLDERS: Final = ("tests", "benchmarks")
NUMBERS: Final = range(1, 49)
MOST: Final = 4
"""Tests named for one case; the others are found by its number."""

_IN_TEXT: Final = re.compile(r"\bT([1-9]\d?)\b(?!:\d)")
_IN_NAME: Final = re.compile(r"_t([1-9]\d?)(?=_|$)")
_ROW: Final = re.compile(r"(?m)^\| T(\d+) \| (.*?) \| (.*?) \|$")
_ID: Final = re.compile(r"`([^`]+)`")

Node = ast.Module | ast.FunctionDef | ast.ClassDef


def claims() -> dict[int, list[str]]:
    """Return case → ids of the tests that claim it, in the order of their files."""
    found: dict[int, list[str]] = {number: [] for number in NUMBERS}
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for name, numbers in _of_file(path):
                for number in numbers & found.keys():
                    found[number].append(name)
    return found


def _of_file(path: Path) -> Iterator[tuple[str, set[int]]]:
    where = path.relative_to(ROOT).as_posix()
    module = ast.parse(path.read_text(encoding="utf-8"))
    if path != Path(__file__):
        yield where, _numbers("", module)
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield f"{where}::{node.name}", _numbers(node.name, node)
        elif isinstance(node, ast.ClassDef):
            yield f"{where}::{node.name}", _numbers("", node)


def _numbers(name: str, node: Node) -> set[int]:
    told = _IN_NAME.findall(name) + _IN_TEXT.findall(ast.get_docstring(node) or "")
    return {int(number) for number in told}


def rows(page: str) -> dict[int, tuple[str, list[str]]]:
    """Return case → what would hurt, and the tests that the page names for it."""
    return {int(number): (hurts, _ID.findall(ids)) for number, hurts, ids in _ROW.findall(page)}


def written_anew(page: str) -> str:
    """Return the page with the tests that claim each case now; its words stay."""
    claimed = claims()

    def row(match: re.Match[str]) -> str:
        number = match.group(1)
        ids = sorted(claimed[int(number)], key=lambda each: f"_t{number}_" not in each)
        named = "<br>".join(f"`{each}`" for each in ids[:MOST])
        more = f"<br>and {len(ids) - MOST} more" if len(ids) > MOST else ""
        return f"| T{match.group(1)} | {match.group(2)} | {named}{more} |"

    return _ROW.sub(row, page)


if __name__ == "__main__":
    PAGE.write_text(written_anew(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
