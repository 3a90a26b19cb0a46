"""A deployment: its key, its plugins, and what it refuses to open."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.deployment import Deployment, deployment_key, key_file, load_configuration
from alumni_sync.errors import ConfigError
from alumni_sync.settings import load_settings
from tests import fake_plugins


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path of a configuration that uses a stranger's plugins."""
    fake_plugins.install(tmp_path / "site", monkeypatch)
    return fake_plugins.deployment_folder(tmp_path / "beta")


def test_a_deployment_builds_what_its_configuration_names(config: Path) -> None:
    """The stages know ports only; who is behind them is decided here."""
    with Deployment.open(config) as deployment:
        assert "fake-hris" == deployment.connector("hr").info.name
        assert "fake-mail" == deployment.mailer().info.name
        assert "fake-platform" == deployment.platform_name == deployment.platform().info.name
        assert "Europe/Berlin" == deployment.context("hr").timezone.key


def test_an_unknown_source_is_named(config: Path) -> None:
    """A typing error of `--source` must not end in a traceback."""
    with Deployment.open(config) as deployment, pytest.raises(ConfigError, match="known: hr"):
        deployment.connector("payroll")


def test_the_fingerprint_is_keyed_by_the_deployment(config: Path, tmp_path: Path) -> None:
    """An unkeyed hash of a row can be guessed back; another deployment's must not match."""
    other = fake_plugins.deployment_folder(tmp_path / "gamma")
    prints = []
    for path in (config, config, other):
        with Deployment.open(path) as deployment:
            prints.append(deployment.context("hr").fingerprint("row", b"Ann"))

    assert prints[0] == prints[1]
    assert prints[0] != prints[2]


def test_problems_of_file_and_plugins_come_together(config: Path) -> None:
    """Else each repair shows the next problem only at the next start."""
    text = config.read_text().replace("url: up", "limit: x").replace("region: eu", "regoin: eu")
    config.write_text(text.replace("fake-mail", "nobody"))

    with pytest.raises(ConfigError) as caught:
        load_configuration(config)

    assert {
        "sources.hr.limit": "must be a valid integer",
        "sources.hr.url": "is missing",
        "mail.connector": "no plugin is called nobody",
        "platform.processor.regoin": "is not a known key",
        "platform.processor.region": "is missing",
    } == {p.where.partition(" ")[2]: p.what for p in caught.value.problems}


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("timezon", "timezone"),
        ("jurisdicton", "jurisdiction"),
        ("urls", "url"),
        ("conector", "connector"),
    ],
)
def test_a_misspelt_key_is_told_whoever_it_belongs_to(
    config: Path, misspelt: str, meant: str
) -> None:
    """Our keys and the plugin's stand side by side; a list of the wrong ones leads nowhere."""
    text = config.read_text().replace(f"    {meant}:", f"    {misspelt}:", 1)
    line = 1 + text.splitlines().index(next(x for x in text.splitlines() if misspelt in x))
    config.write_text(text)

    with pytest.raises(ConfigError) as caught:
        load_configuration(config)

    said = {problem.where: problem.do for problem in caught.value.problems}
    assert f"did you mean `{meant}`?" == said[f"alumni_sync.yaml:{line} sources.hr.{misspelt}"]


def test_a_key_like_no_other_shows_all_that_may_stand_there(config: Path) -> None:
    """Whoever looks for the right word must not be shown half of them."""
    config.write_text(config.read_text().replace("    url: up", "    url: up\n    zzz: 1"))

    with pytest.raises(ConfigError) as caught:
        load_configuration(config)

    assert (
        "known here: connector, contact, controller, hris_link, jurisdiction, limit, payroll, "
        "timezone, url"
    ) == caught.value.problems[0].do


def test_a_key_is_made_for_an_empty_ledger_only(config: Path) -> None:
    """A new key for a full ledger would make everybody in it unreadable, for good."""
    with Deployment.open(config):
        pass
    settings = load_settings(config)
    made = key_file(settings)
    assert made is not None
    assert 0o600 == stat.S_IMODE(made.stat().st_mode)

    key = made.read_bytes()
    assert key == deployment_key(settings, make=True)
    made.unlink()

    with pytest.raises(ConfigError, match="the ledger has content"):
        Deployment.open(config)
    assert not made.exists()


def test_a_damaged_key_file_is_said(config: Path) -> None:
    """A truncated key must not be padded, replaced or believed."""
    made = key_file(load_settings(config))
    assert made is not None
    made.parent.mkdir()
    made.write_bytes(b"short")

    with pytest.raises(ConfigError, match="must hold 32 bytes"):
        Deployment.open(config)


def test_a_database_key_store_makes_no_key(config: Path) -> None:
    """There is no folder beside a server where only we could read the key."""
    text = config.read_text().replace("sqlite:///var/keys.db", "postgresql+psycopg://h/keys")
    config.write_text(text)

    with pytest.raises(ConfigError, match="only a key store in a SQLite file"):
        deployment_key(load_settings(config), make=True)


def test_looking_makes_nothing(config: Path) -> None:
    """A command that only looks must not leave a ledger or a key behind."""
    with pytest.raises(ConfigError):
        Deployment.open(config, create=False)

    assert not (config.parent / "var").exists()


def test_the_clock_of_the_environment_is_used(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Webserver, daemon and sites of the sample must live on the same day."""
    monkeypatch.setenv("ALUMNI_SYNC_AS_OF", "2026-11-03T10:00:00+01:00@fixed")
    given = FixedClock(datetime(2020, 1, 1, tzinfo=UTC))

    with Deployment.open(config) as of_environment, Deployment.open(config, clock=given) as told:
        assert datetime(2026, 11, 3, 9, tzinfo=UTC) == of_environment.clock.now()
        assert given is told.clock
