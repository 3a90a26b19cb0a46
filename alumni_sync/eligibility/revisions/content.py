"""What the rules of one source are made of: the bytes of its files, and keys of the configuration.

Everything of which a revision consists, as it stands in the folder or as the ledger kept it. HR's
list of experts is no part of it: it makes nobody eligible, and it names people.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Self

import orjson
import yaml

from alumni_sync.eligibility.language.pack import RulePack
from alumni_sync.eligibility.language.places import check_places
from alumni_sync.eligibility.language.reading import parse_pack
from alumni_sync.eligibility.language.scope import audience_rules, pilot_rules
from alumni_sync.errors import ConfigError
from alumni_sync.ledger.rulebook import sha256
from alumni_sync.settings import Settings
from alumni_sync.yaml_lines import plain_yaml

NO_MAPPING: Final = b""


@dataclass(frozen=True, slots=True)
class RulesContent:
    """Everything of which the revision of one source consists.

    Attributes:
        pack: name of the pack among `files`.
        files: the pack, and the tables that it names, by path beside it.
        mapping: the source's mapping file; empty for a source without one.
        audience: field → values that are in; empty for everybody.
        pilot: `share` and `segments`; None where there is no pilot.
    """

    source: str
    jurisdiction: str
    pack: str
    files: Mapping[str, bytes]
    mapping: bytes
    audience: Mapping[str, Sequence[str]]
    pilot: Mapping[str, Any] | None

    @classmethod
    def of_files(cls, settings: Settings, source: str, pack: Path | None = None) -> Self:
        """Read what the folder says now.

        Args:
            settings: the configuration.
            source: whose leavers are judged.
            pack: another rule pack than the configuration's.

        Raises:
            ConfigError: a file cannot be read.
        """
        path = pack or settings.rules
        text = _read(path)
        names = (path.name, *_tables(text))
        section = settings.sources[source]
        mapping = section.plugin.get("mapping")
        pilot = settings.pilot
        return cls(
            source=source,
            jurisdiction=section.jurisdiction,
            pack=path.name,
            files={name: _read(path.parent / name) for name in names},
            mapping=_read(settings.root / Path(mapping).expanduser())
            if isinstance(mapping, str)
            else NO_MAPPING,
            audience={name: list(values) for name, values in (settings.audience or {}).items()},
            pilot=pilot.model_dump(mode="json") if pilot is not None else None,
        )

    @classmethod
    def of_parts(cls, source: str, parts: Mapping[str, Any], blobs: Mapping[str, bytes]) -> Self:
        """Return what the ledger kept: `parts` of a revision, and its files by SHA-256."""
        return cls(
            source=source,
            jurisdiction=parts["jurisdiction"],
            pack=parts["pack"],
            files={name: blobs[kept] for name, kept in parts["files"].items()},
            mapping=blobs[parts["mapping"]] if parts["mapping"] else NO_MAPPING,
            audience=parts["audience"],
            pilot=parts["pilot"],
        )

    def parts(self) -> dict[str, Any]:
        """Return what the ledger keeps beside the files themselves."""
        return {
            "jurisdiction": self.jurisdiction,
            "pack": self.pack,
            "files": {name: sha256(content) for name, content in self.files.items()},
            "mapping": sha256(self.mapping) if self.mapping else "",
            "audience": {name: list(values) for name, values in self.audience.items()},
            "pilot": self.pilot,
        }

    def blobs(self) -> Sequence[bytes]:
        """Return the bytes that are kept."""
        return [*self.files.values(), *([self.mapping] if self.mapping else [])]

    @property
    def share(self) -> float | None:
        """Return the pilot's share of people; None where there is no pilot."""
        return None if self.pilot is None else float(self.pilot["share"])

    def rule_pack(self, settings: Settings | None = None) -> RulePack:
        """Return the pack as it judges this source, audience and pilot included.

        Args:
            settings: has to have every source and jurisdiction that a rule names; None for what was
                judged by before, when there may have been others.

        Raises:
            ConfigError: every problem of the files, each with its line.
        """
        files = tuple(self.files.items())
        if settings is not None:
            check_places(_parsed(self.pack, files), settings)
        scope = orjson.dumps((self.audience, self.pilot))
        return _of_source(self.pack, files, self.source, self.jurisdiction, scope)


@lru_cache(maxsize=32)
def _of_source(
    name: str,
    files: tuple[tuple[str, bytes], ...],
    source: str,
    jurisdiction: str,
    scope: bytes,
) -> RulePack:
    """Return the pack as it judges a source; its revision is worked out once."""
    audience, pilot = orjson.loads(scope)
    extra = audience_rules(audience)
    if pilot is not None:
        extra += pilot_rules(pilot["segments"])
    return _parsed(name, files).for_source(source, jurisdiction, *extra)


@lru_cache(maxsize=32)
def _parsed(name: str, files: tuple[tuple[str, bytes], ...]) -> RulePack:
    """Return the pack that these bytes make; every stage of a run asks for the same one."""
    contents = dict(files)
    try:
        text = contents[name].decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError.of(name, "is not UTF-8", "save the file as UTF-8") from None
    return parse_pack(text, name, contents)


@lru_cache(maxsize=32)
def _tables(text: bytes) -> tuple[str, ...]:
    """Return the tables that a pack names; what is no list of names is a problem of the pack."""
    try:
        value = plain_yaml(text.decode("utf-8-sig"))
    except (yaml.YAMLError, ValueError):
        return ()
    named = value.get("tables") if isinstance(value, Mapping) else None
    if not isinstance(named, list):
        return ()
    return tuple(name for name in named if isinstance(name, str) and _is_beside(name))


def _is_beside(name: str) -> bool:
    path = Path(name)
    return not path.is_absolute() and ".." not in path.parts


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        what, todo = f"cannot be read: {error.strerror}", "the configuration names it"
        raise ConfigError.of(str(path), what, todo) from None
