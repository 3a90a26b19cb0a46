"""T28 for every row and every column: no place in the chain may be one that nobody looks at."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import product

import pytest
from sqlalchemy import Connection, select, text, update

from alumni_sync.ledger.chain import ChainReport, append_event, verify
from alumni_sync.ledger.store import Ledger
from tests.ledger.chains import DRAFT, EVENTS, append, without_triggers

ROWS = 4
EACH = range(1, ROWS + 1)
COLUMNS = sorted(set(EVENTS.c.keys()) - {"seq", "occurred_at", "canonical"})


def touched(ledger: Ledger, act: Callable[[Connection], object]) -> ChainReport:
    """Return what `verify` says of a sound chain after an act, which is undone again."""
    assert (ROWS, None) == (verify(ledger).events, verify(ledger).broken_seq)
    with ledger.read() as connection:
        before = [dict(row) for row in connection.execute(select(EVENTS)).mappings()]
    without_triggers(ledger, act)
    report = verify(ledger)
    with ledger.write() as connection:
        connection.execute(EVENTS.delete())
        connection.execute(EVENTS.insert(), before)
    return report


@pytest.fixture
def chained(sqlite_ledger: Ledger) -> Ledger:
    """Return a ledger with a few events."""
    append(sqlite_ledger, ROWS)
    return sqlite_ledger


def edited(seq: int, **values: object) -> Callable[[Connection], object]:
    """Return the act that edits columns of one row."""
    return lambda connection: connection.execute(
        update(EVENTS).where(EVENTS.c.seq == seq).values(values)
    )


def test_t28_an_edited_column_is_named(chained: Ledger) -> None:
    """The desk and the gates read the columns: one that may differ is a consent that may."""
    for seq, column in product(EACH, COLUMNS):
        report = touched(chained, edited(seq, **{column: f"edited-{column}"}))
        assert (seq, seq - 1, True) == (report.broken_seq, report.events, bool(report.problem))


def test_t28_an_edited_instant_is_named(chained: Ledger) -> None:
    """An hour decides whether a yes came before the exit."""
    told = "edited: column occurred_at differs from the record"
    for seq in EACH:
        for hours in (-1, 1):
            moved = DRAFT.occurred_at + timedelta(hours=hours)
            assert (seq, told) == wrong(touched(chained, edited(seq, occurred_at=moved)))


def test_t28_an_instant_that_is_none_is_named_too(chained: Ledger) -> None:
    """SQLite takes any text; a check that dies of it names nothing."""
    nonsense = text("UPDATE consent_event SET occurred_at = 'yesterday' WHERE seq = 2")

    without_triggers(chained, lambda connection: connection.execute(nonsense))

    assert (2, "edited: column occurred_at is no instant") == wrong(verify(chained))


@pytest.mark.parametrize(
    "edit",
    [
        "canonical = CAST(canonical AS TEXT)",
        "occurred_at = 5",
        "occurred_at = CAST(occurred_at AS BLOB)",
        "occurred_at = replace(occurred_at, ' ', 'T')",  # sorts after all of that day
        "occurred_at = replace(occurred_at, '-11-', '-77-')",
        "actor = CAST(actor AS BLOB)",
        "spell_id = spell_id || char(0)",
    ],
)
def test_t28_a_value_of_another_type_is_named_too(chained: Ledger, edit: str) -> None:
    """SQLite keeps whatever is put into a column: neither may it pass, nor end the check."""
    changed = text(f"UPDATE consent_event SET {edit} WHERE seq = 2")  # noqa: S608 of this test

    without_triggers(chained, lambda connection: connection.execute(changed))

    assert 2 == verify(chained).broken_seq


def test_t28_every_byte_counts(chained: Ledger) -> None:
    """The bytes are the record: one letter in the body is another consent."""
    told = "edited: the bytes do not have the recorded hash"
    with chained.read() as connection:
        rows = connection.execute(select(EVENTS.c.seq, EVENTS.c.canonical)).all()
    for seq, old in rows:
        new = old.replace(b'"language":"pl"', b'"language":"pI"')
        assert (seq, told) == wrong(touched(chained, edited(seq, canonical=new)))


def removed(seq: int, connection: Connection) -> None:
    """Remove one row."""
    connection.execute(EVENTS.delete().where(EVENTS.c.seq == seq))


def test_t28_a_removed_row_is_named(chained: Ledger) -> None:
    """A withdrawal that is gone leaves a yes standing."""
    for seq in EACH[:-1]:
        report = touched(chained, partial(removed, seq))
        assert (seq, f"missing: the next row has number {seq + 1}") == wrong(report)


def moved(moves: Sequence[tuple[int, int]], connection: Connection) -> None:
    """Give rows other numbers, one after the other."""
    for old, new in moves:
        connection.execute(update(EVENTS).where(EVENTS.c.seq == old).values(seq=new))


def test_t28_two_neighbours_that_changed_places_are_named(chained: Ledger) -> None:
    """A yes after a withdrawal is another story than before it."""
    for seq in EACH[:-1]:
        swap = partial(moved, ((seq, 99), (seq + 1, seq), (99, seq + 1)))
        assert seq == touched(chained, swap).broken_seq


def test_t28_an_inserted_row_is_named(chained: Ledger) -> None:
    """A yes that nobody said can be a perfect event; it has no place to stand in."""

    def insert(seq: int, connection: Connection) -> None:
        forged = append_event(connection, replace(DRAFT, person_id="P-9"))
        away = [(old, old + 100) for old in range(ROWS, seq - 1, -1)]
        back = [(old + 100, old + 1) for old in range(seq, ROWS + 1)]
        moved([*away, (forged, seq), *back], connection)

    for seq in EACH:
        assert seq == touched(chained, partial(insert, seq)).broken_seq


def wrong(report: ChainReport) -> tuple[int | None, str]:
    """Return which row is wrong, and what."""
    return report.broken_seq, report.problem


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor", 'subject","body":{"a":"'),
        ("channel", 'x","z":{},"channel":"mail_link'),
        ("channel", "mail\\u005flink"),
    ],
)
def test_t28_words_that_look_like_the_record_are_not_taken_for_it(
    sqlite_ledger: Ledger, column: str, value: str
) -> None:
    """Columns are compared as text; a quote in one must not move where the next begins."""
    body = {"a": '","z":{},"channel":"', "x": {"y": {}}}
    with sqlite_ledger.write() as connection:
        append_event(connection, replace(DRAFT, body=body))
    assert verify(sqlite_ledger).broken_seq is None

    without_triggers(
        sqlite_ledger,
        lambda connection: connection.execute(update(EVENTS).values({column: value})),
    )

    assert (1, f"edited: column {column} differs from the record") == wrong(verify(sqlite_ledger))


def test_an_event_with_a_quote_in_a_column_is_sound(sqlite_ledger: Ledger) -> None:
    """What the quick look does not understand must be read, not accused."""
    with sqlite_ledger.write() as connection:
        append_event(connection, replace(DRAFT, channel='by "phone"'))

    assert (1, None) == (verify(sqlite_ledger).events, verify(sqlite_ledger).broken_seq)
