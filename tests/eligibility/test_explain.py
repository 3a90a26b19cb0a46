"""Why somebody got a verdict, clause by clause, from what was sealed with the decision."""

from datetime import date
from pathlib import Path

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.eligibility.evaluation.explain import explain, explain_rules
from alumni_sync.eligibility.judging.decisions import current_decisions, decisions_by_id
from alumni_sync.eligibility.judging.judge import judge_leavers
from alumni_sync.eligibility.judging.records import load_holds, load_record
from alumni_sync.eligibility.revisions.ruleset import load_ruleset
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.store import Ledger
from tests.roster import Roster


@pytest.fixture
def roster(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Roster:
    """Return an empty company on either database."""
    return Roster.of(tmp_path, ledger, clock)


def test_each_clause_gives_its_answer(roster: Roster) -> None:
    """A reviewer must see which fact decided, and which one is missing."""
    who = roster.add(exit_kind="misconduct", birth_date=None)
    judge_leavers(roster.deployment, run_id="R-1")
    record = current_decisions(roster.ledger, [who.spell])[who.spell]
    pack = load_ruleset(roster.deployment, "acme-pl").pack

    said = {rule.id: rule for rule in explain_rules(pack, record.facts, record.judged_on)}

    assert (True, None, False) == (
        said["conduct-exit"].holds,
        said["under-18"].holds,
        said["performance-exit"].holds,
    )
    assert "Excluded when the exit kind is misconduct or dispute." == said["conduct-exit"].sentence
    trainee = said["trainee-of-unknown-age"]
    assert [
        ("the worker type is apprentice, trainee, intern or pupil", False),
        ("the birth date is not known", True),
    ] == [(clause.words, clause.holds) for clause in trainee.clauses]


def test_a_person_is_explained_in_sentences(roster: Roster) -> None:
    """`trace` shows this; it must name rules and never a fact of the person."""
    who = roster.add(exit_kind="redundancy", job_level=9)
    roster.add(of=who, last_working_day=date(2020, 1, 31), exit_kind="unknown")
    judge_leavers(roster.deployment, run_id="R-1")
    revision = load_ruleset(roster.deployment, "acme-pl").revision

    assert [
        f"acme-pl: to be reviewed, judged on 2026-11-03 by rules {revision}.",
        "To be reviewed, because the exit kind is unknown, internal transfer or no show.",
        f"acme-pl: held, judged on 2026-11-03 by rules {revision}.",
        "Held, because another exit of the person is under review or excluded.",
        "Flags: expert.",
        "Not addressed for job offers until 2027-04-30 (made-redundant).",
    ] == explain(roster.deployment, who.person)


def test_a_hold_without_an_end_says_so(roster: Roster) -> None:
    """Else somebody waits for a date that never comes."""
    who = roster.add(exit_kind=None)
    judge_leavers(roster.deployment, run_id="R-1")

    assert "Not addressed for job offers without a known end (made-redundant)." in explain(
        roster.deployment, who.person
    )


def test_nothing_is_invented_about_who_is_gone(roster: Roster) -> None:
    """Without the key there is no record, and nothing may be said."""
    who = roster.add()
    judge_leavers(roster.deployment, run_id="R-1")
    (decision,) = roster.decisions(who)
    roster.ledger.vault.shred([who.person], [KeyKind.EVIDENCE])

    assert ["acme-pl: no verdict is kept."] == explain(roster.deployment, who.person)
    assert {} == decisions_by_id(roster.ledger, [decision.id])
    assert [] == explain(roster.deployment, "P-nobody")


def test_old_decisions_can_be_opened(roster: Roster) -> None:
    """What was decided before a correction must be shown as it was."""
    who = roster.add(exit_kind="misconduct")
    judge_leavers(roster.deployment, run_id="R-1")
    roster.change(who, exit_kind="resignation")
    judge_leavers(roster.deployment, run_id="R-2")

    opened = decisions_by_id(roster.ledger, [row.id for row in roster.decisions(who)])

    assert ["misconduct", "resignation"] == [r.facts["exit_kind"] for r in opened.values()]


def test_holds_are_read_without_the_rest(roster: Roster) -> None:
    """Membership asks for them at every profile; the facts are none of its business."""
    who = roster.add(exit_kind="redundancy")
    judge_leavers(roster.deployment, run_id="R-1")
    (row,) = roster.decisions(who)
    content = roster.ledger.vault.open(who.person, KeyKind.EVIDENCE, "decision", row.sealed)

    assert load_record(content).judgement.holds == load_holds(content)
    assert [("job_offers", date(2027, 4, 30))] == [
        (h.purpose, h.until) for h in load_holds(content)
    ]


def test_words_that_look_like_no_holds_hide_none(roster: Roster) -> None:
    """What a leaver's department is called must not open a purpose to them."""
    who = roster.add(exit_kind="redundancy", location='"holds":[]', department='"holds":[]')
    judge_leavers(roster.deployment, run_id="R-1")
    (row,) = roster.decisions(who)
    content = roster.ledger.vault.open(who.person, KeyKind.EVIDENCE, "decision", row.sealed)

    assert ["job_offers"] == [hold.purpose for hold in load_holds(content)]


def test_what_is_known_beside_the_facts_is_no_fact_of_theirs(roster: Roster) -> None:
    """“Address shared: not known” under a clause that is true makes a reviewer doubt both."""
    who = roster.add()
    judge_leavers(roster.deployment, run_id="R-1")
    record = current_decisions(roster.ledger, [who.spell])[who.spell]
    pack = load_ruleset(roster.deployment, "acme-pl").pack

    said = {rule.id: rule for rule in explain_rules(pack, record.facts, record.judged_on)}

    assert () == said["shared-address"].clauses[0].fields
    assert ("exit_kind",) == said["conduct-exit"].clauses[0].fields
