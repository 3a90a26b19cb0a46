"""By which rules a case is found, and how many cases each rule has: through keyed hashes only.

A rule's name may say why somebody left, so it stands in the ledger sealed, and beside it as a hash
that only this deployment can make.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, delete, func, select

from alumni_sync.eligibility.judging.decisions import decisions_by_id
from alumni_sync.ledger.hashing import KeyedHashes
from alumni_sync.ledger.queue_tables import CaseRule
from alumni_sync.ledger.tables import Case, t
from alumni_sync.ledger.upsert import in_chunks, insert_ignore
from alumni_sync.review.queue.selection import WAITING, values_of

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_CASES: Final = t(Case)
_RULES: Final = t(CaseRule)


def rule_hash(hashes: KeyedHashes, rule: str) -> str:
    """Return the hash under which the cases of a rule are found."""
    return hashes.digest("case_rule", rule)


def index_rules(
    connection: Connection, hashes: KeyedHashes, rules: Mapping[int, Collection[str]]
) -> None:
    """Note which rules cases are about now, in place of what was noted before.

    Args:
        connection: of the transaction that also changes the cases.
        hashes: of the deployment.
        rules: case → ids of the rules that speak in it.
    """
    for chunk in in_chunks(list(rules)):
        connection.execute(delete(_RULES).where(_RULES.c.case_id.in_(chunk)))
    rows = [
        {"rule_hash": rule_hash(hashes, rule), "case_id": case}
        for case, named in rules.items()
        for rule in named
    ]
    insert_ignore(connection, _RULES, rows, key=("rule_hash", "case_id"))


def count_by_rule(d: "Deployment") -> dict[str, int]:
    """Return rule → cases that wait in which it speaks, the most first.

    Reads one row a rule and opens one decision of each; a rule whose cases cannot be read any more
    is left out.
    """
    query = (
        select(_RULES.c.rule_hash, func.count().label("cases"), func.max(_RULES.c.case_id))
        .join(_CASES, _CASES.c.id == _RULES.c.case_id)
        .where(_CASES.c.status.in_(values_of(WAITING)))
        .group_by(_RULES.c.rule_hash)
    )
    with d.ledger.read() as connection:
        counted = connection.execute(query).all()
        named = _named(d, connection, [row[2] for row in counted])
    found = {named[row.rule_hash]: row.cases for row in counted if row.rule_hash in named}
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def _named(d: "Deployment", connection: Connection, cases: Iterable[int]) -> dict[str, str]:
    """Return hash → rule, of the rules that speak in some cases."""
    query = select(_CASES.c.decision_id).where(_CASES.c.id.in_(sorted(set(cases))))
    decisions: Sequence[Any] = connection.execute(query).scalars().all()
    opened = decisions_by_id(d.ledger, decisions).values()
    rules = {rule for decision in opened for rule in decision.judgement.rules}
    return {rule_hash(d.ledger.hashes, rule): rule for rule in rules}
