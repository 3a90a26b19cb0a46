"""A ruling where there is no Dagster: the same service, without a run to show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alumni_sync.domain import Identity, LaunchResult
from alumni_sync.ledger.ids import new_id
from alumni_sync.review.rulings.bulk import RefusedCase, rule_cases

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment


@dataclass(frozen=True, slots=True)
class LedgerLauncher:
    """Rules in the ledger at once; see `ports.Launcher`."""

    d: "Deployment"

    def launch(self, tickets: Sequence[str], reason: str, user: Identity) -> Sequence[LaunchResult]:
        """Rule on each, and say what became of it."""
        results = rule_cases(self.d, tickets, reason=reason, identity=user, run_id=new_id("R"))
        return [
            LaunchResult(None, one.sentence, refused=isinstance(one, RefusedCase))
            for one in results
        ]
