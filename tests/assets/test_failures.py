"""Whatever fails, Dagster learns type and place, and never a value."""

import traceback

import dagster as dg
import pytest

from alumni_sync.errors import SafetyStop, Unavailable
from assets.failures import StageFailed, harmless

CANARY = "jan.kowalski@private.example"


def _everything_reachable(error: BaseException) -> str:
    """Return all that a logger could print of an error, walking to whatever it hangs on."""
    texts, seen = [], [error]
    for reached in seen:
        texts += [str(reached), *traceback.format_exception(reached)]
        for nearby in (reached.__cause__, reached.__context__, getattr(reached, "error", None)):
            if nearby is not None and nearby not in seen:
                seen.append(nearby)
    return "\n".join(texts)


def test_a_fault_of_ours_is_named_by_type_and_place_only() -> None:
    """A KeyError quotes the very value that was looked up."""
    with pytest.raises(StageFailed) as caught, harmless():
        raise KeyError(CANARY)

    assert str(caught.value.description).startswith("a fault of alumni_sync: KeyError at test_")
    assert CANARY not in _everything_reachable(caught.value)


def test_what_our_error_was_raised_from_cannot_be_reached() -> None:
    """`raise … from None` hides the driver's message from tracebacks, not from loggers."""

    def call_the_vendor() -> None:
        try:
            int(CANARY)
        except ValueError:
            raise Unavailable("odoo", "pull", "timed out") from None

    with pytest.raises(StageFailed) as caught, harmless():
        call_the_vendor()

    assert "odoo, pull: timed out" == caught.value.description
    assert CANARY not in _everything_reachable(caught.value)


def test_dagster_never_tries_a_failed_stage_again() -> None:
    """A brake is a decision that a person takes; trying again would take it for them."""
    with pytest.raises(StageFailed) as caught, harmless():
        raise SafetyStop("BR-1", "45 of 200 members would go")

    assert not caught.value.allow_retries
    assert isinstance(caught.value.error, SafetyStop)


def test_an_interruption_passes() -> None:
    """A run that is stopped must not be shown as a fault."""
    with pytest.raises(dg.DagsterExecutionInterruptedError), harmless():
        raise dg.DagsterExecutionInterruptedError
