"""A deployment key that is wrong or gone: nothing is opened, nothing is written (T46)."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.company import command, tables

COMMANDS = (("run",), ("sync",), ("privacy", "retention"), ("queue", "list"))


def _wrong(key: Path) -> None:
    key.write_bytes(bytes(32))


def _half(key: Path) -> None:
    key.write_bytes(key.read_bytes()[:20])


def _gone(key: Path) -> None:
    key.unlink()


@pytest.mark.parametrize("spoil", [_wrong, _half, _gone])
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_without_its_key_a_deployment_stands_still(
    invited: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Path], None],
    arguments: tuple[str, ...],
) -> None:
    """Going on would seal new values that nobody can open, or write them in the clear (T46)."""
    folder = tmp_path / "acme"
    shutil.copytree(invited, folder)
    key = folder / "var" / "keys.master"
    before, there = tables(folder), key.exists()
    spoil(key)
    capsys.readouterr()

    code = command(folder, *arguments)

    said = capsys.readouterr()
    assert there
    assert 2 == code
    assert 1 == len(said.err.strip().splitlines()), said.err
    assert "key" in said.err
    assert "" == said.out.strip()
    assert before == tables(folder)
