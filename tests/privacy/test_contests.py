"""Somebody contests a verdict: the ruling is taken up again by the request itself."""

from pathlib import Path

import pytest
from sqlalchemy import select

from alumni_sync.clock import FixedClock
from alumni_sync.domain import Ruling
from alumni_sync.errors import Refused
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Case, t
from alumni_sync.privacy.request_rows import RequestChannel, RequestKind, RequestState
from alumni_sync.privacy.requests import close_request, open_request
from alumni_sync.privacy.subject_export import export_subject
from alumni_sync.review.queue.following import sync_queue
from alumni_sync.review.record.history import history_of
from alumni_sync.review.rulings.ruling import rule_case
from alumni_sync.review.rulings.steps import Terms
from tests.membership.world import Community
from tests.privacy.office import PEOPLE, REVIEWER, WEBER
from tests.roster import Leaver


@pytest.fixture
def office(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Community:
    """Return a company with people who may handle requests, on either database."""
    return Community(tmp_path, ledger, clock, people=PEOPLE)


def case_of(office: Community, **facts: str) -> Leaver:
    """Add somebody on whom a person must rule."""
    leaver = office.leaver(**{"exit_kind": "performance", **facts})
    sync_queue(office.d, new_id("R"))
    return leaver


def rule(office: Community, ruling: Ruling, reason: str, comment: str = "") -> None:
    """Rule on the one case there is."""
    rule_case(
        office.d,
        case="EX-000001",
        ruling=ruling,
        reason=reason,
        identity=REVIEWER,
        run_id=new_id("R"),
        terms=Terms(comment=comment),
    )


def contest(office: Community, leaver: Leaver) -> str:
    """Take down that somebody contests."""
    return open_request(
        office.d,
        person_id=leaver.person,
        kind=RequestKind.CONTEST,
        channel=RequestChannel.LETTER,
        words="It was somebody else.",
        identity=WEBER,
    )


def status(office: Community) -> str:
    """Return how the one case stands."""
    with office.d.ledger.read() as connection:
        return str(connection.execute(select(t(Case).c.status)).scalar_one())


def test_a_contest_takes_the_ruling_up_again(office: Community) -> None:
    """Art. 22(3) is a right, not a matter of whether a reviewer finds the letter."""
    leaver = case_of(office)
    rule(office, Ruling.UPHOLD, "confirmed")

    number = contest(office, leaver)

    last = history_of(office.d, 1)[-1]
    assert ("reopened", "reopened", "k.weber", "contest") == (
        status(office),
        last.event,
        last.actor,
        last.reason,
    )
    with pytest.raises(Refused, match="nobody has ruled anew on EX-000001"):
        close_request(office.d, number, RequestState.DONE, WEBER, answer="We looked again.")
    rule(office, Ruling.ADMIT, "contest_granted")
    close_request(office.d, number, RequestState.DONE, WEBER, answer="You were right.")


def test_a_case_that_waits_says_that_it_is_contested(office: Community) -> None:
    """Whoever rules on it must know, and no first of two is lost by it."""
    leaver = case_of(office, exit_kind="misconduct")
    rule(office, Ruling.UPHOLD, "confirmed")

    contest(office, leaver)

    assert "awaiting_second" == status(office)
    assert "contested" == history_of(office.d, 1)[-1].event


def test_who_was_admitted_is_not_put_out_by_a_contest(office: Community) -> None:
    """Whoever asks about an old verdict must not lose what was decided for them."""
    leaver = case_of(office)
    rule(office, Ruling.ADMIT, "code_wrong")

    contest(office, leaver)

    assert "admitted" == status(office)


def test_opinions_are_in_the_export_and_their_authors_by_role(office: Community) -> None:
    """What was written about a person is theirs to read (Art. 15), and so is what changed."""
    leaver = case_of(office)
    rule(office, Ruling.ADMIT, "rehabilitated", "He has made amends.")
    office.roster.change(leaver, exit_kind="dispute", manager_id="OS-9")
    office.judge()
    sync_queue(office.d, new_id("R"))

    made = export_subject(office.d, leaver.person, "en")

    (case,) = made.content["cases"]
    opened, comment, admitted, reopened = case["history"]
    assert ("comment", "He has made amends.", "reviewer") == (
        comment["event"],
        comment["words"],
        comment["by"],
    )
    assert {"exit_kind": {"was": "performance", "now": "dispute"}} == reopened["changes"]
    assert ("opened", "admitted") == (opened["event"], admitted["event"])
    page = made.files["my-data.html"].decode()
    assert "He has made amends." in page
    assert "h.reviewer" not in page


def test_a_stranger_s_words_are_shown_as_text(office: Community) -> None:
    """Whatever somebody writes beside a ruling, no page may run it."""
    leaver = case_of(office)
    rule(office, Ruling.UPHOLD, "confirmed", "<script>alert(1)</script>")

    page = export_subject(office.d, leaver.person, "en").files["my-data.html"].decode()

    assert "<script>" not in page
