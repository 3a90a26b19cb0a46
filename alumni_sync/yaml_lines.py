"""YAML with line numbers, so that every problem of a file can say where it stands.

For files that people write: the configuration, rule packs, jurisdiction packs. A document is plain
values (dicts, lists, text, numbers, dates) plus the line of every key. What YAML lets pass
silently is a problem here: a key that stands twice, a key that is not text.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any, Final, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from alumni_sync.errors import ConfigError, Problem

Location = tuple[str | int, ...]
"""The keys and list positions that lead to a value: `("sources", "acme-pl", "path")`."""

LOADER: Final[type[yaml.SafeLoader]] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where it is there: reads the same, ten times as fast."""

MERGE_TAG: Final = "tag:yaml.org,2002:merge"


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file, read.

    Attributes:
        name: file name for messages.
        value: the plain value; None for an empty file.
        lines: line (from 1) of every key and list item by its location.
        problems: what is wrong with the file as YAML; the rest of it was read all the same.
    """

    name: str
    value: Any
    lines: Mapping[Location, int] = field(repr=False)
    problems: tuple[Problem, ...] = ()

    def where(self, location: Location) -> str:
        """Return `alumni_sync.yaml:12 sources.acme-pl.path`, by the nearest line that is known."""
        known = location
        while known not in self.lines and known:
            known = known[:-1]
        line = self.lines.get(known, 1)
        dotted = ".".join(str(part) for part in location)
        return f"{self.name}:{line} {dotted}".rstrip()


def plain_yaml(text: str) -> Any:  # noqa: ANN401 whatever stands there
    """Return the values of YAML text without its lines; raises `yaml.YAMLError`."""
    return yaml.load(text, LOADER)  # noqa: S506 it is a safe loader


def read_yaml(path: Path) -> Document:
    """Read a YAML file.

    Raises:
        ConfigError: the file cannot be read, is not UTF-8, or is no YAML at all.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError.of(str(path), f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError.of(str(path), "is not UTF-8", "save the file as UTF-8") from None
    return parse_yaml(text, path.name)


def parse_yaml(text: str, name: str) -> Document:
    """Parse YAML text; `name` stands for the file in messages.

    Raises:
        ConfigError: the text is no YAML; names the line.
    """
    try:
        try:
            return _document(text, name, LOADER)
        except yaml.YAMLError:
            return _document(text, name, yaml.SafeLoader)  # knows better what is wrong, and where
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        what = f"is not valid YAML: {error.problem or error.context}"
        raise ConfigError.of(f"{name}:{line}", what, "check indentation and quotes") from None
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError.of(f"{name}:1", f"is not valid YAML: {type(error).__name__}") from None


def _document(text: str, name: str, kind: type[yaml.SafeLoader]) -> Document:
    loader = kind(text)
    try:
        node = loader.get_single_node()
        lines: dict[Location, int] = {}
        problems = list(_walk(node, (), name, lines)) if node is not None else []
        value = None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()
    return Document(name, value, lines, tuple(problems))


def _walk(
    node: yaml.Node, location: Location, name: str, lines: dict[Location, int]
) -> Iterator[Problem]:
    """Note the line of everything below `node`; yield keys that are doubled or no text."""
    lines.setdefault(location, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            yield from _walk(item, (*location, position), name, lines)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: dict[str, int] = {}
    for key, item in node.value:
        line = key.start_mark.line + 1
        where = f"{name}:{line} " + ".".join(str(part) for part in location)
        if key.tag == MERGE_TAG:
            continue
        if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
            shown = f"`{key.value}`" if isinstance(key, yaml.ScalarNode) else "a list or mapping"
            yield Problem(where.rstrip(), f"the key {shown} is not text", "put it in quotes")
            continue
        here = (*location, key.value)
        if key.value in seen:
            yield Problem(
                f"{name}:{line} " + ".".join(str(part) for part in here),
                f"stands twice, first in line {seen[key.value]}",
                "keep one",
            )
        seen.setdefault(key.value, line)
        lines[here] = line
        yield from _walk(item, here, name, lines)


def problems_of(
    error: ValidationError,
    document: Document,
    model: type[BaseModel],
    prefix: Location = (),
    beside: Collection[str] = (),
) -> list[Problem]:
    """Translate a pydantic error; never repeats a value, which may be a secret.

    Args:
        error: what `model` raised.
        document: the file that the values come from.
        model: gives the known keys, for a suggestion where one is unknown.
        prefix: where in the document the validated mapping stands.
        beside: keys that may stand there too, because somebody else reads them.
    """
    found = []
    for detail in error.errors(include_url=False, include_input=False):
        inner = tuple(part for part in detail["loc"] if not _is_marker(part))
        what, do = _sentence(detail["type"], detail["msg"], detail.get("ctx") or {})
        if detail["type"] == "extra_forbidden":
            known = {*_known_keys(model, inner[:-1]), *(() if inner[1:] else beside)}
            do = suggest(str(inner[-1]), known)
        found.append(Problem(document.where((*prefix, *inner)), what, do))
    return found


def _is_marker(part: str | int) -> bool:
    """Tell whether pydantic, not the file, put this into a location (`[key]`, union members)."""
    return isinstance(part, str) and (part == "[key]" or part.startswith("function-"))


_SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("is missing", ""),
    "extra_forbidden": ("is not a known key", ""),
    "string_type": ("must be text", "put it in quotes"),
    "string_too_short": ("must not be empty", ""),
    "too_short": ("must not be empty", ""),
    "bool_type": ("must be true or false", ""),
    "date_type": ("must be a date", "like 2026-01-31"),
    "path_type": ("must be the path of a file", ""),
    "model_type": ("must be a mapping (`key: value`)", ""),
    "dict_type": ("must be a mapping (`key: value`)", ""),
    "list_type": ("must be a list (`[a, b]`)", ""),
    "tuple_type": ("must be a list (`[a, b]`)", ""),
    "frozen_set_type": ("must be a list (`[a, b]`)", ""),
}


def _sentence(kind: str, message: str, context: Mapping[str, Any]) -> tuple[str, str]:
    """Return what is wrong and what to do; a ValueError of ours may say both, as `what | do`."""
    if kind in _SENTENCES:
        return _SENTENCES[kind]
    if kind == "value_error":
        what, _, do = str(context["error"]).partition(" | ")
        return what, do
    if kind in {"enum", "literal_error"}:
        return f"must be one of: {context['expected']}".replace("'", ""), ""
    plain = message.partition(", unable")[0].replace("Input should", "must")
    return plain[:1].lower() + plain[1:], ""


def _known_keys(model: type[BaseModel], location: Location) -> Collection[str]:
    """Return the keys that the model at `location` below `model` knows; none if it is no model."""
    current: Any = model
    for part in location:
        if _is_model(current):
            fields = current.model_fields.items()
            current = next((f.annotation for key, f in fields if part in {key, f.alias}), None)
            if get_origin(current) is UnionType:  # `Proxy | None`
                current = _model_within(current)
        else:  # a mapping or list of models: the part is a name or position in it
            current = _model_within(current)
    found = current if _is_model(current) else _model_within(current)
    return [f.alias or key for key, f in found.model_fields.items()] if found else ()


def _is_model(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _model_within(annotation: object) -> type[BaseModel] | None:
    """Return the model within `X | None`, `dict[str, X]`, `tuple[X, ...]`."""
    arguments = get_args(annotation)
    return next((argument for argument in arguments if _is_model(argument)), None)


def suggest(key: str, known: Collection[str]) -> str:
    """Return what to do about an unknown key: the known one it is close to, or all of them."""
    close = get_close_matches(key, sorted(known), n=1)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"known here: {', '.join(sorted(known))}" if known else "take it out"
