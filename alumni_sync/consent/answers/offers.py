"""What a person is offered to have stored: field by field, with the exact value. Pure.

A field without a known value is not offered. Never-fields (4-consent) have no way in here: only
members of `ProfileField` are ever made.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Final

from alumni_sync.consent.mail.composing import one_line, plain_name
from alumni_sync.consent.notices.editions import Label
from alumni_sync.domain import Fact, Facts, Flag
from alumni_sync.ports import ProfileField

VALUE_LENGTH: Final = 200
_TEXTS: Final[Mapping[ProfileField, str]] = {
    ProfileField.LEGAL_ENTITY: "legal_entity",
    ProfileField.JOB_TITLE: "job_title",
    ProfileField.DEPARTMENT: "department",
    ProfileField.CITY: "location",
    ProfileField.COUNTRY: "country",
    ProfileField.PHONE: "phone",
}
_NEEDED_FLAG: Final[Mapping[ProfileField, str | None]] = {
    ProfileField.MENTOR_BADGE: None,  # everybody may offer to mentor
    ProfileField.EXPERT_BADGE: Flag.EXPERT.value,
    ProfileField.RETIREE_BADGE: Flag.RETIREE.value,
}


def offered_values(
    facts: Facts,
    flags: Collection[str],
    topics: Sequence[str],
    labels: Mapping[ProfileField, Label],
) -> dict[ProfileField, str]:
    """Return field → value that would be stored, for the fields in `labels` that have one."""
    found = {name: text for name, key in _TEXTS.items() if (text := _text(facts.get(key)))}
    found |= {
        ProfileField.JOIN_YEAR: _year(facts.get("original_hire_date") or facts.get("hire_date")),
        ProfileField.LEAVE_YEAR: _year(facts.get("exit_date")),
        ProfileField.EXPERT_TOPICS: _text(", ".join(topics)),
    }
    found |= {
        name: labels[name].badge
        for name, flag in _NEEDED_FLAG.items()
        if name in labels and (flag is None or flag in flags)
    }
    return {name: found[name] for name in labels if found.get(name)}


def _text(fact: Fact) -> str:
    return one_line(fact)[:VALUE_LENGTH] if isinstance(fact, str) else ""


def _year(fact: Fact) -> str:
    return str(fact.year) if isinstance(fact, date) else ""


def first_name(facts: Facts) -> str:
    """Return the name to greet with; "" where there is none."""
    return plain_name(_text(facts.get("given_name")))


def full_name(facts: Facts) -> str:
    """Return the name to start from: the display name, else given and family name."""
    shown = _text(facts.get("display_name"))
    given, family = _text(facts.get("given_name")), _text(facts.get("family_name"))
    return plain_name(shown or f"{given} {family}")


def masked(email: str) -> str:
    """Return an address as its owner recognises it and nobody else learns it: `a•••@m•••.org`."""
    local, _, domain = email.rpartition("@")
    if not local:
        return ""
    name, dot, ending = domain.rpartition(".")
    return f"{local[0]}•••@{name[:1]}•••{dot}{ending}"
