"""Who is a leaver depends on everything a source says of a person, not on one row."""

from collections.abc import Sequence
from datetime import date
from itertools import permutations
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alumni_sync.clock import FixedClock
from alumni_sync.intake.placing import RANKS, Employment, Place, Standing, place, works_here
from alumni_sync.ledger.store import Ledger
from alumni_sync.testing.fake_hris import LEFT, employee, leaver
from tests.intake.desk import counts, desk, say

SINCE = date(2021, 5, 1)
TO_COME = date(2026, 12, 1)
BEGUN = date(2026, 10, 15)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_second_contract_that_goes_on_makes_nobody_a_leaver_in_any_order(
    sqlite_ledger: Ledger, clock: FixedClock, order: Sequence[int]
) -> None:
    """Somebody who still works here would be asked to join the alumni."""
    rows = [leaver(1), employee(1, SINCE), leaver(2)]
    one = desk(sqlite_ledger, clock, *(rows[at] for at in order), page_rows=1)

    assert counts(3, new=1, not_leavers=2) == one.pull()
    assert ["E0002/2019-03-01"] == list(one.spells())


def test_a_coming_job_is_noted_begins_and_ends_what_was(ledger: Ledger, clock: FixedClock) -> None:
    """A rehire suspends a leaver at once, and ends the consent on its first day."""
    one = desk(ledger, clock, leaver(1), employee(1, TO_COME))

    assert counts(2, new=1, not_leavers=1) == one.pull()
    before = one.spells()["E0001/2019-03-01"]
    clock.set(clock.now().replace(month=12, day=1))
    assert counts(2, unchanged=1, not_leavers=1) == one.pull()
    after = one.spells()["E0001/2019-03-01"]

    assert (TO_COME, False) == (before["rehire_on"], before["rehire_ends"])
    assert (TO_COME, True) == (after["rehire_on"], after["rehire_ends"])


def test_a_known_leaver_who_is_hired_again_is_told_apart(ledger: Ledger, clock: FixedClock) -> None:
    """The row of the new job is nobody's exit, yet it decides on a consent."""
    one = desk(ledger, clock, leaver(1), leaver(2))
    one.pull()

    assert counts(3, unchanged=2, not_leavers=1) == say(
        one, leaver(1), leaver(2), employee(1, BEGUN)
    )

    spells = one.spells()
    assert (BEGUN, True) == tuple(
        spells["E0001/2019-03-01"][name] for name in ("rehire_on", "rehire_ends")
    )
    assert (None, False) == tuple(
        spells["E0002/2019-03-01"][name] for name in ("rehire_on", "rehire_ends")
    )
    assert one.person("E0001")["active_elsewhere"]


def test_a_rehire_is_noted_although_the_old_row_is_gone(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """Many exports drop the old contract when the new one begins."""
    one = desk(sqlite_ledger, clock, leaver(1), leaver(2), leaver(3))
    one.pull()

    say(one, employee(1, BEGUN), leaver(2), leaver(3))

    assert BEGUN == one.spells()["E0001/2019-03-01"]["rehire_on"]


def test_a_row_that_is_missing_takes_nothing_back(sqlite_ledger: Ledger, clock: FixedClock) -> None:
    """Neither an exit nor a rehire ends because an export has lost a row."""
    one = desk(sqlite_ledger, clock, leaver(1), employee(1, TO_COME), *map(leaver, range(2, 9)))
    one.pull()

    say(one, *map(leaver, range(2, 9)))
    say(one, leaver(1, department="IT"), *map(leaver, range(2, 9)))

    spell = one.spells()["E0001/2019-03-01"]
    assert ("left", TO_COME) == (spell["record_status"], spell["rehire_on"])


def test_a_cancelled_hire_takes_the_rehire_back(sqlite_ledger: Ledger, clock: FixedClock) -> None:
    """The consent resumes; nobody has to be asked again."""
    one = desk(sqlite_ledger, clock, leaver(1), employee(1, TO_COME))
    one.pull()

    assert counts(2, unchanged=1, not_leavers=1) == say(
        one, leaver(1), employee(1, TO_COME, "hire_cancelled")
    )

    spell = one.spells()["E0001/2019-03-01"]
    assert (None, False) == (spell["rehire_on"], spell["rehire_ends"])


def test_a_rehire_that_is_put_off_moves(sqlite_ledger: Ledger, clock: FixedClock) -> None:
    """The day decides when the consent ends."""
    one = desk(sqlite_ledger, clock, leaver(1), employee(1, TO_COME))
    one.pull()
    later = TO_COME.replace(year=2027)

    say(one, leaver(1), employee(1, later), employee(1, TO_COME, "hire_cancelled"))

    assert later == one.spells()["E0001/2019-03-01"]["rehire_on"]


def test_a_rehire_date_on_the_leavers_own_record_counts(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """Some sources never list the coming contract."""
    one = desk(sqlite_ledger, clock, leaver(1, rehire_date=TO_COME), leaver(2, rehire_date=BEGUN))

    assert counts(2, new=1, not_leavers=1) == one.pull()
    assert TO_COME == one.spells()["E0001/2019-03-01"]["rehire_on"]


def test_the_second_exit_is_a_spell_of_its_own(sqlite_ledger: Ledger, clock: FixedClock) -> None:
    """It is asked afresh, and the first one stays ended."""
    one = desk(sqlite_ledger, clock, leaver(1, last_working_day=date(2022, 1, 31)))
    one.pull()
    first = leaver(1, last_working_day=date(2022, 1, 31))
    second = leaver(1, hire_date=date(2023, 2, 1))

    assert counts(2, new=1, unchanged=1) == say(one, first, second)

    spells = one.spells()
    assert (date(2023, 2, 1), True) == tuple(
        spells["E0001/2019-03-01"][name] for name in ("rehire_on", "rehire_ends")
    )
    assert None is spells["E0001/2023-02-01"]["rehire_on"]
    assert not one.person("E0001")["active_elsewhere"]
    assert 1 == len({spell["person_id"] for spell in spells.values()})


def test_an_old_spell_that_turns_up_late_is_nobodys_exit_now(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """A history export must not ask people again for every job they ever had."""
    one = desk(sqlite_ledger, clock, leaver(1))
    one.pull()
    old = leaver(1, hire_date=date(2010, 1, 1), last_working_day=date(2012, 1, 1))

    assert counts(2, unchanged=1, not_leavers=1) == say(one, leaver(1), old)
    assert counts(1, not_leavers=1) == say(one, old)


def test_of_two_exits_on_one_day_the_adverse_one_speaks(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """Somebody dismissed for misconduct would be invited for the other contract."""
    other = leaver(1, hire_date=SINCE, exit_kind="misconduct", exit_code="K-03")
    one = desk(sqlite_ledger, clock, leaver(1), other)

    assert counts(2, new=1, not_leavers=1) == one.pull()
    assert ["misconduct"] == [spell["facts"]["exit_kind"] for spell in one.spells().values()]


def test_a_corrected_hire_date_makes_no_second_leaver(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """Without an id of its own a spell is known by its hire date; nobody is asked twice."""
    one = desk(sqlite_ledger, clock, leaver(1))
    one.pull()

    say(one, leaver(1, hire_date=date(2019, 4, 1)))

    assert ["E0001/2019-03-01"] == list(one.spells())


def test_a_later_delivery_supersedes_an_earlier_one(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """The exit of November is a correction of October's row, not a contradiction."""
    rows = [employee(1, date(2019, 3, 1)), leaver(2), leaver(1), leaver(2, department="IT")]
    one = desk(sqlite_ledger, clock, *rows, full=False, parts={2: 1, 3: 1})

    assert counts(4, new=2, unchanged=2) == one.pull()
    assert "IT" == one.spells()["E0002/2019-03-01"]["facts"]["department"]
    assert counts(4, unchanged=4) == one.pull()


# --- the pure part --------------------------------------------------------------------------------

DAY = LEFT.toordinal()
ENDED = Employment(1, Standing.LEFT, DAY - 900, DAY)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (Employment(2, Standing.ACTIVE, DAY - 90), Place(leaver=False, rehired=DAY + 1)),
        (Employment(2, Standing.ACTIVE, DAY + 1), Place(leaver=False, rehired=DAY + 1)),
        (Employment(2, Standing.ACTIVE, DAY + 9), Place(leaver=False, rehired=DAY + 9)),
        (Employment(2, Standing.ACTIVE, DAY + 11), Place(leaver=True, rehired=DAY + 11)),
        (Employment(2, Standing.RESCINDED, DAY - 9), Place(leaver=False, rehired=DAY + 1)),
        (Employment(2, Standing.LEFT, DAY - 9, DAY + 2), Place(leaver=False, rehired=DAY + 1)),
        (Employment(2, Standing.LEFT, DAY - 99, DAY - 9), Place(leaver=True)),
        (Employment(2, Standing.HIRE_CANCELLED, DAY + 2), Place(leaver=True)),
        (Employment(2, Standing.DELETED, DAY - 9), Place(leaver=True)),
        (Employment(2, Standing.MOVED, DAY - 9, DAY), Place(leaver=True)),
    ],
)
def test_one_ended_employment_beside_another(other: Employment, expected: Place) -> None:
    """Each pair has been somebody's case; today is ten days after the exit."""
    assert expected == place([ENDED, other], DAY + 10)[1]
    assert expected == place([other, ENDED], DAY + 10)[1]


EMPLOYMENTS = st.lists(
    st.builds(
        Employment,
        key=st.integers(1, 10**6),
        standing=st.sampled_from(Standing),
        hired=st.integers(DAY - 50, DAY + 50),
        ends=st.integers(DAY - 50, DAY + 50),
        rank=st.sampled_from(sorted(set(RANKS.values()))),
        rehired=st.just(0) | st.integers(DAY - 50, DAY + 60),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda one: one.key,
)


@given(EMPLOYMENTS, st.randoms())
def test_the_order_of_a_persons_records_never_matters(
    employments: list[Employment],
    random: Random,
) -> None:
    """A file that is sorted another way must not invite other people."""
    shuffled = list(employments)
    random.shuffle(shuffled)

    assert place(employments, DAY) == place(shuffled, DAY)


@given(EMPLOYMENTS)
@example(
    [Employment(1, Standing.LEFT, DAY - 9, DAY - 9), Employment(2, Standing.LEFT, DAY, DAY - 8)]
)
def test_at_most_one_exit_makes_a_leaver_and_none_while_another_job_goes_on(
    employments: list[Employment],
) -> None:
    """One invitation a person, and none to somebody who works here."""
    leavers = [one for one, found in place(employments, DAY).items() if found.leaver]
    past = [one for one in employments if one.key in leavers and one.ends <= DAY]

    assert len(past) <= 1
    if works_here(employments, DAY):
        assert [] == past


def test_placing_nobody_gives_nothing() -> None:
    """A person without an ended employment is nobody's leaver."""
    assert {} == place([Employment(1, Standing.ACTIVE, DAY)], DAY)


def test_people_of_one_page_do_not_mix(sqlite_ledger: Ledger, clock: FixedClock) -> None:
    """One person's second contract must not hold another one back."""
    rows = []
    for number in range(1, 40):
        rows += [leaver(number)] if number % 3 else [leaver(number), employee(number, SINCE)]
    one = desk(sqlite_ledger, clock, *rows, page_rows=7)

    assert counts(52, new=26, not_leavers=26) == one.pull()
