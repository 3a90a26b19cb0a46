"""The record of a decision: all that says why, for whoever may see it, while it is kept."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select

from alumni_sync.clock import FixedClock
from alumni_sync.domain import Ruling
from alumni_sync.errors import Refused
from alumni_sync.ledger.request_tables import AccessLog
from alumni_sync.ledger.tables import t
from alumni_sync.review.record.dossier import show_case
from alumni_sync.review.record.page import render_record
from alumni_sync.review.record.record import DecisionRecordPage, decision_record
from alumni_sync.review.rulings.bulk import rule_cases
from alumni_sync.review.rulings.steps import Terms
from tests.review.queue_of import NOBODY, Desk, who
from tests.roster import Leaver

UNTIL = date(2027, 6, 30)


def record(desk: Desk, leaver: Leaver, user: str = "aud") -> DecisionRecordPage:
    """Return the record of a case."""
    found = decision_record(desk.d, desk.number(leaver), who(user))
    assert found is not None
    return found


@pytest.fixture
def grave(desk: Desk) -> Leaver:
    """Return a leaver whom two people admitted until a day."""
    leaver = desk.roster.add(exit_kind="misconduct")
    desk.round()
    show_case(desk.d, desk.number(leaver), who("rev"))
    terms = Terms(UNTIL, comment="Settled in 2024.\n<b>Spoke</b> with the works council.")
    desk.rule(leaver, "admit", "rev", "rehabilitated", terms)
    desk.rule(leaver, "admit", "sec", "context_known")
    return leaver


def test_a_record_says_who_ruled_on_what_and_why(desk: Desk, grave: Leaver) -> None:
    """Years later, a works council or a court asks; the page must need no one's memory."""
    found = record(desk, grave)

    assert ("Zofia Jaworowska", grave.number, "Acme acme-pl") == (
        found.name,
        found.employee,
        found.controller,
    )
    assert f"Admitted until {UNTIL}" in found.stands
    proposal = found.proposal
    assert proposal is not None
    decision = desk.roster.decisions(grave)[-1]
    assert ("excluded", decision.revision, date(2026, 11, 3)) == (
        proposal.verdict,
        proposal.revision,
        proposal.judged_on,
    )
    (rule,) = proposal.rules
    (clause,) = rule.clauses
    assert ("conduct-exit", True, ("exit_kind",), "misconduct") == (
        rule.id,
        clause.holds,
        clause.fields,
        proposal.facts["exit_kind"],
    )
    first, second = found.rulings
    assert ("first_admit", "rev", "rehabilitated", True, UNTIL) == (
        first.event,
        first.user,
        first.reason,
        first.looked,
        first.until,
    )
    assert ("Settled in 2024.\n<b>Spoke</b> with the works council.",) == first.words
    assert ("admitted", "sec", "context_known", False, ()) == (
        second.event,
        second.user,
        second.reason,
        second.looked,
        second.words,
    )


def test_a_record_keeps_what_a_reopening_left_behind(
    desk: Desk, grave: Leaver, clock: FixedClock
) -> None:
    """The ruling of before stays, and so does why it was taken up again."""
    clock.set(datetime(2026, 11, 9, 9, tzinfo=UTC))
    desk.roster.change(grave, exit_kind="dispute")
    desk.round("R-2")

    found = record(desk, grave)

    assert ["first_admit", "admitted"] == [one.event for one in found.rulings]
    reopened = found.history[-1]
    assert reopened.changes is not None
    assert {"exit_kind": ("misconduct", "dispute")} == reopened.changes.facts
    assert "open again" in found.stands
    page = render_record(found, "Acme")
    assert "exit kind: misconduct → dispute" in page
    assert f"admitted until {UNTIL}" in page


def test_the_page_shows_words_as_text_and_loads_nothing(desk: Desk, grave: Leaver) -> None:
    """It is mailed to lawyers and opened in whatever they have."""
    page = render_record(record(desk, grave), "Acme & Söhne")

    assert "&lt;b&gt;Spoke&lt;/b&gt;" in page
    assert "Acme &amp; Söhne" in page
    assert [] == [word for word in ("<script", "http:", "https:", "src=", "<b>") if word in page]


def test_who_reads_a_record_is_written_down_and_must_be_allowed(desk: Desk, grave: Leaver) -> None:
    """It is the most that we know of anybody, on one page."""
    table = t(AccessLog)
    count = select(func.count()).where(table.c.actor == "aud")

    record(desk, grave, "aud")

    with desk.d.ledger.read() as connection:
        assert 1 == connection.execute(count).scalar_one()
    with pytest.raises(Refused, match="takes the role"):
        decision_record(desk.d, desk.number(grave), who("ops"))
    assert None is decision_record(desk.d, "EX-999999", who("aud"))
    found = decision_record(desk.d, desk.number(grave), NOBODY)
    assert found is not None
    assert "unverified" == found.printed_for


def test_a_record_whose_keys_are_gone_says_so(desk: Desk, grave: Leaver) -> None:
    """What is left after retention are rulings and reasons; nothing may pretend otherwise."""
    desk.d.ledger.vault.shred([grave.person])

    found = record(desk, grave)

    assert (None, "", True) == (found.proposal, found.name, "gone" in found.sealed)
    assert [(), ()] == [one.words for one in found.rulings]
    assert "not kept any more" in render_record(found, "Acme")


def test_bulk_and_nobody_s_ruling_are_said(desk: Desk) -> None:
    """A page that hides how little somebody looked would be worth nothing."""
    first, second = (desk.roster.add(exit_kind="performance") for _ in range(2))
    desk.round()
    assert "Nobody yet." in render_record(record(desk, first), "Acme")
    rule_cases(
        desk.d,
        [desk.number(first), desk.number(second)],
        ruling=Ruling.UPHOLD,
        reason="confirmed",
        identity=who("rev"),
        run_id="R",
    )

    found = record(desk, first)

    assert (True, False) == (found.rulings[0].bulk, found.rulings[0].looked)
    page = render_record(found, "Acme")
    assert "One of several cases by one act, without having opened" in page
