"""`pause`, `resume` and `plan`: the off switch and a look, by whoever may."""

import json
from pathlib import Path
from shutil import copytree

import pytest

from alumni_sync.cli.app import os_identity
from alumni_sync.cli.main import run_command_line
from alumni_sync.deployment import Deployment
from alumni_sync.ledger.pauses import Outlet, paused
from tests import fake_plugins

ME = f'people: [{{user: "{os_identity().user}", mail: me@beta.example, roles: [operator]}}]\n'


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a deployment's configuration in which this user is an operator."""
    fake_plugins.install(tmp_path / "site", monkeypatch)
    return fake_plugins.deployment_folder(tmp_path / "beta", fake_plugins.CONFIG + ME)


def stopped(config: Path) -> set[Outlet]:
    """Return what is paused."""
    with Deployment.open(config) as deployment:
        return set(paused(deployment.ledger))


@pytest.mark.parametrize(
    ("what", "expected"),
    [("mail", {Outlet.MAIL}), ("platform", {Outlet.PLATFORM}), ("all", set(Outlet))],
)
def test_what_is_paused_stays_so_until_it_is_resumed(
    what: str, expected: set[Outlet], config: Path
) -> None:
    """An operator who has seen something wrong must be able to go home."""
    common = ["--config", str(config)]

    assert 0 == run_command_line(["pause", what, "--reason", "incident", *common])
    assert expected == stopped(config)
    assert 0 == run_command_line(["resume", what, *common])
    assert set() == stopped(config)


def test_who_paused_and_why_is_said(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The colleague of the next shift decides by it."""
    run_command_line(["pause", "mail", "--reason", "wrong_data", "--config", str(config)])
    said = capsys.readouterr().out

    assert f"by {os_identity().user} (wrong_data)" in said


@pytest.mark.parametrize("arguments", [["pause", "--reason", "other"], ["resume"]])
def test_only_an_operator_may(
    arguments: list[str], config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The switch of a whole programme is not for everybody with a shell."""
    config.write_text(fake_plugins.CONFIG)

    assert 2 == run_command_line([*arguments, "--config", str(config)])
    assert "is not in `people:`" in capsys.readouterr().err
    assert set() == stopped(config)


def test_a_reason_is_needed(config: Path) -> None:
    """An unexplained pause is resumed by the first one who is in the way of it."""
    assert 2 == run_command_line(["pause", "all", "--config", str(config)])


def test_the_plan_of_an_empty_ledger_is_empty(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The object is a contract: members, brakes, duration."""
    copytree(Path(__file__).parents[2] / "rules", config.parent / "rules")

    assert 0 == run_command_line(["plan", "--json", "--config", str(config)])
    said = json.loads(capsys.readouterr().out)

    assert {"members", "brakes", "duration_seconds"} == set(said)
    assert ({0}, []) == (set(said["members"].values()), said["brakes"])
