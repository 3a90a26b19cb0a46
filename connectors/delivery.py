"""Files as they are delivered: which of them to read, whether they are finished, what they hold.

A payroll export lands in a folder while we look. What is half there must not pass for a short list
of leavers, and no clock can tell (a copy keeps old times): a name that says "not yet", a marker
file that is missing, a size that still moves or a row that stops in its middle can.
"""

import codecs
import hashlib
import io
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Final

from charset_normalizer import from_bytes

from alumni_sync.errors import ConfigError, Unavailable

VENDOR: Final = "csv"
UNFINISHED: Final = (".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", "~")
"""Endings of names that copying programs give to files until they are complete."""

_GLOB: Final = frozenset("*?[")
_CHUNK: Final = 1 << 20
_SAMPLE: Final = 1 << 16
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_LIKELY: Final = ("cp1250", "cp1251", "cp1252", "iso8859_2")
"""What HR systems in Europe export if not UTF-8; a guess among these is of use."""


class Listing(StrEnum):
    """What one delivery holds."""

    FULL = "full"  # everybody the source knows
    CHANGES = "changes"  # what is new since the one before: deliveries add up


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a file looked like: enough to see that it is another one now."""

    size: int
    modified: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> "Stamp":
        """Take the stamp from a stat result."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ino)


def find_files(path: Path, listing: Listing, marker: str) -> list[Path]:
    """Return the finished files that one read consists of, in the order of their names.

    Args:
        path: a file, a pattern (`leavers-*.csv`), or a folder into which files are dropped.
        listing: a full listing in a folder is its last file by name; changes are all of them.
        marker: ending of the name of a file that says "complete" (`.done`); empty: none is needed.

    Raises:
        ConfigError: there is no such file or folder.
        Unavailable: nothing is there yet, or it is not finished.
    """
    if path.is_dir():
        found = _finished(path.iterdir(), marker)
        found = found[-1:] if listing is Listing.FULL else found
    elif _GLOB & set(path.name):
        found = _finished(path.parent.glob(path.name), marker)
    elif path.exists():
        found = _finished([path], marker)
    elif any(path.with_name(path.name + ending).exists() for ending in UNFINISHED):
        found = []
    else:
        raise ConfigError.of(str(path), "there is no such file", "check `path` of the source")
    if not found:
        raise Unavailable(VENDOR, "read", f"{path.name}: no finished file is there yet")
    return found


def _finished(paths: Iterator[Path] | Sequence[Path], marker: str) -> list[Path]:
    """Return the files among `paths` that nothing says are still being written."""
    return sorted(
        path
        for path in paths
        if path.is_file()
        and not path.name.startswith((".", "~"))
        and not path.name.endswith(UNFINISHED)
        and not (marker and path.name.endswith(marker))
        and (not marker or path.with_name(path.name + marker).exists())
    )


def wait_until_settled(
    paths: Sequence[Path], seconds: float, pause: Callable[[float], None]
) -> None:
    """Look at the files twice, `seconds` apart; raises `Unavailable` where one still moves."""
    if not seconds:
        return
    before = [Stamp.of(path.stat()) for path in paths]
    pause(seconds)
    for path, stamp in zip(paths, before, strict=True):
        if Stamp.of(path.stat()) != stamp:
            raise _still_written(path)


@dataclass(frozen=True, slots=True)
class Delivered:
    """One file as it was when its bytes were fingerprinted.

    Attributes:
        digest: SHA-256 of the bytes.
        stamp: how to see that they are others now.
    """

    path: Path
    digest: bytes
    stamp: Stamp

    @classmethod
    def of(cls, path: Path) -> "Delivered":
        """Read the whole file once for its digest; raises `ConfigError` where it cannot be."""
        digest = hashlib.sha256()
        with _opened(path) as stream:
            stamp = Stamp.of(os.fstat(stream.fileno()))
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
        return cls(path, digest.digest(), stamp)

    @contextmanager
    def lines(self) -> Iterator[Iterator[str]]:
        """Open the file as UTF-8, with or without byte-order mark, and give its lines, ends kept.

        Raises:
            ConfigError: it cannot be read, or is not UTF-8; says what it may be.
            Unavailable: it is not the file any more that was fingerprinted.
        """
        with _opened(self.path) as stream:
            self._refuse_change(stream)
            _refuse_marked(self.path, stream)
            text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
            yield _decoded(self.path, text)
            self._refuse_change(stream)

    def _refuse_change(self, stream: IO[bytes]) -> None:
        if Stamp.of(os.fstat(stream.fileno())) != self.stamp:
            raise _still_written(self.path)


def _still_written(path: Path) -> Unavailable:
    what = f"{path.name} is still being written; nothing was taken over"
    return Unavailable(VENDOR, "read", what)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        stream = path.open("rb")
    except OSError as error:
        raise ConfigError.of(str(path), f"cannot be read: {error.strerror}") from None
    with stream:
        yield stream


def _refuse_marked(path: Path, stream: IO[bytes]) -> None:
    """Refuse UTF-16 and UTF-32, which decode as UTF-8 here and there."""
    head = stream.read(_SAMPLE)
    stream.seek(0)
    found = next((name for mark, name in _MARKS if head.startswith(mark)), "")
    if not found and head.count(0) * 5 > len(head):  # every other byte of Latin text
        found = "UTF-16"
    if found:
        raise _wrong_encoding(f"{path.name}", found)


def _decoded(path: Path, text: IO[str]) -> Iterator[str]:
    """Yield lines; the error about other bytes is raised outside its handler, for it holds them."""
    line: str | None = ""
    while line is not None:
        try:
            line = next(text, None)
        except UnicodeDecodeError:
            break
        if line is not None:
            yield line
    else:
        return
    raise _not_utf8(path)


def _not_utf8(path: Path) -> ConfigError:
    """Say in which line of a file the first byte stands that UTF-8 does not have."""
    with path.open("rb") as stream:
        numbered = enumerate(stream, start=1)
        line = next((number for number, line in numbered if not _is_utf8(line)), 0)
        stream.seek(0)
        best = from_bytes(stream.read(_SAMPLE), cp_isolation=list(_LIKELY)).best()
    return _wrong_encoding(f"{path.name}:{line}", best.encoding if best else "")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _wrong_encoding(where: str, found: str) -> ConfigError:
    guess = f"; it may be {found}" if found else ""
    return ConfigError.of(where, f"is not UTF-8{guess}", "export as UTF-8, or convert with iconv")
