"""`ledger verify` and `ledger checkpoint`: what an auditor runs."""

import json
from pathlib import Path

import pytest

from alumni_sync.cli.app import os_identity
from alumni_sync.cli.main import run_command_line
from alumni_sync.deployment import Deployment
from alumni_sync.ledger.chain import store_blob
from alumni_sync.ledger.tables import NoticeBlob, t
from tests import fake_plugins
from tests.conftest import NOW
from tests.ledger.chains import append, cut

WITH_PLACE = fake_plugins.CONFIG.replace(
    'ledger.db"}', 'ledger.db", checkpoints: elsewhere/checkpoints}'
)


def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Path:
    """Return the configuration of a company with three consent events."""
    fake_plugins.install(tmp_path / "site", monkeypatch)
    config = fake_plugins.deployment_folder(tmp_path / "beta", text)
    with Deployment.open(config) as opened:
        append(opened.ledger, 3)
    return config


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the configuration of a company with a second place."""
    return deployment(tmp_path, monkeypatch, WITH_PLACE)


def test_a_cut_chain_ends_with_an_exit_code_and_the_row(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A scheduler looks at the code, a person at the row."""
    here = ["--config", str(config)]
    assert 0 == run_command_line(["ledger", "checkpoint", *here])
    assert "Signed.\nPublic key: " in capsys.readouterr().out
    assert 0 == run_command_line(["ledger", "checkpoint", *here])
    assert "Nothing was appended" in capsys.readouterr().out
    assert 0 == run_command_line(["ledger", "verify", *here])
    assert "1 signed checkpoints agree, up to event 3." in capsys.readouterr().out

    with Deployment.open(config) as opened:
        cut(opened.ledger, 1)

    assert 1 == run_command_line(["ledger", "verify", *here])
    assert "broken at event 2: cut off: there were 3 events" in capsys.readouterr().out
    assert 1 == run_command_line(["ledger", "verify", "--json", *here])
    assert 2 == json.loads(capsys.readouterr().out)["broken_seq"]


def test_a_restored_backup_is_said_at_once_and_from_then_on(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The loss was decided; an auditor must find that it was, and how much it is."""
    here = ["--config", str(config)]
    copy = str(tmp_path / "one.backup")
    assert 0 == run_command_line(["ledger", "backup", copy, *here])
    with Deployment.open(config) as opened:
        append(opened.ledger, 2)
    assert 0 == run_command_line(["ledger", "checkpoint", *here])

    assert 0 == run_command_line(["ledger", "restore", copy, *here])

    capsys.readouterr()
    assert 0 == run_command_line(["ledger", "verify", *here])
    assert "Restored from a backup at" in capsys.readouterr().out


def test_t23_a_ledger_put_back_by_hand_is_not_worked_with_before_it_is_said(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """T23: who was erased yesterday would be served again until somebody notices."""
    here = ["--config", str(config)]
    file = config.parent / "var" / "ledger.db"
    before = file.read_bytes()
    with Deployment.open(config) as opened:
        append(opened.ledger, 2)
    assert 0 == run_command_line(["ledger", "checkpoint", *here])
    for beside in ("-wal", "-shm"):
        file.with_name(file.name + beside).unlink(missing_ok=True)
    file.write_bytes(before)
    capsys.readouterr()

    for command in (["run"], ["serve"], ["up"]):
        assert 0 != run_command_line([*command, *here])
        told = capsys.readouterr().err
        assert "event 5 is not the one vouched for" in told
        assert "after a restore by hand: ledger recover" in told

    assert 0 == run_command_line(["ledger", "recover", *here])
    told = capsys.readouterr().out
    assert "events 4 to 5 of then are lost" in told
    assert "mail and platform are paused" in told
    assert 0 == run_command_line(["ledger", "verify", *here])


def test_a_checkpoint_that_was_kept_elsewhere_is_compared(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who can write both places is found out by whoever kept one mail."""
    here = ["--config", str(config)]
    run_command_line(["ledger", "checkpoint", *here])
    place = config.parent / "elsewhere" / "checkpoints"
    kept = tmp_path / "kept.txt"
    kept.write_bytes(b"From our mailbox:\n> " + place.read_bytes())
    verify = ["ledger", "verify", "--checkpoint", str(kept), *here]
    assert 0 == run_command_line(verify)
    assert "1 of 1 checkpoints of the copy agree." in capsys.readouterr().out

    with Deployment.open(config) as opened:
        cut(opened.ledger, 2)
        with opened.ledger.write() as connection:
            connection.exec_driver_sql("DELETE FROM checkpoint")
    place.unlink()

    assert 1 == run_command_line(verify)
    assert "broken at event 3: cut off: there were 3 events" in capsys.readouterr().out
    kept.write_bytes(b"nothing")
    assert 2 == run_command_line(verify)


def test_without_a_second_place_it_is_said_that_nobody_vouches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """'The chain is whole' alone would be read as more than it is."""
    config = deployment(tmp_path, monkeypatch, fake_plugins.CONFIG)

    assert 0 == run_command_line(["ledger", "verify", "--config", str(config)])
    assert "Nobody vouches for its end" in capsys.readouterr().out
    assert 2 == run_command_line(["ledger", "checkpoint", "--config", str(config)])
    assert "ledger.checkpoints: is not set" in capsys.readouterr().err


def test_a_second_place_that_was_edited_is_named(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says of the chain nothing, of the second place that somebody was there."""
    here = ["--config", str(config)]
    run_command_line(["ledger", "checkpoint", *here])
    place = config.parent / "elsewhere" / "checkpoints"
    place.write_bytes(place.read_bytes().replace(b'"seq":3', b'"seq":2'))

    assert 1 == run_command_line(["ledger", "verify", *here])
    assert "cannot vouch for the consent chain: line 1 of" in capsys.readouterr().out


def test_an_edited_text_ends_with_an_exit_code(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The chain is whole then, and what people read is forged all the same."""
    blobs = t(NoticeBlob)
    with Deployment.open(config) as d, d.ledger.write() as connection:
        digest = store_blob(connection, b"# A", "text/markdown", NOW)
        connection.execute(blobs.update(), {"content": b"# B"})

    assert 1 == run_command_line(["ledger", "verify", "--config", str(config)])
    assert f"was edited: {digest}." in capsys.readouterr().out


def test_the_sql_of_the_application_role_goes_into_psql(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is piped as it stands: a line of anything else would stop the script half-way."""
    assert 0 == run_command_line(["ledger", "role", "alumni_app", "--config", str(config)])

    lines = capsys.readouterr().out.splitlines()
    assert all(line.endswith(";") for line in lines)
    granted = 'GRANT SELECT, INSERT ON "consent_event", "erasure", "notice_blob" TO alumni_app;'
    assert granted in lines


def test_a_file_of_checkpoints_that_is_gone_stops_the_work_until_somebody_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unmounted folder would let an older ledger be worked with as if nobody had vouched."""
    me = f'people: [{{user: "{os_identity().user}", mail: me@beta.example, roles: [privacy]}}]\n'
    config = deployment(tmp_path, monkeypatch, WITH_PLACE + me)
    here = ["--config", str(config)]
    assert 0 == run_command_line(["ledger", "checkpoint", *here])
    (config.parent / "elsewhere" / "checkpoints").unlink()
    capsys.readouterr()

    for command in (["run"], ["serve"], ["ledger", "checkpoint"]):
        assert 0 != run_command_line([*command, *here])
        told = capsys.readouterr().err
        assert "is not there any more: put it back" in told
        assert "ledger checkpoint --anew" in told

    assert 0 == run_command_line(["ledger", "checkpoint", "--anew", *here])
    assert "1 signed line(s) are given up" in capsys.readouterr().out
    assert 0 == run_command_line(["ledger", "verify", *here])
