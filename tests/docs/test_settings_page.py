"""docs/settings.md names every key, and only those."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from alumni_sync.plugins import PluginKind, installed, load_plugin
from alumni_sync.sections import WithPlugin
from alumni_sync.settings import Runtime, Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
OURS, _, REST = PAGE.partition("## Keys of the built-in plugins")
PLUGINS, _, VARIABLES = REST.partition("## Environment variables")
TITLES = {"Connector": PluginKind.HRIS, "Platform": PluginKind.PLATFORMS, "Mail": PluginKind.MAIL}


def first_cells(text: str) -> set[str]:
    """Return the first cells of all table rows, which are keys in backticks."""
    return set(re.findall(r"(?m)^\| `([^`]+)` \|", text))


def models_within(annotation: object) -> list[type[BaseModel]]:
    """Return the models that an annotation mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    inner = getattr(annotation, "__args__", ())
    return [model for argument in inner for model in models_within(argument)]


def keys_of(model: type[BaseModel], prefix: str = "") -> set[str]:
    """Return the dotted keys of a model; a mapping of models has NAME in between."""
    found = set()
    for name, info in model.model_fields.items():
        if name == "root" or (name == "plugin" and issubclass(model, WithPlugin)):
            continue
        key = prefix + (info.alias or name)
        inner = models_within(info.annotation)
        if not inner:
            found.add(key)
        for nested in inner:
            between = ".NAME." if key == "sources" else "."
            found |= keys_of(nested, key + between)
    return found


def test_the_page_has_exactly_our_keys() -> None:
    """A key that is not documented is not found; one that does not exist is tried in vain."""
    assert keys_of(Settings) == first_cells(OURS)


def test_the_page_has_every_built_in_plugin() -> None:
    """A plugin that nobody can find is not there."""
    assert {
        (kind, name)
        for kind in PluginKind
        for name, entry in installed(kind).items()
        if entry.dist is not None and entry.dist.name == "alumni-sync"
    } == {(TITLES[title], name) for title, name in re.findall(r"### (\w+) `(\w+)`", PLUGINS)}


@pytest.mark.parametrize(("title", "name"), re.findall(r"### (\w+) `(\w+)`", PLUGINS))
def test_the_page_has_exactly_the_keys_of_each_plugin(title: str, name: str) -> None:
    """They stand in the same file, and mistyping one is as easy."""
    section = PLUGINS.partition(f"### {title} `{name}`")[2].partition("### ")[0]
    model = load_plugin(TITLES[title], name, name).Settings

    assert {info.alias or key for key, info in model.model_fields.items()} == first_cells(section)


def test_the_page_has_exactly_our_variables() -> None:
    """What the environment can change must be known to whoever runs this."""
    named = set(re.findall(r"\b(?:ALUMNI_SYNC_[A-Z_]+|DAGSTER_HOME)\b", Runtime.__doc__ or ""))

    assert named == first_cells(VARIABLES)


def test_an_empty_default_is_said() -> None:
    """A reader must not have to try what happens without a key."""
    rows = re.findall(r"(?m)^\| `[^`]+` \|([^|]*)\|", OURS + PLUGINS)

    assert [] == [row for row in rows if not row.strip()]
