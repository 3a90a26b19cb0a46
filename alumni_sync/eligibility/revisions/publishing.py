"""Publishing: which revision judges, and which waits until a second person has released it.

At the start of a run the files are compared with what is active. Nothing changed: one query. A
change that makes nobody more likely to be contacted is active at once. Any other waits, and the run
goes on under the active revision, mapping and audience included. Files that are broken never become
active either. So no edit of a file lets anybody in whom somebody else has not looked at.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Row

from alumni_sync.deployment import Deployment
from alumni_sync.eligibility.revisions.ruleset import (
    Ruleset,
    candidate_ruleset,
    content_of,
    ruleset_of,
)
from alumni_sync.eligibility.revisions.weighing import needs_release, weigh
from alumni_sync.errors import ConfigError, Problem
from alumni_sync.ledger import rulebook
from alumni_sync.ledger.rulebook import WAITING, RulesState


class Standing(StrEnum):
    """How what the files say stands to what is active."""

    SAME = "same"
    TAKEN = "taken"  # it is active from this run on
    WAITING = "waiting"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Published:
    """What judges one source in this run.

    Attributes:
        ruleset: the active revision.
        standing: of what the files say.
        waiting: the revision that waits; "" for none.
        problems: why the files cannot be used.
    """

    ruleset: Ruleset
    standing: Standing
    waiting: str = ""
    problems: tuple[Problem, ...] = ()


def publish(d: Deployment, run_id: str, sources: Iterable[str]) -> tuple[Published, ...]:
    """Take what the files say as active, where that needs nobody's release.

    Args:
        d: the open deployment.
        run_id: kept with a revision that is new.
        sources: of the run.

    Raises:
        ConfigError: the files cannot be used, and nothing is active that could be used in their
            place.
    """
    names = [name for name in sources if name in d.settings.sources]
    with d.ledger.read() as connection:
        rows = rulebook.standing(connection, names)
    active = {row.source: row for row in rows if row.state == RulesState.ACTIVE}
    waiting = {row.source: row for row in rows if row.state in WAITING}
    return tuple(
        _publish_one(d, run_id, name, active.get(name), waiting.get(name)) for name in names
    )


def _publish_one(
    d: Deployment, run_id: str, source: str, active: Row[Any] | None, waiting: Row[Any] | None
) -> Published:
    try:
        candidate = candidate_ruleset(d, source, strict=active is not None)
    except ConfigError as error:
        if active is None:
            raise
        return _broken(_kept(d, active), error)
    if active is None:
        if not _keep(d, run_id, candidate, {}, RulesState.ACTIVE, None):
            return _publish_one(d, run_id, source, *_now_standing(d, source))
        broken = candidate.list_problems
        standing = Standing.BROKEN if broken else Standing.TAKEN
        return Published(candidate, standing, problems=broken)
    if candidate.revision == active.revision:
        if waiting is not None:  # somebody changed their mind
            _retire_waiting(d, source)
        return Published(candidate, Standing.SAME)
    current = _kept(d, active)
    if waiting is not None and waiting.revision == candidate.revision:
        return Published(current, Standing.WAITING, candidate.revision)
    return _decide(d, run_id, current, candidate)


def _decide(d: Deployment, run_id: str, current: Ruleset, candidate: Ruleset) -> Published:
    """Take a change, or let it wait."""
    try:
        counts = weigh(d, current, candidate)
    except ConfigError as error:  # the mapping: nobody else has read it yet
        return _broken(current, error)
    waits = needs_release(counts)
    state = RulesState.AWAITING if waits else RulesState.ACTIVE
    if not _keep(d, run_id, candidate, counts, state, current.revision):
        return _publish_one(d, run_id, candidate.source, *_now_standing(d, candidate.source))
    if waits:
        return Published(current, Standing.WAITING, candidate.revision)
    return Published(candidate, Standing.TAKEN)


def _broken(current: Ruleset, error: ConfigError) -> Published:
    return Published(current, Standing.BROKEN, problems=error.problems)


def _kept(d: Deployment, row: Row[Any]) -> Ruleset:
    """Return a revision as the ledger kept it."""
    with d.ledger.read() as connection:
        content = content_of(connection, row.source, row.parts)
    return ruleset_of(d, content)


def _now_standing(d: Deployment, source: str) -> tuple[Row[Any] | None, Row[Any] | None]:
    with d.ledger.read() as connection:
        rows = rulebook.standing(connection, [source])
    active = next((row for row in rows if row.state == RulesState.ACTIVE), None)
    return active, next((row for row in rows if row.state in WAITING), None)


def _retire_waiting(d: Deployment, source: str) -> None:
    with d.ledger.write() as connection:
        rulebook.retire_waiting(connection, source)


def _keep(
    d: Deployment,
    run_id: str,
    ruleset: Ruleset,
    counts: Mapping[str, int],
    state: RulesState,
    compared_with: str | None,
) -> bool:
    """Keep a revision; False where another process was faster, so that it must be compared anew."""
    now = d.clock.now()
    row = {
        "revision": ruleset.revision,
        "source": ruleset.source,
        "parts": ruleset.content.parts(),
        "state": state.value,
        "counts": dict(counts),
        "created_at": now,
        "run_id": run_id,
    }
    with d.ledger.write() as connection:
        if _active_revision(connection, ruleset.source) != compared_with:
            return False
        rulebook.retire_waiting(connection, ruleset.source, but=ruleset.revision)
        rulebook.keep(connection, row, ruleset.content.blobs())
        if state is RulesState.ACTIVE:
            rulebook.activate(connection, ruleset.source, ruleset.revision, now)
    return True


def _active_revision(connection: Connection, source: str) -> str | None:
    rows = rulebook.standing(connection, [source])
    return next((row.revision for row in rows if row.state == RulesState.ACTIVE), None)


# --- what people are told -------------------------------------------------------------------------


def waiting_rules(d: Deployment) -> Sequence[Row[Any]]:
    """Return the revisions that wait for their release."""
    with d.ledger.read() as connection:
        rows = rulebook.standing(connection, list(d.settings.sources))
    return [row for row in rows if row.state in WAITING]


def waiting_sentences(d: Deployment) -> list[str]:
    """Return what waits for a release, a sentence a revision."""
    return [
        f"{row.source}: changed rules wait for their release ({counts_words(row.counts)}); until "
        f"then runs use those of before: alumni-sync rules release {row.revision} --reason …"
        for row in waiting_rules(d)
    ]


def broken_problems(d: Deployment) -> tuple[Problem, ...]:
    """Return what is wrong with the files, where runs go on under the revision of before."""
    found: dict[Problem, None] = {}
    for source in d.settings.sources:
        try:
            candidate = candidate_ruleset(d, source)
            if candidate.content.mapping:
                d.mapping_said(source, candidate.content.mapping)
        except ConfigError as error:
            found |= dict.fromkeys(error.problems)
    return tuple(found)


_WORDS: Final[Mapping[str, str]] = {
    "towards_eligible": "{} towards eligible",
    "away_from_eligible": "{} away from it",
    "scope": "the audience or the pilot grows",
    "kinds": "{} exit kind(s) would be treated as more eligible",
    "possible": "leavers to come may move towards eligible",
    "codes": "{} exit code(s) would mean something more eligible",
    "unforeseen": "{} change(s) of the mapping that nobody can foretell",
    "forgotten": "{} forgotten as out of scope may come back",
}

_SAY_SO: Final = ("towards_eligible", "scope", "kinds")
"""Where one of these is told, that leavers to come may move likewise goes without saying."""


def counts_words(counts: Mapping[str, int]) -> str:
    """Return what a change would do, in words; holds no fact of anybody."""
    said = [
        text.format(counts[name])
        for name, text in _WORDS.items()
        if counts.get(name) and not (name == "possible" and any(map(counts.get, _SAY_SO)))
    ]
    return ", ".join(said) or "nobody would change sides"
