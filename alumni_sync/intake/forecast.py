"""What a run would take in, without writing anything: for `run --dry-run` and for `simulate`."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from alumni_sync.deployment import Deployment
from alumni_sync.domain import ExitKind, Fact, RecordStatus
from alumni_sync.intake.counts import IntakeCounts
from alumni_sync.intake.guards import suspicions
from alumni_sync.intake.reading import FirstLook, Source, look_at, refuse_other
from alumni_sync.intake.sighting import Known
from alumni_sync.intake.survey import Findings, Outcome


@dataclass(frozen=True, slots=True)
class ForecastLeaver:
    """One leaver of a read as the ledger would have it.

    Attributes:
        facts: canonical; memory only.
        fresh: whether the spell would be new, or is known with other facts.
    """

    facts: dict[str, Fact]
    fresh: bool


class Forecast:
    """A read that writes nothing.

    Attributes:
        counts: as a run would give them; what a second look would find unchanged after all (a
            field that was only emptied) counts as changed here.
        guards: what would stop the run, as sentences; empty if nothing would.
        unmapped: exit codes that no line of the mapping knows, with the number of leavers.
    """

    def __init__(self, source: Source, look: FirstLook, now: datetime, close: date | None) -> None:
        """Use `read_forecast`."""
        self._source = source
        self._look = look
        self._now = now
        self._close = close
        self._found: Findings = look.survey.find(source.identity.today(now).toordinal())
        self.counts = _all_counts(self._found)
        self.guards = tuple(trip.what for trip in suspicions(look.reading(source.watermark)))
        self.unmapped: Counter[str] = Counter()

    def leavers(self) -> Iterator[list[ForecastLeaver]]:
        """Yield the leavers of the read, page by page; `unmapped` is complete at the end."""
        start = 0
        unmapped: Counter[str] = Counter()
        for page in self._source.pages(self._now, self._close):
            refuse_other(self._source, page, self._look)
            leavers = []
            for at, record in enumerate(page.records, start):
                if self._found.outcomes[at] != Outcome.SPELL or record.problems:
                    continue
                facts = dict(record.facts)
                if facts["record_status"] != RecordStatus.LEFT.value:
                    continue
                leavers.append(ForecastLeaver(facts, self._found.known[at] != Known.SAME))
                if facts["exit_kind"] == ExitKind.UNKNOWN.value and facts.get("exit_code"):
                    unmapped[str(facts["exit_code"])] += 1
            start += len(page.records)
            yield leavers
        self.unmapped = unmapped


def read_forecast(deployment: Deployment, source: str, *, close: date | None = None) -> Forecast:
    """Look over a source without writing.

    Raises:
        ConfigError, TransientError, PermanentError: as `pull_leavers` does.
    """
    ready = Source.of(deployment, source)
    now = deployment.clock.now()
    look = look_at(ready, ready.pages(now, close), lambda: None)
    return Forecast(ready, look, now, close)


def _all_counts(found: Findings) -> IntakeCounts:
    """Return the counts of all rows, those included that a run would look at again."""
    outcomes, known = found.outcomes, found.known
    spells = outcomes == Outcome.SPELL
    new = spells & ((known == Known.NOT) | (known == Known.REOPENED))
    changed = spells & (known == Known.DIFFERENT)
    aside = outcomes == Outcome.ASIDE
    rejected = (outcomes == Outcome.UNUSABLE) | (outcomes == Outcome.CONFLICT)
    fresh = rejected & (known == Known.NOT)
    total = len(outcomes)
    parts = [int(mask.sum()) for mask in (new, changed, aside, rejected)]
    return IntakeCounts(
        read=total,
        new=parts[0],
        changed=parts[1],
        unchanged=total - sum(parts),
        not_leavers=parts[2],
        rejected=parts[3],
        newly_rejected=int(fresh.sum()),
    )
