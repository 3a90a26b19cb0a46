"""One person is erased through the command line, and nothing brings them back."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from alumni_sync.cli.app import os_identity
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.vault import KeyGone
from assets.in_process import run_job
from tests.conftest import NOW
from tests.faults.company import CONFIG, command, opened, process, tables
from tests.faults.test_no_leak import as_iso, leaks
from tests.invariants.checker import assert_sound
from tests.invariants.leaks import Leak, Watchlist
from tests.invariants.world import (
    PERSONAL_FIELDS,
    Row,
    _cells,
    _columns,
    read_mails,
    read_tables,
)

pytestmark = pytest.mark.slow


CANARY = "Proszę usunąć wszystko, kanarek-7731."


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person of the company: in the ledger, on the command line, and by every value of theirs."""

    id: str
    named: str
    values: Mapping[str, list[str]]


def _may_erase(folder: Path) -> None:
    """Give whoever runs these tests the role that erasing takes."""
    config = folder / CONFIG
    entry = (
        f"people:\n  - {{user: {os_identity().user}, mail: me@acme.example, roles: [privacy]}}\n"
    )
    config.write_text(config.read_text("utf-8").replace("people:\n", entry, 1), encoding="utf-8")


def _somebody(folder: Path, *, member: bool) -> Somebody:
    """Return a member, or somebody who was asked and never answered."""
    found = tables(folder)
    members = {row["person_id"] for row in found["membership"] if row["state"] == "active"}
    asked = next(
        row
        for row in found["outbox"]
        if row["kind"] == "invitation" and (row["person_id"] in members) is member
    )
    (to,) = [
        mail.to
        for mail in read_mails(folder / "var" / "outbox")
        if mail.message_id == asked["message_id"]
    ]
    section: Mapping[str, Any] = yaml.safe_load((folder / CONFIG).read_text("utf-8"))
    source = section["sources"][asked["source"]]
    columns = _columns(yaml.safe_load((folder / source["mapping"]).read_text("utf-8")))
    (row,) = [row for row in _cells(folder / source["path"]) if to in row.values()]
    names = [row[columns[key]] for key in ("given_name", "family_name")]
    values = {name: [row[columns[name]]] for name in PERSONAL_FIELDS if row.get(columns[name])}
    values["name"] = [" ".join(names), " ".join(reversed(names))]
    values["birth_date"] += as_iso(values["birth_date"])
    values["words"] = []
    return Somebody(
        asked["person_id"], f"{asked['source']}/{row[columns['employee_number']]}", values
    )


def _found(folder: Path, values: Mapping[str, list[str]]) -> list[Leak]:
    """Return where values stand in anything the product keeps, platform and page included."""
    watchlist = Watchlist(values)
    outbox = folder / "var" / "outbox"
    kept = [path for path in (folder / "var").rglob("*") if path.is_file()]
    return [
        leak
        for path in kept
        if not path.is_relative_to(outbox)
        for leak in watchlist.search_file(path, path.name)
    ]


def _wrapped(folder: Path, person_id: str) -> Row:
    """Return the wrapped keys of a person, as the key store's file has them."""
    stored = read_tables(f"sqlite:///{folder / 'var' / 'keys.db'}")["wrapped_key"]
    (row,) = [row for row in stored if row["subject"] == person_id]
    return row


def _files_with(folder: Path, content: bytes) -> list[str]:
    """Return the names of the key store's files in which bytes stand, used or freed pages alike."""
    store = [path for path in (folder / "var").iterdir() if path.name.startswith("keys.db")]
    assert store
    return [path.name for path in store if content in path.read_bytes()]


def _asks(folder: Path, who: Somebody, words: Path) -> None:
    """Take a letter of theirs down, and look at it, as the desk does."""
    words.write_text(CANARY, "utf-8")
    letter = ("--kind", "erase", "--channel", "letter", "--words", str(words))
    assert 0 == command(folder, "privacy", "requests", "open", who.named, *letter)
    assert 0 == command(folder, "privacy", "requests", "show", "SR-000001")
    words.unlink()


def _housekeeping(folder: Path) -> None:
    with opened(folder) as d:
        assert run_job(d, "housekeeping").error is None


@pytest.mark.parametrize(
    ("member", "gone"),
    [(True, ("profile",)), (False, ("profile", "evidence"))],
    ids=["a member", "silent"],
)
def test_whoever_is_erased_is_gone_from_everywhere(
    joined: Path,
    tmp_path: Path,
    member: bool,  # noqa: FBT001 a parametrised circumstance
    gone: tuple[str, ...],
) -> None:
    """Art. 17: and not only from the rows that a query shows (T24)."""
    folder = tmp_path / "acme"
    shutil.copytree(joined, folder)
    _may_erase(folder)
    who = _somebody(folder, member=member)
    _asks(folder, who, tmp_path / "words.txt")
    who.values["words"].append(CANARY)
    keys = _wrapped(folder, who.id)
    assert member == bool(_found(folder, who.values))
    assert all(["keys.db"] == _files_with(folder, keys[kind]) for kind in gone)

    done = process(folder, "privacy", "erase", who.named)
    (tmp_path / "printed.txt").write_bytes(done.stdout + done.stderr)
    _housekeeping(folder)

    assert 0 == done.returncode, done.stderr
    assert [] == _found(folder, who.values)
    found = tables(folder)
    assert [None] == [row["sealed"] for row in found["subject_request"]]
    assert {None} == {row["sealed"] for row in found["subject_request_event"]}
    assert [who.id] == [row["person_id"] for row in found["access_log"]]
    assert [] == leaks(folder, tmp_path / "printed.txt")
    assert {kind: [] for kind in gone} == {kind: _files_with(folder, keys[kind]) for kind in gone}
    assert_sound(folder / CONFIG, NOW)


def test_a_restored_ledger_cannot_read_whoever_was_erased_since(
    joined: Path, tmp_path: Path
) -> None:
    """Backups are kept for years; erasing must reach into those that nobody thinks of."""
    folder, backup = tmp_path / "acme", tmp_path / "backup.db"
    shutil.copytree(joined, folder)
    _may_erase(folder)
    who = _somebody(folder, member=True)
    assert 0 == command(folder, "ledger", "backup", str(backup))
    before = read_tables(f"sqlite:///{backup}")
    (sealed,) = [row["sealed"] for row in before["spell"] if row["person_id"] == who.id]
    with opened(folder) as d:
        assert d.ledger.vault.open(who.id, KeyKind.PROFILE, "spell", sealed)
    assert 0 == command(folder, "privacy", "erase", who.named)
    other = next(row["id"] for row in tables(folder)["person"] if row["id"] != who.id)
    assert 0 == command(folder, "privacy", "restrict", other)

    assert 0 == command(folder, "ledger", "restore", str(backup))

    with opened(folder) as d, pytest.raises(KeyGone):
        d.ledger.vault.open(who.id, KeyKind.PROFILE, "spell", sealed)
    (spell,) = [row for row in tables(folder)["spell"] if row["person_id"] == who.id]
    assert spell["sealed"] is None
    people = {row["id"]: row["restricted_at"] for row in tables(folder)["person"]}
    assert other in {person for person, since in people.items() if since}
    assert [] == _found(folder, who.values)
    assert [] == leaks(folder, backup)
