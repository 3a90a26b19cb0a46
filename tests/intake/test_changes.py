"""What is new of a spell that is known, and what only looks new."""

from datetime import UTC, date, datetime

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.domain import NOT_VISIBLE, Fact
from alumni_sync.intake.merging import merged
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Person, Spell
from alumni_sync.testing.fake_hris import employee, leaver
from tests.intake.desk import Desk, counts, desk, say

KEY = "E0001/2019-03-01"


def only(one: Desk) -> dict[str, object]:
    """Return the plain columns of the only spell."""
    (row,) = one.rows(Spell)
    return row


def test_a_new_spell_has_its_columns(ledger: Ledger, clock: FixedClock) -> None:
    """Every later stage finds spells by these, without a key."""
    one = desk(ledger, clock, leaver(1))
    one.pull()

    row, person = one.spells()[KEY], one.person("E0001")

    assert leaver(1) == row["facts"]
    assert ("left", date(2019, 3, 1), date(2026, 9, 30)) == (
        row["record_status"],
        row["hired_on"],
        row["last_working_day"],
    )
    assert datetime(2026, 9, 30, 22, tzinfo=UTC) == row["effective_at"], "midnight in Warsaw"
    assert (date(2026, 10, 29), clock.now(), clock.now(), 1) == (
        row["close"],
        row["first_seen_at"],
        row["changed_at"],
        row["revision"],
    )
    assert (None, None, None) == (row["verdict"], row["judged_facts"], row["purge_after"])
    hashes = ledger.hashes
    assert hashes.address("galina.1@post.example") == person["address_hash"]
    assert hashes.digest("employee", "acme-pl", "70001") == person["employee_hash"]
    assert hashes.digest("number", "70001") == person["number_hash"]
    assert None is person["key_hash"]


@pytest.mark.parametrize(
    ("day", "effective"),
    [
        (date(2026, 3, 28), datetime(2026, 3, 28, 23, tzinfo=UTC)),
        (date(2026, 3, 29), datetime(2026, 3, 29, 22, tzinfo=UTC)),  # the clocks went forward
        (date(2026, 10, 24), datetime(2026, 10, 24, 22, tzinfo=UTC)),
        (date(2026, 10, 25), datetime(2026, 10, 25, 23, tzinfo=UTC)),  # and back
    ],
)
def test_an_exit_is_effective_when_the_day_ends_at_the_site(
    sqlite_ledger: Ledger, clock: FixedClock, day: date, effective: datetime
) -> None:
    """An hour too early and the mail reaches somebody who still works here."""
    one = desk(sqlite_ledger, clock, leaver(1, last_working_day=day))
    one.pull()

    assert effective == only(one)["effective_at"]


def test_a_changed_fact_is_a_new_revision_of_the_same_spell(
    ledger: Ledger, clock: FixedClock
) -> None:
    """A correction must reach the rules; a second spell would ask a second time."""
    one = desk(ledger, clock, leaver(1), leaver(2))
    one.pull()
    before = one.spells()[KEY]
    clock.set(clock.now().replace(day=4))

    assert counts(2, changed=1, unchanged=1) == say(
        one, leaver(1, exit_kind="misconduct", exit_code="K-03"), leaver(2)
    )

    after = one.spells()[KEY]
    assert "misconduct" == after["facts"]["exit_kind"]
    assert (before["id"], 2, clock.now()) == (after["id"], after["revision"], after["changed_at"])
    assert before["facts_hash"] != after["facts_hash"]
    assert before["first_seen_at"] == after["first_seen_at"]


def test_a_changed_address_is_the_persons_address_from_then_on(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """Two people with one address go to review; the hash has to follow."""
    one = desk(sqlite_ledger, clock, leaver(1), leaver(2))
    one.pull()

    say(one, leaver(1, personal_email="galina.2@POST.example"), leaver(2))

    assert 1 == len({row["address_hash"] for row in one.rows(Person)})


def test_facts_that_turn_null_after_the_exit_are_no_change(
    ledger: Ledger, clock: FixedClock
) -> None:
    """HR systems empty former employees: nobody may lose the invitation, or be judged anew."""
    one = desk(ledger, clock, leaver(1), leaver(2))
    one.pull()
    before = one.spells()[KEY]
    emptied = leaver(1, personal_email=None, exit_code=None, exit_kind="unknown", department=None)

    assert counts(2, unchanged=2) == say(one, emptied, leaver(2))

    after = one.spells()[KEY]
    kept = ("facts", "facts_hash", "revision", "changed_at")
    assert [before[name] for name in kept] == [after[name] for name in kept]
    hashes = ledger.hashes
    assert hashes.address("galina.1@post.example") == one.person("E0001")["address_hash"]


def test_an_emptied_record_is_not_looked_at_again(sqlite_ledger: Ledger, clock: FixedClock) -> None:
    """Half the file would be unsealed in every run."""
    one = desk(sqlite_ledger, clock, leaver(1), leaver(2))
    one.pull()
    say(one, leaver(1, department=None), leaver(2))
    before = one.rows(Spell)

    assert counts(2, unchanged=2) == one.pull()
    assert before == one.rows(Spell)


def test_a_fact_that_comes_back_as_it_was_is_no_change(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """A flickering export must not reopen cases."""
    one = desk(sqlite_ledger, clock, leaver(1), leaver(2))
    one.pull()
    before = one.spells()[KEY]["facts_hash"]
    say(one, leaver(1, department=None), leaver(2))

    assert counts(2, unchanged=2) == say(one, leaver(1), leaver(2))
    assert before == one.spells()[KEY]["facts_hash"]


def test_before_the_exit_an_emptied_field_counts(sqlite_ledger: Ledger, clock: FixedClock) -> None:
    """Somebody may have taken the private address back on the exit form."""
    soon = {"last_working_day": date(2026, 11, 30), "exit_date": date(2026, 11, 30)}
    one = desk(sqlite_ledger, clock, leaver(1, **soon))
    one.pull()

    assert counts(1, changed=1) == say(one, leaver(1, personal_email=None, **soon))
    assert None is one.spells()[KEY]["facts"]["personal_email"]


def test_a_field_that_a_person_unmapped_is_gone(sqlite_ledger: Ledger, clock: FixedClock) -> None:
    """Data minimisation by the mapping has to reach what is stored."""
    one = desk(sqlite_ledger, clock, leaver(1))
    one.pull()
    less = {name: fact for name, fact in leaver(1).items() if name != "birth_date"}

    assert counts(1, changed=1) == say(one, less)
    assert "birth_date" not in one.spells()[KEY]["facts"]


def test_an_exit_that_is_put_off_is_effective_later(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """Whoever was to be asked is held again."""
    one = desk(sqlite_ledger, clock, leaver(1))
    one.pull()

    say(one, leaver(1, last_working_day=date(2026, 12, 31)))

    assert datetime(2026, 12, 31, 23, tzinfo=UTC) == only(one)["effective_at"]


@pytest.mark.parametrize("status", ["rescinded", "deleted", "hire_cancelled"])
def test_a_record_that_takes_the_exit_back_says_so_on_the_spell(
    ledger: Ledger, clock: FixedClock, status: str
) -> None:
    """What was begun is undone: an invitation to somebody who stays is embarrassing."""
    one = desk(ledger, clock, leaver(1), leaver(2))
    one.pull()
    told = (
        leaver(1, record_status=status)
        if status == "rescinded"
        else employee(1, date(2019, 3, 1), status)
    )

    assert counts(2, changed=1, unchanged=1) == say(one, told, leaver(2))

    spell = one.spells()[KEY]
    assert (status, status) == (spell["record_status"], spell["facts"]["record_status"])
    assert "Zakupy" == spell["facts"]["department"], "what it undoes can still be told"
    assert counts(2, unchanged=2) == one.pull()


def test_a_leaver_listed_as_working_on_the_same_contract_has_not_left(
    ledger: Ledger, clock: FixedClock
) -> None:
    """Many sources know no word for a rescinded exit: the row simply says active again."""
    one = desk(ledger, clock, leaver(1), leaver(2))
    one.pull()

    assert counts(2, not_leavers=1, unchanged=1) == say(
        one, employee(1, date(2019, 3, 1)), leaver(2)
    )
    assert "rescinded" == only_of(one, KEY)["record_status"]
    assert counts(2, not_leavers=1, unchanged=1) == one.pull()

    assert counts(2, changed=1, unchanged=1) == say(one, leaver(1), leaver(2))
    assert "left" == only_of(one, KEY)["record_status"]


def only_of(one: Desk, key: str) -> dict[str, object]:
    """Return one spell."""
    return one.spells()[key]


def test_a_known_leaver_who_was_only_transferred_goes_on_to_be_judged(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """The code was corrected after the invitation: the rules have to see it."""
    one = desk(sqlite_ledger, clock, leaver(1))
    one.pull()

    corrected = leaver(1, exit_kind="internal_transfer", exit_code="K-10")
    assert counts(1, changed=1) == say(one, corrected)
    assert "internal_transfer" == one.spells()[KEY]["facts"]["exit_kind"]


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        ({"a": "x"}, {"a": None}, {"a": "x"}),
        ({"a": "x"}, {"a": "y"}, {"a": "y"}),
        ({"a": None}, {"a": "y"}, {"a": "y"}),
        ({"a": "x"}, {"a": NOT_VISIBLE}, {"a": "x"}),
        ({"a": NOT_VISIBLE}, {"a": None}, {"a": None}),
        ({"a": ("x",)}, {"a": ()}, {"a": ("x",)}),
        ({"a": "x", "b": "y"}, {"a": "x"}, {"a": "x"}),
        ({"a": 0}, {"a": None}, {"a": 0}),
        (
            {"exit_code": "K-03", "exit_kind": "misconduct"},
            {"exit_code": None, "exit_kind": "unknown"},
            {"exit_code": "K-03", "exit_kind": "misconduct"},
        ),
        (
            {"exit_code": "K-03", "exit_kind": "unknown"},
            {"exit_code": "K-03", "exit_kind": "misconduct"},
            {"exit_code": "K-03", "exit_kind": "misconduct"},
        ),
    ],
)
def test_what_is_kept_of_old_and_new(
    old: dict[str, Fact], new: dict[str, Fact], kept: dict[str, Fact]
) -> None:
    """First seen, and never less; but a correction is a correction."""
    assert kept == merged(old, new, after_exit=True)
    assert new == merged(old, new, after_exit=False)
