"""Whether files still are as they were: so that what was made of them need not be made again.

Every page asks for the notice, and legal may have changed a file of it a moment ago. To ask each
known file how it stands takes a fifth of what looking for files takes; whatever comes or goes
changes the state of its folder.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class FileStates:
    """Time and size of files and folders, as they were at some moment."""

    paths: tuple[str, ...]
    states: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, paths: Iterable[str]) -> Self:
        """Look at files and folders.

        Raises:
            OSError: one of them is gone.
        """
        looked_at = tuple(paths)
        return cls(looked_at, tuple(map(_state, looked_at)))

    def stand(self) -> bool:
        """Say whether all of them are as they were."""
        try:
            return self.states == tuple(map(_state, self.paths))
        except OSError:
            return False


def _state(path: str) -> tuple[int, int]:
    found = os.stat(path)  # noqa: PTH116 a path object takes longer than the question
    return found.st_mtime_ns, found.st_size


def below(folder: Path | str, *, deep: bool = True) -> Iterator[str]:
    """Yield a folder and what is in it: all of it, or only its files and its folders' names."""
    yield str(folder)
    with os.scandir(folder) as entries:
        for entry in entries:
            if deep and entry.is_dir():
                yield from below(entry.path)
            else:
                yield entry.path
