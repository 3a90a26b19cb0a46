"""Checks of what was keyed in from a paper: that it is the form it says, and came after the exit.

Pure. All problems come back at once, as (field, reason code); never with the value.
"""

import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from typing import Final

from alumni_sync.consent.answers.checks import name_problem
from alumni_sync.consent.paper.forms import PrintedForm

KEPT_LENGTH: Final = 120


@dataclass(frozen=True, slots=True)
class PaperAnswer:
    """What stands on a form that came back, as it was keyed in.

    Attributes:
        foot: the line at its foot, as printed: it proves which form this is.
        name: as the person wrote it.
        email: the address that they wrote; "" where they wrote none.
        fields: ticked field → also ticked to be shown to members.
        signed_on: the date beside the signature; None where it could not be read as one.
        received_on: when it reached us.
        kept: where the paper is kept, for whoever has to show it.
    """

    foot: str
    name: str
    email: str
    purposes: Collection[str]
    fields: Mapping[str, bool]
    signed_on: date | None
    received_on: date | None
    kept: str


def paper_problems(
    form: PrintedForm, paper: PaperAnswer, *, exit_end: datetime, today: date, zone: tzinfo
) -> tuple[tuple[str, str], ...]:
    """Return what is wrong with what was keyed in, as (field, reason code), all at once.

    Args:
        form: as it was printed.
        paper: as it was keyed in.
        exit_end: end of the last working day: what was signed before is no consent.
        today: the civil date at the site.
        zone: of the site.
    """
    return tuple(_paper_problems(form, paper, exit_end, today, zone))


def _paper_problems(
    form: PrintedForm, paper: PaperAnswer, exit_end: datetime, today: date, zone: tzinfo
) -> Iterator[tuple[str, str]]:
    yield from _foot(form.foot, "".join(paper.foot.split()).lower())
    if reason := name_problem(paper.name):
        yield "name", reason
    if not set(paper.fields) <= {box["id"] for box in form.form["fields"]}:
        yield "fields", "not_offered"
    if not set(paper.purposes) <= {box["id"] for box in form.form["purposes"]}:
        yield "purposes", "not_offered"
    yield from _signed(paper, form.printed_at.astimezone(zone).date(), exit_end, zone)
    yield from received_problems(paper.received_on, paper.signed_on, today)
    yield from kept_problems(paper.kept)


def _foot(printed: str, keyed: str) -> Iterator[tuple[str, str]]:
    """Yield which part of the line at the foot is another form's."""
    if printed == keyed:
        return
    parts = ("version", "language", "form")
    pairs = zip(parts, printed.split("/"), keyed.split("/"), strict=False)
    other = next((part for part, ours, theirs in pairs if ours != theirs), "form")
    yield "foot", f"other_{other}"


def _signed(
    paper: PaperAnswer, printed_on: date, exit_end: datetime, zone: tzinfo
) -> Iterator[tuple[str, str]]:
    if paper.signed_on is None:
        yield "signed_on", "no_date"
    elif is_before_exit(paper.signed_on, exit_end, zone):
        # What somebody signs while still employed is no consent (EDPB 05/2020, section 3.1.1).
        yield "signed_on", "before_exit"
    elif paper.signed_on < printed_on:
        yield "signed_on", "before_printed"


def is_before_exit(signed: date, exit_end: datetime, zone: tzinfo) -> bool:
    """Say whether something was signed before the end of the last working day."""
    return datetime.combine(signed, time(), zone) < exit_end


def received_problems(
    received: date | None, signed: date | None, today: date
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the day on which something reached us."""
    if received is None:
        yield "received_on", "no_date"
    elif received > today:
        yield "received_on", "in_future"
    elif signed is not None and received < signed:
        yield "received_on", "before_signed"


def kept_problems(kept: str) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with where a paper is kept: one short plain line, and not nothing."""
    if not kept.strip():
        yield "kept", "empty"
    elif len(kept.strip()) > KEPT_LENGTH:
        yield "kept", "too_long"
    elif any(unicodedata.category(letter).startswith("C") for letter in kept.strip()):
        yield "kept", "characters"
