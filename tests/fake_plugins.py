"""A distribution with plugins of all three kinds, as an outsider would publish one, for tests."""

from pathlib import Path

import pytest

MODULE = """
from collections.abc import Iterator
from pydantic import BaseModel, ConfigDict
from alumni_sync.errors import Unavailable
from alumni_sync.ports import (
    ConnectorHealth, ConnectorInfo, Fate, MailerInfo, PlatformHealth, PlatformInfo, SendResult,
)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")
    url: str
    limit: int = 10


class Loose(BaseModel):
    folder: str = "here"


class Hris:
    def profile_url(self, person_id):
        return f"https://fake.example/{person_id}"

    info = ConnectorInfo("fake-hris", "Fake", "https://fake.example", "none", {"bulk": True})
    Settings = Strict

    def __init__(self, settings, context):
        if settings.url == "broken":
            raise RuntimeError("a value that must not be shown")
        self.settings, self.context = settings, context

    def check(self):
        if self.settings.url == "down":
            raise Unavailable("fake", "check", "no route")
        return ConnectorHealth(self.settings.url == "up", ("given_name", "phone"), ("given_name",))


class Platform:
    info = PlatformInfo("fake-platform", "Fake", "https://fake.example", "none", {"etag": False})
    Settings = Loose

    def __init__(self, settings, context):
        self.settings, self.context = settings, context

    def check(self):
        return PlatformHealth(ok=True, notes=("as if it were there",))


class Mailer:
    info = MailerInfo("fake-mail", "Fake", "https://fake.example")
    Settings = Loose

    def __init__(self, settings, context):
        self.settings, self.context = settings, context

    def send(self, message):
        return SendResult(Fate.ACCEPTED)


class Half:
    Settings = Loose
"""

ENTRY_POINTS = """
[alumni_sync.hris]
fake-hris = alumni_sync_fake_plugins:Hris
fake-gone = alumni_sync_fake_plugins:Nothing
fake-half = alumni_sync_fake_plugins:Half
fake-platform = alumni_sync_fake_plugins:Platform
[alumni_sync.platforms]
fake-platform = alumni_sync_fake_plugins:Platform
[alumni_sync.mail]
fake-mail = alumni_sync_fake_plugins:Mailer
"""

CONFIG = """
company: {name: Beta, languages: [en]}
ledger: {url: "sqlite:///var/ledger.db"}
keys: {store: "sqlite:///var/keys.db"}
sources:
  hr:
    connector: fake-hris
    url: up
    controller: {name: Beta, contact: privacy@beta.example}
    jurisdiction: eu
    timezone: Europe/Berlin
    contact: {basis: none}
rules: pack.yaml
consent: {public_url: "http://127.0.0.1:8400", notice: alumni-community}
mail: {connector: fake-mail, from: alumni@beta.example}
platform: {connector: fake-platform, processor: {agreement: none, region: eu}}
"""


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str = "fake-plugins") -> None:
    """Make the distribution importable and visible for the length of a test."""
    folder.mkdir(exist_ok=True)
    (folder / "alumni_sync_fake_plugins.py").write_text(MODULE, encoding="utf-8")
    described = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (described / "entry_points.txt").write_text(ENTRY_POINTS, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)


def deployment_folder(folder: Path, text: str = CONFIG) -> Path:
    """Write a configuration that uses the plugins; return its path."""
    folder.mkdir(exist_ok=True)
    (folder / "pack.yaml").write_text("", encoding="utf-8")
    config = folder / "alumni_sync.yaml"
    config.write_text(text, encoding="utf-8")
    return config
