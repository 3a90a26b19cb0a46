"""Whether our import names are really ours: `assets` or `connectors` may be somebody else's.

Another distribution with one of these names silently overwrites files or wins the import, and the
programme would run a stranger's code.
"""

from collections.abc import Iterator
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import alumni_sync
from alumni_sync.errors import Problem

DISTRIBUTION: Final = "alumni-sync"
NAMES: Final = ("alumni_sync", "connectors", "assets")


def foreign_packages() -> Iterator[Problem]:
    """Yield every import name of ours that another distribution has, or that lies elsewhere."""
    home = Path(alumni_sync.__file__).resolve().parent.parent
    owners = packages_distributions()
    for name in NAMES:
        others = sorted(set(owners.get(name, ())) - {DISTRIBUTION})
        if others:
            yield Problem(
                f"package {name}",
                f"the distribution {', '.join(others)} has the same import name",
                "install alumni-sync in an environment of its own",
            )
        place = _place_of(name)
        if place != home:
            yield Problem(f"package {name}", f"is imported from {place}", f"it should be in {home}")


def _place_of(name: str) -> Path | None:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).resolve().parent.parent
