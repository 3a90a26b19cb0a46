"""Sealed means sealed: nobody reads a value without the key, and a dead key is dead."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import select, update

from alumni_sync.errors import ConfigError
from alumni_sync.ledger.keystore import WRAPPED_KEY, KeyKind, SealBroken
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.vault import KeyGone
from tests.conftest import MASTER

PROFILE, EVIDENCE = KeyKind.PROFILE, KeyKind.EVIDENCE


def test_what_is_sealed_opens_again(ledger: Ledger) -> None:
    """A value that does not come back is a lost leaver."""
    ledger.vault.create_keys(["P-1"])

    sealed = ledger.vault.seal_json("P-1", PROFILE, "spell", {"name": "Zofia"})

    assert ledger.vault.open_json("P-1", PROFILE, "spell", sealed) == {"name": "Zofia"}


@pytest.mark.parametrize(
    ("subject", "kind", "table"),
    [("P-2", PROFILE, "spell"), ("P-1", EVIDENCE, "spell"), ("P-1", PROFILE, "person")],
    ids=["another person", "the other key", "another table"],
)
def test_a_value_moved_elsewhere_does_not_open(
    ledger: Ledger, subject: str, kind: KeyKind, table: str
) -> None:
    """Swapping two rows' ciphertexts would put one person's facts under another's name (T34)."""
    ledger.vault.create_keys(["P-1", "P-2"])
    sealed = ledger.vault.seal("P-1", PROFILE, "spell", b"facts")

    with pytest.raises(SealBroken):
        ledger.vault.open(subject, kind, table, sealed)


@pytest.mark.parametrize("position", [0, 1, 20, -1])
def test_one_changed_byte_is_noticed(ledger: Ledger, position: int) -> None:
    """An altered value must never be taken for a fact."""
    ledger.vault.create_keys(["P-1"])
    sealed = bytearray(ledger.vault.seal("P-1", PROFILE, "spell", b"a leaver's facts"))
    sealed[position] ^= 1

    with pytest.raises(SealBroken):
        ledger.vault.open("P-1", PROFILE, "spell", bytes(sealed))


def test_a_shredded_key_leaves_the_other_one(ledger: Ledger) -> None:
    """The profile dies at withdrawal; the proof of consent lives on until its own end."""
    ledger.vault.create_keys(["P-1"])
    profile = ledger.vault.seal("P-1", PROFILE, "spell", b"profile")
    evidence = ledger.vault.seal("P-1", EVIDENCE, "decision", b"evidence")

    assert ledger.vault.shred(["P-1"], [PROFILE]) == 1

    assert ledger.vault.open("P-1", EVIDENCE, "decision", evidence) == b"evidence"
    with pytest.raises(KeyGone):
        ledger.vault.open("P-1", PROFILE, "spell", profile)
    assert ledger.vault.store.shredded() == [("P-1", "profile")]


def test_creating_keys_twice_keeps_the_first(ledger: Ledger) -> None:
    """A crash between key store and ledger repeats the creation; old values must still open."""
    ledger.vault.create_keys(["P-1"])
    sealed = ledger.vault.seal("P-1", PROFILE, "spell", b"facts")

    ledger.vault.create_keys(["P-1"])

    assert ledger.vault.open("P-1", PROFILE, "spell", sealed) == b"facts"


@pytest.mark.parametrize("kinds", [(PROFILE,), (EVIDENCE,), (PROFILE, EVIDENCE)])
def test_the_bytes_of_a_shredded_key_are_in_no_file(
    tmp_path: Path, kinds: tuple[KeyKind, ...]
) -> None:
    """A key in a free page or in the log would bring an erased person back."""
    url = f"sqlite:///{tmp_path}/keys.db"
    people = [f"P-{number}" for number in range(200)]
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db", url, MASTER) as ledger:
        ledger.vault.create_keys(people)
        with ledger.vault.store.engine.connect() as connection:
            row = connection.execute(
                select(WRAPPED_KEY).where(WRAPPED_KEY.c.subject == "P-77")
            ).one()
            doomed = [getattr(row, kind.value) for kind in kinds]
        assert all(_held(tmp_path, key) for key in doomed)

        assert ledger.vault.shred(["P-77"], kinds) == len(kinds)

        assert [key for key in doomed if _held(tmp_path, key)] == []
        assert (tmp_path / "keys.db-wal").stat().st_size == 0
    with sqlite3.connect(tmp_path / "keys.db") as plain:
        assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_restored_ledger_backup_cannot_be_read(tmp_path: Path) -> None:
    """Erasure that a backup undoes is no erasure."""
    urls = f"sqlite:///{tmp_path}/ledger.db", f"sqlite:///{tmp_path}/keys.db"
    with Ledger.open(*urls, MASTER) as ledger:
        ledger.vault.create_keys(["P-1"])
        sealed = ledger.vault.seal("P-1", PROFILE, "spell", b"facts")
    shutil.copy(tmp_path / "ledger.db", tmp_path / "backup.db")
    with Ledger.open(*urls, MASTER) as ledger:
        ledger.vault.shred(["P-1"])

    restored = f"sqlite:///{tmp_path}/backup.db", urls[1]
    with Ledger.open(*restored, MASTER) as ledger, pytest.raises(KeyGone):
        ledger.vault.open("P-1", PROFILE, "spell", sealed)


def test_the_wrong_deployment_key_is_refused(ledger_urls: tuple[str, str]) -> None:
    """Starting with a wrong key would seal new values that nobody can ever open (T46)."""
    Ledger.open(*ledger_urls, MASTER).close()

    with pytest.raises(ConfigError, match="not the key that this key store was made with"):
        Ledger.open(*ledger_urls, bytes(32))


@pytest.mark.parametrize("master", [None, b"", b"short"])
def test_a_missing_deployment_key_is_refused(tmp_path: Path, master: bytes | None) -> None:
    """Without a key nothing may be sealed, so nothing may be taken in (T46)."""
    with pytest.raises(ConfigError, match=r"keys\.master"):
        Ledger.open(f"sqlite:///{tmp_path}/l.db", f"sqlite:///{tmp_path}/k.db", master)


def test_keys_and_values_may_not_share_a_database(tmp_path: Path) -> None:
    """One backup with both would make destroying a key meaningless."""
    url = f"sqlite:///{tmp_path}/one.db"

    with pytest.raises(ConfigError, match="own database"):
        Ledger.open(url, url, MASTER)


def test_a_tampered_wrapped_key_is_not_used(tmp_path: Path) -> None:
    """A key swapped in the store would seal under something that somebody else knows."""
    urls = f"sqlite:///{tmp_path}/ledger.db", f"sqlite:///{tmp_path}/keys.db"
    with Ledger.open(*urls, MASTER) as ledger:
        ledger.vault.create_keys(["P-1", "P-2"])
        with ledger.vault.store.engine.begin() as connection:
            other = connection.execute(
                select(WRAPPED_KEY.c.profile).where(WRAPPED_KEY.c.subject == "P-2")
            ).scalar_one()
            connection.execute(
                update(WRAPPED_KEY).where(WRAPPED_KEY.c.subject == "P-1").values(profile=other)
            )

        with pytest.raises(SealBroken):
            ledger.vault.load(["P-1"])


@pytest.mark.parametrize("left", [b"", b"short", bytes(20)])
def test_a_wrapped_key_that_was_cut_short_is_not_used(tmp_path: Path, left: bytes) -> None:
    """Whoever cuts keys must be told of like whoever swaps them, in our own words."""
    urls = f"sqlite:///{tmp_path}/ledger.db", f"sqlite:///{tmp_path}/keys.db"
    with Ledger.open(*urls, MASTER) as ledger:
        ledger.vault.create_keys(["P-1"])
        with ledger.vault.store.engine.begin() as connection:
            cut = update(WRAPPED_KEY).where(WRAPPED_KEY.c.subject == "P-1").values(profile=left)
            connection.execute(cut)

        with pytest.raises(SealBroken):
            ledger.vault.load(["P-1"])


def _held(folder: Path, content: bytes) -> bool:
    """Say whether any file of the key store contains these bytes."""
    return any(content in path.read_bytes() for path in folder.glob("keys.db*"))
