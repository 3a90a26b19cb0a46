"""Trying other rules on what the ledger knows: who would change sides, and nothing is written."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alumni_sync.deployment import Deployment
from alumni_sync.eligibility.lint.loosening import Moved, loosening
from alumni_sync.eligibility.revisions.content import RulesContent
from alumni_sync.eligibility.revisions.differences import MappingChange
from alumni_sync.eligibility.revisions.ruleset import kept_ruleset, load_ruleset, ruleset_of
from alumni_sync.eligibility.revisions.simulation import Flip, Trial, flips
from alumni_sync.eligibility.revisions.weighing import counts_of, needs_release, trial_of
from alumni_sync.errors import ConfigError
from alumni_sync.ledger import rulebook


@dataclass
class Simulation:
    """A trial of other rules; `flips` goes over the ledger, `summary` tells what it found."""

    d: Deployment
    trials: tuple[tuple[Trial, MappingChange], ...]
    found: Counter[tuple[str, str]] = field(default_factory=Counter)

    def flips(self) -> Iterator[Flip]:
        """Yield whoever would change sides; no more than a page is in memory."""
        self.found.clear()
        for flip in flips(self.d, [trial for trial, _ in self.trials]):
            self.found[flip.source, flip.direction.value] += 1
            yield flip

    @property
    def summary(self) -> Mapping[str, Any]:
        """Return the counts of each source, and whether the change would wait for a release.

        `to_come`: for each source a leaver, invented, who would move towards eligible.
        """
        sources = {
            trial.old.source: counts_of(self.d, trial, change, self._found(trial.old.source))
            for trial, change in self.trials
        }
        return {
            "sources": sources,
            "to_come": {trial.old.source: self._to_come(trial) for trial, _ in self.trials},
            "active": {trial.old.source: trial.old.revision for trial, _ in self.trials},
            "tried": {trial.new.source: trial.new.revision for trial, _ in self.trials},
            "needs_release": any(needs_release(counts) for counts in sources.values()),
        }

    def _to_come(self, trial: Trial) -> Moved | None:
        """Return an invented leaver who would move towards eligible; None where nobody is shown."""
        today = trial.new.today(self.d.clock.now())
        found = loosening(trial.old.pack, trial.new.pack, today)
        return None if found is None else found.shown

    def _found(self, source: str) -> Mapping[str, int]:
        return {direction: n for (of, direction), n in self.found.items() if of == source}


def try_rules(d: Deployment, pack: Path | None, source: str | None = None) -> Simulation:
    """Return the trial of a rule pack, or of the configuration as it is now.

    Args:
        d: the open deployment.
        pack: the rules to try; None for what the configuration names.
        source: only this one; None for all.

    Raises:
        ConfigError: the rules, mapping, audience or list of experts cannot be used; or there is no
            such source.
    """
    if source is not None and source not in d.settings.sources:
        known = ", ".join(d.settings.sources)
        raise ConfigError.of("--source", f"there is no source {source}", f"known: {known}")
    names = [source] if source else list(d.settings.sources)
    trials = []
    for name in names:
        content = RulesContent.of_files(d.settings, name, pack)
        trials.append(trial_of(d, load_ruleset(d, name), ruleset_of(d, content, from_files=True)))
    return Simulation(d, tuple(trials))


def try_revision(d: Deployment, revision: str) -> Simulation:
    """Return the trial of a revision that the ledger kept, whatever the files say by now.

    Args:
        d: the open deployment.
        revision: that waits, or was active before.

    Raises:
        ConfigError: it was never kept, or its source is not configured any more.
    """
    with d.ledger.read() as connection:
        row = rulebook.kept(connection, revision)
    kept = (
        kept_ruleset(d, row.source, revision) if row and row.source in d.settings.sources else None
    )
    if kept is None:
        raise ConfigError.of(
            "--revision", f"there is no revision {revision}", "see: alumni-sync rules revisions"
        )
    return Simulation(d, (trial_of(d, load_ruleset(d, kept.source), kept),))
