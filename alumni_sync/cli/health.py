"""Asks every source and the platform how they are; what `doctor` and `check` show.

One that is broken does not hide the others: each problem is gathered with its exit code.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alumni_sync.cli.exits import Exit, code_of, worst
from alumni_sync.errors import AlumniSyncError, ConfigError, Problem

if TYPE_CHECKING:
    from alumni_sync.deployment import Plugins
    from alumni_sync.ports import ConnectorHealth


@dataclass(frozen=True, slots=True)
class Health:
    """How one part of the outside is.

    Attributes:
        name: `source acme-pl` or `platform directory`.
        code: `Exit.DONE` if it is well.
        missing: fields asked for that did not come back.
        asked: the fields that are asked for; empty where nobody can say.
    """

    name: str
    code: Exit
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    asked: frozenset[str] = frozenset()

    def lines(self) -> list[str]:
        """Return it for people."""
        state = "well" if self.code is Exit.DONE else "not well"
        details = [*map(str, self.problems), *self.notes]
        return [f"{self.name}: {state}", *(f"  {detail}" for detail in details)]


def check_sources(plugins: "Plugins") -> Iterator[Health]:
    """Check every source of the configuration."""
    for source in plugins.settings.sources:
        where = f"sources.{source}"
        try:
            found = plugins.connector(source).check()
        except AlumniSyncError as error:
            yield _failed(f"source {source}", where, error)
        else:
            yield _source_health(source, where, found)


def _source_health(source: str, where: str, found: "ConnectorHealth") -> Health:
    missing = tuple(sorted(set(found.asked) - set(found.returned)))
    notes = [*found.notes, f"{len(found.returned)} of {len(found.asked)} asked-for fields visible"]
    if missing:
        notes.append(f"not visible: {', '.join(missing)}")
    return Health(
        name=f"source {source}",
        code=_code(found),
        problems=tuple(Problem(where, problem) for problem in found.problems),
        notes=tuple(notes),
        missing=missing,
        asked=frozenset(found.asked),
    )


def _code(found: "ConnectorHealth") -> Exit:
    if found.ok:
        return Exit.DONE
    return Exit.USAGE if found.ours else Exit.VENDOR


def check_platform(plugins: "Plugins") -> Health:
    """Check the community platform."""
    name, where = f"platform {plugins.platform_name}", "platform"
    try:
        found = plugins.platform().check()
    except AlumniSyncError as error:
        return _failed(name, where, error)
    problems = tuple(Problem(where, problem) for problem in found.problems)
    return Health(name, Exit.DONE if found.ok else Exit.VENDOR, problems, found.notes)


def _failed(name: str, where: str, error: AlumniSyncError) -> Health:
    if isinstance(error, ConfigError):
        return Health(name, Exit.USAGE, error.problems)
    return Health(name, code_of(error), (Problem(where, str(error)),))


def worst_of(healths: Sequence[Health]) -> Exit:
    """Return the exit code for several."""
    return worst(health.code for health in healths)
