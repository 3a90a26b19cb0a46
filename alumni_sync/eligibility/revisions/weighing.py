"""What a change of the rules would do, in numbers: whether it has to be released hangs on them."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from sqlalchemy import exists, func, or_, select

from alumni_sync.deployment import Deployment
from alumni_sync.domain import MappingSaid
from alumni_sync.eligibility.revisions.differences import (
    MappingChange,
    Scope,
    kinds_closer,
    mapping_change,
)
from alumni_sync.eligibility.revisions.ruleset import Ruleset, kept_ruleset
from alumni_sync.eligibility.revisions.simulation import Direction, Trial, flips
from alumni_sync.errors import ConfigError
from alumni_sync.ledger.tables import Spell, Tombstone, t

_SPELL: Final = t(Spell)
_TOMBSTONE: Final = t(Tombstone)


def trial_of(d: Deployment, old: Ruleset, new: Ruleset) -> tuple[Trial, MappingChange]:
    """Return the trial of two revisions of one source, and how their mappings differ.

    Raises:
        ConfigError: the new mapping is wrong.
    """
    change = MappingChange()
    if old.content.mapping != new.content.mapping:
        today = new.today(d.clock.now())
        said = d.mapping_said(new.source, new.content.mapping)
        change = mapping_change(_said_before(d, old), said, old.pack, new.pack, today)
    return Trial(old, new, change.recode), change


def _said_before(d: Deployment, old: Ruleset) -> MappingSaid | None:
    try:
        return d.mapping_said(old.source, old.content.mapping)
    except ConfigError:  # the first one was broken, and could be kept because nobody was there yet
        return None


def weigh(d: Deployment, old: Ruleset, new: Ruleset) -> dict[str, int]:
    """Return what a change would do, as `counts_of` tells it; nothing where nobody is there yet.

    Raises:
        ConfigError: the new mapping is wrong.
    """
    trial, change = trial_of(d, old, new)
    if _nobody_yet(d, new.source):
        return {}
    return counts_of(d, trial, change, Counter(flip.direction.value for flip in flips(d, [trial])))


def counts_of(
    d: Deployment, trial: Trial, change: MappingChange, found: Mapping[str, int]
) -> dict[str, int]:
    """Return what a change would do.

    `towards_eligible`, `away_from_eligible`: spells that would change sides. `scope`: 1 where
    audience or pilot grow. `kinds`: exit kinds that would be treated as more eligible, whether
    anybody has one or not. `possible`: 1 where a leaver can be thought of who would move towards
    eligible, today or on a later day. `codes`: exit codes that would mean something more eligible.
    `unforeseen`: parts of the mapping whose effect cannot be foretold. `forgotten`: people out of
    scope of whom nothing is known any more, where a rule is gone that may have put them there.
    """
    from alumni_sync.eligibility.lint.loosening import (  # noqa: PLC0415 it needs pandas: see there
        loosening,
    )

    before, after = _scope(trial.old), _scope(trial.new)
    loosened = after.leaves_out_less_than(before)
    today = trial.new.today(d.clock.now())
    return {
        **{direction.value: found.get(direction.value, 0) for direction in Direction},
        "scope": int(after.admits_more_than(before)),
        "kinds": len(kinds_closer(trial.old.pack, trial.new.pack, today)),
        "possible": int(loosening(trial.old.pack, trial.new.pack, today) is not None),
        "codes": len(change.closer),
        "unforeseen": len(change.unforeseen),
        "forgotten": _forgotten(d, trial.new.source) if loosened else 0,
    }


_RELEASED_FOR: Final = (
    Direction.TOWARDS.value,
    "scope",
    "kinds",
    "possible",
    "codes",
    "unforeseen",
    "forgotten",
)


def needs_release(counts: Mapping[str, int]) -> bool:
    """Say whether a change makes contact with anybody more likely, or may."""
    return any(counts.get(name) for name in _RELEASED_FOR)


def grown(fresh: Mapping[str, int], seen: Mapping[str, int]) -> bool:
    """Say whether a change would let in more by now than somebody saw of it before."""
    return any(fresh.get(name, 0) > seen.get(name, 0) for name in _RELEASED_FOR)


def widens(d: Deployment, revision: str, active: Ruleset) -> bool:
    """Say whether somebody whom `revision` put out of scope may be in under the active one.

    True for a revision that the ledger never kept.
    """
    old = kept_ruleset(d, active.source, revision)
    if old is None:
        return True
    before, after = _scope(old), _scope(active)
    return after.admits_more_than(before) or after.leaves_out_less_than(before)


def _scope(rules: Ruleset) -> Scope:
    return Scope(rules.content.audience, rules.content.pilot, rules.pack)


def _nobody_yet(d: Deployment, source: str) -> bool:
    """Say whether the ledger never knew anybody of a source."""
    known = exists().where(_SPELL.c.source == source)
    forgotten = exists().where(_TOMBSTONE.c.source == source)
    with d.ledger.read() as connection:
        return not connection.execute(select(or_(known, forgotten))).scalar_one()


def _forgotten(d: Deployment, source: str) -> int:
    """Return of how many out of scope nothing is known any more."""
    query = select(func.count()).where(
        _TOMBSTONE.c.source == source, _TOMBSTONE.c.reopens_on == "audience"
    )
    with d.ledger.read() as connection:
        return int(connection.execute(query).scalar_one())
