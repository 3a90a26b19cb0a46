"""A source's exit codes → exit kinds.

A code that no line of the table knows is `unknown`, never something harmless. Codes of kind
`undisclosed` (health, family and the like) are dropped here, in memory: neither the code nor the
cell may be kept anywhere, so what leaves this module says `undisclosed` in their place.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from alumni_sync.domain import ExitKind

UNDISCLOSED_CODE: Final = ExitKind.UNDISCLOSED.value
"""Stands for a code that is none of our business; a present, so that no rule calls it unknown."""


class ExitCodes:
    """The table of one source: exact codes first, then patterns in their order."""

    def __init__(
        self, exact: Mapping[str, ExitKind], patterns: Sequence[tuple[str, ExitKind]] = ()
    ) -> None:
        """Compile the table; patterns must match a whole code, in any case."""
        self._exact = dict(exact)
        self._folded = {code.casefold(): kind for code, kind in exact.items()}
        self._patterns = [(re.compile(text, re.IGNORECASE), kind) for text, kind in patterns]

    def kind(self, code: str | None) -> ExitKind:
        """Return the kind of a cleaned code; no code at all is `unknown` too."""
        if not code:
            return ExitKind.UNKNOWN
        found = self._exact.get(code) or self._folded.get(code.casefold())
        if found is not None:
            return found
        for pattern, kind in self._patterns:
            if pattern.fullmatch(code):
                return kind
        return ExitKind.UNKNOWN

    def redacted(self, cell: str) -> str:
        """Return a cell as it may be sealed in quarantine: without an undisclosed reason."""
        undisclosed = self.kind(cell.strip().strip('"').strip()) is ExitKind.UNDISCLOSED
        return UNDISCLOSED_CODE if undisclosed else cell
