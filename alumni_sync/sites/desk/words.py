"""What stands in the desk's forms: how a day is read, and what is said of what cannot be taken."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from alumni_sync.domain import Ruling

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

RULING_WORDS: Final[Mapping[Ruling, str]] = {
    Ruling.UPHOLD: "Uphold",
    Ruling.ADMIT: "Admit",
}
"""What is on the two buttons."""

REASON_WORDS: Final[Mapping[str, str]] = {
    "confirmed": "The facts are right",
    "duplicate": "The same person stands here twice",
    "legal_hold": "A legal hold or a dispute stands",
    "code_wrong": "The exit was coded wrongly",
    "context_known": "I know what the rule does not",
    "rehabilitated": "It is over, and settled",
    "contest_granted": "The person contested it, and is right",
    "contest": "The person contests it",
    "new_information": "Something new is known",
    "mistake": "The ruling was a mistake",
    "other": "Something else",
    "new_facts": "Facts that a rule looks at have changed",
    "new_rules": "The rules have changed",
    "admission_ended": "The last day of the admission is over",
}
"""Reason codes of rulings as a person would say them."""

EVENT_WORDS: Final[Mapping[str, str]] = {
    "first_admit": "Proposed to admit",
    "first_uphold": "Proposed to uphold",
    "admitted": "Admitted",
    "upheld": "Upheld",
}
"""Rulings in the record of a decision."""

VERDICT_WORDS: Final[Mapping[str, str]] = {
    "excluded": "leave the person out",
    "review": "have somebody look first",
}
"""What the rules propose in a case."""

DONE: Final[Mapping[str, str]] = {
    "admitted": "The case is admitted: in the next round the person is asked, or a member is "
    "visible again, if nothing else speaks against it.",
    "upheld": "The case is upheld: the person stays out.",
    "awaiting_second": "That is written down. A second person has to say the same.",
    "reopened": "The case is open again: until somebody rules, the person is out.",
}
"""What the page of a case says after an act, by the status that it led to."""

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


def as_sentence(text: str, user: str) -> str:
    """Return what a stage says as a sentence; a user's name stays as it is written."""
    first = text[:1] if text.startswith(user) else text[:1].upper()
    return f"{first}{text[1:]}."
