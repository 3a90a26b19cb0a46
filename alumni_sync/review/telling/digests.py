"""The mail to somebody who may rule: which cases wait, by which rule, due when, and where. Pure.

No name and no fact of anybody: whoever opens the mailbox learns that cases wait, not whose.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from html import escape
from typing import Final

LISTED: Final = 20
"""Cases with a line of their own; the others are a number and one link."""

_CELL: Final = "padding:6px 16px 6px 0;text-align:left;vertical-align:top"
_BODY: Final = "font-family:system-ui,sans-serif;font-size:16px;line-height:1.5;color:#1b1b1b"
_WHY: Final = (
    "You get this mail because you may rule on these cases. Nobody is named here: the person and "
    "the facts are behind the links. Until somebody rules, the person stays out."
)


class Round(StrEnum):
    """Why people are told."""

    REMINDER = "reminder"
    ESCALATION = "escalation"


@dataclass(frozen=True, slots=True)
class Listed:
    """One line: a case number, the rules that spoke, the last day, and where it is opened."""

    case: str
    rules: tuple[str, ...]
    due: date
    link: str
    awaits_second: bool


@dataclass(frozen=True, slots=True)
class Digest:
    """What one person is told in one round.

    Attributes:
        listed: the cases that are due first, at most `LISTED`.
        cases: how many there are.
        company: whose programme it is.
        queue: the address of the list.
    """

    kind: Round
    listed: Sequence[Listed]
    cases: int
    company: str
    queue: str


def subject_of(digest: Digest) -> str:
    """Return the subject line."""
    number = _cases(digest.cases)
    if digest.kind is Round.ESCALATION:
        return f"{digest.company} alumni: {number} overdue"
    return f"{digest.company} alumni: {number} waiting, due by {digest.listed[0].due}"


def text_of(digest: Digest) -> str:
    """Return the mail as plain text."""
    lines = [_lead(digest), ""]
    for one in digest.listed:
        lines += [f"{one.case}  due {one.due}  {', '.join(one.rules)}{_second(one)}", one.link, ""]
    return "\n".join([*lines, _all(digest), digest.queue, "", _WHY, ""])


def html_of(digest: Digest) -> str:
    """Return the mail as HTML; nothing in it is loaded from anywhere."""
    heads = "".join(f'<th scope="col" style="{_CELL}">{n}</th>' for n in ("Case", "Due", "Rule"))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(subject_of(digest))}</title></head>\n"
        f'<body style="{_BODY}"><p>{escape(_lead(digest))}</p>\n'
        f'<table style="border-collapse:collapse">\n<tr>{heads}</tr>\n'
        f"{''.join(_rows(digest))}</table>\n"
        f'<p><a href="{escape(digest.queue)}">{escape(_all(digest))}</a></p>\n'
        f'<p style="font-size:14px;color:#555">{escape(_WHY)}</p></body></html>\n'
    )


def _rows(digest: Digest) -> Iterator[str]:
    for one in digest.listed:
        rules = escape(", ".join(one.rules) + _second(one))
        yield (
            f'<tr><td style="{_CELL}"><a href="{escape(one.link)}">{one.case}</a></td>'
            f'<td style="{_CELL}">{one.due}</td><td style="{_CELL}">{rules}</td></tr>\n'
        )


def _lead(digest: Digest) -> str:
    number, verb = _cases(digest.cases), "waits" if digest.cases == 1 else "wait"
    if digest.kind is Round.ESCALATION:
        return f"{number} should have been ruled on by now, and still {verb} for a decision."
    return f"{number} {verb} for a decision, and half of the time is over."


def _all(digest: Digest) -> str:
    more = digest.cases - len(digest.listed)
    return f"And {more} more: open the queue" if more > 0 else "Open the queue"


def _second(one: Listed) -> str:
    return " (waits for a second person)" if one.awaits_second else ""


def _cases(number: int) -> str:
    return "1 case" if number == 1 else f"{number} cases"
