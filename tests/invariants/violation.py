"""One broken promise."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """What was broken.

    Attributes:
        invariant: `I1` … `I9`.
        what: one sentence with opaque ids only.
    """

    invariant: str
    what: str

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.invariant}: {self.what}"
