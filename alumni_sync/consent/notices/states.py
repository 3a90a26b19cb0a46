"""Whether files still are as they were: so that what was made of them need not be made again.

Every page asks for the notice, and legal may have changed a file of it a moment ago. To ask each
known file how it stands takes a fifth of what looking for files takes; whatever comes or goes
changes the state of its folder. A site whose visits come close on each other need not ask each
time: for it, what was seen a moment ago stands (`seen_for`).
"""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self


class _Patience:
    """How long what was seen of files is taken for how they are, in this process."""

    def __init__(self) -> None:
        self.seconds = 0.0


_PATIENCE: Final = _Patience()


@contextmanager
def seen_for(seconds: float) -> Iterator[None]:
    """Within, look at files again only so many seconds after they were last seen unchanged."""
    before, _PATIENCE.seconds = _PATIENCE.seconds, seconds
    try:
        yield
    finally:
        _PATIENCE.seconds = before


@dataclass(slots=True)
class FileStates:
    """Time and size of files and folders, as they were at some moment."""

    paths: tuple[str, ...]
    states: tuple[tuple[int, int], ...]
    _seen: float = field(default=float("-inf"), init=False, repr=False, compare=False)

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
        now = time.monotonic()
        if now - self._seen < _PATIENCE.seconds:
            return True
        try:
            unchanged = self.states == tuple(map(_state, self.paths))
        except OSError:
            return False
        if unchanged:
            self._seen = now
        return unchanged


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
