"""One deployment, open: settings, ledger, clock and the plugins that the configuration names.

What a command or an asset opens once and hands to the stages. What belongs here: putting the parts
together. What does not: any decision about people.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final, Self, cast
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from alumni_sync import crash
from alumni_sync.clock import clock_from
from alumni_sync.domain import MappingSaid
from alumni_sync.errors import ConfigError, Problem
from alumni_sync.ledger.rulebook import active_mapping
from alumni_sync.ledger.store import Ledger, ledger_is_empty
from alumni_sync.plugins import (
    PluginClass,
    PluginKind,
    build_plugin,
    check_settings,
    load_edge,
    load_plugin,
)
from alumni_sync.ports import (
    Clock,
    CommunityPlatform,
    Fingerprint,
    HrisConnector,
    JsonPost,
    Mailbox,
    Mailer,
    PluginContext,
)
from alumni_sync.settings import (
    MASTER_BYTES,
    PluginSection,
    Reading,
    Runtime,
    Settings,
    read_settings,
)

UTC_ZONE: Final = ZoneInfo("UTC")
SQLITE: Final = "sqlite:///"
MAPPING: Final = "mapping"
"""The key of a source's section that names its mapping file."""


@dataclass(frozen=True, slots=True)
class _Plugin:
    """A plugin's class with its checked settings, not built yet."""

    cls: PluginClass
    settings: BaseModel
    name: str
    where: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration in which everything has been checked that needs no I/O."""

    settings: Settings
    plugins: Mapping[tuple[PluginKind, str], _Plugin] = field(repr=False)


def load_configuration(path: Path) -> Configuration:
    """Read a configuration and load the classes of its plugins.

    Raises:
        ConfigError: every problem of the file, those of the plugins' own keys included.
    """
    reading = read_settings(path)
    problems = list(reading.problems)
    plugins = {}
    for section in reading.plugins:
        try:
            plugins[PluginKind(section.kind), section.name] = _load(section, reading)
        except ConfigError as error:
            problems.extend(error.problems)
    if problems or reading.settings is None:
        raise ConfigError(sorted(problems, key=_line))
    return Configuration(reading.settings, plugins)


def _line(problem: Problem) -> int:
    number = problem.where.partition(":")[2].partition(" ")[0]
    return int(number) if number.isdecimal() else 0


def _load(section: PluginSection, reading: Reading) -> _Plugin:
    where = reading.document.where((*section.location, "connector"))
    plugin = load_plugin(PluginKind(section.kind), section.connector, where)
    root = reading.path.resolve().parent
    settings = check_settings(
        plugin, section.keys, root, reading.document, section.location, section.ours
    )
    return _Plugin(plugin, settings, section.name, where)


class Plugins:
    """Builds what the configuration names; needs no ledger, so that `doctor` can ask before one."""

    def __init__(self, configuration: Configuration, fingerprint: Fingerprint) -> None:
        """Keep the checked configuration and the hash that plugins are given."""
        self.settings = configuration.settings
        self._plugins = configuration.plugins
        self._fingerprint = fingerprint

    def connector(self, source: str) -> HrisConnector:
        """Return the connector of a source, newly built.

        Raises:
            ConfigError: there is no such source.
        """
        if source not in self.settings.sources:
            known = ", ".join(self.settings.sources)
            raise ConfigError.of("sources", f"there is no source {source}", f"known: {known}")
        return cast("HrisConnector", self._build(PluginKind.HRIS, source, self.released(source)))

    def released(self, source: str) -> Mapping[str, bytes]:
        """Return the files that a source is read under whatever the folder says; {} for none."""
        del source
        return {}

    def platform(self) -> CommunityPlatform:
        """Return the community platform, newly built."""
        name = self.settings.platform.connector
        return cast("CommunityPlatform", self._build(PluginKind.PLATFORMS, name))

    def mailer(self) -> Mailer:
        """Return the mailer, newly built."""
        return cast("Mailer", self._build(PluginKind.MAIL, self.settings.mail.connector))

    def mailbox(self) -> Mailbox | None:
        """Return the mailbox at a server into which mails come back, newly built; None for none."""
        returns = self.settings.mail.returns
        if returns is None or returns.imap is None:
            return None
        keys = dict(returns.imap)
        keys["password"] = returns.imap.password.get_secret_value()
        return cast("Mailbox", load_edge("imap")(**keys))

    def checkpoint_hook(self) -> JsonPost:
        """Return the web address that is told of checkpoints, newly built.

        Raises:
            ConfigError: none is configured.
        """
        hook = self.settings.ledger.copies.webhook
        if hook is None:
            raise ConfigError.of("ledger.copies.webhook", "is not set")
        token = hook.token.get_secret_value() if hook.token else ""
        return cast("JsonPost", load_edge("webhook")(hook.url, token))

    @cached_property
    def platform_name(self) -> str:
        """Return the name by which the ledger knows the platform."""
        return self.settings.platform.connector

    def context(self, name: str, released: Mapping[str, bytes] | None = None) -> PluginContext:
        """Return what the plugin `name` (a source, or a plugin's own name) is told."""
        source = self.settings.sources.get(name)
        return PluginContext(
            name=name,
            root=str(self.settings.root),
            timezone=source.timezone if source else UTC_ZONE,
            fingerprint=self._fingerprint,
            released=released or {},
        )

    def mapping_said(self, source: str, mapping: bytes) -> MappingSaid | None:
        """Return what `mapping` would say as the mapping of a source; None for what cannot be told.

        Raises:
            ConfigError: it is wrong, with file and line.
        """
        if (PluginKind.HRIS, source) not in self._plugins:
            return None
        connector = self._build(PluginKind.HRIS, source, {MAPPING: mapping})
        said: Callable[[], MappingSaid] | None = getattr(connector, "mapping_said", None)
        return None if said is None else said()

    def _build(
        self, kind: PluginKind, name: str, released: Mapping[str, bytes] | None = None
    ) -> object:
        plugin = self._plugins[kind, name]
        context = self.context(name, released)
        return build_plugin(plugin.cls, plugin.settings, context, plugin.where)


class Deployment(Plugins):
    """Settings, ledger, clock and plugins; a context manager."""

    def __init__(self, configuration: Configuration, ledger: Ledger, clock: Clock) -> None:
        """Use `Deployment.open`."""
        super().__init__(configuration, ledger.hashes.digest_bytes)
        self.root = configuration.settings.root
        self.clock = clock
        self.ledger = ledger

    @classmethod
    def open(cls, config: Path, *, clock: Clock | None = None, create: bool = True) -> Self:
        """Load the configuration and open ledger and key store.

        Args:
            config: path of `alumni_sync.yaml`.
            clock: None takes the one of the environment (see `alumni_sync.clock`).
            create: make or migrate the ledger; otherwise an old or missing one is an error.

        Raises:
            ConfigError: every problem of the configuration, or the ledger's.
        """
        return cls.of(load_configuration(config), clock=clock, create=create)

    @classmethod
    def of(
        cls, configuration: Configuration, *, clock: Clock | None = None, create: bool = True
    ) -> Self:
        """Open ledger and key store of a configuration that is loaded; as `open` otherwise."""
        runtime = Runtime.from_environment()
        crash.arm(runtime.crash_at)
        settings = configuration.settings
        for url in (settings.ledger.url, settings.keys.store):
            if create and (path := sqlite_path(url)):
                path.parent.mkdir(parents=True, exist_ok=True)
        master = deployment_key(settings, make=create)
        ledger = Ledger.open(settings.ledger.url, settings.keys.store, master, create=create)
        return cls(configuration, ledger, clock or clock_from(runtime.as_of))

    def released(self, source: str) -> Mapping[str, bytes]:
        """Return the mapping of the active revision, once there is one (see `ledger.rulebook`)."""
        with self.ledger.read() as connection:
            mapping = active_mapping(connection, source)
        return {} if mapping is None else {MAPPING: mapping}

    def close(self) -> None:
        """Close the ledger."""
        self.ledger.close()

    def __enter__(self) -> Self:
        """Return the open deployment."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close it."""
        self.close()


def without_ledger(configuration: Configuration) -> Plugins:
    """Return the plugins of a configuration for checks only: their fingerprints are not keyed."""

    def fingerprint(purpose: str, content: bytes) -> str:
        return sha256(purpose.encode() + b"\0" + content).hexdigest()

    return Plugins(configuration, fingerprint)


def sqlite_path(url: str) -> Path | None:
    """Return the file of a SQLite URL; None for another database."""
    return Path(url.removeprefix(SQLITE)) if url.startswith(SQLITE) else None


def key_file(settings: Settings) -> Path | None:
    """Return where a deployment key that was made for us is kept; None where it cannot be."""
    store = sqlite_path(settings.keys.store)
    return store.with_name(f"{store.stem}.master") if store else None


def deployment_key(
    settings: Settings, *, make: bool, random: Callable[[int], bytes] = os.urandom
) -> bytes:
    """Return the deployment key: of the configuration, of its file, or a new one.

    A new one is made (mode 0600, beside the key store) for an empty ledger only: a ledger that has
    content was sealed with a key that must be found, not replaced.

    Raises:
        ConfigError: there is none and none may be made.
    """
    configured = settings.master_key()
    if configured is not None:
        return configured
    path = key_file(settings)
    if path is None:
        raise ConfigError.of(
            "keys.master", "is missing", "only a key store in a SQLite file can make its own"
        )
    if path.exists():
        key = path.read_bytes()
        if len(key) != MASTER_BYTES:
            raise ConfigError.of(str(path), f"must hold {MASTER_BYTES} bytes", "restore it")
        return key
    if not make or not ledger_is_empty(settings.ledger.url):
        raise ConfigError.of(
            "keys.master",
            f"is missing, and {path.name} is not there, but the ledger has content",
            "restore the key that this ledger was made with",
        )
    return _new_key(path, random(MASTER_BYTES))


def _new_key(path: Path, key: bytes) -> bytes:
    """Write `key` to a new file that only its owner can read; another process may be first."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # all or nothing: nobody reads half a key, nobody overwrites one
    except FileExistsError:
        return path.read_bytes()
    finally:
        draft.unlink()
    return key
