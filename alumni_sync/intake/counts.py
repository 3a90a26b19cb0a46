"""What became of the rows of a read."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class IntakeCounts:
    """Rows by what became of them; the five add up to `read` (I4).

    Attributes:
        read: input rows.
        new: spells that were not known, or that reopened a tombstone.
        changed: spells with a fact that differs.
        unchanged: spells as they were; rows that stand there again.
        not_leavers: still employed, moved within the group, never began, employed elsewhere.
        rejected: rows that cannot be used, or contradict another row.
        newly_rejected: those of `rejected` that were not rejected before.
    """

    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    not_leavers: int = 0
    rejected: int = 0
    newly_rejected: int = 0

    def __add__(self, other: "IntakeCounts") -> "IntakeCounts":
        """Return the sum, field by field."""
        names = [field.name for field in fields(self)]
        return IntakeCounts(*(getattr(self, name) + getattr(other, name) for name in names))

    def again(self) -> "IntakeCounts":
        """Return what the very same read gives once it was taken in: nothing in it is news."""
        known = self.new + self.changed + self.unchanged
        return IntakeCounts(
            self.read, unchanged=known, not_leavers=self.not_leavers, rejected=self.rejected
        )
