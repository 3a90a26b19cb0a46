"""Why a verdict is what it is, clause by clause, for a person who asks or who has to rule."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from alumni_sync.deployment import Deployment
from alumni_sync.domain import LEAVER_FIELDS
from alumni_sync.eligibility.evaluation.columns import Columns, build_frame
from alumni_sync.eligibility.evaluation.kleene import Truth
from alumni_sync.eligibility.evaluation.operators import Evaluation
from alumni_sync.eligibility.judging.decisions import current_decisions
from alumni_sync.eligibility.judging.records import DecisionRecord
from alumni_sync.eligibility.judging.reproducing import ruleset_then
from alumni_sync.eligibility.language.clauses import fields_of_leaf, literals
from alumni_sync.eligibility.language.pack import Rule, RulePack
from alumni_sync.eligibility.wording.sentences import clause_words, outcome_words, rule_sentence
from alumni_sync.eligibility.wording.words import ENGLISH, Words
from alumni_sync.ledger.tables import Spell, t


@dataclass(frozen=True, slots=True)
class ClauseSaid:
    """One leaf of a condition, in words, and whether it holds (None: unknown).

    Attributes:
        fields: the facts of the leaver that it looks at; none where it is about what we know beside
            them (another person's address, another employment here), which the words say.
    """

    words: str
    holds: bool | None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleSaid:
    """One rule, as a sentence, and what it says of one leaver (None: cannot be decided)."""

    id: str
    sentence: str
    holds: bool | None
    clauses: tuple[ClauseSaid, ...]


def explain_rules(
    pack: RulePack, facts: Mapping[str, Any], today: date, words: Words = ENGLISH
) -> tuple[RuleSaid, ...]:
    """Return what every rule says of one leaver, each clause with its own answer.

    Args:
        pack: the rules, as they judge the leaver's source.
        facts: as the ledger's JSON has them, states included (a decision record keeps them).
        today: civil day at the site.
        words: the language.
    """
    frame = build_frame([facts], sorted(pack.fields))
    evaluation = Evaluation(Columns(frame), pack.harmless, today)
    return tuple(_said(rule, evaluation, words) for rule in pack.rules)


def rules_said(
    d: Deployment, source: str, decision: DecisionRecord, words: Words = ENGLISH
) -> tuple[RuleSaid, ...]:
    """Return what every rule said when a decision was made, by the rules of that time.

    Empty where the ledger never kept them, or the source was taken out: today's rules must not
    pass for the reason of yesterday's verdict. The decision keeps its own sentences.
    """
    ruleset = ruleset_then(d, source, decision)
    if ruleset is None:
        return ()
    return explain_rules(ruleset.pack, decision.facts, decision.judged_on, words)


def _said(rule: Rule, evaluation: Evaluation, words: Words) -> RuleSaid:
    clauses = tuple(
        ClauseSaid(
            clause_words(leaf, words, positive=positive),
            _answer(evaluation.truth(leaf, positive=positive)),
            tuple(name for name in fields_of_leaf(leaf) if name in LEAVER_FIELDS),
        )
        for leaf, positive in literals(rule.condition)
    )
    holds = _answer(evaluation.truth(rule.condition))
    return RuleSaid(rule.id, rule_sentence(rule, words), holds, clauses)


def _answer(truth: Truth) -> bool | None:
    """Return the truth value of the only row."""
    if truth.true[0]:
        return True
    return False if truth.false[0] else None


def decisions_about(d: Deployment, person: str) -> list[tuple[str, DecisionRecord | None]]:
    """Return source and current decision of each spell of a person, by the last working day."""
    spells = t(Spell)
    query = select(spells.c.id, spells.c.source, spells.c.last_working_day)
    with d.ledger.read() as connection:
        rows = connection.execute(query.where(spells.c.person_id == person)).all()
    found = current_decisions(d.ledger, [row.id for row in rows])
    ordered = sorted(rows, key=lambda row: (row.last_working_day or date.min, row.id))
    return [(row.source, found.get(row.id)) for row in ordered]


def explain(d: Deployment, person: str) -> list[str]:
    """Return what the rules last said of a person, a sentence a step; holds no fact of theirs."""
    return [
        line
        for source, decision in decisions_about(d, person)
        for line in decision_lines(source, decision)
    ]


def decision_lines(source: str, decision: DecisionRecord | None) -> Iterator[str]:
    """Yield a decision in sentences."""
    if decision is None:
        yield f"{source}: no verdict is kept."
        return
    judgement = decision.judgement
    verdict = outcome_words(judgement.verdict)
    day = decision.judged_on.isoformat()
    yield f"{source}: {verdict}, judged on {day} by rules {judgement.revision}."
    yield from judgement.reasons
    if judgement.flags:
        yield f"Flags: {', '.join(sorted(judgement.flags))}."
    for hold in judgement.holds:
        until = f"until {hold.until.isoformat()}" if hold.until else "without a known end"
        yield f"Not addressed for {hold.purpose.replace('_', ' ')} {until} ({hold.rule})."
