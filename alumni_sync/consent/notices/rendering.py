"""Rendering of notices and forms: what is shown, and the hash that stands for it.

The text's hash is taken over the exact rendered Markdown (NFC, LF, no trailing spaces); the form's
over labels, order and defaults. Neither holds a personal value, so both can be kept as they are.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from threading import Lock
from typing import Any, Final

import rfc8785
from jinja2 import StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment
from markdown_it import MarkdownIt

from alumni_sync.consent.notices.editions import LABELS, Edition, Label, Terms
from alumni_sync.consent.notices.exact import exact_text, sha256
from alumni_sync.ports import ProfileField, Purpose

ANSWERS: Final = ("yes", "no", "later", "not_me")
_ANEW: Final = {"yes": "anew", "no": "anew_no", "not_me": "not_me"}
"""Answer → its label, where somebody is a member already; only asked whether they stay: a no."""
_Said = tuple[tuple[str, Any], ...]
"""What the terms say in one language, by name: a value that things can be kept by."""
_ONE_AT_A_TIME: Final = Lock()
"""`mdurl`, which writes the links, fills its tables at the first one, while others read them."""
_MARKDOWN_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|~])")


@dataclass(frozen=True, slots=True)
class RenderedNotice:
    """A notice as it is shown; `text` is what is hashed and kept.

    Attributes:
        template_sha256: of the file it was made from.
    """

    text: str
    html: str
    sha256: str
    template_sha256: str


@dataclass(frozen=True, slots=True)
class RenderedForm:
    """A form as it is shown, to one who is offered `fields`; `content` is hashed and kept."""

    content: bytes
    sha256: str
    labels: Mapping[str, str]
    fields: Mapping[ProfileField, Label]
    purposes: Mapping[Purpose, Label]


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody has agreed to who is shown the form for more; it goes on with a new yes.

    Attributes:
        asked: whether we ask if it shall go on; then there is a no as well.
    """

    asked: bool
    fields: Mapping[ProfileField, bool]
    purposes: Collection[Purpose]
    not_before: Mapping[Purpose, date]

    def described(self) -> dict[str, Any]:
        """Return it as JSON values, without any value of a field."""
        return {
            "fields": sorted(self.fields),
            "shown": sorted(name for name, to_members in self.fields.items() if to_members),
            "purposes": sorted(self.purposes),
            "not_before": {name.value: day.isoformat() for name, day in self.not_before.items()},
        }


@lru_cache(maxsize=512)
def _compiled(template: str) -> Template:
    """Compile a line of plain text once: every mail is made of the same few."""
    return SandboxedEnvironment(undefined=StrictUndefined, autoescape=False).from_string(template)


def render_plain(template: str, values: Mapping[str, Any]) -> str:
    """Return a line of plain text with its variables filled in; a missing one is an error."""
    return _compiled(template).render(values)


def render_notice(edition: Edition, language: str, terms: Terms) -> RenderedNotice:
    """Return the notice in one language, as text, as HTML, and its hash."""
    return _notice(edition.texts[language], tuple(terms.said_in(language).items()))


@lru_cache(maxsize=128)  # everybody of one source who reads one language is shown the same bytes
def _notice(template: str, said: _Said) -> RenderedNotice:
    environment = SandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,
        finalize=lambda value: _MARKDOWN_SPECIAL.sub(r"\\\1", str(value)),
        keep_trailing_newline=True,
    )
    text = exact_text(environment.from_string(template).render(dict(said)))
    return RenderedNotice(text, notice_html(text), sha256(text.encode()), sha256(template.encode()))


def notice_html(text: str) -> str:
    """Return a notice's Markdown as HTML; raw HTML in it stays text."""
    with _ONE_AT_A_TIME:
        return str(MarkdownIt("commonmark", {"html": False}).render(text))


def render_form(
    edition: Edition,
    language: str,
    terms: Terms,
    offered: tuple[ProfileField, ...],
    standing: Standing | None = None,
) -> RenderedForm:
    """Return the form for somebody who is offered the fields `offered`.

    With `standing` it is the form by which a member says yes anew: one answer, on top of that.
    """
    said = tuple(terms.said_in(language).items())
    if standing is None:
        return _first_form(edition, language, said, offered)
    return _form(edition, language, said, offered, standing)


@lru_cache(maxsize=512)  # asked about the same fields, people of one source see the same form
def _first_form(
    edition: Edition, language: str, said: _Said, offered: tuple[ProfileField, ...]
) -> RenderedForm:
    return _form(edition, language, said, offered, None)


def _form(
    edition: Edition,
    language: str,
    said: _Said,
    offered: tuple[ProfileField, ...],
    standing: Standing | None,
) -> RenderedForm:
    texts, values = edition.forms[language], dict(said)
    labels = {name: render_plain(texts.labels[name], values) for name in LABELS}
    answers = [(name, labels[name]) for name in ANSWERS]
    if standing is None:
        del labels["anew"], labels["anew_no"]
    else:
        answers = [(name, labels[label]) for name, label in _ANEW.items()]
        answers = answers if standing.asked else answers[:1]
    fields = {name: texts.fields[name] for name in edition.manifest.fields if name in offered}
    purposes = {name: texts.purposes[name] for name in edition.manifest.purposes}
    content = rfc8785.dumps(
        {
            "notice": edition.manifest.id,
            "version": edition.manifest.version,
            "language": language,
            "labels": labels,
            "answers": [{"value": name, "label": label} for name, label in answers],
            "fields": [_described(name, label) for name, label in fields.items()],
            "purposes": [_described(name, label) for name, label in purposes.items()],
            "defaults": {"answer": None, "fields": [], "shown": [], "purposes": []},
            **({} if standing is None else {"standing": standing.described()}),
        }
    )
    return RenderedForm(content, sha256(content), labels, fields, purposes)


def _described(name: str, label: Label) -> dict[str, str]:
    return {"id": str(name), "label": label.label, "help": label.help}
