"""`alumni_sync.yaml` and the environment. The only module that reads `os.environ`.

`read_settings` finds every problem of a file at once, each with its line; `load_settings` raises
them. `${NAME}` in a value reads the environment. The plugins' own keys are checked by
`alumni_sync.deployment`, which knows plugins; this module does not.
"""

import base64
import binascii
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Self

from pydantic import Field, ValidationError

from alumni_sync.errors import ConfigError, Problem
from alumni_sync.laws import law_problems
from alumni_sync.sections import (
    Audience,
    Brakes,
    Code,
    CodeDrift,
    Company,
    Consent,
    FilePath,
    Keys,
    LedgerSection,
    Mail,
    PersonSection,
    Pilot,
    Platform,
    Proxy,
    Section,
    Source,
    Url,
    WithPlugin,
)
from alumni_sync.yaml_lines import Document, Location, problems_of, read_yaml

CONFIG_NAME: Final = "alumni_sync.yaml"
MASTER_BYTES: Final = 32
TRANSLATE: Final = "translate it, or take it out"
REFERENCE: Final = re.compile(r"\$\{([^}]*)\}")
VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Settings(Section):
    """The whole configuration; attributes are the keys of `alumni_sync.yaml` (docs/settings.md).

    Attributes:
        root: the folder of the file; relative paths in it start there.
    """

    company: Company
    ledger: LedgerSection
    keys: Keys
    sources: dict[Code, Source] = Field(min_length=1)
    rules: FilePath
    experts: FilePath | None = None
    audience: Audience | None = None
    pilot: Pilot | None = None
    consent: Consent
    mail: Mail
    platform: Platform
    people: tuple[PersonSection, ...] = ()
    dagster: Url = Url(url="http://127.0.0.1:3000")
    desk: Url = Url(url="http://127.0.0.1:8401")
    proxy: Proxy | None = None
    brakes: Brakes = Brakes()
    code_drift: CodeDrift = CodeDrift()
    root: Path

    def master_key(self) -> bytes | None:
        """Return the deployment key, 32 bytes; None where the file names none.

        Raises:
            ConfigError: it is not 32 bytes in base64 or hex.
        """
        if self.keys.master is None:
            return None
        key = decode_key(self.keys.master.get_secret_value())
        if key is None:
            raise ConfigError.of("keys.master", *_BAD_KEY)
        return key


_BAD_KEY: Final = (
    f"must be {MASTER_BYTES} bytes in base64 or hex",
    f"make one: openssl rand -base64 {MASTER_BYTES}",
)


def decode_key(text: str) -> bytes | None:
    """Return the 32 bytes that `text` means (base64 or hex); None if it does not mean that."""
    text = text.strip()
    try:
        key = bytes.fromhex(text) if len(text) == 2 * MASTER_BYTES else None
        key = key or base64.b64decode(text, altchars=b"-_" if set(text) & set("-_") else None)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == MASTER_BYTES else None


@dataclass(frozen=True, slots=True)
class PluginSection:
    """The keys of a plugin as they stand in the file, for the plugin's own check.

    Attributes:
        kind: `hris`, `platforms` or `mail`.
        name: of the source; for platform and mail, of the plugin.
        connector: entry-point name of the plugin.
        location: of the section in the file.
        ours: the keys of such a section that are not the plugin's.
    """

    kind: str
    name: str
    connector: str
    keys: Mapping[str, Any]
    location: Location
    ours: frozenset[str]


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a configuration gave: settings or problems, and the plugins' sections."""

    path: Path
    document: Document
    settings: Settings | None
    problems: tuple[Problem, ...]
    plugins: tuple[PluginSection, ...]


def load_settings(path: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Read a configuration; raises `ConfigError` with every problem (but those of plugins)."""
    reading = read_settings(path, environment)
    if reading.problems or reading.settings is None:
        raise ConfigError(reading.problems)
    return reading.settings


def read_settings(path: Path, environment: Mapping[str, str] | None = None) -> Reading:
    """Read a configuration and gather everything that is wrong with it.

    Args:
        path: of the YAML file.
        environment: for `${NAME}`; None takes the process's own.

    Raises:
        ConfigError: the file cannot be read or is no YAML; nothing else can be said then.
    """
    if not path.exists():
        raise ConfigError.of(
            str(path), "there is no such file", "make one: alumni-sync init DIR, or use --config"
        )
    document = read_yaml(path)
    if not isinstance(document.value, Mapping):
        raise ConfigError.of(f"{document.name}:1", "must be a mapping (`key: value`)")
    problems = list(document.problems)
    names = os.environ if environment is None else environment
    value = _substitute(document.value, (), document, names, problems)
    root = path.resolve().parent
    settings = None
    try:
        settings = Settings.model_validate({**value, "root": root}, context={"root": root})
    except ValidationError as error:
        problems.extend(problems_of(error, document, Settings))
    if "root" in value:  # an attribute of ours, not a key
        problems.append(Problem(document.where(("root",)), "is not a known key", "take it out"))
    problems.extend(_key_problems(value, document))
    problems.extend(_connector_problems(value, document))
    problems.extend(_people_problems(value, document))
    problems.extend(_file_problems(value, document, root))
    problems.extend(_language_problems(value, document, root))
    problems.extend(law_problems(value, document, root))
    return Reading(path, document, settings, tuple(problems), tuple(_plugin_sections(value)))


def _substitute(
    value: Any,  # noqa: ANN401 any YAML value
    location: Location,
    document: Document,
    names: Mapping[str, str],
    problems: list[Problem],
) -> Any:  # noqa: ANN401 any YAML value
    """Return `value` with each `${NAME}` replaced; note variables that are not set."""
    if isinstance(value, Mapping):
        return {
            key: _substitute(item, (*location, key), document, names, problems)
            for key, item in value.items()
            if isinstance(key, str)  # another one is a problem of the document already
        }
    if isinstance(value, list):
        return [
            _substitute(item, (*location, position), document, names, problems)
            for position, item in enumerate(value)
        ]
    if not isinstance(value, str):
        return value

    def replace(match: re.Match[str]) -> str:
        name = match.group(1)
        if not VARIABLE.fullmatch(name):
            problems.append(Problem(document.where(location), f"${{{name}}} names no variable"))
        elif not names.get(name):
            what = f"the environment variable {name} is not set"
            problems.append(Problem(document.where(location), what, f"set {name}"))
        return names.get(name) or match.group(0)

    return REFERENCE.sub(replace, value)


def _key_problems(value: Mapping[str, Any], document: Document) -> Iterator[Problem]:
    keys = value.get("keys")
    master = keys.get("master") if isinstance(keys, Mapping) else None
    if isinstance(master, str) and not REFERENCE.search(master) and decode_key(master) is None:
        yield Problem(document.where(("keys", "master")), *_BAD_KEY)


_ONE_PERSON: Final = ("user", "employee")
"""By which somebody is known: whoever stood there twice could be both of two people."""


_NOBODY: Final = frozenset({"system", "unverified"})
"""What stands in a history where no user acted."""


def _people_problems(value: Mapping[str, Any], document: Document) -> Iterator[Problem]:
    """Yield users that stand twice and sources that do not exist; whatever else is wrong."""
    people, sources = value.get("people"), value.get("sources")
    if not isinstance(people, list) or not isinstance(sources, Mapping):
        return
    known = ", ".join(sorted(map(str, sources)))
    seen: set[tuple[str, str]] = set()
    for position, person in enumerate(people):
        if not isinstance(person, Mapping):
            continue
        if str(person.get("user")).casefold() in _NOBODY:
            where = document.where(("people", position, "user"))
            yield Problem(where, f"{person['user']} is nobody's user name", "take another")
        for key in _ONE_PERSON:
            one = (key, str(person.get(key)).casefold())
            if one in seen:
                where = document.where(("people", position, key))
                yield Problem(where, f"{person[key]} stands there twice", "one entry a person")
            if person.get(key) is not None:
                seen.add(one)
        for key, name in _sources_named(person):
            if name not in sources:
                where = document.where(("people", position, key))
                yield Problem(where, f"there is no source {name}", f"known: {known}")


def _sources_named(person: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    sources = person.get("sources")
    for name in sources if isinstance(sources, list) else ():
        yield "sources", str(name)
    for key in ("employee", "manager"):
        named = person.get(key)
        if isinstance(named, str) and "/" in named:
            yield key, named.partition("/")[0]


def _file_problems(value: Mapping[str, Any], document: Document, root: Path) -> Iterator[Problem]:
    for key in ("rules", "experts"):
        path = value.get(key)
        if isinstance(path, str) and not (root / Path(path).expanduser()).is_file():
            yield Problem(document.where((key,)), f"there is no file {path}")


def _language_problems(
    value: Mapping[str, Any], document: Document, root: Path
) -> Iterator[Problem]:
    """Yield languages that no edition of the notice has: nobody would ever be asked in them.

    One that only the newest edition lacks still serves those who were asked under an earlier one;
    `doctor` names it. A notice that is not there at all has its own message.
    """
    company, consent = value.get("company"), value.get("consent")
    languages = company.get("languages") if isinstance(company, Mapping) else None
    notice = consent.get("notice") if isinstance(consent, Mapping) else None
    if not isinstance(languages, list) or not isinstance(notice, str):
        return
    offered = {text.stem for text in (root / "rules" / "notices" / notice).glob("*/*.md")}
    for position, code in enumerate(languages):
        if isinstance(code, str) and offered and not offered & spoken_as(code):
            where = document.where(("company", "languages", position))
            yield Problem(where, f"the notice {notice} has no {code}", TRANSLATE)


def spoken_as(language: str) -> frozenset[str]:
    """Return the languages that serve whoever asks for one: `pt-BR` is served by `pt`, too."""
    return frozenset({language, language.partition("-")[0].lower()})


_SectionWithPlugin = tuple[str, str, type[WithPlugin], Mapping[str, Any], Location]
"""Kind, name, model, content and place of a section that names a plugin."""


def _with_plugin(value: Mapping[str, Any]) -> Iterator[_SectionWithPlugin]:
    found: list[tuple[str, str, type[WithPlugin], object, Location]] = [
        ("platforms", "", Platform, value.get("platform"), ("platform",)),
        ("mail", "", Mail, value.get("mail"), ("mail",)),
    ]
    if isinstance(sources := value.get("sources"), Mapping):
        found += [
            ("hris", str(name), Source, section, ("sources", name))
            for name, section in sources.items()
        ]
    for kind, name, model, section, location in found:
        if isinstance(section, Mapping):
            yield kind, name, model, section, location


def _plugin_sections(value: Mapping[str, Any]) -> Iterator[PluginSection]:
    for kind, name, model, section, location in _with_plugin(value):
        if isinstance(connector := section.get("connector"), str):
            ours = model.own_keys()
            keys = {key: item for key, item in section.items() if key not in ours}
            yield PluginSection(kind, name or connector, connector, keys, location, ours)


def _connector_problems(value: Mapping[str, Any], document: Document) -> Iterator[Problem]:
    """Yield keys that seem to be a misspelt `connector`; without it no plugin checks the rest."""
    for _, _, model, section, location in _with_plugin(value):
        if "connector" not in section:
            for key in get_close_matches("connector", section.keys() - model.own_keys(), n=1):
                where = document.where((*location, key))
                yield Problem(where, "is not a known key", "did you mean `connector`?")


@dataclass(frozen=True, slots=True)
class Runtime:
    """What the environment says besides the configuration; set by our own commands and tests.

    Attributes:
        config: ALUMNI_SYNC_CONFIG, the configuration that processes started by us use.
        as_of: ALUMNI_SYNC_AS_OF, see `alumni_sync.clock`.
        crash_at: ALUMNI_SYNC_CRASH_AT, see `alumni_sync.crash`.
        dagster_home: DAGSTER_HOME.
    """

    config: Path
    as_of: str
    crash_at: str
    dagster_home: Path | None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the variables; those not set take their defaults."""
        names = os.environ if environment is None else environment
        home = names.get("DAGSTER_HOME")
        return cls(
            config=Path(names.get("ALUMNI_SYNC_CONFIG") or CONFIG_NAME),
            as_of=names.get("ALUMNI_SYNC_AS_OF", ""),
            crash_at=names.get("ALUMNI_SYNC_CRASH_AT", ""),
            dagster_home=Path(home) if home else None,
        )


def child_environment(**variables: str) -> dict[str, str]:
    """Return the process's environment with `variables` set, for a process that we start."""
    return {**os.environ, **variables}
