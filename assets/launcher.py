"""The HR desk's launches: the same job as by a link in the Dagster UI, in the desk's own process.

It is executed on Dagster's home of the deployment, so that it stands among the runs like any other,
works while webserver and daemon are down, and answers at once: the daemon would take ten seconds.
Who launched it is signed into the tags with the key of the deployment, together with the run's id,
as the run coordinator does it for the proxy; the op looks at nothing else.
"""

import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from alumni_sync.deployment import Deployment
from alumni_sync.domain import Identity, LaunchResult
from alumni_sync.errors import Refused
from alumni_sync.review.rulings.launchpad import RULING_JOB, RULING_OP
from assets.definitions import defs
from assets.eligibility import RULING
from assets.failures import StageFailed
from assets.home import instance_of, owner_tag
from assets.rulings import DONE, RESULTS, SAID
from assets.run_coordinator import launch_tags


@dataclass(frozen=True, slots=True)
class DagsterLauncher:
    """Executes `review_exclusions`, one at a time; see `ports.Launcher`.

    What is no refusal is a fault of ours and raised: `StageFailed`, in words that hold no value.
    """

    d: Deployment
    turn: threading.Lock = field(default_factory=threading.Lock)

    def launch(self, tickets: Sequence[str], reason: str, user: Identity) -> Sequence[LaunchResult]:
        """Execute the job to its end, once for all of them, and say what became of each."""
        run_id, (first, *others) = str(uuid.uuid4()), tickets
        config = {"ticket": first, "reason": reason, **({"others": others} if others else {})}
        try:
            done = self._execute(run_id, config, user)
        except StageFailed as failed:
            if not isinstance(failed.error, Refused):
                raise
            return [LaunchResult(run_id, str(failed.error), refused=True)]
        if others:
            return [
                LaunchResult(run_id, str(line.data[SAID]), refused=not line.data[DONE])
                for line in _results(done)
            ]
        (made,) = done.asset_materializations_for_node(RULING_OP)
        return [LaunchResult(run_id, str(made.metadata[RULING].value))]

    def _execute(
        self, run_id: str, config: Mapping[str, Any], user: Identity
    ) -> dg.ExecuteInProcessResult:
        with self.turn, instance_of(self.d.root) as instance:
            return defs.resolve_job_def(RULING_JOB).execute_in_process(
                run_config={
                    "ops": {RULING_OP: {"config": config}},
                    "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                },
                instance=instance,
                run_id=run_id,
                tags={**owner_tag(), **launch_tags(self.d.ledger.hashes, run_id, user)},
                resources={"deployment": self.d},
            )


def _results(done: dg.ExecuteInProcessResult) -> Iterator[dg.TableRecord]:
    """Yield what a run says of each case, in the order of the tickets."""
    for event in done.events_for_node(RULING_OP):
        table = event.step_output_data.metadata[RESULTS] if event.is_successful_output else None
        if isinstance(table, dg.TableMetadataValue):
            yield from table.records
