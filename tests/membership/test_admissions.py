"""Whoever was admitted until a day: a member until then, hidden after it, asked no more."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import Answer
from alumni_sync.domain import Ruling
from alumni_sync.ledger.queue_tables import CaseRule
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import t
from alumni_sync.membership.forgetting import forget_spells
from alumni_sync.review.queue.following import sync_queue
from alumni_sync.review.rulings.ruling import rule_case
from alumni_sync.review.rulings.steps import Terms
from tests.membership.world import TICKED, Community
from tests.review.queue_of import PEOPLE, who
from tests.roster import Leaver

UNTIL = date(2026, 11, 20)
OVER = datetime(2026, 11, 20, 23, tzinfo=UTC)
"""Midnight in Warsaw."""


@pytest.fixture
def community(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Community:
    """Return a company on either database with people who may rule."""
    return Community(tmp_path, ledger, clock, people=PEOPLE)


def admitted(community: Community, until: date | None = UNTIL) -> Leaver:
    """Add somebody whose case was admitted."""
    leaver = community.leaver(exit_kind="performance")
    sync_queue(community.d, "R")
    admit(community, until)
    return leaver


def admit(community: Community, until: date | None = None) -> None:
    """Admit the one case there is."""
    rule_case(
        community.d,
        case="EX-000001",
        ruling=Ruling.ADMIT,
        reason="rehabilitated",
        identity=who("rev"),
        run_id="R",
        terms=Terms(until),
    )


def test_a_member_is_hidden_when_the_admission_is_over(community: Community) -> None:
    """Hidden at that instant, even where the daily round has not come yet; shown when admitted."""
    leaver = admitted(community)
    community.round()
    community.answer(leaver, Answer.YES, fields=dict(TICKED))
    community.sync()
    assert "active" == community.membership(leaver)["state"]

    community.clock.set(OVER)
    community.round()
    community.sync()
    assert "hidden" == community.membership(leaver)["state"]

    assert 1 == sync_queue(community.d, "R-2").reopened
    community.round()
    community.sync()
    assert "hidden" == community.membership(leaver)["state"]

    admit(community)
    community.round()
    community.sync()
    assert "active" == community.membership(leaver)["state"]


def test_nobody_is_asked_after_the_last_day(community: Community) -> None:
    """A mail on the day after asks somebody whom nobody has admitted."""
    admitted(community)
    community.clock.set(OVER)

    community.round()

    assert [] == community.mails


def test_an_invitation_under_way_stops(community: Community) -> None:
    """The reminder of the seventh day must not go to whom the third day put out again."""
    admitted(community, date(2026, 11, 5))
    community.round()
    assert 1 == len(community.mails)

    for day in (10, 11, 12, 13, 24, 25):
        community.clock.set(datetime(2026, 11, day, 9, tzinfo=UTC))
        sync_queue(community.d, f"R-{day}")
        community.round()

    assert 1 == len(community.mails)


def test_which_rules_spoke_is_forgotten_with_the_rest(community: Community) -> None:
    """A hash that tells two cases of one rule apart from a third still says why somebody left."""
    leaver = admitted(community, None)
    table = t(CaseRule)
    with community.d.ledger.read() as connection:
        assert 1 == len(connection.execute(select(table)).all())

    forget_spells(community.d, [leaver.spell])

    with community.d.ledger.read() as connection:
        assert [] == connection.execute(select(table)).all()
