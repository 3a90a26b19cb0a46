"""From the file to Dagster: nothing is read by a changed mapping that nobody has released."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from alumni_sync.deployment import Deployment
from alumni_sync.eligibility.revisions.publishing import waiting_rules
from alumni_sync.ledger.facts import load_facts
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import Run, Spell, t
from assets.eligibility import WAITING_RULES, rules_metadata
from assets.in_process import run_intake
from tests.roster import release_changed_rules

SOURCE = "acme-pl"
OCTOBER = date(2026, 10, 29)
SETTLED, LEFT = "ugoda sądowa", "wypowiedzenie - pracownik"
DISPUTE, HARMLESS = f"{SETTLED}: dispute", f"{SETTLED}: resignation"


def _edit(d: Deployment, old: str, new: str) -> None:
    path = d.root / "rules" / "mappings" / "acme-pl.yaml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def _run(d: Deployment) -> Mapping[str, Any]:
    """Take the source in as if it were a new payroll close; return what the stages counted."""
    result = run_intake(d, SOURCE, OCTOBER)
    assert result.error is None
    with d.ledger.read() as connection:
        query = select(t(Run).c.counts).where(t(Run).c.id == result.run_id)
        counts: Mapping[str, Any] = connection.execute(query).scalar_one()
    return counts


def _kinds(d: Deployment, code: str) -> dict[str, tuple[object, str]]:
    """Return spell → exit kind and verdict, of those who left with a code."""
    spells = t(Spell)
    query = select(spells).where(spells.c.source == SOURCE, spells.c.sealed.is_not(None))
    with d.ledger.read() as connection:
        rows = connection.execute(query).all()
    found: dict[str, tuple[object, str]] = {}
    for row in rows:
        content = d.ledger.vault.open(row.person_id, KeyKind.PROFILE, "spell", row.sealed)
        facts = load_facts(content)
        if facts.get("exit_code") == code:
            found[row.id] = (facts["exit_kind"], row.verdict)
    return found


def test_a_code_made_harmless_is_read_as_before(company: Deployment) -> None:
    """One word in the mapping, and every lawsuit of ten years is a resignation."""
    before = _kinds(company, SETTLED)
    _edit(company, DISPUTE, HARMLESS)

    counts = _run(company)

    assert ({("dispute", "excluded")}, before) == (set(before.values()), _kinds(company, SETTLED))
    assert (1, 0) == (
        counts["eligibility"]["rules_waiting"],
        counts["leavers"]["changed"] + counts["leavers"]["new"],
    )
    (row,) = waiting_rules(company)
    assert (1, len(before)) == (row.counts["codes"], row.counts["towards_eligible"])
    assert "wait for their release" in rules_metadata(company)[WAITING_RULES].text


def test_it_is_read_once_it_is_released(company: Deployment) -> None:
    """The connector gets the mapping that was looked at, not whatever the folder has by then."""
    _edit(company, DISPUTE, HARMLESS)
    _run(company)
    assert 1 == release_changed_rules(company)

    _run(company)

    kinds = {kind for kind, _ in _kinds(company, SETTLED).values()}
    assert {"resignation"} == kinds
    assert {} == rules_metadata(company)


def test_a_broken_mapping_is_no_outage(company: Deployment) -> None:
    """Removals and withdrawals do not wait for a missing colon."""
    before = _kinds(company, SETTLED)
    _edit(company, "exit_codes:", "exit_codes")

    counts = _run(company)

    assert before == _kinds(company, SETTLED)
    assert (1, 0) == (
        counts["eligibility"]["rules_broken"],
        counts["eligibility"]["rules_waiting"],
    )


def test_a_code_that_is_worse_now_is_read_at_once(company: Deployment) -> None:
    """Whoever finds that a code means dismissal must not wait for anybody."""
    _edit(company, f"{LEFT}: resignation", f"{LEFT}: misconduct")

    _run(company)

    found = set(_kinds(company, LEFT).values())
    assert {"misconduct"} == {kind for kind, _ in found}
    assert not {"eligible", "review"} & {verdict for _, verdict in found}
    assert [] == waiting_rules(company)
