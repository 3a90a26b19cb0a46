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


INTO = click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Folder to write the new distribution into. Default: here.",
)


def _add_commands(group: click.Group, kind: PluginKind, what: str) -> None:
    """Give a group what both have: `list`, `show` and `new`.

    Args:
        group: of commands.
        kind: of plugin.
        what: one of them in words; a plain s makes several.
    """

    @group.command("list", help=f"List the {what}s that are installed.")
    @json_option
    def _(as_json: bool) -> None:
        _list(kind, as_json=as_json)

    @group.command("show", help=f"Show one {what}: capabilities and settings.")
    @click.argument("name")
    @json_option
    def _(name: str, as_json: bool) -> None:
        _show(kind, name, as_json=as_json)

    @group.command("new", help=f"Write a distribution with the {what} NAME and its test.")
    @click.argument("name")
    @INTO
    def _(name: str, into: Path) -> None:
        from alumni_sync.cli.scaffold import write_plugin

        folder = write_plugin(kind, name, into)
        click.echo(f"{folder}: a distribution with module, test and entry point.")
        click.echo(f"Next: pip install --editable {folder} && pytest {folder}")


_add_commands(connectors, PluginKind.HRIS, "HRIS connector")
_add_commands(platforms, PluginKind.PLATFORMS, "community platform")


@connectors.command("check")
@json_option
@pass_app
def check_connectors(app: App, as_json: bool) -> None:
    """Ask every source of the configuration whether it answers, and which fields it shows."""
    from alumni_sync.cli.health import check_sources

    _report(list(check_sources(app.plugins())), as_json=as_json)


@platforms.command("check")
@json_option
@pass_app
def check_platforms(app: App, as_json: bool) -> None:
    """Ask the platform of the configuration whether it answers."""
    from alumni_sync.cli.health import check_platform

    _report([check_platform(app.plugins())], as_json=as_json)
