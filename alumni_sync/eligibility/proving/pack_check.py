"""`lint` for a pack of this deployment: with the sources that there are, their fields and codes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from alumni_sync.deployment import Plugins
from alumni_sync.domain import ExitKind, MappingSaid
from alumni_sync.eligibility.language.clauses import OneOf, literals
from alumni_sync.eligibility.language.pack import RulePack
from alumni_sync.eligibility.language.reading import load_pack
from alumni_sync.eligibility.lint.linting import Report, lint
from alumni_sync.eligibility.lint.scopes import Selected, Where, lint_scope
from alumni_sync.errors import AlumniSyncError
from alumni_sync.yaml_lines import Location, read_yaml

_LAST_DAYS: Final = frozenset({"exit_date", "last_working_day"})
"""Whichever of the two a mapping has, the other one is filled from it."""


def check_pack(
    path: Path,
    plugins: Plugins | None = None,
    *,
    config: Path | None = None,
    meetings: bool = False,
) -> Report:
    """Return what lint finds in a rule pack, and in the audience and the pilot of a deployment.

    Args:
        path: of the pack.
        plugins: the deployment that is to use it; None where none is known: then rules may meet in
            any place that they name, and nothing is said of codes and columns.
        config: the file of the deployment, for its lines; None where nobody is told of them.
        meetings: also return what is settled by precedence.

    Raises:
        ConfigError: the pack cannot be used; every problem with its line.
    """
    pack = load_pack(path)
    if plugins is None:
        return lint(pack, meetings=meetings)
    said = dict(_mappings(plugins))
    mapped = {source: _fields(mapping) for source, mapping in said.items()}
    places = {name: source.jurisdiction for name, source in plugins.settings.sources.items()}
    report = lint(
        pack,
        codes={source: _codes(pack, mapping) for source, mapping in said.items()},
        mapped=mapped,
        places=places,
        meetings=meetings,
    )
    settings = plugins.settings
    selected = Selected(
        settings.audience or {},
        None if settings.pilot is None else settings.pilot.segments,
        mapped,
        {source: _values(mapping) for source, mapping in said.items()},
    )
    scope = tuple(lint_scope(pack, tuple(places.items()), selected, _where(config)))
    return Report((*report.findings, *scope), report.settled)


def _values(mapping: MappingSaid) -> dict[str, frozenset[str]]:
    """Return the only values that a source hands on; exit codes too, where no pattern maps them."""
    forgotten = ExitKind.UNDISCLOSED
    codes = {code for code, kind in mapping.codes.items() if kind is not forgotten}
    listed = {} if any(mapping.patterns) else {"exit_code": frozenset({forgotten.value, *codes})}
    return {**listed, **mapping.values}


def _where(config: Path | None) -> Where:
    """Return how to say where a value of the configuration stands."""
    document = None if config is None else read_yaml(config)

    def where(section: str, field: str, position: int | None) -> str:
        parts = (*section.split("."), field, position)
        location: Location = tuple(part for part in parts if part is not None and part != "")
        if document is None:
            return ".".join(map(str, location))
        return document.where(location)

    return where


def _mappings(plugins: Plugins) -> Iterator[tuple[str, MappingSaid]]:
    """Yield what the mapping of each source says; a source of which it cannot be told is left out.

    A mapping that is wrong is for `doctor` to name.
    """
    for source in plugins.settings.sources:
        try:
            said = getattr(plugins.connector(source), "mapping_said", lambda: None)()
        except AlumniSyncError:
            continue
        if said is not None:
            yield source, said


def _codes(pack: RulePack, mapping: MappingSaid) -> frozenset[str]:
    """Return the exit codes that a source can hand on: those of the mapping, and of its patterns.

    A code of kind `undisclosed` is forgotten as it is read: that word is all a rule will ever see.
    """
    forgotten = ExitKind.UNDISCLOSED
    named = {code for code, kind in mapping.codes.items() if kind is not forgotten}
    fit = {
        code for code in _codes_of(pack) if mapping.kind(code) not in {forgotten, ExitKind.UNKNOWN}
    }
    return frozenset({forgotten.value, *named, *fit})


def _codes_of(pack: RulePack) -> set[str]:
    return {
        str(value)
        for rule in pack.rules
        for leaf, _ in literals(rule.when)
        if isinstance(leaf, OneOf) and leaf.field == "exit_code"
        for value in leaf.values
    }


def _fields(mapping: MappingSaid) -> frozenset[str]:
    fields = frozenset(mapping.fields)
    return fields | _LAST_DAYS if fields & _LAST_DAYS else fields
