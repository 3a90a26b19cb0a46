"""The chain is the proof of every consent: whoever touches it must be found out."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import Connection, text

from alumni_sync.domain import Actor, ConsentState
from alumni_sync.errors import LedgerError
from alumni_sync.ledger.chain import (
    GENESIS,
    EventDraft,
    append_event,
    head,
    load_blob,
    read_event,
    store_blob,
    verify,
)
from alumni_sync.ledger.store import Ledger
from tests.conftest import NOW

DRAFT = EventDraft(
    event="given",
    person_id="P-1",
    spell_id="S-1",
    invitation_id="I-1",
    state_before=ConsentState.INVITED,
    state_after=ConsentState.GIVEN,
    occurred_at=NOW,
    recorded_at=NOW,
    actor=Actor.SUBJECT,
    channel="mail_link",
    notice_sha256="ab" * 32,
    body={"purposes": ["community"], "language": "pl"},
)


def _append(ledger: Ledger, count: int) -> list[int]:
    seqs = []
    for number in range(count):
        with ledger.write() as connection:
            seqs.append(append_event(connection, replace(DRAFT, invitation_id=f"I-{number}")))
    return seqs


def _without_triggers(ledger: Ledger, act: Callable[[Connection], object]) -> None:
    """Do what a database superuser could do behind our back."""
    if ledger.engine.dialect.name == "postgresql":
        off = ["ALTER TABLE consent_event DISABLE TRIGGER USER"]
    else:
        off = ["DROP TRIGGER consent_event_no_UPDATE", "DROP TRIGGER consent_event_no_DELETE"]
    with ledger.write() as connection:
        for statement in off:
            connection.execute(text(statement))
        act(connection)


def test_an_untouched_chain_is_sound(ledger: Ledger) -> None:
    """A false alarm would make people ignore the true one."""
    assert _append(ledger, 5) == [1, 2, 3, 4, 5]

    report = verify(ledger)

    with ledger.read() as connection:
        assert (report.events, report.head) == head(connection)
    assert (report.broken_seq, report.problem) == (None, "")


def test_an_empty_chain_is_sound(ledger: Ledger) -> None:
    """A new deployment must not start with an alarm."""
    assert (verify(ledger).events, verify(ledger).head) == (0, GENESIS)


def test_an_event_is_read_back_as_it_was_written(ledger: Ledger) -> None:
    """The bytes are the record: what they do not hold cannot be shown years later."""
    _append(ledger, 1)

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
    _append(ledger, 2)

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
def test_a_touched_row_is_named(ledger: Ledger, fault: str) -> None:
    """An auditor needs the first wrong row, not only that something is wrong."""
    statement, seq, problem = FAULTS[fault]
    _append(ledger, 5)

    _without_triggers(ledger, lambda connection: connection.execute(text(statement)))

    report = verify(ledger)
    assert report.broken_seq == seq
    assert problem in report.problem


def test_two_rows_that_changed_places_are_noticed(ledger: Ledger) -> None:
    """Order is meaning: a yes after a withdrawal is another story than before it."""
    _append(ledger, 5)

    def swap(connection: Connection) -> None:
        for old, new in ((2, 99), (3, 2), (99, 3)):
            move = text("UPDATE consent_event SET seq=:new WHERE seq=:old")
            connection.execute(move, {"old": old, "new": new})

    _without_triggers(ledger, swap)

    assert verify(ledger).broken_seq == 2


def test_a_cut_off_end_shows_against_a_checkpoint(ledger: Ledger) -> None:
    """The chain alone cannot know that its last rows are gone."""
    _append(ledger, 5)
    with ledger.read() as connection:
        checkpoint = head(connection)

    _without_triggers(
        ledger, lambda connection: connection.execute(text("DELETE FROM consent_event WHERE seq=5"))
    )

    assert verify(ledger).broken_seq is None
    assert verify(ledger, checkpoint=checkpoint).broken_seq == 5
    assert verify(ledger, checkpoint=(3, "00" * 32)).problem == "differs from the checkpoint"


def test_many_writers_at_once_make_one_chain(ledger: Ledger) -> None:
    """Two answers in the same moment must not fork the evidence."""
    with ThreadPoolExecutor(8) as pool:
        seqs = [seq for batch in pool.map(lambda _: _append(ledger, 4), range(8)) for seq in batch]

    assert sorted(seqs) == list(range(1, 33))
    assert (verify(ledger).events, verify(ledger).problem) == (32, "")


def test_the_exact_text_is_kept_once(ledger: Ledger) -> None:
    """What a person read must be shown byte for byte; ten thousand readers need one copy."""
    with ledger.write() as connection:
        first = store_blob(connection, b"<h1>Notice</h1>", "text/html", NOW)
        second = store_blob(connection, b"<h1>Notice</h1>", "text/html", NOW)
        assert first == second
        assert load_blob(connection, first) == b"<h1>Notice</h1>"
        assert load_blob(connection, "00") is None
