"""Finding one person: by what they say, in every spelling, and never a list of everybody."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
from sqlalchemy import insert, select, text

from alumni_sync.clock import FixedClock
from alumni_sync.domain import Identity
from alumni_sync.errors import LedgerError, Refused
from alumni_sync.ledger.request_tables import AccessLog, SubjectRequest
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import t
from alumni_sync.review.people.finding import MOST, Search, find_person
from tests.review.queue_of import PEOPLE, Desk
from tests.review.test_access import NO_MORE_RECORDS
from tests.roster import Leaver, Roster

WHO = [
    {"user": "dpo", "mail": "dpo@acme.example", "roles": ["privacy"]},
    {"user": "de", "mail": "de@acme.example", "roles": ["privacy"], "sources": ["acme-de"]},
]


@pytest.fixture
def office(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Desk:
    """A company on either database, with somebody for privacy."""
    return Desk(Roster.of(tmp_path, ledger, clock, people=[*PEOPLE, *WHO]))


def found(office: Desk, asked: str, source: str = "", user: str = "dpo") -> list[str]:
    """Return whom a search finds."""
    search = find_person(office.d, Identity(user, verified=True), asked, source)
    return [one.person_id for one in search.found]


def log(office: Desk) -> list[Mapping[str, Any]]:
    """Return the record of reads."""
    with office.d.ledger.read() as connection:
        query = select(t(AccessLog)).order_by(t(AccessLog).c.id)
        return [dict(row) for row in connection.execute(query).mappings()]


def requested(office: Desk, leaver: Leaver) -> None:
    """Write a request of somebody, as its first."""
    now = office.d.clock.now()
    row = SubjectRequest(
        id=1, person_id=leaver.person, source=leaver.source, kind="access", state="open",
        channel="mail", received_at=now, due_at=now,
    )  # fmt: skip
    with office.d.ledger.write() as connection:
        connection.execute(insert(t(SubjectRequest)).values(row.model_dump()))


def test_by_everything_that_somebody_may_say(office: Desk) -> None:
    """A person who asks for their data must be found by any number that we ever gave them."""
    leaver = office.roster.add(exit_kind="misconduct", address="zofia@mail.example")
    office.roster.add(address="other@mail.example")
    office.round()
    requested(office, leaver)

    for asked in (
        leaver.person,
        leaver.spell,
        office.number(leaver),
        office.number(leaver).lower(),
        "SR-000001",
        leaver.number,
        f"  {leaver.number} ",
        f"acme-pl/{leaver.number}",
        "zofia@mail.example",
    ):
        assert [leaver.person] == found(office, asked), asked


@pytest.mark.parametrize(
    "written",
    [
        "ŻÓŁĆ@STRASSE.example",
        normalize("NFD", "żółć@strasse.example."),
        " żółć@strasse.EXAMPLE ",
    ],
)
def test_an_address_in_any_spelling(office: Desk, written: str) -> None:
    """T25: the same mailbox, however somebody writes it."""
    leaver = office.roster.add(address="żółć@strasse.example")

    assert [leaver.person] == found(office, written)


def test_a_part_finds_nobody(office: Desk) -> None:
    """A search that leafs is a list of everybody."""
    leaver = office.roster.add(address="zofia@mail.example")

    for asked in ("", " ", "%", "@", "zofia", "zofia@", "@mail.example", "zofia@mail.example%",
                  leaver.number[:-1], "P-", leaver.person[:-1], "P-%", "CR-%", "S-_", "EX-000009",
                  "SR-999999999999999999", "acme-de/" + leaver.number, "nowhere/1", "a" * 5000,
                  "' OR 1=1 --", "\x00"):  # fmt: skip
        assert [] == found(office, asked), asked


def test_the_same_number_at_two_sources(office: Desk) -> None:
    """Two people with one number: whoever asks must say which."""
    one = office.roster.add()
    other = office.roster.add("acme-de")
    known = office.d.ledger.hashes.digest("number", one.number)
    office.roster.set_person(other, number_hash=known)

    assert {one.person, other.person} == set(found(office, one.number))
    assert [one.person] == found(office, one.number, "acme-pl")


def test_whoever_finds_many_sees_nobody(office: Desk) -> None:
    """A mailbox of a whole department names nobody in particular."""
    for _ in range(MOST + 1):
        office.roster.add(address="office@mail.example")

    somebody = Identity("dpo", verified=True)
    assert Search([], too_many=True) == find_person(office.d, somebody, "office@mail.example")


def test_only_at_sources_that_are_theirs(office: Desk) -> None:
    """A role for one company of the group opens no file of another."""
    leaver = office.roster.add()

    assert [] == found(office, leaver.person, user="de")


@pytest.mark.parametrize("user", ["rev", "sec", "ops", "stranger"])
def test_who_may_not_search(office: Desk, user: str) -> None:
    """Reviewers see cases; they have no business looking people up."""
    with pytest.raises(Refused):
        found(office, "P-1", user=user)
    assert [] == log(office)


def test_every_search_is_written_down(office: Desk) -> None:
    """Who looked for whom; and a search that found nobody is one, too. What was typed is not."""
    leaver = office.roster.add(address="zofia@mail.example")

    found(office, "zofia@mail.example", user="aud")
    found(office, "nobody@mail.example")

    assert [("aud", leaver.person, "by address"), ("dpo", "", "by address")] == [
        (row["actor"], row["person_id"], row["subject"]) for row in log(office)
    ]
    assert "mail.example" not in repr(log(office))


def test_a_search_that_cannot_be_written_down_finds_nobody(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """No record, no read."""
    office = Desk(Roster.of(tmp_path, sqlite_ledger, clock, people=[*PEOPLE, *WHO]))
    leaver = office.roster.add()
    with office.d.ledger.write() as connection:
        connection.execute(text(NO_MORE_RECORDS))

    with pytest.raises(LedgerError):
        found(office, leaver.person)
