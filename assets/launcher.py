"""The HR desk's launches: the same job as by a link in the Dagster UI, in the desk's own process.

It is executed on Dagster's home of the deployment, so that it stands among the runs like any other,
works while webserver and daemon are down, and answers at once: the daemon would take ten seconds.
Who launched it is signed into the tags with the key of the deployment, together with the run's id,
as the run coordinator does it for the proxy; the op looks at nothing else.
"""

import threading
import uuid
from dataclasses import dataclass, field

from alumni_sync.deployment import Deployment
from alumni_sync.domain import Identity, LaunchResult
from alumni_sync.errors import Refused
from alumni_sync.review.rulings.launchpad import RULING_JOB, RULING_OP
from assets.definitions import defs
from assets.eligibility import RULING
from assets.failures import StageFailed
from assets.home import instance_of, owner_tag
from assets.run_coordinator import launch_tags


@dataclass(frozen=True, slots=True)
class DagsterLauncher:
    """Executes `review_exclusions`, one at a time; see `ports.Launcher`."""

    d: Deployment
    turn: threading.Lock = field(default_factory=threading.Lock)

    def launch(self, ticket: str, reason: str, user: Identity) -> LaunchResult:
        """Execute the job to its end, and say in its sentence what became of it.

        Raises:
            StageFailed: a fault of ours, in words that hold no value.
        """
        run_id = str(uuid.uuid4())
        config = {"ticket": ticket, "reason": reason}
        with self.turn, instance_of(self.d.root) as instance:
            try:
                done = defs.resolve_job_def(RULING_JOB).execute_in_process(
                    run_config={
                        "ops": {RULING_OP: {"config": config}},
                        "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                    },
                    instance=instance,
                    run_id=run_id,
                    tags={**owner_tag(), **launch_tags(self.d.ledger.hashes, run_id, user)},
                    resources={"deployment": self.d},
                )
            except StageFailed as failed:
                if not isinstance(failed.error, Refused):
                    raise
                return LaunchResult(run_id, str(failed.error), refused=True)
        (made,) = done.asset_materializations_for_node(RULING_OP)
        return LaunchResult(run_id, str(made.metadata[RULING].value))
