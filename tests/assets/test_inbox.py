"""The asset page of the exclusion queue as an inbox: what is counted, how long it may get."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import dagster as dg
import pytest
from dagster._serdes import serialize_value
from sqlalchemy import insert, select, update
from sqlalchemy.engine.cursor import CursorFetchStrategy

from alumni_sync.deployment import Deployment
from alumni_sync.ledger.queue_tables import CaseRule
from alumni_sync.ledger.tables import Case, Spell, t
from alumni_sync.review.queue.inbox import AGES, count_by_age, inbox
from alumni_sync.review.queue.rule_index import count_by_rule
from assets.eligibility import queue_made
from assets.links import INLINE, case_entry, inbox_metadata

OPEN: Final = 50_000
BYTES: Final = 64 * 1024
CASES, RULES, SPELLS = t(Case), t(CaseRule), t(Spell)


@contextmanager
def rows_fetched(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Count the rows that come from the database, however they are asked for."""
    counted: list[int] = []
    for name in ("fetchone", "fetchmany", "fetchall"):
        fetch = getattr(CursorFetchStrategy, name)

        def counting(*arguments: Any, fetch: Any = fetch, **named: Any) -> Any:  # noqa: ANN401 rows
            rows = fetch(*arguments, **named)
            counted.append(len(rows) if isinstance(rows, list) else int(rows is not None))
            return rows

        monkeypatch.setattr(CursorFetchStrategy, name, counting)
    yield counted


def fill(d: Deployment, count: int) -> None:
    """Let so many more cases wait, each like one that is there: same decision, same rules."""
    with d.ledger.write() as connection:
        case = connection.execute(select(CASES).where(CASES.c.status == "open")).first()
        assert case is not None
        spell = connection.execute(select(SPELLS).where(SPELLS.c.id == case.spell_id)).one()
        rules = connection.execute(select(RULES).where(RULES.c.case_id == case.id)).all()
        first = 1_000_000
        spells = [{**spell._mapping, "id": f"S-{n}", "spell_hash": f"s{n}"} for n in range(count)]
        cases = [
            {
                **case._mapping,
                "id": first + n,
                "spell_id": f"S-{n}",
                "opened_at": case.opened_at - timedelta(days=n % 40),
            }
            for n in range(count)
        ]
        told = [
            {"case_id": first + n, "rule_hash": rule.rule_hash}
            for n in range(count)
            for rule in rules
        ]
        connection.execute(insert(SPELLS), spells)
        connection.execute(insert(CASES), cases)
        connection.execute(insert(RULES), told)


def test_what_waits_is_counted_by_rule_and_age(company: Deployment) -> None:
    """A queue that grows older, or a rule that catches everybody, must be seen as a line."""
    before = count_by_age(company)
    assert {"up to 7 days": sum(before.values()), "8 to 14 days": 0} == dict(
        list(before.items())[:2]
    )
    with company.ledger.write() as connection:
        oldest = min(int(entry.case.removeprefix("EX-")) for entry in inbox(company))
        then = company.clock.now() - timedelta(days=AGES[-1], seconds=1)
        this = CASES.c.id == oldest
        connection.execute(update(CASES).where(this).values(opened_at=then))

    metadata = inbox_metadata(company)

    lines = {
        name: one.value for name, one in metadata.items() if isinstance(one, dg.IntMetadataValue)
    }
    assert 1 == lines["waiting, over 30 days"]
    assert sum(before.values()) - 1 == lines["waiting, up to 7 days"]
    for rule, count in count_by_rule(company).items():
        assert count == lines[f"waiting, rule {rule}"]
    assert {"conduct-exit", "unclear-exit"} <= count_by_rule(company).keys()


@pytest.mark.slow
def test_fifty_thousand_cases_make_no_longer_page(
    company: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dagster keeps each event whole and a browser loads it: 64 KB, and no more rows than shown."""
    fill(company, OPEN)
    with rows_fetched(monkeypatch) as rows:
        made = queue_made(company, "EX-000001 is admitted")

    entries = [name for name in made.metadata if name.startswith("EX-")]
    size = len(serialize_value(made).encode())
    assert 40 == len(entries)
    assert OPEN < sum(count_by_age(company).values())
    assert size <= BYTES, size
    assert len(entries) < sum(rows) <= 10 * len(entries), rows
    assert all(len(str(made.metadata[name].value)) < INLINE for name in entries)


def test_a_case_of_many_rules_stays_one_line(company: Deployment) -> None:
    """An entry over a thousand characters hides behind a button."""
    rules = tuple(f"{'a-very-long-name-of-a-rule-' * 2}{number}" for number in range(40))
    entry = replace(inbox(company, limit=1)[0], rules=rules)

    text = case_entry(company, entry)

    assert len(text) < INLINE
    assert rules[2] in text
    assert f"{rules[2]} and 37 more" in text
