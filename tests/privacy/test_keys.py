"""The deployment key: replaced without losing anybody, and kept where it cannot be lost."""

import base64
import json
import signal
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from alumni_sync.cli.app import os_identity
from alumni_sync.cli.main import run_command_line
from alumni_sync.cli.rehearsal import rehearse
from alumni_sync.clock import FixedClock
from alumni_sync.deployment import Deployment, load_configuration
from alumni_sync.errors import ConfigError, LedgerError, Refused
from alumni_sync.ledger.checkpoints import check, write_checkpoint
from alumni_sync.ledger.hashing import KeyedHashes
from alumni_sync.ledger.keystore import KeyKind, KeyStore
from alumni_sync.ledger.leases import hold
from alumni_sync.ledger.store import Ledger
from alumni_sync.privacy.keys import open_key, rotate, seal_key
from alumni_sync.settings import Settings
from tests import fake_plugins
from tests.conftest import MASTER, NOW
from tests.ledger.chains import append

NEW = bytes(reversed(MASTER))
WORDS = "correct horse battery staple"
ME = f'people: [{{user: "{os_identity().user}", mail: me@beta.example, roles: [privacy]}}]\n'
WITH_PLACE = fake_plugins.CONFIG.replace(
    'ledger.db"}', 'ledger.db", checkpoints: elsewhere/checkpoints}'
)
SUBJECT, KIND, TABLE = "P-1", KeyKind.PROFILE, "spell"

KILLED = """
import sys
from pathlib import Path
from alumni_sync.crash import arm
from alumni_sync.deployment import load_configuration
from alumni_sync.privacy.keys import rotate
from datetime import UTC, datetime
arm(sys.argv[2])
rotate(load_configuration(Path(sys.argv[1])).settings, None, datetime(2026, 11, 4, tzinfo=UTC))
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a deployment with its own key, a sealed value and signed consent events."""
    fake_plugins.install(tmp_path / "site", monkeypatch)
    path = fake_plugins.deployment_folder(tmp_path / "beta", WITH_PLACE + ME)
    with Deployment.open(path) as d:
        d.ledger.vault.create_keys([SUBJECT])
        sealed = d.ledger.vault.seal(SUBJECT, KIND, TABLE, b"facts")
        path.with_name("sealed").write_bytes(sealed)
        path.with_name("hash").write_text(d.ledger.hashes.address("zofia@mail.example"))
        append(d.ledger, 2)
        write_checkpoint(d.ledger, d.settings.ledger.checkpoints, NOW)
    return path


def settings_of(config: Path) -> Settings:
    """Return the settings of a deployment."""
    with Deployment.open(config) as d:
        return d.settings


def still_there(config: Path) -> None:
    """Check that everything from before the rotation is what it was, and that work goes on."""
    with Deployment.open(config) as d:
        sealed = config.with_name("sealed").read_bytes()
        assert b"facts" == d.ledger.vault.open(SUBJECT, KIND, TABLE, sealed)
        known = config.with_name("hash").read_text()
        assert known == d.ledger.hashes.address("ZOFIA@mail.example")
        d.ledger.vault.create_keys(["P-2"])
        append(d.ledger, 1)
        place = d.settings.ledger.checkpoints
        assert 1 == write_checkpoint(d.ledger, place, NOW + timedelta(days=2)).checkpoints
        report = check(d.ledger, place)
        assert ("", report.events) == (report.problem, report.vouched)


def test_t26_after_a_rotation_everybody_is_known_as_before(config: Path) -> None:
    """A lost value is a lost leaver; a changed hash is a mail to somebody who objected."""
    before = (config.parent / "var" / "keys.master").read_bytes()

    for _ in range(2):
        assert 0 == run_command_line(["keys", "rotate", "--config", str(config)])
        still_there(config)

    assert before != (config.parent / "var" / "keys.master").read_bytes()
    assert [] == list((config.parent / "var").glob("*.next"))


def test_a_dry_run_after_a_rotation_knows_everybody(config: Path, clock: FixedClock) -> None:
    """It would foretell invitations to everybody who was ever suppressed."""
    run_command_line(["keys", "rotate", "--config", str(config)])

    with rehearse(load_configuration(config), clock) as rehearsal:
        known = config.with_name("hash").read_text()
        assert known == rehearsal.ledger.hashes.address("zofia@mail.example")
        assert rehearsal.ledger.vault.create_keys(["P-2"]).has("P-2", KIND)


def test_the_former_key_opens_and_signs_nothing(config: Path) -> None:
    """Whoever left with it must be left with nothing, or rotating was for show."""
    key = config.parent / "var" / "keys.master"
    before = key.read_bytes()
    with Deployment.open(config) as d:
        ticket = d.ledger.hashes.signature("ticket", b"admit")
    run_command_line(["keys", "rotate", "--config", str(config)])

    with Deployment.open(config) as d:
        assert not d.ledger.hashes.signed("ticket", b"admit", ticket)
        store = d.settings.keys.store
    with pytest.raises(ConfigError, match=r"keys\.master"):
        KeyStore(store, before)


@pytest.mark.parametrize("moment", ["keys.rotated", "keys.handed_over"])
def test_a_rotation_that_was_killed_goes_on(config: Path, moment: str) -> None:
    """A power cut in the middle must not cost everybody's data."""
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(config), moment],
        check=False,
        env={"PYTHONPATH": str(config.parent.parent / "site")},
    )
    assert -signal.SIGKILL == killed.returncode
    with pytest.raises(ConfigError, match="keys rotate"):
        Deployment.open(config)

    assert 0 == run_command_line(["keys", "rotate", "--config", str(config)])

    still_there(config)


def test_a_process_from_before_makes_no_keys_under_the_old_one(
    ledger: Ledger, ledger_urls: tuple[str, str]
) -> None:
    """Such a key could never be opened again, and the person's facts with it."""
    ledger.vault.create_keys(["P-1"])
    other = KeyStore(ledger_urls[1], MASTER)
    assert 1 == other.rewrap(NEW)
    other.close()

    with pytest.raises(LedgerError, match="start this process again"):
        ledger.vault.create_keys(["P-2"])
    with pytest.raises(LedgerError):
        ledger.vault.load(["P-1"])


def test_a_destroyed_key_stays_destroyed(ledger: Ledger, ledger_urls: tuple[str, str]) -> None:
    """A rotation must not bring anybody back, nor drop the key that proves their consent."""
    ledger.vault.create_keys(["P-1"])
    ledger.vault.shred(["P-1"], [KeyKind.PROFILE])
    ledger.vault.store.rewrap(NEW)

    with Ledger.open(*ledger_urls, NEW) as again:
        ring = again.vault.load(["P-1"])
        assert KeyedHashes(MASTER).address("a@b.example") == again.hashes.address("a@b.example")
    assert (False, True) == (ring.has("P-1", KeyKind.PROFILE), ring.has("P-1", KeyKind.EVIDENCE))


def test_nothing_is_rotated_while_somebody_works(config: Path, clock: FixedClock) -> None:
    """A run under way would end with keys that it cannot open."""
    with (
        Deployment.open(config) as d,
        hold(d.ledger, clock, "intake:hr"),
        pytest.raises(Refused, match="stop it first"),
    ):
        rotate(d.settings, None, NOW)
    still_there(config)


def test_a_configured_key_is_replaced_by_way_of_a_file(config: Path) -> None:
    """Only the company's secret store can be given it; until then nothing else may start."""
    key = (config.parent / "var" / "keys.master").read_bytes()
    text = config.read_text("utf-8")

    def configure(secret: bytes) -> None:
        named = f'keys.db", master: {secret.hex()}}}'
        config.write_text(text.replace('keys.db"}', named), "utf-8")

    configure(key)
    target = config.with_name("new.key")
    rotating = ["keys", "rotate", "--config", str(config)]
    assert 2 == run_command_line(rotating)  # where to?
    for _ in range(2):  # the second time as after a kill
        assert 0 == run_command_line([*rotating, "--key-file", str(target)])
        assert 0o600 == stat.S_IMODE(target.stat().st_mode)

    configure(base64.b64decode(target.read_bytes()))
    still_there(config)


def test_touched_checkpoints_stop_a_rotation_before_anything_happens(config: Path) -> None:
    """Half-way there would be a deployment that nobody can start."""
    settings = settings_of(config)
    place = settings.ledger.checkpoints
    assert place is not None
    place.write_bytes(place.read_bytes().replace(b'"seq":2', b'"seq":1'))

    with pytest.raises(LedgerError, match="line 1 of the checkpoints was edited"):
        rotate(settings, None, NOW)

    with Deployment.open(config) as d:
        d.ledger.vault.load([SUBJECT])


def test_the_key_comes_back_from_escrow(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The machine burns; the file and the words of one person bring everybody back."""
    words = config.with_name("words")
    words.write_text(f"{WORDS}\n", "utf-8")
    file, target = config.with_name("weber.escrow"), config.with_name("recovered.key")
    here = ["--config", str(config), "--passphrase-file", str(words)]
    run_command_line(["keys", "rotate", "--config", str(config)])

    assert 0 == run_command_line(["keys", "escrow", str(file), "--recipient", "K. Weber", *here])
    assert 0 == run_command_line(["keys", "recover", str(file), "--key-file", str(target), *here])

    key = (config.parent / "var" / "keys.master").read_bytes()
    assert key == base64.b64decode(target.read_bytes())
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in (file, target)}
    assert key.hex() not in file.read_text() + capsys.readouterr().out
    assert 2 == run_command_line(["keys", "escrow", str(file), "--recipient", "K. Weber", *here])


def test_an_escrow_file_opens_for_its_recipient_alone() -> None:
    """It lies in a safe that others open as well, and may be relabelled there."""
    sealed = json.loads(json.dumps(seal_key(MASTER, NEW, "K. Weber", WORDS, NOW)))

    assert (MASTER, NEW) == open_key(sealed, WORDS)
    for bad, words in ((sealed, "another horse battery"), ({**sealed, "recipient": "X"}, WORDS)):
        with pytest.raises(Refused, match="does not open"):
            open_key(bad, words)
    with pytest.raises(Refused, match="16 characters"):
        seal_key(MASTER, NEW, "K. Weber", "short", NOW)


def test_who_has_no_role_neither_rotates_nor_takes_the_key_along(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The one thing that opens everything is not for whoever has a shell."""
    text = config.read_text("utf-8")
    config.write_text(text.replace("roles: [privacy]", "roles: [operator]"), "utf-8")
    file = config.with_name("mine")

    assert 2 == run_command_line(["keys", "rotate", "--config", str(config)])
    assert 2 == run_command_line(
        ["keys", "escrow", str(file), "--recipient", "me", "--config", str(config)]
    )
    assert 2 == capsys.readouterr().err.count("takes the role privacy")
    assert not file.exists()


def test_t26_a_run_from_before_a_rotation_still_knows_whom_not_to_write_to(config: Path) -> None:
    """T26: a rotation in the middle of a run must not make strangers of all who objected."""
    known = config.with_name("hash").read_text()
    with Deployment.open(config) as running:
        assert 0 == run_command_line(["keys", "rotate", "--config", str(config)])

        assert known == running.ledger.hashes.address("zofia@mail.example")
    with Deployment.open(config) as later:
        assert known == later.ledger.hashes.address("zofia@mail.example")
