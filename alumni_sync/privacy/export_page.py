"""The page of an export: the same content as the JSON, for people; one file, readable offline.

Everything in the content is on the page, under a label in the reader's language; codes are said in
words. Nothing is loaded from anywhere, and whatever stands in the data is shown as text.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from alumni_sync.privacy.export_texts import ExportTexts

_CODED: Final = frozenset(
    {
        *("verdict", "state", "before", "event", "by", "channel", "reason", "basis", "kind"),
        *("scope", "verb", "outcome", "record_status", "exit_kind", "decision", "consent_type"),
        *("shown_to_members", "post_employment", "content", "profile_key", "evidence_key"),
        *("reopens_on", "answer", "act", "flags", "purpose", "purposes", "do_not_consider"),
        *("recorded_by", "no_contact_reason"),
    }
)
"""Keys whose values are codes of ours; any other value is somebody's data, shown as it stands."""
_NAMES: Final = frozenset({"unknown", "withheld", "id"})
"""Keys whose values are names of fields or purposes."""
_ENGLISH: Final = frozenset({"reasons"})
"""Reasons are shown as they were kept when the rules spoke: in English."""
_TITLES: Final = ("request", "case", "invitation", "employment", "platform")


@dataclass(frozen=True, slots=True)
class Node:
    """One value on the page: words, or a list of entries, or pairs of label and value."""

    words: str = ""
    language: str = ""
    entries: tuple["Node", ...] = ()
    pairs: tuple[tuple[str, "Node"], ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """One heading with its entries."""

    id: str
    title: str
    entries: tuple[tuple[str, Node], ...]


def page_of(content: Mapping[str, Any], texts: ExportTexts) -> str:
    """Return the page of an export's content."""
    made = datetime.fromisoformat(content["about"]["made_at"])
    lead = texts["lead"].format(date=texts.day(made.date()), time=f"{made:%H:%M}")
    shown = {name: inner for name, inner in content.items() if name not in {"information", "texts"}}
    return _template().render(
        language=texts.code,
        title=texts["title"],
        lead=lead,
        contents=texts["contents"],
        nothing=texts["nothing"],
        information=(texts.section("information"), list(content["information"].values())),
        sections=[_section(name, inner, texts) for name, inner in shown.items()],
        exact=(texts.section("texts"), content["texts"]),
    )


def _section(name: str, content: Any, texts: ExportTexts) -> Section:  # noqa: ANN401 JSON
    entries = [("", content)] if isinstance(content, Mapping) else list(_titled(content, texts))
    shown = [(title, node_of("", inner, texts)) for title, inner in entries]
    return Section(name, texts.section(name), tuple(shown))


def _titled(content: Sequence[Any], texts: ExportTexts) -> Iterator[tuple[str, Any]]:
    for number, item in enumerate(content, 1):
        named = next((str(item[key]) for key in _TITLES if item.get(key)), "")
        yield named or texts["unnamed"].format(number=number), item


def node_of(key: str, value: Any, texts: ExportTexts) -> Node:  # noqa: ANN401 JSON
    """Return a value as it is shown; what is empty is left out of it."""
    if isinstance(value, Mapping):
        inner = [
            (texts.label(name), node_of(name, each, texts))
            for name, each in value.items()
            if each not in (None, "", [], {})
        ]
        return Node(pairs=tuple(inner))
    if isinstance(value, list | tuple):
        return Node(entries=tuple(node_of(key, each, texts) for each in value))
    return Node(_words(key, value, texts), "en" if key in _ENGLISH else "")


def _words(key: str, value: Any, texts: ExportTexts) -> str:  # noqa: ANN401 JSON
    if value is None:
        return texts.value("unknown")
    if isinstance(value, bool):
        return texts.value(str(value).lower())
    text = str(value)
    if key in _CODED or text == "not_visible":
        return texts.value(text)
    if key in _NAMES:
        return texts.label(text) if texts.label(text) != text else texts.value(text)
    return texts.written(text)


@cache
def _template() -> Template:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    source = files("alumni_sync.privacy").joinpath("templates", "export.html")
    return environment.from_string(source.read_text("utf-8"))
