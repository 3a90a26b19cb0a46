"""Looks for personal values in bytes, in every form that software stores text in.

A window of eight bytes slides over a file, and only where it is the start of a wanted form is the
rest compared: thousands of forms over many megabytes take a second. Nothing shorter than eight
bytes is looked for: a five-digit number turns up in any database page.
"""

import base64
import html
import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

WINDOW: Final = 8
_CHUNK: Final = 1 << 24
_LONGEST: Final = 4096


@dataclass(frozen=True, slots=True)
class Leak:
    """A value found where it must not be; `form` says how it was written."""

    path: str
    label: str
    form: str


def forms(value: str) -> Iterator[tuple[str, bytes]]:
    """Yield the ways in which a text may stand in a file: (name of the form, bytes)."""
    for normal in ("NFC", "NFD"):
        text = unicodedata.normalize(normal, value)
        for case, written in (("", text), (" in one case", text.casefold())):
            yield f"{normal}{case}", written.encode()
            yield f"{normal}{case} UTF-16", written.encode("utf-16-le")
            yield f"{normal}{case} UTF-16 BE", written.encode("utf-16-be")
        escaped = json.dumps(text)[1:-1]
        yield f"{normal} in JSON", escaped.encode()
        yield f"{normal} in JSON in JSON", json.dumps(escaped)[1:-1].encode()
        yield f"{normal} in a URL", quote(text).encode()
        yield f"{normal} in HTML", html.escape(text).encode()
        for shift in range(3):
            yield f"{normal} in base64", _inside_base64(text.encode(), shift)
    for encoding in ("cp1250", "cp1251", "latin-1"):
        yield encoding, value.encode(encoding, "ignore")


def _inside_base64(content: bytes, shift: int) -> bytes:
    """Return what stays the same of `content` in base64 `shift` bytes after a group's start."""
    encoded = base64.b64encode(b"\0" * shift + content)
    first = (0, 2, 3)[shift]
    whole = (shift + len(content)) // 3 * 4
    return encoded[first:whole]


class Watchlist:
    """Forms of many values, ready to be looked for."""

    def __init__(self, values: Mapping[str, Iterable[str]]) -> None:
        """Take label → values; the label is what a report names, never the value."""
        self._wanted: dict[bytes, list[tuple[bytes, str, str]]] = {}
        seen: set[bytes] = set()
        for label, texts in values.items():
            for text in texts:
                for form, content in forms(text):
                    if WINDOW <= len(content) <= _LONGEST and content not in seen:
                        seen.add(content)
                        entry = (content, label, form)
                        self._wanted.setdefault(content[:WINDOW], []).append(entry)
        starts = b"".join(sorted(self._wanted))
        self._starts = np.sort(np.frombuffer(starts, dtype="<u8"))

    def __len__(self) -> int:
        """Return how many forms are looked for."""
        return sum(map(len, self._wanted.values()))

    def search(self, content: bytes, path: str) -> Iterator[Leak]:
        """Yield what is found in `content`."""
        if len(content) < WINDOW or not len(self._starts):
            return
        for at in self._hits(content):
            for wanted, label, form in self._wanted[content[at : at + WINDOW]]:
                if content.startswith(wanted, at):
                    yield Leak(path, label, form)

    def search_file(self, path: Path, name: str) -> Iterator[Leak]:
        """Yield what is found in a file, read in overlapping pieces."""
        with path.open("rb") as file:
            tail = b""
            while piece := file.read(_CHUNK):
                yield from self.search(tail + piece, name)
                tail = (tail + piece)[-_LONGEST:]

    def _hits(self, content: bytes) -> Iterator[int]:
        """Yield where eight bytes are the start of some form."""
        for offset in range(WINDOW):
            length = (len(content) - offset) // WINDOW
            windows: NDArray[np.uint64] = np.frombuffer(content, "<u8", length, offset)
            places = np.searchsorted(self._starts, windows)
            places[places == len(self._starts)] = 0
            for index in np.flatnonzero(self._starts[places] == windows):
                yield int(index) * WINDOW + offset
