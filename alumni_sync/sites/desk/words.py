"""What stands in the desk's forms: how a day is read, and what is said of what cannot be taken."""

from collections.abc import Mapping
from datetime import date
from typing import Final

NOT_NOW: Final[Mapping[str, str]] = {
    "state": "As the consent stands, no yes can be taken: nobody asked, or it was answered.",
    "before_exit": "The last working day is not over: what somebody says before is no consent.",
    "signed_before_exit": (
        "The last working day has moved past the signature: it was signed while the person still "
        "worked here. That is no consent: ask again."
    ),
    "closed": "The time to answer is over. Silence was a no.",
    "not_standing": "Something speaks against asking this person: a case, a rehire, an objection.",
    "member": "They are a member: more, or a renewal, goes by the link in any of our mails.",
    "other_notice": (
        "What the notice says has changed since this form was printed, so it would be a yes to "
        "something else. Print a new form."
    ),
    "erased": "What would prove it is not kept any more.",
}
"""Why a yes on paper cannot be taken now."""

_PROBLEMS: Final[Mapping[tuple[str, str], str]] = {
    ("foot", "other_version"): "The version at the foot is another one: is it this form?",
    ("foot", "other_language"): "The language at the foot is another one: is it this form?",
    ("foot", "other_form"): "The code at the foot is of another form. Compare it with the paper.",
    ("name", "empty"): "Write the name as it stands on the paper.",
    ("name", "too_long"): "The name is too long.",
    ("name", "characters"): "The name has something in it that no name has.",
    ("email", "unusable"): "We cannot write to this address. Is it a private one, and whole?",
    ("email", "unknown"): "Write the address from the paper: without one nobody can be told.",
    ("email", "too_many"): "Several addresses were named within an hour. Wait a little.",
    ("fields", "not_offered"): "A detail was ticked that is not on this form.",
    ("purposes", "not_offered"): "A purpose was ticked that is not on this form.",
    ("purposes", "not_given"): "The person never agreed to that purpose.",
    ("signed_on", "no_date"): "Write the date beside the signature.",
    ("signed_on", "before_exit"): (
        "It was signed while the person still worked here. That is no consent: ask again."
    ),
    ("signed_on", "before_printed"): "It was signed before it was printed: check the date.",
    ("received_on", "no_date"): "Write the day on which it reached us.",
    ("received_on", "in_future"): "It cannot have reached us after today.",
    ("received_on", "before_signed"): "It cannot have reached us before it was signed.",
    ("kept", "empty"): "Write where the paper or the note is kept.",
    ("kept", "too_long"): "Say more shortly where it is kept.",
    ("kept", "characters"): "Where it is kept has characters that cannot be shown.",
    ("what", "none"): "Choose what the person told us.",
}


def problem_words(field: str, code: str) -> str:
    """Return what is wrong with a field, as a person would say it."""
    return _PROBLEMS.get((field, code), "This cannot be taken as it is.")


def day(text: str) -> date | None:
    """Return a civil date as a browser writes it, None for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
