"""Checks of a submitted form: what a yes may contain, what more and what less may. Pure.

All problems come back at once, as (field, reason code); never with the value.
"""

import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from alumni_sync.consent.answers.answer import Choice, Invalid
from alumni_sync.consent.answers.dossier import Agreed
from alumni_sync.consent.answers.view import Page
from alumni_sync.consent.mail.composing import NAME_LENGTH, plain_name
from alumni_sync.ledger.hashing import normalised_address
from alumni_sync.ports import ProfileField, Purpose, Shown

MAY_WAIT: Final = frozenset({Purpose.JOB_OFFERS})
"""Purposes of which a person may say "not before"."""
LONGEST_WAIT: Final = timedelta(days=3653)
_FORBIDDEN_IN_NAMES: Final = ("@", "://", "www.", "<", ">")


def agreed_from(choice: Choice, page: Page, address: str, today: date) -> Agreed | Invalid:
    """Return what a yes says, or everything that is wrong with it.

    Args:
        choice: what was submitted.
        page: what was shown.
        address: the one to be agreed on; "" where it cannot be written to.
        today: civil date (UTC).
    """
    purposes = choice.purposes | {Purpose.COMMUNITY}
    problems = tuple(_problems(choice, page, address, today))
    if problems:
        return Invalid(problems)
    return Agreed(
        name=plain_name(choice.name),
        email=address,
        purposes=purposes,
        fields={
            name: Shown(page.values[name], choice.fields[name])
            for name in page.form.fields
            if name in choice.fields
        },
        not_before=_still_ahead(choice.not_before, purposes, today),
    )


def widened_to(agreed: Agreed, choice: Choice, page: Page, today: date) -> Agreed | Invalid:
    """Return what was agreed with what was ticked on top of it; nothing of it becomes less.

    What a person confirmed keeps its value, whatever the HRIS says today.
    """
    purposes = agreed.purposes | choice.purposes
    stays = {*page.form.fields, *agreed.fields}
    problems = tuple(_problems(choice, page, agreed.email, today, stays))
    if problems:
        return Invalid(problems)
    fields = {
        name: Shown(before.value, before.to_members or choice.fields.get(name, False))
        for name, before in agreed.fields.items()
    }
    fields |= {
        name: Shown(page.values[name], to_members)
        for name, to_members in choice.fields.items()
        if name not in agreed.fields
    }
    return Agreed(
        name=plain_name(choice.name),
        email=agreed.email,
        purposes=purposes,
        fields=fields,
        not_before=_still_ahead(choice.not_before, purposes, today),
    )


def _problems(
    choice: Choice,
    page: Page,
    address: str,
    today: date,
    fields: Collection[ProfileField] | None = None,
) -> Iterator[tuple[str, str]]:
    if reason := name_problem(choice.name):
        yield "name", reason
    if not address:
        yield "email", "unusable" if choice.email.strip() else "unknown"
    if not set(choice.fields) <= set(page.form.fields if fields is None else fields):
        yield "fields", "not_offered"
    if not choice.purposes - {Purpose.COMMUNITY} <= set(page.form.purposes):
        yield "purposes", "not_offered"
    if not_before_problem(choice.not_before, today):
        yield "not_before", "not_offered"


def not_before_problem(days: Mapping[Purpose, date], today: date) -> bool:
    """Say whether a "not before" is for a purpose that has none, or too far away to be meant."""
    return any(
        purpose not in MAY_WAIT or (day - today) > LONGEST_WAIT for purpose, day in days.items()
    )


def _still_ahead(
    days: Mapping[Purpose, date], purposes: Collection[Purpose], today: date
) -> dict[Purpose, date]:
    """Return the days that mean anything: of purposes that were ticked, and not over."""
    return {purpose: day for purpose, day in days.items() if purpose in purposes and day > today}


def is_same_address(given: str, known: str) -> bool:
    """Say whether two addresses are one, however they are written."""
    return normalised_address(given) == normalised_address(known)


def name_problem(name: str) -> str:
    """Return what is wrong with a name, "" if nothing: one plain line, with a letter, no link."""
    plain = plain_name(name)
    if not plain:
        return "empty"
    if len(unicodedata.normalize("NFC", name).strip()) > NAME_LENGTH:
        return "too_long"
    if plain != " ".join(unicodedata.normalize("NFC", name).split()):
        return "characters"
    if any(part in plain.casefold() for part in _FORBIDDEN_IN_NAMES):
        return "characters"
    return "" if any(letter.isalpha() for letter in plain) else "characters"


def narrowed_to(agreed: Agreed, fields: Mapping[ProfileField, bool]) -> Agreed | Invalid:
    """Return less than was agreed: `fields` that stay, and whether they are still shown."""
    more = [
        name
        for name, shown in fields.items()
        if name not in agreed.fields or (shown and not agreed.fields[name].to_members)
    ]
    if more:
        return Invalid((("fields", "more_than_before"),))
    kept = {
        name: Shown(before.value, fields[name])
        for name, before in agreed.fields.items()
        if name in fields
    }
    return replace(agreed, fields=kept)


def waiting_until(agreed: Agreed, purpose: Purpose, day: date, today: date) -> Agreed | Invalid:
    """Return what was agreed with a purpose closed until `day`; sooner than before is `Invalid`."""
    if purpose not in agreed.purposes or not_before_problem({purpose: day}, today):
        return Invalid((("not_before", "not_offered"),))
    before = agreed.not_before.get(purpose, today)
    if day <= today or day < before:
        return Invalid((("not_before", "more_than_before"),))
    return replace(agreed, not_before={**agreed.not_before, purpose: day})


def without(agreed: Agreed, purposes: Collection[Purpose]) -> Agreed:
    """Return what was agreed without some purposes, and without what was said about them."""
    kept = {name: day for name, day in agreed.not_before.items() if name not in purposes}
    return replace(agreed, purposes=agreed.purposes - frozenset(purposes), not_before=kept)
