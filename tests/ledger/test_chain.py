"""The chain is the proof of every consent: whoever touches it must be found out."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, text, update

from alumni_sync.errors import LedgerError
from alumni_sync.ledger.chain import (
    GENESIS,
    ChainReport,
    entry_hash,
    head,
    load_blob,
    read_event,
    store_blob,
    verify,
)
from alumni_sync.ledger.store import Ledger
from tests.conftest import NOW
from tests.ledger.chains import EVENTS, append, cut, rewrite, without_triggers


def test_an_untouched_chain_is_sound(ledger: Ledger) -> None:
    """A false alarm would make people ignore the true one."""
    assert append(ledger, 5) == [1, 2, 3, 4, 5]

    report = verify(ledger)

    with ledger.read() as connection:
        assert (report.events, report.head) == head(connection)
    assert (report.broken_seq, report.problem) == (None, "")


def test_an_empty_chain_is_sound(ledger: Ledger) -> None:
    """A new deployment must not start with an alarm."""
    assert (verify(ledger).events, verify(ledger).head) == (0, GENESIS)


def test_an_event_is_read_back_as_it_was_written(ledger: Ledger) -> None:
    """The bytes are the record: what they do not hold cannot be shown years later."""
    append(ledger, 1)

    with ledger.read() as connection:
        row = connection.execute(text("SELECT canonical FROM consent_event")).scalar_one()
    event = read_event(bytes(row))

    assert event["body"] == {"language": "pl", "purposes": ["community"]}
    assert event["occurred_at"] == "2026-11-03T09:00:00.000000Z"
    assert (event["event"], event["actor"], event["seq"]) == ("given", "subject", "1")


@pytest.mark.parametrize(
    "statement", ["DELETE FROM consent_event", "UPDATE consent_event SET seq=9"]
)
def test_nobody_rewrites_history_by_accident(ledger: Ledger, statement: str) -> None:
    """A careless clean-up script would destroy evidence."""
    append(ledger, 2)

    with pytest.raises(LedgerError), ledger.write() as connection:
        connection.execute(text(statement))

    assert verify(ledger).events == 2


FAULTS: dict[str, tuple[str, int, str]] = {
    "a column edited": ("UPDATE consent_event SET event='refused' WHERE seq=3", 3, "column event"),
    "a date edited": (
        "UPDATE consent_event SET occurred_at='2020-01-01 00:00:00+00' WHERE seq=3",
        3,
        "occurred_at",
    ),
    "the bytes edited": (
        (
            "UPDATE consent_event SET canonical=(SELECT canonical FROM consent_event AS e "
            "WHERE e.seq=1) WHERE seq=3"
        ),
        3,
        "do not have the recorded hash",
    ),
    "the hash edited": ("UPDATE consent_event SET entry_hash='00' WHERE seq=3", 3, "edited"),
    "a row removed": ("DELETE FROM consent_event WHERE seq=3", 3, "missing"),
    "the first row removed": ("DELETE FROM consent_event WHERE seq=1", 1, "missing"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_t28_a_touched_row_is_named(ledger: Ledger, fault: str) -> None:
    """An auditor needs the first wrong row, not only that something is wrong."""
    statement, seq, problem = FAULTS[fault]
    append(ledger, 5)

    without_triggers(ledger, lambda connection: connection.execute(text(statement)))

    report = verify(ledger)
    assert report.broken_seq == seq
    assert problem in report.problem


def test_t28_two_rows_that_changed_places_are_noticed(ledger: Ledger) -> None:
    """Order is meaning: a yes after a withdrawal is another story than before it."""
    append(ledger, 5)

    def swap(connection: Connection) -> None:
        for old, new in ((2, 99), (3, 2), (99, 3)):
            move = text("UPDATE consent_event SET seq=:new WHERE seq=:old")
            connection.execute(move, {"old": old, "new": new})

    without_triggers(ledger, swap)

    assert verify(ledger).broken_seq == 2


def test_a_cut_off_end_shows_only_against_somebody_who_vouches(ledger: Ledger) -> None:
    """The chain alone cannot know that its last rows are gone."""
    append(ledger, 5)
    with ledger.read() as connection:
        seq, last = head(connection)

    cut(ledger, 4)

    assert verify(ledger).broken_seq is None
    assert (5, "cut off: there were 5 events") == _wrong(verify(ledger, {seq: last}))


def test_a_chain_written_anew_shows_only_against_somebody_who_vouches(ledger: Ledger) -> None:
    """Whoever owns the database can make all hashes fit; the first row in doubt is named."""
    append(ledger, 3)
    with ledger.read() as connection:
        vouched = dict([head(connection)])
    append(ledger, 3)
    with ledger.read() as connection:
        vouched |= dict([head(connection)])

    rewrite(ledger, 5)

    assert verify(ledger).broken_seq is None
    told = "rewritten: events 4 to 6 differ from the checkpoint"
    assert (4, told) == _wrong(verify(ledger, vouched))


def test_bytes_that_are_no_event_are_named_and_stop_nothing(ledger: Ledger) -> None:
    """A check that dies of what it looks for tells the auditor nothing."""
    append(ledger, 3)
    bad = {"canonical": b"[]", "entry_hash": entry_hash(b"[]")}

    without_triggers(
        ledger, lambda connection: connection.execute(update(EVENTS).where(EVENTS.c.seq == 2), bad)
    )

    assert (2, "edited: the bytes are no event") == _wrong(verify(ledger))


def _wrong(report: ChainReport) -> tuple[int | None, str]:
    return report.broken_seq, report.problem


def test_t31_a_hundred_writers_at_once_make_one_chain(ledger: Ledger) -> None:
    """Two answers in the same moment must not fork the evidence."""
    with ThreadPoolExecutor(100) as pool:
        seqs = [seq for one in pool.map(lambda _: append(ledger, 1), range(100)) for seq in one]

    assert sorted(seqs) == list(range(1, 101))
    assert (verify(ledger).events, verify(ledger).problem) == (100, "")


def test_the_exact_text_is_kept_once(ledger: Ledger) -> None:
    """What a person read must be shown byte for byte; ten thousand readers need one copy."""
    with ledger.write() as connection:
        first = store_blob(connection, b"<h1>Notice</h1>", "text/html", NOW)
        second = store_blob(connection, b"<h1>Notice</h1>", "text/html", NOW)
        assert first == second
        assert load_blob(connection, first) == b"<h1>Notice</h1>"
        assert load_blob(connection, "00") is None
