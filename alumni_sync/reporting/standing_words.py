"""Where a consent stands, in a sentence, and what speaks against a yes: for the desk's pages."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from alumni_sync.domain import ConsentState
from alumni_sync.reporting.wording import civil, count_of

OBSTACLES: Final[Mapping[str, str]] = {
    "": "Nothing speaks against it.",
    "erased": "The person was erased.",
    "restricted": "Processing is restricted: kept, and used for nothing else.",
    "never_contact": "Never to be contacted.",
    "exit_undone": "The exit was taken back.",
    "rehire": "The person works here again.",
    "upheld": "A reviewer ruled that the person stays out.",
    "rehire_ahead": "A new employment is agreed.",
    "exit_ahead": "The last working day is not over.",
    "case": "A reviewer has to rule first.",
    "verdict": "The rules say to wait.",
}
"""What speaks against a yes (`consent.standing.obstacle`), as people say it."""


def in_words(row: Mapping[str, Any]) -> str:
    """Return where an invitation stands, as one person would tell another."""
    return _WORDS[ConsentState(row["state"])](row)


def _day(moment: datetime | None) -> str:
    return civil(moment.date()) if moment else "an unknown day"


def _invited(row: Mapping[str, Any]) -> str:
    asked = count_of(row["asked"], "time")
    return f"Asked {asked}. May answer until {_day(row['closes_at'])}; silence is no."


def _given(row: Mapping[str, Any]) -> str:
    return f"Said yes. It stands until {_day(row['valid_until'])} unless it is taken back."


def _renewal_due(row: Mapping[str, Any]) -> str:
    said = f"Said yes, and is asked to renew it: it ends on {_day(row['valid_until'])}."
    hidden = " The recipient is another one now, so nothing is shown before that."
    return said + (hidden if row["withheld"] else "")


def _paused(row: Mapping[str, Any]) -> str:
    if row["paused_until"]:
        return f"Said yes, and paused it until {_day(row['paused_until'])}: nothing is shown."
    return "Said yes; paused from our side, nothing is shown meanwhile."


def _expired(row: Mapping[str, Any]) -> str:
    if row["valid_until"]:
        return f"The yes ran out on {_day(row['valid_until'])}."
    return "Did not answer in time, which is a no."


def _no_contact(row: Mapping[str, Any]) -> str:
    if row["no_contact_reason"] == "letter":
        return "Can be asked by letter only, and has not been."
    reason = row["no_contact_reason"].replace("_", " ") or "no reason kept"
    return f"Cannot be asked: {reason}."


_WORDS: Final[Mapping[ConsentState, Callable[[Mapping[str, Any]], str]]] = {
    ConsentState.NOT_ASKED: lambda _: "Not asked yet.",
    ConsentState.INVITED: _invited,
    ConsentState.DEFERRED: lambda row: (
        f"Wants to be asked later: once more on {_day(row['next_at'])}."
    ),
    ConsentState.ADDRESS_PENDING: lambda row: (
        f"Said yes with another address, to be proven until {_day(row['pending_until'])}."
    ),
    ConsentState.GIVEN: _given,
    ConsentState.RENEWED: _given,
    ConsentState.RENEWAL_DUE: _renewal_due,
    ConsentState.PAUSED: _paused,
    ConsentState.REFUSED: lambda _: "Said no.",
    ConsentState.EXPIRED: _expired,
    ConsentState.WITHDRAWN: lambda _: "Took it back.",
    ConsentState.REVOKED: lambda _: "Ended from our side.",
    ConsentState.INVALIDATED: lambda _: "Not valid: it was somebody else, or the text was wrong.",
    ConsentState.OBJECTED: lambda _: "Objected to being written to. Nobody writes again.",
    ConsentState.ERASED: lambda _: "Erased.",
    ConsentState.NO_CONTACT: _no_contact,
}
