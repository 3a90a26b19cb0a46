"""Mails to leavers: text and HTML of the same words, nothing remote, nothing that tracks.

Composing is pure. What is composed is never stored: it can be made again, and its links are
secrets. Names come from an HRIS and are never trusted: they are cut to one plain line.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment

from alumni_sync.consent.notices.editions import Edition, MailFile, MailTexts, Terms
from alumni_sync.consent.notices.rendering import render_plain

NAME_LENGTH: Final = 120


class MailKind(StrEnum):
    """The mails there are."""

    INVITATION = "invitation"
    REMINDER = "reminder"
    AGAIN = "again"  # after "ask me later"
    RENEWAL = "renewal"  # a yes is about to end, or the notice means something else now
    CONFIRMATION = "confirmation"
    GOODBYE = "goodbye"
    REHIRED = "rehired"  # a goodbye to who works here again
    CODE = "code"  # a one-time code
    VERIFY = "verify"  # proves another address
    ADDRESS_CHANGED = "address_changed"  # to the old one
    LINK = "link"  # a fresh link, to whoever asked for one
    REQUEST_RECEIVED = "request_received"  # of a person, under GDPR Art. 15-22
    REQUEST_EXTENDED = "request_extended"
    REQUEST_ANSWERED = "request_answered"
    JOIN = "join"  # was it you who asked to be asked?
    JOIN_QUESTION = "join_question"  # you asked to be asked, and said no before: which holds?


QUESTIONS: Final = frozenset({MailKind.INVITATION, MailKind.REMINDER, MailKind.AGAIN})
"""Mails to somebody who has not said yes: one click in them is an objection."""
ASKING: Final = QUESTIONS | {MailKind.RENEWAL}
"""Mails that ask for something: counted, paced, never on a weekend. Confirmations are not."""


@dataclass(frozen=True, slots=True)
class RequestSaid:
    """What a mail says about a request of its reader.

    Attributes:
        asked: what for, a code; `outcome` and `reason` likewise, "" where there is none.
        due: last day on which an answer is in time.
        answer: words of whoever answered.
    """

    number: str = ""
    asked: str = ""
    due: date | None = None
    reason: str = ""
    outcome: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class MailValues:
    """What one mail says about its reader.

    Attributes:
        link: what the button opens; "" for a mail without one.
        unsubscribe: RFC 8058 address; "" for mails that are not asking.
        closes: last day to answer.
        until: last day of a yes.
        last: whether no other asking mail follows.
        changed: whether we ask again because the notice means something else now.
        lapsed: whether a yes ended by itself; else its reader took it back.
        fields: labels of what is stored; `purposes` likewise. For confirmations.
        code: a one-time code, digits only.
        request: for the mails about one.
    """

    first_name: str
    link: str = ""
    unsubscribe: str = ""
    closes: date | None = None
    until: date | None = None
    last: bool = False
    changed: bool = False
    lapsed: bool = False
    fields: Sequence[str] = ()
    purposes: Sequence[str] = ()
    code: str = ""
    request: RequestSaid = RequestSaid()


@dataclass(frozen=True, slots=True)
class Composed:
    """A mail without its envelope."""

    subject: str
    text: str
    html: str


def compose(
    edition: Edition, language: str, kind: MailKind, terms: Terms, values: MailValues
) -> Composed:
    """Return the mail of a kind in a language of the edition.

    Raises:
        ValueError: the mail speaks of a link and was given none; it must not leave.
    """
    shared = edition.mails[language]
    texts: MailTexts = getattr(shared, kind.value)
    if texts.link and not values.link:
        raise ValueError(f"{kind.value}: a mail with a button needs its link")
    said = {**terms.said_in(language), **_said(shared, values)}
    greeting = shared.greeting if said["first_name"] else shared.greeting_unnamed
    parts: dict[str, Any] = {
        "language": language,
        "subject": one_line(render_plain(texts.subject, said)),
        "greeting": render_plain(greeting, said),
        "lines": _paragraphs(texts.lines, said),
        "lists": _lists(texts, values) if kind is MailKind.CONFIRMATION else [],
        "button": texts.link if values.link else "",
        "link": values.link,
        "after": [render_plain(line, said) for line in texts.after],
        "unsubscribe_line": shared.unsubscribe if values.unsubscribe else "",
        "unsubscribe": values.unsubscribe,
        "sender": render_plain(shared.sender, said),
    }
    return Composed(parts["subject"], _text(parts), _layout().render(_unbroken(parts, said)))


def _unbroken(parts: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts with every day on one line, as far as there is room: “3.” says nothing."""
    days = {said[name] for name in ("closes", "until", "due")} - {""}

    def kept(line: str) -> str:
        for day in days:
            line = line.replace(day, day.replace(" ", "\N{NO-BREAK SPACE}"))
        return line

    both = {name: [kept(line) for line in parts[name]] for name in ("lines", "after")}
    return {**parts, **both}


def _said(shared: MailFile, values: MailValues) -> dict[str, Any]:
    return {
        "first_name": plain_name(values.first_name),
        "closes": day_in_words(shared, values.closes),
        "until": day_in_words(shared, values.until),
        "last": values.last,
        "changed": values.changed,
        "lapsed": values.lapsed,
        "code": f"{values.code[:4]} {values.code[4:]}".strip(),
        **_said_of(shared, values.request),
    }


def _paragraphs(lines: Sequence[str], said: Mapping[str, Any]) -> list[str]:
    """Return what is to be read, a paragraph each; an answer may have several, or none."""
    rendered = [render_plain(line, said) for line in lines]
    return [part for text in rendered for part in text.split("\n") if part.strip()]


def _said_of(shared: MailFile, request: RequestSaid) -> dict[str, str]:
    return {
        "number": request.number,
        "asked": request.asked,
        "due": day_in_words(shared, request.due),
        "reason": request.reason,
        "outcome": request.outcome,
        "answer": request.answer,
    }


def day_in_words(shared: MailFile, day: date | None) -> str:
    """Return a civil date as people of that language write it; "" for None."""
    if day is None:
        return ""
    parts = {"day": day.day, "month": shared.months[day.month - 1], "year": day.year}
    return render_plain(shared.date, parts)


def last_day(moment: datetime) -> date:
    """Return the UTC day of an instant: what is promised to a reader ends with a day in UTC."""
    return moment.astimezone(UTC).date()


def _lists(texts: MailTexts, values: MailValues) -> list[tuple[str, list[str]]]:
    nothing = [texts.nothing]
    return [
        (texts.list_fields, list(values.fields) or nothing),
        (texts.list_purposes, list(values.purposes) or nothing),
    ]


def one_line(text: str) -> str:
    """Return text as one line: a header takes no line break, whatever a name or a file holds."""
    return " ".join(text.split())


def plain_name(name: str) -> str:
    """Return a name as one plain line: no control or direction characters, at most 120 long."""
    visible = "".join(
        " " if unicodedata.category(letter) in {"Zl", "Zp", "Cc"} else letter
        for letter in unicodedata.normalize("NFC", name)
        if unicodedata.category(letter) not in {"Cf", "Cs", "Co", "Cn"}
    )
    return one_line(visible)[:NAME_LENGTH].rstrip()


def _text(parts: Mapping[str, Any]) -> str:
    """Return the plain-text part; its long addresses stand alone on their lines."""
    blocks = [parts["greeting"], *parts["lines"]]
    for title, items in parts["lists"]:
        blocks.append("\n".join([f"{title}:", *(f"- {item}" for item in items)]))
    if parts["button"]:
        blocks.append(f"{parts['button']}:\n{parts['link']}")
    blocks += parts["after"]
    if parts["unsubscribe"]:
        blocks.append(f"{parts['unsubscribe_line']}\n{parts['unsubscribe']}")
    blocks += ["-- ", parts["sender"]]
    return re.sub(r"\n-- \n\n", "\n-- \n", "\n\n".join(blocks)) + "\n"


@cache
def _layout() -> Template:
    environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=True)
    return environment.from_string(_HTML)


_HTML: Final = """\
<!DOCTYPE html>
<html lang="{{ language }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{ subject }}</title>
</head>
<body style="margin:0;padding:24px;font:16px/1.5 Georgia,'Times New Roman',serif">
<div style="max-width:34em;margin:0 auto">
<p>{{ greeting }}</p>
{% for line in lines %}<p>{{ line }}</p>
{% endfor %}
{%- for title, items in lists %}<p style="margin-bottom:4px"><strong>{{ title }}</strong></p>
<ul style="margin-top:0">
{% for item in items %}<li>{{ item }}</li>
{% endfor %}</ul>
{% endfor %}
{%- if button %}<p style="margin:28px 0"><a href="{{ link }}" style="display:inline-block;\
padding:12px 22px;border-radius:4px;background:#1d4e57;color:#ffffff;text-decoration:none;\
font-family:Arial,sans-serif;font-weight:bold">{{ button }}</a></p>
{% endif %}
{%- for line in after %}<p>{{ line }}</p>
{% endfor -%}
<hr style="border:0;border-top:1px solid #999999;margin:28px 0 12px">
<p style="font-size:13px">{{ sender }}</p>
{% if unsubscribe %}<p style="font-size:13px">{{ unsubscribe_line }} <a href="{{ unsubscribe }}" \
style="overflow-wrap:anywhere;word-break:break-word">{{ unsubscribe }}</a></p>
{% endif -%}
</div>
</body>
</html>
"""
