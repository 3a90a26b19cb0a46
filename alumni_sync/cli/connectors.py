"""`connectors`, `platforms`: what is installed, what it can do, whether it answers, a new one."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alumni_sync.cli.app import App, json_option, pass_app, show, table
from alumni_sync.cli.exits import Exit, finish
from alumni_sync.plugins import PluginInfo, PluginKind, installed, load_plugin

if TYPE_CHECKING:
    from pydantic import BaseModel

    from alumni_sync.cli.health import Health


@click.group()
def connectors() -> None:
    """HRIS connectors: list, show, check, new."""


@click.group()
def platforms() -> None:
    """Community platforms: list, show, check, new."""


def _list(kind: PluginKind, *, as_json: bool) -> None:
    infos = [(name, load_plugin(kind, name, name).info) for name in installed(kind)]
    value = [
        {"name": name, "vendor": info.vendor, "capabilities": _capabilities(info)}
        for name, info in infos
    ]
    rows = [(name, info.vendor, _abilities(_capabilities(info))) for name, info in infos]
    show(value, table(rows, ("name", "vendor", "can")), as_json=as_json)


def _capabilities(info: PluginInfo) -> Mapping[str, bool | str | int]:
    return getattr(info, "capabilities", {})


def _abilities(capabilities: Mapping[str, bool | str | int]) -> str:
    """Return `bulk, etag, removal=hide` for people; what it cannot do is left out."""
    words = [key if value is True else f"{key}={value}" for key, value in capabilities.items()]
    shown = zip(words, capabilities.values(), strict=True)
    return ", ".join(word for word, value in shown if value is not False)


def _show(kind: PluginKind, name: str, *, as_json: bool) -> None:
    plugin = load_plugin(kind, name, name)
    keys = setting_keys(plugin.Settings)
    value = {**asdict(plugin.info), "settings": keys}
    lines = [f"{key}: {_flat(item)}" for key, item in asdict(plugin.info).items()]
    lines += ["settings:"]
    lines += [f"  {key['key']}: {key['type']}, {key['default']}" for key in keys]
    show(value, lines, as_json=as_json)


def _flat(value: object) -> str:
    return _abilities(value) if isinstance(value, Mapping) else str(value)


def setting_keys(model: type["BaseModel"]) -> list[dict[str, Any]]:
    """Return a plugin's own keys with type and default, `required` where there is none."""
    schema = model.model_json_schema()
    properties: Mapping[str, Mapping[str, Any]] = schema.get("properties", {})
    required = set(schema.get("required", ()))
    return [
        {
            "key": key,
            "type": _type_of(detail),
            "default": "required" if key in required else f"default {detail.get('default')}",
            "description": detail.get("description", ""),
        }
        for key, detail in properties.items()
    ]


def _type_of(detail: Mapping[str, Any]) -> str:
    if "enum" in detail:
        return " | ".join(map(str, detail["enum"]))
    if "anyOf" in detail:
        return " | ".join(_type_of(part) for part in detail["anyOf"] if part.get("type") != "null")
    return str(detail.get("type", "mapping"))


def _report(healths: list["Health"], *, as_json: bool) -> None:
    from alumni_sync.cli.health import worst_of

    value = [
        {
            "name": health.name,
            "ok": health.code is Exit.DONE,
            "problems": [asdict(problem) for problem in health.problems],
            "notes": list(health.notes),
        }
        for health in healths
    ]
    show(value, [line for health in healths for line in health.lines()], as_json=as_json)
    finish(worst_of(healths))


@connectors.command("list")
@json_option
def list_connectors(as_json: bool) -> None:
    """List the HRIS connectors that are installed."""
    _list(PluginKind.HRIS, as_json=as_json)


@connectors.command("show")
@click.argument("name")
@json_option
def show_connector(name: str, as_json: bool) -> None:
    """Show one connector: capabilities and settings."""
    _show(PluginKind.HRIS, name, as_json=as_json)


@connectors.command("check")
@json_option
@pass_app
def check_connectors(app: App, as_json: bool) -> None:
    """Ask every source of the configuration whether it answers, and which fields it shows."""
    from alumni_sync.cli.health import check_sources

    _report(list(check_sources(app.plugins())), as_json=as_json)


@platforms.command("list")
@json_option
def list_platforms(as_json: bool) -> None:
    """List the community platforms that are installed."""
    _list(PluginKind.PLATFORMS, as_json=as_json)


@platforms.command("show")
@click.argument("name")
@json_option
def show_platform(name: str, as_json: bool) -> None:
    """Show one platform: capabilities and settings."""
    _show(PluginKind.PLATFORMS, name, as_json=as_json)


@platforms.command("check")
@json_option
@pass_app
def check_platforms(app: App, as_json: bool) -> None:
    """Ask the platform of the configuration whether it answers."""
    from alumni_sync.cli.health import check_platform

    _report([check_platform(app.plugins())], as_json=as_json)


INTO = click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Folder to write the new distribution into. Default: here.",
)


@connectors.command("new")
@click.argument("name")
@INTO
def new_connector(name: str, into: Path) -> None:
    """Write a distribution with a connector NAME, its test and its entry point."""
    from alumni_sync.cli.scaffold import write_plugin

    _say(write_plugin(PluginKind.HRIS, name, into))


@platforms.command("new")
@click.argument("name")
@INTO
def new_platform(name: str, into: Path) -> None:
    """Write a distribution with a platform NAME, its test and its entry point."""
    from alumni_sync.cli.scaffold import write_plugin

    _say(write_plugin(PluginKind.PLATFORMS, name, into))


def _say(folder: Path) -> None:
    click.echo(f"{folder}: a distribution with module, test and entry point.")
    click.echo(f"Next: pip install --editable {folder} && pytest {folder}")
