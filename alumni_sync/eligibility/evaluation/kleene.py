"""Three-valued logic on columns: each row is true, false or unknown (Kleene's strong logic)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Truth:
    """One truth value a row, as two masks that never overlap; neither set means unknown."""

    true: Mask
    false: Mask

    @classmethod
    def of(cls, true: Mask, known: Mask) -> "Truth":
        """Return `true` where `known`, and unknown elsewhere."""
        return cls(true & known, known & ~true)

    @classmethod
    def constant(cls, rows: int, *, value: bool) -> "Truth":
        """Return the same known value for every row."""
        return cls(np.full(rows, value), np.full(rows, not value))

    @property
    def unknown(self) -> Mask:
        """Return the rows that cannot be decided."""
        return ~(self.true | self.false)

    def __and__(self, other: "Truth") -> "Truth":
        """Return false where either is false, true where both are true, unknown elsewhere."""
        return Truth(self.true & other.true, self.false | other.false)

    def __or__(self, other: "Truth") -> "Truth":
        """Return true where either is true, false where both are false, unknown elsewhere."""
        return Truth(self.true | other.true, self.false & other.false)

    def __invert__(self) -> "Truth":
        """Return the opposite; unknown stays unknown."""
        return Truth(self.false, self.true)
