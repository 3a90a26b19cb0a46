"""HR's list of experts: a CSV of `source/employee,topic`, one line a topic.

The list gives the flag `expert` and topics that the consent page can offer. It excludes nobody.
"""

import csv
from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from alumni_sync.errors import ConfigError, Problem

HEADER: Final = ["source/employee", "topic"]

Experts = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Source → employee number → topics."""


def load_experts(path: Path | None, sources: Collection[str]) -> Experts:
    """Return HR's nominations; empty where there is no list.

    Raises:
        ConfigError: every line that is not `source/employee,topic` of a known source, by number.
    """
    if path is None:
        return {}
    try:
        lines = csv.reader(path.read_text(encoding="utf-8-sig").splitlines())
    except OSError as error:
        raise ConfigError.of(str(path), f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError.of(str(path), "is not UTF-8", "save the file as UTF-8") from None
    if next(lines, None) != HEADER:
        raise ConfigError.of(f"{path.name}:1", f"must start with the line {','.join(HEADER)}")
    problems: list[Problem] = []
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for line in lines:
        if not any(cell.strip() for cell in line):
            continue
        where = f"{path.name}:{lines.line_num}"
        source, slash, employee = line[0].strip().partition("/")
        if len(line) != len(HEADER) or not (slash and employee and line[1].strip()):
            problems.append(Problem(where, "must be source/employee,topic"))
        elif source not in sources:
            known = ", ".join(sorted(sources))
            problems.append(Problem(where, f"there is no source {source}", f"known: {known}"))
        else:
            found[source][employee].append(line[1].strip())
    if problems:
        raise ConfigError(problems)
    return {
        source: {employee: tuple(topics) for employee, topics in people.items()}
        for source, people in found.items()
    }
