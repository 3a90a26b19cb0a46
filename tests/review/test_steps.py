"""What a ruling does to a case, for every state there is."""

from itertools import product

import pytest

from alumni_sync.domain import CaseStatus, Ruling
from alumni_sync.review.people.authority import Act
from alumni_sync.review.rulings.steps import CaseState, Step, next_step, reopening

ADMIT, UPHOLD = Ruling.ADMIT, Ruling.UPHOLD
OPEN, REOPENED, AWAITING = CaseStatus.OPEN, CaseStatus.REOPENED, CaseStatus.AWAITING_SECOND
OVER = (CaseStatus.ADMITTED, CaseStatus.UPHELD, CaseStatus.EXPIRED, CaseStatus.CLOSED)


@pytest.mark.parametrize("status", [OPEN, REOPENED])
def test_one_person_is_enough_for_most(status: CaseStatus) -> None:
    """A performance code does not need a committee."""
    state = CaseState(status, two_person=False)

    assert Step(Act.RULE, CaseStatus.ADMITTED, "admitted") == next_step(state, ADMIT)
    assert Step(Act.RULE, CaseStatus.UPHELD, "upheld") == next_step(state, UPHOLD)


@pytest.mark.parametrize("status", [OPEN, REOPENED])
def test_the_first_of_two_only_proposes(status: CaseStatus) -> None:
    """Nobody admits a misconduct exit alone."""
    state = CaseState(status, two_person=True)

    assert Step(Act.PROPOSE, AWAITING, "first_admit") == next_step(state, ADMIT)
    assert Step(Act.PROPOSE, AWAITING, "first_uphold") == next_step(state, UPHOLD)


def test_the_second_confirms_the_same() -> None:
    """Two people who say the same have decided; two who do not, have not."""
    state = CaseState(AWAITING, two_person=True, proposed=ADMIT)

    assert Step(Act.CONFIRM, CaseStatus.ADMITTED, "admitted", second=True) == next_step(
        state, ADMIT
    )
    assert Step(Act.PROPOSE, AWAITING, "first_uphold") == next_step(state, UPHOLD)


@pytest.mark.parametrize(("status", "ruling", "two"), list(product(OVER, Ruling, (True, False))))
def test_what_is_decided_is_not_ruled_on(status: CaseStatus, ruling: Ruling, two: bool) -> None:  # noqa: FBT001 a parameter
    """A ruling over a ruling would leave no trace of a reason to change it."""
    assert next_step(CaseState(status, two), ruling) is None


@pytest.mark.parametrize(("two_person", "act"), [(False, Act.RULE), (True, Act.PROPOSE)])
@pytest.mark.parametrize("status", CaseStatus)
def test_only_rulings_are_taken_up_again(status: CaseStatus, two_person: bool, act: Act) -> None:  # noqa: FBT001 a parameter
    """What waits is open already; what the rules dropped has nothing to rule on."""
    ruled = status in {CaseStatus.ADMITTED, CaseStatus.UPHELD, CaseStatus.EXPIRED}

    step = reopening(CaseState(status, two_person))

    assert (Step(act, REOPENED, "reopened") if ruled else None) == step


@pytest.mark.parametrize("status", CaseStatus)
@pytest.mark.parametrize("proposed", [None, *Ruling])
def test_no_one_person_admits_what_takes_two(status: CaseStatus, proposed: Ruling | None) -> None:
    """Whatever the state: without a confirmed proposal nobody grave comes in."""
    step = next_step(CaseState(status, two_person=True, proposed=proposed), ADMIT)

    if step is not None and step.status is CaseStatus.ADMITTED:
        assert (True, Act.CONFIRM, AWAITING, ADMIT) == (step.second, step.act, status, proposed)
