"""Signed checkpoints: the second place that vouches for what the chain cannot vouch for itself."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from alumni_sync.errors import ConfigError, LedgerError
from alumni_sync.ledger.chain import store_blob, verify
from alumni_sync.ledger.checkpoints import check, public_key, write_checkpoint
from alumni_sync.ledger.hashing import KeyedHashes
from alumni_sync.ledger.put_back import recover
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import NoticeBlob, t
from tests.conftest import NOW
from tests.ledger.chains import append, cut, rewrite

BLOBS = t(NoticeBlob)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return where checkpoints go."""
    return tmp_path / "elsewhere" / "checkpoints"


def vouched(ledger: Ledger, place: Path, *counts: int) -> None:
    """Append events, with a checkpoint after each number of them."""
    for day, count in enumerate(counts):
        append(ledger, count)
        write_checkpoint(ledger, place, NOW + timedelta(days=day))


def wrong(ledger: Ledger, place: Path) -> tuple[int | None, str]:
    """Return which row is wrong, and what."""
    report = check(ledger, place)
    return report.broken_seq, report.problem


def test_an_untouched_chain_agrees_with_its_checkpoints(ledger: Ledger, place: Path) -> None:
    """A false alarm would make people ignore the true one."""
    vouched(ledger, place, 2, 3)
    append(ledger, 1)

    report = check(ledger, place)

    assert (6, None, 2, 5) == (report.events, report.broken_seq, report.checkpoints, report.vouched)


def test_t29_an_end_that_was_cut_off_is_noticed(ledger: Ledger, place: Path) -> None:
    """Yesterday's withdrawal would be gone, and the chain would still look whole."""
    vouched(ledger, place, 3, 2)

    cut(ledger, 4)

    assert verify(ledger).broken_seq is None
    assert (5, "cut off: there were 5 events") == wrong(ledger, place)


def test_t30_a_chain_written_anew_is_noticed(ledger: Ledger, place: Path) -> None:
    """A superuser could turn a no into a yes and make every hash after it fit."""
    vouched(ledger, place, 3, 3)

    rewrite(ledger, 5)

    assert verify(ledger).broken_seq is None
    assert (4, "rewritten: events 4 to 6 differ from the checkpoint") == wrong(ledger, place)


def test_a_text_that_was_edited_is_named(ledger: Ledger, place: Path) -> None:
    """The events hold its hash only; other words under it would count as what people read."""
    with ledger.write() as connection:
        kept = [store_blob(connection, text, "text/markdown", NOW) for text in (b"# A", b"# B")]
        connection.execute(BLOBS.update().where(BLOBS.c.sha256 == kept[1]), {"content": b"# C"})

    report = check(ledger, place)

    assert ((kept[1],), False) == (report.edited_texts, report.sound)


def test_nothing_new_writes_nothing(ledger: Ledger, place: Path) -> None:
    """A night without events must leave no trace, or the file grows for ever."""
    assert 0 == write_checkpoint(ledger, place, NOW).checkpoints
    vouched(ledger, place, 2)
    before = place.read_bytes()

    assert 0 == write_checkpoint(ledger, place, NOW).checkpoints
    assert before == place.read_bytes()


def test_nothing_is_signed_over_a_chain_that_lost_its_end(ledger: Ledger, place: Path) -> None:
    """The next night's signature would cover the loss up."""
    vouched(ledger, place, 3)
    cut(ledger, 1)
    append(ledger, 4)
    before = place.read_bytes()

    with pytest.raises(LedgerError, match="event 3 is not the one vouched for"):
        write_checkpoint(ledger, place, NOW)
    assert before == place.read_bytes()


LINES: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str]] = {
    "edited": (lambda lines: [lines[0].replace(b'"seq":1', b'"seq":2'), *lines[1:]], "line 1 "),
    "no line at all": (lambda lines: [lines[0], b"{}", lines[2]], "line 2 of"),
    "taken out": (lambda lines: [lines[0], lines[2]], "line 2 of the checkpoints does not follow"),
    "swapped": (lambda lines: [lines[1], lines[0], lines[2]], "line 1 of the checkpoints does not"),
    "cut off": (lambda lines: lines[:2], "the checkpoints lost their last lines"),
    "all gone": (lambda _: [], "the checkpoints lost their last lines"),
}


@pytest.mark.parametrize("fault", LINES)
def test_a_second_place_that_was_touched_vouches_for_nothing(
    fault: str, sqlite_ledger: Ledger, place: Path
) -> None:
    """Whoever cuts the chain would cut the file as well."""
    vouched(sqlite_ledger, place, 1, 1, 1)
    touch, told = LINES[fault]

    lines = touch(place.read_bytes().splitlines())
    place.write_bytes(b"".join(line + b"\n" for line in lines))

    broken, problem = wrong(sqlite_ledger, place)
    assert 0 == broken
    assert told in problem


def test_somebody_elses_signature_vouches_for_nothing(
    sqlite_ledger: Ledger, tmp_path: Path, place: Path
) -> None:
    """Anybody can make a file of checkpoints that fit a forged chain; the key is what they lack."""
    vouched(sqlite_ledger, place, 2)
    urls = f"sqlite:///{tmp_path}/l2.db", f"sqlite:///{tmp_path}/k2.db"
    with Ledger.open(*urls, bytes(32)) as stranger:
        vouched(stranger, tmp_path / "forged", 2)

    assert (0, "the checkpoints were not signed by this deployment") == wrong(
        sqlite_ledger, tmp_path / "forged"
    )


def test_half_a_line_of_a_killed_writer_harms_nothing(sqlite_ledger: Ledger, place: Path) -> None:
    """A full disk at night must not turn into an accusation in the morning."""
    vouched(sqlite_ledger, place, 1)
    with place.open("ab") as file:
        file.write(b'{"at": "2026')

    assert (None, "") == wrong(sqlite_ledger, place)
    vouched(sqlite_ledger, place, 1)
    assert (None, "") == wrong(sqlite_ledger, place)
    assert 2 == len(place.read_bytes().splitlines())


def test_a_restored_backup_is_said_for_good(ledger: Ledger, place: Path) -> None:
    """A loss that was decided must not look like one that was hidden, nor the other way round.

    This is T32 of docs/tests-of-consent.md.
    """
    vouched(ledger, place, 2, 2)
    cut(ledger, 3)

    report = recover(ledger, place, NOW)

    told = "events 4 to 4 of then are lost"
    assert (None, 4, 4) == (report.broken_seq, report.events, report.vouched)
    assert [told] == [each.sentence().split(": ")[1].split(";")[0] for each in report.recovered]
    vouched(ledger, place, 2)
    later = check(ledger, place)
    assert (None, 6, report.recovered) == (later.broken_seq, later.vouched, later.recovered)


def test_a_restore_heals_no_forgery(ledger: Ledger, place: Path) -> None:
    """A cut end would be the way to have a rewritten chain signed."""
    vouched(ledger, place, 2, 2)
    rewrite(ledger, 1)
    cut(ledger, 3)

    assert 1 == recover(ledger, place, NOW).broken_seq
    assert 2 == len(place.read_bytes().splitlines())


def test_a_line_says_nothing_of_anybody(sqlite_ledger: Ledger, place: Path) -> None:
    """The second place is another recipient; it must not hold personal data."""
    vouched(sqlite_ledger, place, 1)

    told = json.loads(place.read_bytes())

    names = {"kind", "seq", "head", "at", "previous", "key", "next_key", "accepted", "signature"}
    assert names == set(told)
    assert public_key(KeyedHashes(bytes(range(32)))) == told["key"]


def test_a_place_that_cannot_be_written_is_named(sqlite_ledger: Ledger, tmp_path: Path) -> None:
    """A share that is not mounted must be said in the morning, in one line."""
    append(sqlite_ledger, 1)
    tmp_path.joinpath("file").touch()

    with pytest.raises(ConfigError, match=r"ledger\.checkpoints"):
        write_checkpoint(sqlite_ledger, tmp_path / "file" / "checkpoints", NOW)


def test_without_a_second_place_nothing_is_vouched_for(sqlite_ledger: Ledger) -> None:
    """Whoever did not set one up must read that nobody vouches, not that all is well."""
    append(sqlite_ledger, 1)

    assert 0 == write_checkpoint(sqlite_ledger, None, NOW).checkpoints
    report = check(sqlite_ledger, None)
    assert (None, None, 0) == (report.broken_seq, report.checkpoints, report.vouched)
