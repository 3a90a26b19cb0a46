"""Writes a new plugin: a distribution with module, test and entry point that works at once."""

import keyword
import re
from pathlib import Path
from string import Template
from typing import Final

from alumni_sync.errors import ConfigError
from alumni_sync.plugins import PluginKind, installed

TEMPLATES: Final = Path(__file__).resolve().parent / "templates" / "plugin"
NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
WHAT: Final = {PluginKind.HRIS: "HRIS connector", PluginKind.PLATFORMS: "community platform"}
COMMAND: Final = {PluginKind.HRIS: "connectors", PluginKind.PLATFORMS: "platforms"}
SUFFIX: Final = {PluginKind.HRIS: "Connector", PluginKind.PLATFORMS: "Platform"}


def write_plugin(kind: PluginKind, name: str, into: Path) -> Path:
    """Write the distribution `alumni-sync-NAME` below `into` and return its folder.

    Raises:
        ConfigError: the name cannot be used, is taken, or the folder exists.
    """
    _check_name(kind, name)
    folder = into / f"alumni-sync-{name}"
    if folder.exists():
        raise ConfigError.of(str(folder), "is there already", "choose another name, or remove it")
    words = name.split("-")
    module = f"alumni_sync_{'_'.join(words)}"
    values = {
        "name": name,
        "vendor": " ".join(word.capitalize() for word in words),
        "what": WHAT[kind],
        "command": COMMAND[kind],
        "group": kind.group,
        "module": module,
        "class_name": "".join(word.capitalize() for word in words) + SUFFIX[kind],
    }
    for template, target in (
        ("pyproject.toml.tmpl", "pyproject.toml"),
        ("README.md.tmpl", "README.md"),
        (f"{kind.value}.py.tmpl", f"{module}.py"),
        (f"test_{kind.value}.py.tmpl", f"tests/test_{module}.py"),
    ):
        path = folder / target
        path.parent.mkdir(parents=True, exist_ok=True)
        text = Template((TEMPLATES / template).read_text(encoding="utf-8"))
        path.write_text(text.substitute(values), encoding="utf-8")
    return folder


def _check_name(kind: PluginKind, name: str) -> None:
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        raise ConfigError.of("NAME", f"{name} cannot be used", "a-z, 0-9 and single dashes only")
    if name in installed(kind):
        raise ConfigError.of("NAME", f"a plugin {name} is installed already", "choose another")
