"""What another revision would change: both judge the ledger's own facts, and nothing is written.

The same bench as in a run, page by page. Nearly everybody is settled on their page; of a human
being with several exits one may keep the others out, so these come last and all together. A spell
whose decision is not stale needs no second judgement by the old rules: the ledger has it.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Row, select

from alumni_sync.bulk import bulk_work
from alumni_sync.deployment import Deployment
from alumni_sync.domain import PRECEDENCE
from alumni_sync.eligibility.judging.bench import Bench, Others, SaidOf
from alumni_sync.eligibility.judging.siblings import Family, load_family
from alumni_sync.eligibility.judging.stale import any_page, these_spells
from alumni_sync.eligibility.revisions.ruleset import Ruleset
from alumni_sync.ledger.among import among
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import Case, t
from alumni_sync.ledger.upsert import in_chunks
from alumni_sync.ledger.vault import KeyRing

PAGE: Final = 3_000
MOST_PASSES: Final = 3
NOT_A_RUN: Final = ""

Recode = Callable[[str], str]

_CASE: Final = t(Case)
_RANK: Final = {verdict.value: rank for rank, verdict in enumerate(PRECEDENCE)}


class Direction(StrEnum):
    """Where somebody would move."""

    TOWARDS = "towards_eligible"
    AWAY = "away_from_eligible"


@dataclass(frozen=True, slots=True)
class Flip:
    """One spell whose verdict would be another one.

    Attributes:
        spell: opaque id.
        case: number of its case; None for none.
        before: what the active revision says today.
        after: what the other one would say.
        rules: why: what no longer speaks of those who move towards eligible, else what speaks now.
    """

    source: str
    spell: str
    case: int | None
    before: str
    after: str
    rules: tuple[str, ...]

    @property
    def direction(self) -> Direction:
        """Return whether that makes contact more or less likely."""
        closer = _RANK[self.after] > _RANK[self.before]
        return Direction.TOWARDS if closer else Direction.AWAY


@dataclass(frozen=True, slots=True)
class Trial:
    """Two revisions of one source to be compared; `recode` where they have other mappings."""

    old: Ruleset
    new: Ruleset
    recode: Recode | None = None


def flips(d: Deployment, trials: Sequence[Trial]) -> Iterator[Flip]:
    """Yield whoever would change sides; nothing is written, and no more than a page is in memory.

    Args:
        d: the open deployment.
        trials: one a source. All that change together are compared together: an exit at one source
            may keep somebody out at another.
    """
    several: list[tuple[_Sides, list[str]]] = []
    for trial in trials:
        sides = _Sides(d, trial)
        several.append((sides, (yield from _plain_flips(d, sides))))
    if any(spells for _, spells in several):
        yield from _entangled_flips(d, several)


class _Sides:
    """The two benches of a trial."""

    def __init__(self, d: Deployment, trial: Trial) -> None:
        self.source = trial.old.source
        self.mark = trial.old.mark
        self.old = Bench(trial.old, d.ledger.hashes, NOT_A_RUN)
        self.new = Bench(trial.new, d.ledger.hashes, NOT_A_RUN, recode=trial.recode)


def _plain_flips(d: Deployment, sides: _Sides) -> Generator[Flip, None, list[str]]:
    """Yield the flips of people with one exit; return the spells of the others."""
    later: list[str] = []
    after = ""
    while True:
        with d.ledger.read() as connection:
            rows = any_page(
                connection, sides.source, sides.mark, d.clock.now(), after=after, limit=PAGE
            )
        if not rows:
            return later
        after = rows[-1].id
        later += [row.id for row in rows if row.several]
        yield from _page(d, sides, [row for row in rows if not row.several])


@bulk_work()
def _page(d: Deployment, sides: _Sides, rows: Sequence[Row[Any]]) -> list[Flip]:
    """Return the flips of one page of people with one exit each."""
    now = d.clock.now()
    ring = d.ledger.vault.load(row.person_id for row in rows)
    rows = [row for row in rows if _can_be_read(ring, row)]
    after = {one.row.id: one for one in sides.new.say(rows, ring, now)}
    doubtful = [row for row in rows if row.stale or row.was_verdict != after[row.id].said.verdict]
    pairs = ((one, after[one.row.id]) for one in sides.old.say(doubtful, ring, now))
    return _as_flips(d, sides.source, pairs)


def _can_be_read(ring: KeyRing, row: Row[Any]) -> bool:
    return all(ring.has(row.person_id, kind) for kind in (KeyKind.PROFILE, KeyKind.EVIDENCE))


def _as_flips(d: Deployment, source: str, pairs: Iterable[tuple[SaidOf, SaidOf]]) -> list[Flip]:
    found = [pair for pair in pairs if pair[0].said.verdict != pair[1].said.verdict]
    if not found:
        return []
    query = select(_CASE.c.spell_id, _CASE.c.id).where(among(_CASE.c.spell_id))
    with d.ledger.read() as connection:
        ids = [before.row.id for before, _ in found]
        cases = dict(connection.execute(query, {"among": ids}).all())
    return [_flip(source, before, after, cases) for before, after in found]


def _flip(source: str, before: SaidOf, after: SaidOf, cases: Mapping[str, int]) -> Flip:
    was, will = before.said, after.said
    closer = _RANK[will.verdict] > _RANK[was.verdict]
    gone = tuple(rule for rule in was.rules if rule not in will.rules) or was.rules
    return Flip(
        source=source,
        spell=before.row.id,
        case=cases.get(before.row.id),
        before=was.verdict,
        after=will.verdict,
        rules=gone if closer else will.rules,
    )


def _entangled_flips(
    d: Deployment, several: Sequence[tuple[_Sides, Sequence[str]]]
) -> Iterator[Flip]:
    """Yield the flips of people with several exits, whose verdicts hang on each other."""
    family = load_family(d, [spell for _, spells in several for spell in spells])
    before = _settled(d, [(sides, sides.old, spells) for sides, spells in several], family)
    after = _settled(d, [(sides, sides.new, spells) for sides, spells in several], family)
    for sides, spells in several:
        pairs = [(before[one], after[one]) for one in spells if one in before and one in after]
        for chunk in in_chunks(pairs):
            yield from _as_flips(d, sides.source, chunk)


def _settled(
    d: Deployment, work: Sequence[tuple[_Sides, Bench, Sequence[str]]], family: Family
) -> dict[str, SaidOf]:
    """Return what one side says of some spells, when no verdict changes another any more."""
    overlay: dict[str, tuple[str, str]] = {}
    said: dict[str, SaidOf] = {}
    for _ in range(MOST_PASSES):
        others = {spell: family.kept_out(spell, overlay) for spell in family.exits}
        said, found = {}, {}
        for sides, bench, spells in work:
            for one in _say_again(d, sides, bench, spells, others):
                said[one.row.id] = one
                found[one.row.id] = (one.said.verdict, bench.basis(one))
        if found == overlay:
            break
        overlay = found
    return said


def _say_again(
    d: Deployment, sides: _Sides, bench: Bench, spells: Sequence[str], others: Others
) -> Iterator[SaidOf]:
    now = d.clock.now()
    for chunk in in_chunks(spells, PAGE):
        with d.ledger.read() as connection:
            rows = these_spells(connection, sides.source, sides.mark, now, chunk)
        ring = d.ledger.vault.load(row.person_id for row in rows)
        rows = [row for row in rows if _can_be_read(ring, row)]
        yield from bench.say(rows, ring, now, other_adverse=others)
