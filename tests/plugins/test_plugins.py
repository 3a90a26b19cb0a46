"""Plugins: an outsider's distribution is found, checked and built like a built-in one."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alumni_sync.errors import ConfigError
from alumni_sync.plugins import (
    PluginKind,
    build_plugin,
    check_settings,
    installed,
    load_plugin,
)
from alumni_sync.ports import PluginContext
from alumni_sync.yaml_lines import parse_yaml
from tests import fake_plugins


def _fingerprint(purpose: str, content: bytes) -> str:
    return f"{purpose} of {len(content)} bytes"


CONTEXT = PluginContext("hr", "/srv", ZoneInfo("UTC"), _fingerprint)


@pytest.fixture(autouse=True)
def _distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_plugins.install(tmp_path / "site", monkeypatch)


def test_a_plugin_of_somebody_else_is_found() -> None:
    """Else nobody could add a vendor without changing this repository."""
    assert "fake-hris" in installed(PluginKind.HRIS)
    assert "fake-hris" == load_plugin(PluginKind.HRIS, "fake-hris", "x").info.name


def test_the_built_in_ones_are_registered_in_the_same_way() -> None:
    """A private door for our own would rot the public one."""
    assert {"csv"} <= set(installed(PluginKind.HRIS))
    assert {"directory", "scim"} <= set(installed(PluginKind.PLATFORMS))
    assert {"file", "smtp"} <= set(installed(PluginKind.MAIL))


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("nobody", "no plugin is called nobody"),
        ("fake-gone", "cannot be loaded: AttributeError"),
        ("fake-half", "has no info"),
    ],
)
def test_what_cannot_be_loaded_is_named(name: str, what: str) -> None:
    """The one who reads it has to know what to install or uninstall."""
    with pytest.raises(ConfigError, match=what):
        load_plugin(PluginKind.HRIS, name, "alumni_sync.yaml:7 sources.hr.connector")


def test_two_plugins_of_one_name_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which of them reads the people would depend on the order of a path."""
    fake_plugins.install(tmp_path / "other", monkeypatch, name="other-plugins")
    entries = tmp_path / "other" / "other_plugins-1.0.dist-info" / "entry_points.txt"
    entries.write_text("[alumni_sync.hris]\nfake-hris = alumni_sync_fake_plugins:Half\n")

    with pytest.raises(ConfigError, match="two plugins are called fake-hris"):
        load_plugin(PluginKind.HRIS, "fake-hris", "x")


@pytest.mark.parametrize(
    ("kind", "name"), [(PluginKind.HRIS, "fake-hris"), (PluginKind.PLATFORMS, "fake-platform")]
)
def test_a_key_that_a_plugin_does_not_know_is_a_problem(
    kind: PluginKind, name: str, tmp_path: Path
) -> None:
    """A key that is accepted and ignored is a defect, even where the plugin's model allows it."""
    document = parse_yaml("s:\n  url: up\n  folder: x\n  colour: blue\n", "a.yaml")
    plugin = load_plugin(kind, name, "x")
    own = {"url": "up"} if kind is PluginKind.HRIS else {"folder": "x"}

    with pytest.raises(ConfigError) as caught:
        check_settings(plugin, {**own, "colour": "blue"}, tmp_path, document, ("s",))

    assert ["a.yaml:4 s.colour"] == [problem.where for problem in caught.value.problems]


def test_all_problems_of_a_plugin_are_said_at_once(tmp_path: Path) -> None:
    """One repair a run is one too few."""
    with pytest.raises(ConfigError) as caught:
        check_settings(load_plugin(PluginKind.HRIS, "fake-hris", "x"), {"limit": "many"}, tmp_path)

    assert {"is missing", "must be a valid integer"} == {
        problem.what for problem in caught.value.problems
    }


def test_a_plugin_that_breaks_gives_no_value_away(tmp_path: Path) -> None:
    """Whatever a stranger's constructor puts into its message may be a secret."""
    plugin = load_plugin(PluginKind.HRIS, "fake-hris", "x")
    settings = check_settings(plugin, {"url": "broken"}, tmp_path)

    with pytest.raises(ConfigError, match="cannot be built: RuntimeError") as caught:
        build_plugin(plugin, settings, CONTEXT, "sources.hr")

    assert "must not be shown" not in str(caught.value)
