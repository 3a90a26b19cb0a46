"""One line a figure, and whether its bound was reached."""


class Figures:
    """Prints figures as they come; `exit_code` is 1 where a bound was missed."""

    def __init__(self, name: str) -> None:
        """Collect the figures of one benchmark."""
        self._name = name
        self._missed = False

    def note(self, text: str) -> None:
        """Print a figure that has no bound."""
        print(f"{self._name}: {text}")

    def at_most(self, what: str, ratio: float, bound: float) -> None:
        """Print a ratio that should not be above its bound."""
        self._line(what, ratio, bound, missed=ratio > bound)

    def at_least(self, what: str, ratio: float, bound: float) -> None:
        """Print a ratio that should not be below its bound."""
        self._line(what, ratio, bound, missed=ratio < bound)

    def exit_code(self) -> int:
        """Return 1 where any bound was missed."""
        return int(self._missed)

    def _line(self, what: str, ratio: float, bound: float, *, missed: bool) -> None:
        self._missed |= missed
        tail = ", MISSED" if missed else ""
        print(f"{self._name}: {what}: {ratio:.2f}x (bound {bound:g}x{tail})")
