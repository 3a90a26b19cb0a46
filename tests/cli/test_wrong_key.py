"""T46: without the deployment key, or with another one, everything stays shut, in one line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from alumni_sync.cli.app import os_identity
from alumni_sync.cli.main import run_command_line
from alumni_sync.deployment import Deployment
from alumni_sync.errors import ConfigError
from alumni_sync.ledger.keystore import KeyKind
from tests import fake_plugins

ME = f'people: [{{user: "{os_identity().user}", mail: me@beta.example, roles: [privacy]}}]\n'
COMMANDS = (
    "run",
    "run --dry-run",
    "serve",
    "up",
    "plan",
    "sync",
    "report",
    "queue list",
    "trace P-1",
    "consent show P-1",
    "consent withdraw P-1 --channel phone --kept note",
    "privacy erase P-1 --reason request",
    "privacy retention",
    "keys rotate",
    "keys escrow FILE --recipient counsel --passphrase-file WORDS",
    "ledger verify",
    "ledger checkpoint",
    "ledger backup FILE",
    "ledger recover",
)
"""One of each kind: what reaches people, what shows people, what looks after keys and ledger."""


def other(key: Path) -> None:
    """Put another deployment's key in its place."""
    key.write_bytes(bytes(32))


def cut(key: Path) -> None:
    """Cut the key off, as a full disk does."""
    key.write_bytes(key.read_bytes()[:31])


HARMS: dict[str, Callable[[Path], None]] = {"gone": Path.unlink, "another": other, "cut off": cut}


@pytest.mark.parametrize("harm", HARMS)
def test_t46_nothing_opens_and_nothing_is_written(
    harm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """T46: a new key made silently would lose everybody; a value in the clear would betray them."""
    fake_plugins.install(tmp_path / "site", monkeypatch)
    config = fake_plugins.deployment_folder(tmp_path / "beta", fake_plugins.CONFIG + ME)
    with Deployment.open(config) as d:
        d.ledger.vault.create_keys(["P-1"])
        sealed = d.ledger.vault.seal("P-1", KeyKind.PROFILE, "spell", b"canary")
    folder = config.parent / "var"
    HARMS[harm](folder / "keys.master")
    (tmp_path / "words").write_text("correct horse battery staple", encoding="ascii")
    before = content(folder)

    for command in COMMANDS:
        named = command.replace("FILE", str(tmp_path / "file"))
        words = named.replace("WORDS", str(tmp_path / "words")).split()
        capsys.readouterr()
        code = run_command_line([*words, "--config", str(config)])
        told = capsys.readouterr()
        assert (command, 2) == (command, int(code))
        assert (command, 1, "") == (command, len(told.err.splitlines()), told.out)
        assert "keys.master" in told.err
        assert "Traceback" not in told.err

    with pytest.raises(ConfigError, match=r"keys\.master"):
        Deployment.open(config)
    assert before == content(folder)
    assert b"canary" not in sealed
    assert not (tmp_path / "file").exists()


def content(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder but SQLite's own beside the databases."""
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.iterdir())
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }
