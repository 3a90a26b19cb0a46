"""What the queue promises people (Q1 to Q11), each with the fault that would break it.

Q7 and Q8 are in `test_telling`, Q12 in `tests/reporting/test_ruled_cases`.
"""

import threading
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.domain import Identity, Ruling
from alumni_sync.errors import Refused
from alumni_sync.ledger.store import Ledger
from alumni_sync.review.queue.following import sync_queue
from alumni_sync.review.record.dossier import show_case
from alumni_sync.review.record.history import history_of
from alumni_sync.review.rulings.bulk import RefusedCase, rule_cases
from alumni_sync.review.rulings.comments import keep_comment
from alumni_sync.review.rulings.ruling import RulingResult, reopen_case, rule_case
from tests.conftest import MASTER
from tests.review.queue_of import PEOPLE, Desk, ticket, untouched, who
from tests.roster import Roster


def people_with(**changed: str) -> list[dict[str, Any]]:
    """Return the people, the first reviewer with some keys of their own."""
    return [{**PEOPLE[0], **changed}, *PEOPLE[1:]]


# --- Q1, Q8: who may not, although they have the role --------------------------------------------


@pytest.mark.parametrize(
    ("keys", "facts", "said"),
    [
        ({"employee": "acme-pl/10001"}, {}, "own case"),
        ({"employee": "acme-pl/77", "manager": "acme-pl/10001"}, {}, "own manager's case"),
        ({"employee": "acme-pl/77"}, {"manager_id": "77"}, "whose manager they were"),
    ],
)
def test_q1_nobody_rules_where_they_are_too_near(
    tmp_path: Path,
    ledger: Ledger,
    clock: FixedClock,
    keys: dict[str, str],
    facts: dict[str, str],
    said: str,
) -> None:
    """One's own exit, one's manager's, and that of somebody one has managed out."""
    desk = Desk(Roster.of(tmp_path, ledger, clock, people=people_with(**keys)))
    leaver = desk.roster.add("acme-pl", **{"exit_kind": "performance", **facts})  # type: ignore[arg-type]  # facts
    desk.round()

    for act in ("admit", "uphold"):
        with pytest.raises(Refused, match=said):
            desk.rule(leaver, act, "rev")
    with pytest.raises(Refused, match=said):
        keep_comment(desk.d, desk.number(leaver), 1, who("rev"), "I know him.")
    with pytest.raises(Refused, match=said):
        desk.rule(leaver, "admit", Identity("rev", verified=False))

    assert untouched(desk, leaver)
    assert desk.rule(leaver, "uphold", "rev2").applied
    with pytest.raises(Refused, match=said):
        reopen_case(
            desk.d, case=desk.number(leaver), reason="mistake", identity=who("rev"), run_id="R"
        )


def test_q1_the_source_may_know_the_manager(
    tmp_path: Path, ledger: Ledger, clock: FixedClock
) -> None:
    """A reviewer whom the source lists with a manager need not be told of it twice."""
    people = people_with(employee="acme-pl/10002")
    desk = Desk(Roster.of(tmp_path, ledger, clock, people=people))
    manager = desk.roster.add(exit_kind="performance")
    desk.roster.add(manager_id=f"OS-{manager.number}", last_working_day=date(2026, 12, 31))
    managed = desk.roster.add(exit_kind="performance", manager_id="OS-10002")
    desk.round()

    with pytest.raises(Refused, match="own manager's case"):
        desk.rule(manager, "admit", "rev")
    with pytest.raises(Refused, match="whose manager they were"):
        desk.rule(managed, "admit", "rev")


def test_q8_whoever_leaves_the_company_loses_the_role(
    tmp_path: Path, ledger: Ledger, clock: FixedClock
) -> None:
    """On the last working day nobody thinks of the configuration."""
    people = people_with(employee="acme-pl/10001")
    desk = Desk(Roster.of(tmp_path, ledger, clock, people=people))
    own = desk.roster.add(last_working_day=date(2026, 11, 5))
    leaver, other = (desk.roster.add(exit_kind="performance") for _ in range(2))
    desk.round()
    assert desk.rule(other, "uphold", "rev").applied

    clock.set(datetime(2026, 11, 6, 9, tzinfo=UTC))

    with pytest.raises(Refused, match="rev has left"):
        desk.rule(leaver, "uphold", "rev")
    with pytest.raises(Refused, match="rev has left"):
        show_case(desk.d, desk.number(leaver), who("rev"))
    assert untouched(desk, leaver)
    desk.roster.set(own, rehire_ends=True)
    assert desk.rule(leaver, "uphold", "rev").applied


# --- Q2, Q3: two people --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["misconduct", "dispute"])
@pytest.mark.parametrize("ruling", ["admit", "uphold"])
def test_q2_the_gravest_take_two_and_the_second_is_never_the_first(
    desk: Desk, kind: str, ruling: str
) -> None:
    """One name under it is one person's mistake."""
    leaver = desk.roster.add(exit_kind=kind)
    desk.round()
    desk.rule(leaver, ruling, "both")

    with pytest.raises(Refused, match="must be another person"):
        rule_case(
            desk.d,
            ticket=ticket(desk, leaver, ruling),
            reason="other",
            identity=who("both"),
            run_id="R",
        )

    assert "awaiting_second" == desk.case(leaver).status
    assert desk.rule(leaver, ruling, "sec").applied


def test_q3_two_at_once_one_wins_and_the_other_is_told(desk: Desk) -> None:
    """Two people who look at the same page press at the same time."""
    leaver = desk.roster.add(exit_kind="performance")
    desk.round()
    tickets = {"rev": ticket(desk, leaver, "admit"), "rev2": ticket(desk, leaver, "uphold")}
    together, said = threading.Barrier(2), dict[str, str]()

    def press(user: str) -> None:
        together.wait()
        try:
            done = rule_case(
                desk.d, ticket=tickets[user], reason="other", identity=who(user), run_id="R"
            )
            said[user] = str(done.status)
        except Refused as refused:
            said[user] = str(refused)

    threads = [threading.Thread(target=press, args=(user,)) for user in tickets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    status = desk.case(leaver).status
    assert [status] == [word for word in said.values() if word in {"admitted", "upheld"}]
    (told,) = (word for word in said.values() if word != status)
    assert "look at it again" in told
    assert 2 == len(desk.events(leaver))


def test_q3_two_firsts_at_once_are_one(desk: Desk) -> None:
    """Of two who propose at once, one does, and the other gets a sentence instead of an error."""
    leaver = desk.roster.add(exit_kind="misconduct")
    desk.round()
    together, said = threading.Barrier(2), dict[str, str]()

    def press(user: str) -> None:
        link = ticket(desk, leaver, "admit")
        together.wait()
        try:
            said[user] = str(
                rule_case(
                    desk.d, ticket=link, reason="other", identity=who(user), run_id="R"
                ).status
            )
        except Refused as refused:
            said[user] = str(refused)

    threads = [threading.Thread(target=press, args=(user,)) for user in ("rev", "rev2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    told = f"{desk.number(leaver)} has changed since: look at it again before ruling"
    assert ["awaiting_second", told] == sorted(said.values(), key=len)
    assert ["opened", "first_admit"] == [event for event, _, _ in desk.events(leaver)]


# --- Q4, Q5: new facts, other rules --------------------------------------------------------------


def test_q4_a_new_fact_reopens_with_what_changed(desk: Desk) -> None:
    """Whoever ruled must see at once what is otherwise, and the old ruling must stay."""
    leaver = desk.roster.add(exit_kind="performance")
    desk.round()
    desk.rule(leaver, "admit")
    desk.roster.change(leaver, exit_kind="dispute")

    desk.round("R-2")

    entry = history_of(desk.d, desk.case(leaver).id)[-1]
    assert ("reopened", "new_facts", ("exit_kind",)) == (entry.event, entry.reason, entry.changed)
    assert entry.changes is not None
    assert {"exit_kind": ("performance", "dispute")} == entry.changes.facts
    assert ("review", "excluded") == entry.changes.verdict
    assert ["performance-exit"] == entry.changes.plain()["rules"][0]
    assert ["opened", "admitted", "reopened"] == [event for event, _, _ in desk.events(leaver)]


def test_q4_what_changed_is_kept_sealed(desk: Desk) -> None:
    """Its name may be read by whoever reads the ledger; its value may not."""
    from sqlalchemy import text

    leaver = desk.roster.add(exit_kind="performance")
    desk.round()
    desk.roster.change(leaver, exit_kind="dispute")
    desk.round("R-2")
    keep_comment(desk.d, desk.number(leaver), 2, who("rev"), "He was provoked.")

    with desk.d.ledger.read() as connection:
        rows = connection.execute(text("SELECT * FROM case_event")).all()

    assert "['exit_kind']" in str(rows) or '["exit_kind"]' in str(rows)
    assert [] == [word for word in ("dispute", "performance", "provoked") if word in str(rows)]


@pytest.mark.parametrize(
    "change", [{}, {"birth_date": date(1979, 1, 1)}, {"given_name": "Ewa"}, {"department": "HR"}]
)
def test_q4_what_no_rule_used_reopens_nothing(desk: Desk, change: dict[str, object]) -> None:
    """A reviewer who is asked again without a reason stops reading."""
    leaver = desk.roster.add(exit_kind="performance")
    desk.round()
    desk.rule(leaver, "admit")
    before = desk.case(leaver)

    desk.roster.change(leaver, **change)  # type: ignore[arg-type]  # facts of any kind
    desk.round("R-2")

    assert before == desk.case(leaver)


def test_q5_another_basis_voids_the_first_of_two(desk: Desk) -> None:
    """The second would confirm what the first never saw, whether facts or rules moved."""
    leaver = desk.roster.add(exit_kind="misconduct")
    desk.round()
    desk.rule(leaver, "admit")
    stale = ticket(desk, leaver)
    desk.roster.set(leaver, basis="of other rules")

    sync_queue(desk.d, run_id="R-2")

    assert ("open", None) == (desk.case(leaver).status, desk.case(leaver).admitted_until)
    with pytest.raises(Refused, match="has changed since"):
        rule_case(desk.d, ticket=stale, reason="other", identity=who("sec"), run_id="R")
    entry = history_of(desk.d, desk.case(leaver).id)[-1]
    assert ("changed", "new_rules", ()) == (entry.event, entry.reason, entry.changed)


# --- Q6: bulk ------------------------------------------------------------------------------------


def test_q6_bulk_gives_each_case_a_result_of_its_own(desk: Desk) -> None:
    """One that is refused keeps no other from being done, and is not hidden among them."""
    fine, german, grave, ruled = (
        desk.roster.add(source, exit_kind=kind)
        for source, kind in (
            ("acme-pl", "performance"),
            ("acme-de", "performance"),
            ("acme-pl", "misconduct"),
            ("acme-pl", "unknown"),
        )
    )
    desk.round()
    desk.rule(ruled, "uphold", "rev2")
    subjects = [ticket(desk, fine, "uphold"), *map(desk.number, (german, ruled)), "EX-999999"]

    results = rule_cases(
        desk.d,
        [*subjects, desk.number(grave)],
        ruling=Ruling.UPHOLD,
        reason="confirmed",
        identity=who("rev"),
        run_id="R-bulk",
        comment="All of one meeting.",
    )

    assert [
        (desk.number(fine), "upheld"),
        (desk.number(german), "refused"),
        (desk.number(ruled), "refused"),
        ("EX-999999", "refused"),
        (desk.number(grave), "awaiting_second"),
    ] == [(one.case, "refused" if isinstance(one, RefusedCase) else one.status) for one in results]
    assert [True, False, False, False, True] == [isinstance(r, RulingResult) for r in results]
    assert untouched(desk, german)
    for leaver in (fine, grave):
        *_, words, ruling = history_of(desk.d, desk.case(leaver).id)
        assert ("All of one meeting.", True) == (words.words, ruling.bulk)


def test_q6_one_case_is_no_bulk(desk: Desk) -> None:
    """Otherwise every ruling on the desk's list would count against us."""
    leaver = desk.roster.add(exit_kind="performance")
    desk.round()

    rule_cases(
        desk.d,
        [desk.number(leaver)],
        ruling=Ruling.UPHOLD,
        reason="confirmed",
        identity=who("rev"),
        run_id="R",
    )

    assert not history_of(desk.d, desk.case(leaver).id)[-1].bulk


def test_q6_a_ticket_for_another_ruling_is_refused(desk: Desk) -> None:
    """A box ticked under *uphold* must never admit."""
    leaver = desk.roster.add(exit_kind="performance")
    desk.round()

    (result,) = rule_cases(
        desk.d,
        [ticket(desk, leaver, "admit")],
        ruling=Ruling.UPHOLD,
        reason="confirmed",
        identity=who("rev"),
        run_id="R",
    )

    assert (desk.number(leaver), True) == (result.case, isinstance(result, RefusedCase))
    assert untouched(desk, leaver)


# --- Q9, Q10, Q11 --------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["", "CHOOSE", "because"])
def test_q9_no_ruling_without_a_reason(desk: Desk, reason: str) -> None:
    """The reason is what a person is told who asks why."""
    leaver = desk.roster.add(exit_kind="performance")
    desk.round()

    for act in ("admit", "uphold"):
        with pytest.raises(Refused, match="give one of"):
            desk.rule(leaver, act, reason=reason)

    assert untouched(desk, leaver)


def test_q10_a_ruling_survives_a_restart_and_is_applied_once(
    tmp_path: Path, ledger_urls: tuple[str, str], clock: FixedClock
) -> None:
    """It stands in the ledger: whatever becomes of Dagster, nobody rules twice."""
    with Ledger.open(*ledger_urls, MASTER) as ledger:
        desk = Desk(Roster.of(tmp_path, ledger, clock, people=PEOPLE))
        leaver = desk.roster.add(exit_kind="performance")
        desk.round()
        link = ticket(desk, leaver)
        desk.rule(leaver, "admit")
    with Ledger.open(*ledger_urls, MASTER) as ledger:
        again = Desk(Roster.of(tmp_path, ledger, clock, people=PEOPLE))

        result = rule_case(
            again.d, ticket=link, reason="other", identity=who("rev"), run_id="R-again"
        )

        assert ("admitted", False) == (result.status, result.applied)
        assert ("admitted", 2) == (again.case(leaver).status, again.case(leaver).version)
        assert 2 == len(again.events(leaver))


def test_what_was_proposed_by_whoever_left_is_void(
    tmp_path: Path, ledger: Ledger, clock: FixedClock
) -> None:
    """An admission of misconduct needs two people who work here, not one and a memory."""
    people = people_with(employee="acme-pl/10001")
    desk = Desk(Roster.of(tmp_path, ledger, clock, people=people))
    desk.roster.add(last_working_day=date(2026, 11, 5))
    grave = desk.roster.add(exit_kind="misconduct")
    desk.round()
    desk.rule(grave, "admit", "rev")
    clock.set(datetime(2026, 11, 6, 9, tzinfo=UTC))

    with pytest.raises(Refused, match="what rev proposed is void: rev has left"):
        desk.rule(grave, "admit", "sec")

    assert "awaiting_second" == desk.case(grave).status
