"""Plugins: entry points → connectors, platforms and mailers.

A plugin is a distribution with an entry point in one of three groups, naming a class with `info`
and `Settings` that is built as `cls(settings, context)`. The built-in ones are registered in
exactly the same way. What belongs here: finding, loading, checking settings, building. What does
not: knowing any vendor, and deciding which plugin is used (`alumni_sync.deployment`).
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Final, cast

from pydantic import BaseModel, ValidationError

from alumni_sync.errors import AlumniSyncError, ConfigError, Problem
from alumni_sync.ports import (
    CommunityPlatform,
    ConnectorInfo,
    HrisConnector,
    Mailer,
    MailerInfo,
    PlatformInfo,
    PluginContext,
)
from alumni_sync.yaml_lines import Document, Location, parse_yaml, problems_of, suggest

PluginClass = type[HrisConnector] | type[CommunityPlatform] | type[Mailer]
PluginInfo = ConnectorInfo | PlatformInfo | MailerInfo


_EDGES: Final = "alumni_sync.edges"
"""Connectors that are ours alone: neither chosen by `connector`, nor an interface for others."""


class PluginKind(StrEnum):
    """The three kinds; the entry-point group is `alumni_sync.` plus the value."""

    HRIS = "hris"
    PLATFORMS = "platforms"
    MAIL = "mail"

    @property
    def group(self) -> str:
        """Return the entry-point group."""
        return f"alumni_sync.{self.value}"


NOWHERE = parse_yaml("", "settings")
"""Stands for the file where settings come from code."""


def installed(kind: PluginKind) -> dict[str, EntryPoint]:
    """Return the plugins of a kind by name, sorted; loads none of them."""
    found = sorted(entry_points(group=kind.group), key=lambda entry: entry.name)
    return {entry.name: entry for entry in found}


def load_edge(name: str) -> Any:  # noqa: ANN401 one class an edge
    """Return the class of an edge of our own that settings of ours configure, not a plugin's.

    Raises:
        ConfigError: this installation is not whole.
    """
    for entry in entry_points(group=_EDGES, name=name):
        return entry.load()
    raise ConfigError.of(f"the connector {name}", "is not installed", "install alumni_sync again")


def load_plugin(kind: PluginKind, name: str, where: str) -> PluginClass:
    """Import the class of a plugin.

    Args:
        kind: which group to look in.
        name: entry-point name.
        where: place in the configuration, for the message.

    Raises:
        ConfigError: no such plugin, two of that name, or it cannot be imported.
    """
    found = entry_points(group=kind.group, name=name)
    if not found:
        known = ", ".join(installed(kind)) or "none"
        raise ConfigError.of(where, f"no plugin is called {name}", f"installed: {known}")
    if len({entry.value for entry in found}) > 1:
        owners = ", ".join(sorted(entry.dist.name for entry in found if entry.dist))
        raise ConfigError.of(where, f"two plugins are called {name}", f"uninstall one: {owners}")
    entry = next(iter(found))
    try:
        plugin = entry.load()
    except (ImportError, AttributeError) as error:
        raise ConfigError.of(
            where, f"the plugin {name} cannot be loaded: {type(error).__name__}", entry.value
        ) from error
    missing = [part for part in ("info", "Settings") if not hasattr(plugin, part)]
    if missing:
        raise ConfigError.of(
            where, f"the plugin {name} has no {' and no '.join(missing)}", entry.value
        )
    return cast("PluginClass", plugin)


def check_settings(
    plugin: PluginClass,
    keys: Mapping[str, Any],
    root: Path,
    document: Document = NOWHERE,
    location: Location = (),
    ours: Collection[str] = (),
) -> BaseModel:
    """Return a plugin's settings from its keys in the configuration.

    The model gets `{"root": root}` as validation context, to resolve relative paths.

    Args:
        plugin: whose settings they are.
        keys: those of the section that are not ours.
        root: folder of the configuration.
        document: the file they come from.
        location: of the section in it.
        ours: keys of the section that are ours: a misspelt key may have been meant to be one.

    Raises:
        ConfigError: every key that is wrong, missing or unknown, with its line in `document`.
    """
    model = plugin.Settings
    known = {info.alias or key for key, info in model.model_fields.items()}
    problems = []
    if model.model_config.get("extra") != "forbid":  # a key that is ignored is a defect
        problems = [
            Problem(
                document.where((*location, key)),
                "is not a known key",
                suggest(key, known | {*ours}),
            )
            for key in keys
            if key not in known
        ]
    try:
        settings = model.model_validate(dict(keys), context={"root": root})
    except ValidationError as error:
        problems.extend(problems_of(error, document, model, location, ours))
        settings = None
    if problems or settings is None:
        raise ConfigError(problems)
    return settings


def build_plugin(
    plugin: PluginClass, settings: BaseModel, context: PluginContext, where: str
) -> Any:  # noqa: ANN401 one of three
    """Build a plugin. It does no I/O yet.

    Raises:
        ConfigError: its constructor raised one, or failed otherwise.
    """
    try:
        return plugin(settings, context)
    except AlumniSyncError:
        raise
    except Exception as error:  # a plugin may be anybody's; name it instead of a traceback
        raise ConfigError.of(
            where, f"the plugin cannot be built: {type(error).__name__}"
        ) from error
