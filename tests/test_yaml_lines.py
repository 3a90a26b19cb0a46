"""YAML with lines: what YAML lets pass in silence is said, and everything has its line."""

from pathlib import Path

import pytest

from alumni_sync.errors import ConfigError
from alumni_sync.yaml_lines import parse_yaml, read_yaml

TEXT = """\
rules:
  - id: one
    when: {kind: x}

  - id: two
"""


def test_everything_has_its_line() -> None:
    """Without a line, a problem in a file of 300 is a riddle."""
    document = parse_yaml(TEXT, "pack.yaml")

    assert "pack.yaml:3 rules.0.when.kind" == document.where(("rules", 0, "when", "kind"))
    assert "pack.yaml:5 rules.1" == document.where(("rules", 1))


def test_what_is_missing_is_placed_at_what_is_there() -> None:
    """A key that does not exist has no line; its parent has."""
    document = parse_yaml(TEXT, "pack.yaml")

    assert "pack.yaml:5 rules.1.when.kind" == document.where(("rules", 1, "when", "kind"))
    assert "pack.yaml:1 nothing" == document.where(("nothing",))


def test_a_doubled_key_is_a_problem() -> None:
    """YAML keeps the last one: half a pack would silently not be there."""
    document = parse_yaml("a: 1\nb: {c: 1, c: 2}\na: 2\n", "x.yaml")

    assert [
        "x.yaml:2 b.c: stands twice, first in line 2 (keep one)",
        "x.yaml:3 a: stands twice, first in line 1 (keep one)",
    ] == sorted(map(str, document.problems))


@pytest.mark.parametrize("key", ["no", "1", "2026-11-03", "[a, b]"])
def test_a_key_that_is_no_text_is_a_problem(key: str) -> None:
    """`no:` is false, not Norway."""
    try:
        document = parse_yaml(f"? {key}\n: x\n", "x.yaml")
    except ConfigError:
        assert key.startswith("[")  # a list cannot be a key at all
        return
    assert ["x.yaml:1"] == [problem.where for problem in document.problems]


def test_aliases_and_merges_are_read() -> None:
    """People who know YAML use them."""
    document = parse_yaml("base: &b {x: 1}\none: {<<: *b, y: 2}\ntwo: *b\n", "x.yaml")

    assert ({"x": 1, "y": 2}, {"x": 1}, ()) == (
        document.value["one"],
        document.value["two"],
        document.problems,
    )


@pytest.mark.parametrize("text", ["a: [", "a: 'x", "\tb: 1", "a: !!python/none x", "a: 2026-99-99"])
def test_what_is_no_yaml_names_its_line(text: str) -> None:
    """The library's own message shows the text around, which may be a secret."""
    with pytest.raises(ConfigError, match=r"x\.yaml:1: is not valid YAML"):
        parse_yaml(text, "x.yaml")


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    """Windows editors write one."""
    (tmp_path / "x.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")

    assert {"a": 1} == read_yaml(tmp_path / "x.yaml").value


def test_an_unreadable_file_is_said(tmp_path: Path) -> None:
    """Exit 2 with the file's name, not a traceback."""
    with pytest.raises(ConfigError, match="cannot be read"):
        read_yaml(tmp_path)
