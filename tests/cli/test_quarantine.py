"""`quarantine`: everybody who repairs an export sees where; only who may sees what it says."""

import json
from pathlib import Path

import pytest

from alumni_sync.cli.app import os_identity
from alumni_sync.cli.main import run_command_line
from alumni_sync.deployment import Deployment
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import Quarantine, t
from tests import fake_plugins
from tests.conftest import NOW

ROW = "Żaneta;zaneta@mail.example;31.02.2026"
REVIEWER = (
    f'people: [{{user: "{os_identity().user}", mail: me@beta.example, roles: [reviewer], '
    "sources: [hr]}]\n"
)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a deployment with one row in quarantine, of whose source this user is a reviewer."""
    fake_plugins.install(tmp_path / "site", monkeypatch)
    config = fake_plugins.deployment_folder(tmp_path / "beta", fake_plugins.CONFIG + REVIEWER)
    with Deployment.open(config) as deployment:
        vault = deployment.ledger.vault
        vault.create_keys(["Q-1"], (KeyKind.PROFILE,))
        row = {
            "id": "Q-1",
            "source": "hr",
            "row_hash": "h",
            "position": "leavers.csv:17",
            "field": "exit_date",
            "reason": "not_a_date",
            "run_id": "R-1",
            "created_at": NOW,
            "purge_after": NOW,
            "sealed": vault.seal("Q-1", KeyKind.PROFILE, "quarantine", ROW.encode()),
        }
        with deployment.ledger.write() as connection:
            connection.execute(t(Quarantine).insert(), [row])
    return config


def test_the_list_says_where_and_why_and_nothing_else(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is read in a terminal that others see, and sent around in mails."""
    assert 0 == run_command_line(["quarantine", "list", "--config", str(config)])
    said = capsys.readouterr().out

    assert ["Q-1", "hr", "leavers.csv:17", "exit_date", "not_a_date", "2026-11-03"] == (
        said.splitlines()[1].split()
    )
    assert "zaneta" not in said.lower()


def test_the_list_can_be_read_by_a_script(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """HR's export is repaired by somebody else's script."""
    run_command_line(["quarantine", "list", "--source", "hr", "--json", "--config", str(config)])
    (row,) = json.loads(capsys.readouterr().out)

    assert ("Q-1", "exit_date", "not_a_date") == (row["id"], row["field"], row["reason"])


def test_a_reviewer_sees_the_row(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong with it can only be seen in it."""
    assert 0 == run_command_line(["quarantine", "show", "Q-1", "--config", str(config)])
    assert ROW in capsys.readouterr().out


@pytest.mark.parametrize("people", ["", REVIEWER.replace("reviewer", "operator")])
def test_others_do_not(people: str, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A row is a person, whoever has a shell on the machine."""
    config.write_text(fake_plugins.CONFIG + people)

    assert 2 == run_command_line(["quarantine", "show", "Q-1", "--config", str(config)])
    shown = capsys.readouterr()
    assert "Żaneta" not in shown.out + shown.err


def test_what_is_not_there_is_said(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After 14 days it is gone; the source still has it."""
    text = config.read_text().replace("sources: [hr]}]", "sources: []}]")
    config.write_text(text.replace("[reviewer]", "[privacy]"))

    assert 2 == run_command_line(["quarantine", "show", "Q-9", "--config", str(config)])
    assert "is not in quarantine (any more)" in capsys.readouterr().err
