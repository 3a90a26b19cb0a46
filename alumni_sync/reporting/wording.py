"""The words of a trace: states and events of the ledger as a person would say them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

VERDICTS: Final[Mapping[str, str]] = {
    "never_contact": "never to be contacted",
    "excluded": "stays out unless a person admits them",
    "review": "a person has to look first",
    "held": "has to wait",
    "out_of_scope": "outside the programme's audience, which is no judgement",
    "eligible": "may be asked",
}
ENDED_STATUSES: Final[Mapping[str, str]] = {
    "rescinded": "The exit was taken back: this person still works here.",
    "hire_cancelled": "The source says that this employment never began.",
    "deleted": "The source deleted the record.",
}
CASE_EVENTS: Final[Mapping[str, str]] = {
    "opened": "was opened: a named person has to rule",
    "first_admit": "was admitted by the first of two",
    "first_uphold": "was upheld by the first of two",
    "admitted": "was admitted",
    "upheld": "was upheld",
    "reopened": "was reopened",
    "changed": "changed while it waited",
    "contested": "was contested while it waited",
    "comment": "was commented on",
    "closed": "was closed: the rules no longer object",
    "expired": "expired: no answer means still out",
}
MAILS: Final[Mapping[str, str]] = {
    "invitation": "The invitation",
    "reminder": "A reminder",
    "again": "The invitation that was asked for later",
    "renewal": "The question whether the yes goes on",
    "confirmation": "The confirmation of the decision",
    "goodbye": "The goodbye",
    "rehired": "The goodbye at the rehire",
    "code": "A one-time code",
    "verify": "The mail that proves another address",
    "address_changed": "The word to the old address that there is a new one",
    "link": "A fresh link, asked for",
    "request_received": "The word that a request has come",
    "request_extended": "The word that a request takes longer",
    "request_answered": "The answer to a request",
    "join": "The question whether it was they who asked to join",
    "join_question": "The question whether an earlier no still holds",
}
MAIL_FATES: Final[Mapping[str, str]] = {
    "queued": "is waiting to be sent",
    "claimed": "is being sent",
    "accepted": "was handed to the mail server",
    "refused": "was refused",
    "unknown": "may have been sent; it counts as sent and is never sent again",
    "dropped": "was not sent any more",
}
CONSENT_EVENTS: Final[Mapping[str, str]] = {
    "unreachable": "Nobody can be reached at the address, so nobody is asked",
    "said_yes": "Said yes",
    "said_no": "Said no",
    "said_later": "Asked to be asked later",
    "said_not_me": "Said: this is not me. The address is not written to again",
    "narrowed": "Took some of it back",
    "withdrew": "Withdrew",
    "objected": "Objected to being written to. Nobody writes again",
    "timer": "The time was over",
    "address_asked": "Named another address, which has to be proven",
    "address_proven": "Proved the other address",
    "paused": "Paused: nothing is shown until the day the person named",
    "continued": "Ended the pause",
    "objection_lifted": "Took the objection back",
    "asked_back": "Asked to be asked again",
    "notice_changed": "Is asked again: the notice or the recipient has changed",
    "suspended": "Paused: nothing is shown meanwhile",
    "resumed": "Resumed",
    "ended": "The consent ended from our side",
    "erased": "Erased",
}
"""Events that a trace tells; `asked` is told by the mail itself."""

WRITES: Final[Mapping[str, str]] = {
    "create": "Created",
    "update": "Updated",
    "hide": "Hidden",
    "deactivate": "Deactivated",
    "erase": "Erased",
}


def civil(day: date) -> str:
    """Return `29 Oct 2026`."""
    return f"{day.day} {day:%b %Y}"


def moment(instant: datetime, zone: ZoneInfo) -> str:
    """Return `29 Oct 2026, 18:10` at a site."""
    local = instant.astimezone(zone)
    return f"{civil(local.date())}, {local:%H:%M}"


def count_of(number: int, noun: str) -> str:
    """Return `1 field` or `3 fields`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def case_name(case_id: int) -> str:
    """Return `EX-000123`."""
    return f"EX-{case_id:06d}"
