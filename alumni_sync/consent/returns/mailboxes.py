"""Where mails come back to: a folder of this machine (maildir), or a mailbox at a server (IMAP).

Both are read the same way (`ports.Mailbox`): what was taken disappears there, because reports quote
people's addresses; everything else stays, marked as seen, for a person to read.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from alumni_sync.consent.returns.reports import MOST_BYTES
from alumni_sync.errors import ConfigError

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment
    from alumni_sync.ports import Mailbox
    from alumni_sync.settings import Settings

_FLAGS: Final = ":2,"
"""Before the flags in the name of a maildir's mail; S: seen."""


class Maildir:
    """A folder into which a mail server delivers, one file a mail."""

    def __init__(self, folder: Path) -> None:
        """Look into `folder`, which has `new`, `cur` and `tmp`."""
        self._folder = folder

    def waiting(self) -> Iterator[tuple[str, bytes]]:
        """Yield mails that nobody has taken or read, oldest first; names begin with the time."""
        new = [path for path in (self._folder / "new").iterdir() if not path.name.startswith(".")]
        read = [path for path in (self._folder / "cur").iterdir() if "S" not in _flags(path)]
        for path in sorted([*new, *read], key=lambda path: path.name):
            try:
                with path.open("rb") as file:
                    content = file.read(MOST_BYTES + 1)
            except FileNotFoundError:
                continue  # another mail program moved it meanwhile
            yield str(path), content

    def taken(self, key: str) -> None:
        """Delete a mail that was taken."""
        Path(key).unlink(missing_ok=True)

    def left(self, key: str) -> None:
        """Move a mail to `cur` with the flag of one that was read."""
        path = Path(key)
        name = path.name.partition(_FLAGS)[0]
        flags = "".join(sorted({*_flags(path), "S"}))
        try:
            path.rename(path.parents[1] / "cur" / f"{name}{_FLAGS}{flags}")
        except FileNotFoundError:
            return  # moved meanwhile: it is seen, by whoever did

    def close(self) -> None:
        """Have nothing to close."""


def _flags(path: Path) -> str:
    return path.name.partition(_FLAGS)[2]


def mailboxes_of(d: "Deployment") -> "list[Mailbox]":
    """Return the mailboxes that are to be read; none where nobody reads what comes back.

    Raises:
        ConfigError: there is no maildir.
    """
    found: list[Mailbox] = []
    if folder := maildir_of(d.settings):
        found.append(Maildir(folder))
    if remote := d.mailbox():
        found.append(remote)
    return found


def maildir_of(settings: "Settings") -> Path | None:
    """Return the maildir into which mails come back; None where there is none to read.

    Raises:
        ConfigError: it is no maildir.
    """
    returns = settings.mail.returns
    folder = returns.maildir if returns else None
    if folder is None or all((folder / name).is_dir() for name in ("new", "cur", "tmp")):
        return folder
    raise ConfigError.of("mail.returns.maildir", "is no maildir", "a folder with new, cur, tmp")
