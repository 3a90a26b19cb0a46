"""Judges spells whose facts, states or rules changed, page by page, and keeps every decision.

The thin service around `evaluate`. A spell about which nothing changed is not even opened; one
about which the rules say the same again gets no second decision.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, func, select, update

from alumni_sync.bulk import bulk_work
from alumni_sync.deployment import Deployment
from alumni_sync.eligibility.judging.bench import Bench, Judged
from alumni_sync.eligibility.judging.stale import stale_page
from alumni_sync.eligibility.revisions.publishing import Standing, publish
from alumni_sync.eligibility.revisions.ruleset import Ruleset
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import Decision, Spell, t
from alumni_sync.ledger.upsert import execute_many, insert_rows
from alumni_sync.ledger.vault import KeyRing

PAGE: Final = 3_000
MOST_PASSES: Final = 3
"""A verdict may change the state of the person's other exits; other passes settle those."""

_SPELLS: Final = t(Spell)
_DECISIONS: Final = t(Decision)


@dataclass(frozen=True, slots=True)
class VerdictCounts:
    """What a run decided: spells by verdict, and by flag.

    Attributes:
        rules_waiting: sources whose changed rules wait for their release (see `publishing`).
        rules_broken: sources whose files cannot be used; those of before judged.
    """

    verdicts: Mapping[str, int]
    flags: Mapping[str, int]
    rules_waiting: int = 0
    rules_broken: int = 0


@dataclass(slots=True)
class _Tally:
    """What was decided so far, and whom the next pass looks at.

    Attributes:
        overtaken: facts came in while they were judged; before the first pass, who knows.
        only_several: nobody else can be stale but who has several exits.
    """

    verdicts: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    overtaken: bool = True
    only_several: bool = False

    def begin_pass(self) -> None:
        """Look at everybody, unless a pass did that already and nothing came in since."""
        self.only_several, self.overtaken = not self.overtaken, False

    def add(self, judged: Judged, run_id: str) -> None:
        """Count a decision; a second one of the same run about a spell replaces the first."""
        self.verdicts[judged.verdict] += 1
        if judged.row.was_run == run_id:
            self.verdicts[judged.row.was_verdict] -= 1
        else:
            self.flags.update(judged.flags)


@bulk_work()
def judge_leavers(d: Deployment, *, run_id: str, source: str | None = None) -> VerdictCounts:
    """Judge every spell whose facts, states or rules changed since it was judged.

    Args:
        d: the open deployment.
        run_id: of the run; kept with each decision.
        source: only this source; None for all of the configuration.

    Raises:
        ConfigError: the files cannot be used, and no revision is active yet that could judge in
            their place; nobody is judged.
    """
    tally = _Tally()
    published = publish(d, run_id, [source] if source else d.settings.sources)
    for _ in range(MOST_PASSES):
        tally.begin_pass()
        if not sum(_judge_source(d, one.ruleset, run_id, tally) for one in published):
            break
    standings = Counter(one.standing for one in published)
    return VerdictCounts(
        dict(+tally.verdicts),
        dict(+tally.flags),
        rules_waiting=standings[Standing.WAITING],
        rules_broken=standings[Standing.BROKEN],
    )


def _judge_source(d: Deployment, rules: Ruleset, run_id: str, tally: _Tally) -> int:
    """Judge what is stale of one source; return how many decisions that took."""
    bench = Bench(rules, d.ledger.hashes, run_id)
    decided, last = 0, ""
    while True:
        now = d.clock.now()
        with d.ledger.read() as connection:
            rows = stale_page(
                connection,
                rules.source,
                rules.mark,
                now,
                after=last,
                limit=PAGE,
                only_several=tally.only_several,
            )
        if not rows:
            return decided
        last = rows[-1].id
        ring = d.ledger.vault.load(row.person_id for row in rows)
        page = bench.judge([row for row in rows if _can_be_read(ring, row)], ring, now)
        with d.ledger.write() as connection:
            tally.overtaken |= not _write(connection, page)
        for judged in page:
            if judged.decision is not None:
                decided += 1
                tally.add(judged, run_id)


def _can_be_read(ring: KeyRing, row: Row[Any]) -> bool:
    """Say whether the person's keys are there; where they died, nobody is asked any more."""
    return ring.has(row.person_id, KeyKind.PROFILE) and ring.has(row.person_id, KeyKind.EVIDENCE)


def _write(connection: Connection, page: Sequence[Judged]) -> bool:
    """Write the decisions of a page, and what spells know of them; say whether all were written.

    Facts that came in while the page was judged win: such a spell stays stale.
    """
    decisions = [judged.decision for judged in page if judged.decision is not None]
    insert_rows(connection, _DECISIONS, decisions)
    this = (_SPELLS.c.id == bindparam("b_id"), _SPELLS.c.facts_hash == bindparam("b_facts"))
    latest = (
        select(func.max(_DECISIONS.c.id))
        .where(_DECISIONS.c.spell_id == bindparam("b_id"))
        .scalar_subquery()
    )
    again = [_seen(judged) for judged in page if judged.decision is None]
    anew = [
        {**_seen(judged), "verdict": judged.verdict, "basis": judged.decision["basis"]}
        for judged in page
        if judged.decision is not None
    ]
    seen = execute_many(connection, update(_SPELLS).where(*this), again)
    seen += execute_many(connection, update(_SPELLS).where(*this).values(decision_id=latest), anew)
    return seen == len(page)


def _seen(judged: Judged) -> dict[str, object]:
    """Return what every judged spell keeps, and by what it is found."""
    return {
        "b_id": judged.row.id,
        "b_facts": judged.row.facts_hash,
        "judged_facts": judged.row.marker,
        "judge_after": judged.change,
    }
