"""Work that is still there is asked for again: never two at once, ever more rarely, never never."""

import pytest

from assets.pacing import Attempt, PastRun, Wait, next_attempt

NOW = 1_000_000.0


def test_new_work_is_asked_for_at_once() -> None:
    """A yes must reach the platform within a minute."""
    assert Attempt("work-a", 1) == next_attempt("work-a", [], NOW)


def test_other_work_does_not_wait_for_what_failed() -> None:
    """A plan that a brake holds must not keep a new grant waiting for an hour."""
    past = [PastRun("work-a", 7, NOW - 1)] * 7

    assert Attempt("work-b", 8) == next_attempt("work-b", past, NOW)


@pytest.mark.parametrize(
    ("in_vain", "seconds"), [(1, 20), (2, 40), (3, 80), (8, 2560), (9, 3600), (20, 3600)]
)
def test_the_same_work_waits_ever_longer(in_vain: int, seconds: int) -> None:
    """A vendor that is down must not be called every few seconds, nor forgotten."""
    past = [PastRun("work-a", in_vain - n, NOW) for n in range(in_vain)]

    early = next_attempt("work-a", past, NOW + seconds - 1)
    due = next_attempt("work-a", past, NOW + seconds)

    assert Wait(f"tried {in_vain} times; again in 1 s") == early
    assert Attempt("work-a", in_vain + 1) == due


def test_a_run_key_is_never_used_twice() -> None:
    """Dagster starts no run for a key that it has seen: the work would wait for ever."""
    past = [PastRun("work-b", 4, NOW - 9000), PastRun("work-a", 3, NOW - 9900)]

    again = next_attempt("work-a", past, NOW)

    assert isinstance(again, Attempt)
    assert "work-a#5" == again.run_key
