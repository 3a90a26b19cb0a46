"""How the HR desk launches a ruling: in Dagster where its home is beside it, else without."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from alumni_sync.settings import Runtime

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from alumni_sync.deployment import Deployment
    from alumni_sync.domain import Identity, LaunchResult
    from alumni_sync.ports import Launcher


@dataclass
class DeskLauncher:
    """Decides at each ruling, since `up` or `run` may make Dagster's home at any time."""

    d: "Deployment"

    def launch(
        self, tickets: "Sequence[str]", reason: str, user: "Identity"
    ) -> "Sequence[LaunchResult]":
        """Hand rulings to Dagster, or make them in the ledger alone; see `ports.Launcher`."""
        return self._launcher.launch(tickets, reason, user)

    @property
    def _launcher(self) -> "Launcher":
        return self._dagster if has_dagster(self.d.root) else self._ledger

    @cached_property
    def _dagster(self) -> "Launcher":
        """Import Dagster with the first ruling: it takes a second, and most `serve` for other."""
        from assets.launcher import DagsterLauncher

        return DagsterLauncher(self.d)

    @cached_property
    def _ledger(self) -> "Launcher":
        from alumni_sync.review.rulings.launching import LedgerLauncher

        return LedgerLauncher(self.d)


def has_dagster(root: "Path") -> bool:
    """Say whether Dagster works beside a deployment: `up` and `run` prepare its home."""
    home = Runtime.from_environment().dagster_home or root / "var" / "dagster"
    return (home / "dagster.yaml").is_file()
