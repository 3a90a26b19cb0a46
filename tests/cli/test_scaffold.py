"""`connectors new` and `platforms new`: what is generated works before a line is changed."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from alumni_sync.cli.main import run_command_line
from alumni_sync.testing.hris import HRIS_CHECKS
from alumni_sync.testing.platforms import PLATFORM_CHECKS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "command",
    [
        "pytest -q -p no:cacheprovider",
        "mypy --strict alumni_sync_people_box.py --cache-dir .mypy",
        "ruff check --isolated --select E,F,I,B,UP --line-length 100 .",
    ],
)
@pytest.mark.parametrize("kind", ["connectors", "platforms"])
def test_a_new_plugin_passes_its_own_tests_and_lint(
    kind: str, command: str, tmp_path: Path
) -> None:
    """A template that has rotted costs each author an evening."""
    assert 0 == run_command_line([kind, "new", "people-box", "--into", str(tmp_path)])

    done = subprocess.run(
        [sys.executable, "-m", *command.split()],
        cwd=tmp_path / "alumni-sync-people-box",
        env={**os.environ, "MYPYPATH": str(ROOT)},  # mypy does not follow an editable install
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("kind", "checks"), [("connectors", HRIS_CHECKS), ("platforms", PLATFORM_CHECKS)]
)
def test_a_new_plugin_is_held_to_the_whole_kit(
    kind: str, checks: Sequence[Callable[..., None]], tmp_path: Path
) -> None:
    """An author replaces the inside; what the engine relies on has to be tested from then on."""
    assert 0 == run_command_line([kind, "new", "people-box", "--into", str(tmp_path)])

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path / "alumni-sync-people-box",
        capture_output=True,
        text=True,
        check=True,
    )

    collected = set(re.findall(r"test_conformance\[(\w+)\]", done.stdout))
    assert {check.__name__ for check in checks} == collected


def test_a_new_plugin_can_be_built(tmp_path: Path) -> None:
    """Its entry point is what makes it a plugin; it has to be in the distribution."""
    assert 0 == run_command_line(["connectors", "new", "people-box", "--into", str(tmp_path)])
    folder = tmp_path / "alumni-sync-people-box"
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--skip-dependency-check"],
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
    )

    assert ["alumni_sync_people_box-0.1.0-py3-none-any.whl"] == [
        path.name for path in (folder / "dist").iterdir()
    ]


@pytest.mark.parametrize("name", ["People", "2box", "a--b", "csv", "class", "../x"])
def test_a_name_that_cannot_be_used_is_refused(name: str, tmp_path: Path) -> None:
    """It becomes a module, a class and a folder."""
    assert 2 == run_command_line(["connectors", "new", name, "--into", str(tmp_path)])
    assert [] == list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The second call would throw away a day's work."""
    arguments = ["platforms", "new", "people-box", "--into", str(tmp_path)]

    assert [0, 2] == [run_command_line(arguments), run_command_line(arguments)]
    assert "is there already" in capsys.readouterr().err
