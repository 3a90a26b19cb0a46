"""Where the files are that the distribution ships besides code: `rules/` and `examples/`.

In a wheel they lie below this package; in a checkout (an editable installation included) they are
the folders of the repository. What belongs here: finding them. Reading them is for others.
"""

from pathlib import Path
from typing import Final

from alumni_sync.errors import ConfigError

PACKAGE: Final = Path(__file__).resolve().parent


def shipped(folder: str, *, package: Path = PACKAGE) -> Path:
    """Return the shipped folder `rules` or `examples`.

    Args:
        folder: its name.
        package: the folder of this package, which a test may place elsewhere.

    Raises:
        ConfigError: the installation lacks it.
    """
    for candidate in (package / "_shipped" / folder, package.parent / folder):
        if candidate.is_dir():
            return candidate
    raise ConfigError.of(
        str(package), f"the installation has no {folder}/", "install alumni-sync again"
    )
