"""How Dagster's history is forgotten: 30 days after, and at once where somebody was erased.

Deleting a run alone is not enough: its last materialization stays in the list of asset keys, and
with SQLite its file stays on the disk. What an erasure concerns is the history that names cases:
the exclusion queue's entries and the runs that ruled.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import dagster as dg

from assets.pacing import UNFINISHED

KEEP: Final = timedelta(days=30)
NAMES_CASES: Final = dg.AssetKey("exclusion_queue")
RULES_ON_CASES: Final = "review_exclusions"
BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class ForgottenCounts:
    """What was deleted of Dagster's history."""

    runs: int = 0
    assets: int = 0


class History:
    """Dagster's history of one deployment, as far as it is to be forgotten."""

    def __init__(self, instance: dg.DagsterInstance, home: Path, current_run: str) -> None:
        """Work on `instance`, whose SQLite files (if any) are in `home`; keep `current_run`."""
        self._instance = instance
        self._home = home
        self._current = current_run

    def forget_old(self, now: datetime) -> ForgottenCounts:
        """Delete finished runs older than 30 days, and events of assets last made before that."""
        before = now - KEEP
        old = (run.run_id for run in self._finished(dg.RunsFilter(created_before=before)))
        runs = self._delete(set(old))
        stale = [
            key
            for key in self._instance.get_asset_keys()
            if (made := self._last_made(key)) is not None and made < before.timestamp()
        ]
        if stale:
            self._instance.wipe_assets(stale)
        return ForgottenCounts(runs, len(stale))

    def forget_cases(self) -> ForgottenCounts:
        """Delete every finished run that names a case, and the entries of the exclusion queue."""
        rulings = self._finished(dg.RunsFilter(job_name=RULES_ON_CASES))
        named = {run.run_id for run in rulings} | set(self._runs_that_made(NAMES_CASES))
        unfinished = dg.RunsFilter(statuses=list(UNFINISHED))
        runs = self._delete(named - {run.run_id for run in self._instance.get_runs(unfinished)})
        self._instance.wipe_assets([NAMES_CASES])
        return ForgottenCounts(runs, 1)

    def overwrite_deleted(self) -> None:
        """Let SQLite's files lose the bytes of what was deleted; other databases do so alone."""
        for path in sorted(self._home.glob("**/*.db")):
            connection = sqlite3.connect(path, timeout=5, isolation_level=None)
            try:
                connection.execute("VACUUM")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.OperationalError:
                continue  # in use right now; the next housekeeping comes tomorrow
            finally:
                connection.close()

    def _finished(self, filters: dg.RunsFilter) -> Iterator[dg.DagsterRun]:
        """Yield runs that fit and are over, in batches: there may be a month of them."""
        cursor = None
        while runs := self._instance.get_runs(filters, cursor=cursor, limit=BATCH):
            cursor = runs[-1].run_id
            yield from (run for run in runs if run.is_finished)

    def _runs_that_made(self, key: dg.AssetKey) -> Iterator[str]:
        cursor = None
        while True:
            result = self._instance.fetch_materializations(key, limit=BATCH, cursor=cursor)
            yield from (record.run_id for record in result.records)
            if not result.has_more:
                return
            cursor = result.cursor

    def _last_made(self, key: dg.AssetKey) -> float | None:
        event = self._instance.get_latest_materialization_event(key)
        return event.timestamp if event else None

    def _delete(self, runs: set[str]) -> int:
        """Delete runs with all they logged; where the log is a file a run, the file too."""
        doomed = sorted(runs - {self._current, ""})
        for run_id in doomed:
            self._instance.delete_run(run_id)
            for path in self._home.glob(f"**/{run_id}.db*"):
                path.unlink(missing_ok=True)
        return len(doomed)
