"""A folder for secrets on their way to their reader: its owner's, and nobody else's."""

import os
from pathlib import Path
from typing import Final, TextIO

from alumni_sync.errors import Refused

ANYBODY_ELSE: Final = 0o077
OTHERS_WRITE: Final = 0o022
STICKY: Final = 0o1000


def private_folder(folder: Path) -> None:
    """Make a folder that only its owner can read, or check that it is one.

    Raises:
        Refused: somebody else could read what is written there, or put their own in its place.
    """
    if not folder.exists() and not folder.is_symlink():
        folder.parent.mkdir(parents=True, exist_ok=True)
        above = folder.parent.stat().st_mode
        if above & OTHERS_WRITE and not above & STICKY:
            msg = f"others may write to {folder.parent}: take a folder of your own"
            raise Refused(msg)
        folder.mkdir(mode=0o700)
        return
    found = folder.lstat()
    if not folder.is_dir() or folder.is_symlink() or found.st_uid != os.getuid():
        msg = f"{folder} is no folder of yours"
        raise Refused(msg)
    if found.st_mode & ANYBODY_ELSE:
        msg = f"others may read {folder}, and what goes there is for one reader alone: chmod 700"
        raise Refused(msg)
    if any(folder.iterdir()):
        msg = f"{folder} is not empty: what is in it would be mixed up with this"
        raise Refused(msg)


def new_file(path: Path) -> TextIO:
    """Open a file that was not there, for its owner only."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return os.fdopen(handle, "w", encoding="utf-8", newline="")
