"""Checks of a submitted form: what a yes may contain, and what narrowing may. Pure.

All problems come back at once, as (field, reason code); never with the value.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Final

from alumni_sync.consent.answers import Choice, Invalid
from alumni_sync.consent.dossier import Agreed
from alumni_sync.consent.mails import NAME_LENGTH, plain_name
from alumni_sync.consent.view import Page
from alumni_sync.ledger.hashing import normalised_address
from alumni_sync.ports import ProfileField, Purpose, Shown

_FORBIDDEN_IN_NAMES: Final = ("@", "://", "www.", "<", ">")


def agreed_from(choice: Choice, page: Page) -> Agreed | Invalid:
    """Return what a yes says, or everything that is wrong with it."""
    problems = tuple(_problems(choice, page))
    if problems:
        return Invalid(problems)
    return Agreed(
        name=plain_name(choice.name),
        email=page.address,
        purposes=choice.purposes | {Purpose.COMMUNITY},
        fields={
            name: Shown(page.values[name], choice.fields[name])
            for name in page.form.fields
            if name in choice.fields
        },
    )


def _problems(choice: Choice, page: Page) -> Iterator[tuple[str, str]]:
    if reason := name_problem(choice.name):
        yield "name", reason
    if not page.address:
        yield "email", "unknown"
    elif choice.email.strip() and _differs(choice.email, page.address):
        yield "email", "not_proven"
    if not set(choice.fields) <= set(page.form.fields):
        yield "fields", "not_offered"
    if not choice.purposes - {Purpose.COMMUNITY} <= set(page.form.purposes):
        yield "purposes", "not_offered"


def _differs(given: str, known: str) -> bool:
    return normalised_address(given) != normalised_address(known)


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
    return Agreed(agreed.name, agreed.email, agreed.purposes, kept)
