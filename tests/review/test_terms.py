"""What goes along with a ruling: the last day of an admission, and words that are kept sealed."""

from datetime import UTC, date, datetime, timedelta

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.errors import Refused
from alumni_sync.review.record.dossier import show_case
from alumni_sync.review.record.history import history_of
from alumni_sync.review.rulings.comments import keep_comment
from alumni_sync.review.rulings.ruling import reopen_case, rule_case
from alumni_sync.review.rulings.steps import Terms
from tests.review.queue_of import NOBODY, Desk, ticket, untouched, who


def test_an_admission_until_a_day_ends_with_that_day(desk: Desk, clock: FixedClock) -> None:
    """A year of rehabilitation is over on a day, and nobody has to remember it."""
    leaver = desk.roster.add(exit_kind="performance")
    desk.round()
    until = date(2026, 11, 20)

    result = desk.rule(leaver, "admit", terms=Terms(until))

    assert f"is admitted until {until}" in result.sentence
    clock.set(datetime(2026, 11, 20, 22, 59, tzinfo=UTC))  # 23:59 in Warsaw
    assert 0 == desk.round("R-2").reopened
    assert until == desk.case(leaver).admitted_until
    clock.set(datetime(2026, 11, 20, 23, tzinfo=UTC))
    assert 1 == desk.round("R-3").reopened
    case = desk.case(leaver)
    assert ("reopened", None, clock.now()) == (case.status, case.admitted_until, case.opened_at)
    assert ("reopened", "system", "admission_ended") == desk.events(leaver)[-1]
    assert 0 == desk.round("R-4").reopened


def test_the_second_confirms_the_day_that_the_first_proposed(desk: Desk, clock: FixedClock) -> None:
    """Two people who mean different days have not said the same."""
    leaver = desk.roster.add(exit_kind="misconduct")
    desk.round()
    until = date(2027, 5, 1)
    assert f"admit it until {until}" in desk.rule(leaver, "admit", terms=Terms(until)).sentence

    for other in (date(2027, 6, 1), date(2027, 4, 1)):
        with pytest.raises(Refused, match=f"proposed until {until}"):
            desk.rule(leaver, "admit", "sec", terms=Terms(other))
    assert desk.rule(leaver, "admit", "sec").applied

    assert until == desk.case(leaver).admitted_until
    clock.set(datetime(2027, 5, 2, 9, tzinfo=UTC))
    assert 1 == desk.round("R-2").reopened


def test_a_proposal_without_an_end_gets_none_by_the_second(desk: Desk) -> None:
    """Nor may the second add one unseen."""
    leaver = desk.roster.add(exit_kind="misconduct")
    desk.round()
    desk.rule(leaver, "admit")

    with pytest.raises(Refused, match="without an end"):
        desk.rule(leaver, "admit", "sec", terms=Terms(date(2027, 5, 1)))

    assert desk.rule(leaver, "admit", "sec").applied
    assert None is desk.case(leaver).admitted_until


@pytest.mark.parametrize(
    ("ruling", "until", "said"),
    [
        ("admit", date(2026, 11, 2), "is over"),
        ("admit", date(2226, 11, 2), "is too far away"),
        ("admit", date.max, "is too far away"),
        ("uphold", date(2027, 1, 1), "only an admission"),
    ],
)
def test_a_last_day_that_makes_no_sense_is_refused(
    desk: Desk, ruling: str, until: date, said: str
) -> None:
    """A typing error in a year must not admit anybody for an hour, or for ever."""
    leaver = desk.roster.add(exit_kind="performance")
    desk.round()

    with pytest.raises(Refused, match=said):
        desk.rule(leaver, ruling, terms=Terms(until))

    assert untouched(desk, leaver)


def test_a_ticket_holds_its_last_day(desk: Desk) -> None:
    """What stands in a link cannot be made longer by whoever launches it."""
    leaver = desk.roster.add(exit_kind="performance")
    desk.round()
    until = date(2027, 1, 31)
    link = ticket(desk, leaver, terms=Terms(until, bulk=True))

    with pytest.raises(Refused, match="not one of ours"):
        rule_case(
            desk.d,
            ticket=link.replace("20270131", "20370131"),
            reason="other",
            identity=who("rev"),
            run_id="R",
        )
    rule_case(
        desk.d,
        ticket=link,
        reason="other",
        identity=who("rev"),
        run_id="R",
        terms=Terms(date(2030, 1, 1)),
    )

    assert until == desk.case(leaver).admitted_until
    assert history_of(desk.d, desk.case(leaver).id)[-1].bulk


def test_an_end_is_gone_with_the_admission(desk: Desk, clock: FixedClock) -> None:
    """A later admission without an end must not end on the old day."""
    leaver = desk.roster.add(exit_kind="performance")
    desk.round()
    desk.rule(leaver, "admit", terms=Terms(date(2026, 11, 20)))
    reopen_case(
        desk.d, case=desk.number(leaver), reason="contest", identity=who("rev2"), run_id="R"
    )
    assert None is desk.case(leaver).admitted_until
    desk.rule(leaver, "admit", reason="context_known")

    clock.set(datetime(2026, 12, 1, 9, tzinfo=UTC))

    assert (0, "admitted") == (desk.round("R-2").reopened, desk.case(leaver).status)


# --- comments ------------------------------------------------------------------------------------


def test_a_comment_is_kept_once_and_for_who_may_see(desk: Desk) -> None:
    """A double click writes one opinion, and a stranger writes none."""
    leaver = desk.roster.add(exit_kind="performance")
    desk.round()
    number = desk.number(leaver)

    assert keep_comment(desk.d, number, 1, who("rev"), " It was\r\nthe code.\x07 ")
    assert not keep_comment(desk.d, number, 1, who("rev"), "It was\nthe code.")
    assert not keep_comment(desk.d, number, 1, who("rev"), "  ")
    for user, version, said in (
        (who("aud"), 1, "takes the role"),
        (who("stranger"), 1, "is not in"),
        (who("rev"), 2, "has changed since"),
    ):
        with pytest.raises(Refused, match=said):
            keep_comment(desk.d, number, version, user, "x")
    with pytest.raises(Refused, match="there is no case"):
        keep_comment(desk.d, "EX-999999", 1, who("rev"), "x")

    dossier = show_case(desk.d, number, who("rev"))
    assert dossier is not None
    assert ["It was\nthe code."] == [entry.words for entry in dossier.history if entry.words]


def test_an_unverified_visitor_may_write_where_they_may_rule(desk: Desk) -> None:
    """Trying the sample needs no login."""
    leaver = desk.roster.add(exit_kind="performance")
    desk.round()

    assert keep_comment(desk.d, desk.number(leaver), 1, NOBODY, "Trying.")


def test_nothing_is_kept_of_whom_nothing_may_be_kept(desk: Desk) -> None:
    """Without the person's key there is nowhere to keep words that can be destroyed again."""
    leaver = desk.roster.add(exit_kind="performance")
    desk.round()
    desk.d.ledger.vault.shred([leaver.person])

    with pytest.raises(Refused, match="nothing can be kept"):
        desk.rule(leaver, "uphold", terms=Terms(comment="x"))

    assert untouched(desk, leaver)
    assert desk.rule(leaver, "uphold").applied
    assert timedelta(0) == desk.d.clock.now() - desk.case(leaver).closed_at


def test_the_same_ruling_with_another_day_is_another(desk: Desk) -> None:
    """Whoever asks for another day must not be told that it was done."""
    leaver = desk.roster.add(exit_kind="performance")
    desk.round()
    link = ticket(desk, leaver, terms=Terms(date(2027, 6, 30)))
    desk.rule(leaver, "admit", terms=Terms(date(2027, 5, 31)))

    with pytest.raises(Refused, match="is admitted already: reopen it first"):
        desk.rule(leaver, "admit", terms=Terms(date(2027, 6, 30)))
    with pytest.raises(Refused, match="has changed since"):
        rule_case(desk.d, ticket=link, reason="other", identity=who("rev"), run_id="R")
    assert not desk.rule(leaver, "admit", terms=Terms(date(2027, 5, 31))).applied

    assert date(2027, 5, 31) == desk.case(leaver).admitted_until


def test_a_ruling_of_two_is_not_taken_up_by_nobody(desk: Desk) -> None:
    """On a machine of one's own anybody could hide whom two people had admitted."""
    leaver = desk.roster.add(exit_kind="misconduct")
    desk.round()
    desk.rule(leaver, "admit")
    desk.rule(leaver, "admit", "sec")

    with pytest.raises(Refused, match="nothing vouches for who you are"):
        reopen_case(desk.d, case=desk.number(leaver), reason="mistake", identity=NOBODY, run_id="R")

    assert "admitted" == desk.case(leaver).status


def test_what_was_ruled_on_anew_is_not_taken_up_by_an_old_page(desk: Desk) -> None:
    """Somebody may have upheld what the page still showed as admitted."""
    leaver = desk.roster.add(exit_kind="performance")
    desk.round()
    desk.rule(leaver, "admit")
    number = desk.number(leaver)
    reopen_case(desk.d, case=number, reason="mistake", identity=who("rev"), run_id="R", version=2)
    desk.rule(leaver, "uphold")

    with pytest.raises(Refused, match="has changed since"):
        reopen_case(
            desk.d, case=number, reason="mistake", identity=who("rev2"), run_id="R", version=2
        )

    assert "upheld" == desk.case(leaver).status
