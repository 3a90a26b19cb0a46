"""`pull_leavers`: one source, read once, taken in completely or not at all by the watermark.

Pages are committed one by one, so that a read that fails half-way keeps what it has; the watermark
and the payroll close are written only at the end of a good one. Everything is recognised again, so
another run repeats nothing. What was taken in to the last byte need not even be looked at again.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from alumni_sync.bulk import bulk_work
from alumni_sync.crash import crash_point
from alumni_sync.deployment import Deployment
from alumni_sync.intake.code_watch import CodeWatch, trust_released
from alumni_sync.intake.counts import IntakeCounts
from alumni_sync.intake.guards import pass_guards, spend, suspicions
from alumni_sync.intake.reading import FirstLook, Source, look_at, peeked, refuse_other
from alumni_sync.intake.rehires import begin_rehires
from alumni_sync.intake.sighting import sight
from alumni_sync.intake.survey import Survey
from alumni_sync.intake.taking import PageTaker
from alumni_sync.ledger.leases import HeldLease, hold
from alumni_sync.ledger.tables import CloseDone, Watermark, t
from alumni_sync.ledger.upsert import insert_ignore, upsert
from alumni_sync.ports import Page

RENEW_AFTER: Final = timedelta(seconds=20)

_WATERMARK: Final = t(Watermark)
_CLOSE_DONE: Final = t(CloseDone)


@bulk_work()
def pull_leavers(
    deployment: Deployment, source: str, *, close: date | None, run_id: str
) -> IntakeCounts:
    """Take in what a source says now.

    Args:
        deployment: open.
        source: its name.
        close: the payroll close that this run is for; None when run by hand.
        run_id: of the run.

    Raises:
        SafetyStop: a guard; nothing was written.
        ConfigError: file, column or mapping is missing or wrong.
        TransientError, PermanentError: the source failed; the watermark stays.
        LeaseBusy: another run is reading this source.
    """
    with hold(deployment.ledger, deployment.clock, f"intake:{source}") as lease:
        trust_released(deployment.ledger, source, deployment.clock.now())
        return _Pull(deployment, source, close, run_id, lease).run()


class _Pull:
    """One run over one source."""

    def __init__(
        self,
        deployment: Deployment,
        source: str,
        close: date | None,
        run_id: str,
        lease: HeldLease,
    ) -> None:
        self._source = Source.of(deployment, source)
        self._ledger = deployment.ledger
        self._close = close
        self._run_id = run_id
        self._now = deployment.clock.now()
        self._today = self._source.identity.today(self._now).toordinal()
        self._renew = _renewer(lease, deployment.clock.now)
        self._watch = CodeWatch(
            deployment.ledger, source, self._source.limits, run_id=run_id, now=self._now
        )
        self._taker = PageTaker(
            deployment.ledger,
            self._source.identity,
            close=close,
            run_id=run_id,
            now=self._now,
        )

    def run(self) -> IntakeCounts:
        """Read, guard, take in, and move the watermark."""
        pages = self._source.pages(self._now, self._close)
        first, pages = peeked(pages)
        if self._source.is_as_before(first):
            del pages  # lets go of the file
            counts = self._as_before()
        elif self._source.reads_twice(first):
            look = look_at(self._source, pages, self._watch, self._renew)
            releases = self._ask_guards(look)
            self._taker.doubted = self._watch.doubted()
            counts = self._second_look(look)
            self._finish(look, counts, releases)
        else:
            look, counts = FirstLook(Survey()), IntakeCounts()
            for page in pages:
                counts += self._only_look(page, look)
            self._finish(look, counts, [])
        begin_rehires(self._ledger, self._source.identity, self._now)
        return counts

    def _as_before(self) -> IntakeCounts:
        """Return the counts of a read whose every byte was taken in completely before."""
        counts = IntakeCounts(**self._source.watermark.counts)
        if self._close is not None:
            with self._ledger.write() as connection:
                self._end_close(connection)
        return counts

    def _ask_guards(self, look: FirstLook) -> list[str]:
        trips = list(suspicions(look.reading(self._source.watermark)))
        return pass_guards(
            self._ledger,
            self._source.name,
            trips,
            basis=look.basis,
            run_id=self._run_id,
            now=self._now,
        )

    def _second_look(self, look: FirstLook) -> IntakeCounts:
        """Take in what the first look found new; nothing is read again if it found nothing."""
        found = look.survey.find(self._today)
        counts = found.settled()
        if found.attention.any():
            self._source.forget_basis()
            start = 0
            for page in self._source.pages(self._now, self._close):
                refuse_other(self._source, page, look)
                counts += self._taker.take(page.records, found, start)
                start += len(page.records)
                self._renew()
        self._taker.note_rehires(found.rehires, found.active)
        return counts

    def _only_look(self, page: Page, look: FirstLook) -> IntakeCounts:
        """Look at a page and take it in at once; all of a person's records stand on it."""
        survey = Survey()
        with self._ledger.read() as connection:
            sighting = sight(connection, self._source.identity, page.records)
        self._watch.look(page.records, sighting)
        self._taker.doubted = self._watch.doubted()
        survey.add(sighting, page.part)
        found = survey.find(self._today)
        counts = found.settled() + self._taker.take(page.records, found, 0)
        self._taker.note_rehires(found.rehires, found.active)
        look.basis = page.basis
        self._renew()
        return counts

    def _finish(self, look: FirstLook, counts: IntakeCounts, releases: Sequence[str]) -> None:
        """Move the watermark and note the close, if either is not there already."""
        mark = self._source.watermark
        row: dict[str, Any] = {
            "source": self._source.name,
            "basis": self._source.full_basis(look.basis),
            "rows": counts.read if look.full else (mark.rows if mark else 0),
            "counts": asdict(counts.again()),
        }
        same = mark is not None and look.basis and all(getattr(mark, k) == row[k] for k in row)
        crash_point("intake.watermark.before")
        with self._ledger.write() as connection:
            if not same:
                row |= {"since": self._now, "run_id": self._run_id, "cursor": ""}
                changed = [name for name in row if name != "source"]
                upsert(connection, _WATERMARK, [row], key=("source",), update=changed)
            self._watch.note(connection)
            self._end_close(connection)
            spend(connection, releases)
        crash_point("intake.watermark.after")

    def _end_close(self, connection: Connection) -> None:
        if self._close is not None:
            done = {"source": self._source.name, "close": self._close}
            done |= {"run_id": self._run_id, "at": self._now}
            insert_ignore(connection, _CLOSE_DONE, [done], key=("source", "close"))


def _renewer(lease: HeldLease, now: Callable[[], datetime]) -> Callable[[], None]:
    """Return what keeps a lease while pages go by."""
    renewed = now()

    def renew() -> None:
        nonlocal renewed
        if now() - renewed >= RENEW_AFTER:
            lease.renew()
            renewed = now()

    return renew
