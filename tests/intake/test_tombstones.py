"""Whoever was purged is not asked again because we forgot (I9)."""

import pytest
from sqlalchemy import select, update

from alumni_sync.clock import FixedClock
from alumni_sync.domain import Fact
from alumni_sync.intake.tombstones import ReopensOn, bury, fact_marks, lift
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Person, Spell, Tombstone, Watermark, t
from alumni_sync.testing.fake_hris import HIRED, employee, leaver
from tests.intake.desk import SOURCE, Desk, counts, desk, say


def purge(one: Desk, *, reopens_on: ReopensOn = "facts", marked: bool = True) -> None:
    """Purge every spell, as retention does: a tombstone stays, facts and keys are gone."""
    ledger = one.ledger
    with ledger.read() as connection:
        rows = connection.execute(select(t(Spell))).all()
        people = {row.id: row.person_hash for row in connection.execute(select(t(Person)))}
    with ledger.write() as connection:
        for row in rows:
            facts = one.facts(dict(row._mapping))
            bury(
                connection,
                row,
                person_hash=people[row.person_id],
                marks=fact_marks(ledger.hashes, row.spell_hash, facts) if marked else "",
                outcome="unanswered",
                revision="r1",
                reopens_on=reopens_on,
                now=one.clock.now(),
            )
        connection.execute(update(t(Spell)).values(sealed=None))
    ledger.vault.shred([row.person_id for row in rows], (KeyKind.PROFILE,))


@pytest.mark.parametrize("marked", [True, False])
def test_a_buried_spell_that_is_listed_as_it_was_stays_buried(
    ledger: Ledger, clock: FixedClock, *, marked: bool
) -> None:
    """The source lists former employees for years (T22)."""
    one = desk(ledger, clock, leaver(1), leaver(2))
    one.pull()
    purge(one, marked=marked)
    before = one.rows(Spell), one.rows(Tombstone)

    assert counts(2, unchanged=2) == one.pull(close=None)
    assert before == (one.rows(Spell), one.rows(Tombstone))


@pytest.mark.parametrize("emptied", [{"personal_email": None}, {"department": None, "tags": ()}])
def test_a_source_that_empties_a_buried_record_does_not_reopen_it(
    sqlite_ledger: Ledger, clock: FixedClock, emptied: dict[str, Fact]
) -> None:
    """Nothing about the person has changed, so nobody is asked again."""
    one = desk(sqlite_ledger, clock, leaver(1), leaver(2))
    one.pull()
    purge(one)

    assert counts(2, unchanged=2) == say(one, leaver(1, **emptied), leaver(2))
    assert [None, None] == [row["sealed"] for row in one.rows(Spell)]


@pytest.mark.parametrize("marked", [True, False])
def test_a_dead_mailbox_is_reopened_by_another_address_alone(
    sqlite_ledger: Ledger, clock: FixedClock, *, marked: bool
) -> None:
    """Whose mails bounced is not written to again because a department was renamed."""
    one = desk(sqlite_ledger, clock, leaver(1), leaver(2))
    one.pull()
    purge(one, reopens_on="address", marked=marked)

    assert counts(2, unchanged=2) == say(one, leaver(1, department="Renamed"), leaver(2))
    corrected = leaver(1, department="Renamed", personal_email="other.1@post.example")
    found = counts(2, new=1, unchanged=1) if marked else counts(2, unchanged=2)
    assert found == say(one, corrected, leaver(2))


@pytest.mark.parametrize("forgotten", [False, True])
def test_another_fact_reopens_a_buried_spell(
    ledger: Ledger, clock: FixedClock, *, forgotten: bool
) -> None:
    """A corrected exit code makes it another exit; the spell is taken in as new."""
    one = desk(ledger, clock, leaver(1), leaver(2))
    one.pull()
    purge(one)
    if forgotten:  # the row itself was removed too
        with ledger.write() as connection:
            connection.execute(t(Spell).delete())

    corrected = leaver(1, exit_kind="retirement", exit_code="K-02")
    assert counts(2, new=1, unchanged=1) == say(one, corrected, leaver(2))

    (spell,) = [row for row in one.rows(Spell) if row["sealed"] is not None]
    assert "retirement" == one.facts(spell)["exit_kind"]
    buried = {row["spell_hash"] for row in one.rows(Tombstone)}
    assert spell["spell_hash"] not in buried, "it would never be asked"
    assert {row["spell_hash"] for row in one.rows(Spell) if row["sealed"] is None} <= buried
    assert counts(2, unchanged=2) == one.pull()


def test_a_fact_that_was_missing_and_is_there_now_reopens(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """Whoever could not be asked for want of an address can be asked now."""
    one = desk(sqlite_ledger, clock, leaver(1, personal_email=None))
    one.pull()
    purge(one)

    assert counts(1, new=1) == say(one, leaver(1))


def test_nothing_reopens_what_is_never_to_be_reopened(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """Whoever was erased stays so, whatever the source says."""
    one = desk(sqlite_ledger, clock, leaver(1))
    one.pull()
    purge(one, reopens_on="never")

    assert counts(1, unchanged=1) == say(one, leaver(1, exit_kind="retirement"))
    assert [None] == [row["sealed"] for row in one.rows(Spell)]


def test_who_moves_into_the_audience_is_a_leaver_again(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """A corrected location makes them one of those whom the programme addresses."""
    one = desk(sqlite_ledger, clock, leaver(1, location="Wien"), leaver(2, location="Wien"))
    one.pull()
    purge(one, reopens_on="audience")

    moved, stayed = leaver(1, location="Warszawa"), leaver(2, location="Wien")
    assert counts(2, new=1, unchanged=1) == say(one, moved, stayed)

    (spell,) = [row for row in one.rows(Spell) if row["sealed"] is not None]
    assert "Warszawa" == one.facts(spell)["location"]
    assert counts(2, unchanged=2) == one.pull()


@pytest.mark.parametrize("forgotten", [False, True])
def test_a_lifted_tombstone_lets_the_same_record_in_once(
    ledger: Ledger, clock: FixedClock, *, forgotten: bool
) -> None:
    """The rules are others now; the person, and the very bytes of the export, are the same."""
    one = desk(ledger, clock, leaver(1), leaver(2))
    one.pull()
    purge(one, reopens_on="audience")
    buried = sorted(row["spell_hash"] for row in one.rows(Tombstone))
    if forgotten:  # the row itself was removed too
        with ledger.write() as connection:
            connection.execute(t(Spell).delete())

    with ledger.write() as connection:
        lift(connection, SOURCE, buried[:1])

    assert counts(2, new=1, unchanged=1) == one.pull()
    (spell,) = [row for row in one.rows(Spell) if row["sealed"] is not None]
    assert buried[0] == spell["spell_hash"]
    assert counts(2, unchanged=2) == one.pull()


def test_a_source_that_tells_changes_is_read_from_the_beginning(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """It would not mention people about whom nothing has changed."""
    one = desk(sqlite_ledger, clock, leaver(1))
    one.pull()
    assert [None] != [row["since"] for row in one.rows(Watermark)]

    with sqlite_ledger.write() as connection:
        lift(connection, SOURCE, [row["spell_hash"] for row in one.rows(Spell)])

    assert [(None, "", 1)] == [(m["since"], m["basis"], m["rows"]) for m in one.rows(Watermark)]


def test_a_taken_back_exit_reopens_nothing(sqlite_ledger: Ledger, clock: FixedClock) -> None:
    """There is nothing left that it could undo."""
    one = desk(sqlite_ledger, clock, leaver(1), leaver(2))
    one.pull()
    purge(one)

    say(one, leaver(1, record_status="rescinded"), employee(2, HIRED))

    assert [None, None] == [row["sealed"] for row in one.rows(Spell)]


def test_a_purged_person_with_a_second_exit_is_a_leaver_again(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """The second exit is asked afresh; the keys of the first are gone, so there are new ones."""
    first = leaver(1, last_working_day=HIRED)
    one = desk(sqlite_ledger, clock, first)
    one.pull()
    purge(one, reopens_on="never")
    second = leaver(1, hire_date=HIRED.replace(year=2023))

    assert counts(2, new=1, unchanged=1) == say(one, first, second)

    (spell,) = [row for row in one.rows(Spell) if row["sealed"] is not None]
    assert "2023-03-01" == one.facts(spell)["spell_id"]
    old, new = sorted(one.rows(Person), key=lambda row: row["id"] == spell["person_id"])
    assert old["person_hash"].endswith(old["id"]), "the old one is not found by it any more"
    assert ("", None) == (old["employee_hash"], old["address_hash"])
    assert one.person("E0001") == new


def test_marks_differ_between_people_with_the_same_fact(sqlite_ledger: Ledger) -> None:
    """Twelve exit kinds can be counted; equal marks would tell who shares one."""
    hashes = sqlite_ledger.hashes
    same = leaver(1)

    assert fact_marks(hashes, "s1", same) == fact_marks(hashes, "s1", dict(same))
    first, second = fact_marks(hashes, "s1", same), fact_marks(hashes, "s2", same)
    pieces = range(0, len(first), 8)
    assert {"--------"} == {
        first[at : at + 8] for at in pieces if first[at : at + 8] == second[at : at + 8]
    }
