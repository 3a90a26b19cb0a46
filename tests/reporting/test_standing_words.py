"""Where a consent stands, in words: every state has a sentence, and it is true of that state."""

from datetime import UTC, datetime
from typing import Any

import pytest

from alumni_sync.consent.mail.composing import MailKind
from alumni_sync.consent.standing import ENDINGS, PAUSES
from alumni_sync.domain import ConsentState
from alumni_sync.reporting.standing_words import OBSTACLES, in_words
from alumni_sync.reporting.wording import MAILS

DAY = datetime(2026, 12, 4, 10, tzinfo=UTC)
ROW = {
    "asked": 2,
    "closes_at": DAY,
    "valid_until": None,
    "next_at": DAY,
    "paused_until": None,
    "pending_until": DAY,
    "no_contact_reason": "",
    "withheld": False,
}


def words(state: ConsentState, **changed: Any) -> str:  # noqa: ANN401 any column
    """Return the sentence of a state."""
    return in_words({**ROW, "state": state.value, **changed})


@pytest.mark.parametrize("state", ConsentState)
def test_every_state_has_a_sentence(state: ConsentState) -> None:
    """A state without words would be a page that does not open."""
    assert words(state).endswith(".")


@pytest.mark.parametrize(
    ("state", "changed", "expected"),
    [
        (ConsentState.INVITED, {}, "Asked 2 times. May answer until 4 Dec 2026; silence is no."),
        (ConsentState.GIVEN, {"valid_until": DAY}, "Said yes. It stands until 4 Dec 2026 unless"),
        (ConsentState.RENEWAL_DUE, {"valid_until": DAY}, "asked to renew it: it ends on 4 Dec"),
        (ConsentState.RENEWAL_DUE, {"withheld": True}, "so nothing is shown before that"),
        (ConsentState.PAUSED, {"paused_until": DAY}, "paused it until 4 Dec 2026"),
        (ConsentState.PAUSED, {}, "paused from our side"),
        (ConsentState.EXPIRED, {}, "Did not answer in time"),
        (ConsentState.EXPIRED, {"valid_until": DAY}, "The yes ran out on 4 Dec 2026."),
        (ConsentState.NO_CONTACT, {"no_contact_reason": "letter"}, "by letter only"),
        (ConsentState.NO_CONTACT, {"no_contact_reason": "company_domain"}, "company domain."),
        (ConsentState.DEFERRED, {"next_at": None}, "once more on an unknown day"),
    ],
)
def test_the_sentence_is_true_of_the_state(
    state: ConsentState, changed: dict[str, Any], expected: str
) -> None:
    """Whoever is on the phone reads it out."""
    assert expected in words(state, **changed)


def test_everything_that_can_speak_against_a_yes_has_words() -> None:
    """A code on the page is nothing that a person can be told."""
    assert {"", *ENDINGS, *PAUSES} == set(OBSTACLES)


def test_every_mail_has_words() -> None:
    """A list of mails with a code in it looks like a fault."""
    assert {kind.value for kind in MailKind} == set(MAILS)
