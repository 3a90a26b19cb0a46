"""Gate 2: whether something may be processed for a purpose now."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alumni_sync.consent.gates import in_force, may_process
from alumni_sync.domain import LIVE_STATES, ConsentState, OutreachHold
from alumni_sync.ports import ProfileField, Purpose

NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Yes:
    """A yes to the community, the newsletter and one field."""

    state: ConsentState = ConsentState.GIVEN
    valid_until: datetime = NOW + timedelta(days=1)
    purposes: frozenset[Purpose] = frozenset({Purpose.COMMUNITY, Purpose.NEWSLETTER})
    fields: dict[ProfileField, object] = field(default_factory=lambda: {ProfileField.CITY: "x"})
    holds: tuple[OutreachHold, ...] = ()


def test_what_was_ticked_may_be_processed() -> None:
    """A yes must be worth something."""
    assert may_process(Yes(), Purpose.COMMUNITY, None, NOW)
    assert may_process(Yes(), Purpose.COMMUNITY, ProfileField.CITY, NOW)
    assert may_process(Yes(), Purpose.NEWSLETTER, None, NOW)


def test_what_was_not_ticked_may_not() -> None:
    """Nothing may follow from a yes to something else."""
    assert not may_process(Yes(), Purpose.COMMUNITY, ProfileField.PHONE, NOW)
    assert not may_process(Yes(), Purpose.EVENTS, None, NOW)


def test_a_purpose_without_membership_is_nothing() -> None:
    """Membership is what everything else rests on."""
    odd = Yes(purposes=frozenset({Purpose.NEWSLETTER}))

    assert not may_process(odd, Purpose.NEWSLETTER, None, NOW)


@given(state=st.sampled_from(ConsentState), hours=st.integers(-48, 48))
def test_only_a_live_yes_counts_and_only_until_its_end(state: ConsentState, hours: int) -> None:
    """Silence, refusal, withdrawal and an old yes must all close the gate."""
    yes = Yes(state=state, valid_until=NOW + timedelta(hours=hours))

    assert may_process(yes, Purpose.COMMUNITY, None, NOW) == (state in LIVE_STATES and hours > 0)


def test_an_outreach_hold_closes_its_purpose_and_no_other() -> None:
    """No job offers to somebody made redundant a month ago."""
    held = replace(
        Yes(purposes=frozenset({Purpose.COMMUNITY, Purpose.JOB_OFFERS, Purpose.EVENTS})),
        holds=(OutreachHold("job_offers", date(2027, 4, 30), "redundancy"),),
    )

    assert not may_process(held, Purpose.JOB_OFFERS, None, NOW)
    assert may_process(held, Purpose.EVENTS, None, NOW)


@pytest.mark.parametrize(
    ("until", "now", "expected"),
    [
        (None, NOW, True),
        (date(2026, 11, 3), datetime(2026, 11, 4, 11, 59, tzinfo=UTC), True),
        (date(2026, 11, 3), datetime(2026, 11, 4, 12, 0, tzinfo=UTC), False),
    ],
)
def test_a_hold_lasts_to_the_end_of_its_day_everywhere(
    until: date | None, now: datetime, *, expected: bool
) -> None:
    """Its last day must be over for the person, wherever that is; without an end it stays."""
    assert expected == in_force(OutreachHold("job_offers", until, "redundancy"), now)
