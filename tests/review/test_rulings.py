"""Rulings: by whom, on what they have seen, with a reason, and once."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from alumni_sync.clock import FixedClock
from alumni_sync.domain import Identity, Ruling
from alumni_sync.errors import Refused
from alumni_sync.ledger.queue_tables import Approval
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import t
from alumni_sync.review.rulings.ruling import RulingResult, reopen_case, rule_case
from alumni_sync.review.rulings.tickets import issue
from tests.review.queue_of import NOBODY, PEOPLE, Desk, who
from tests.roster import Leaver, Roster


@pytest.fixture
def review(desk: Desk) -> Leaver:
    """Return a leaver whose case takes one person."""
    leaver = desk.roster.add(exit_kind="performance")
    desk.round()
    return leaver


@pytest.fixture
def grave(desk: Desk) -> Leaver:
    """Return a leaver whose case takes two."""
    leaver = desk.roster.add(exit_kind="misconduct")
    desk.round()
    return leaver


def _ticket(desk: Desk, leaver: Leaver, act: str = "admit", user: str = "") -> str:
    case = desk.case(leaver)
    now = desk.d.clock.now()
    return issue(desk.d.ledger.hashes, desk.number(leaver), case.version, act, now=now, user=user)


def _by_ticket(desk: Desk, ticket: str, by: Identity, reason: str = "other") -> RulingResult:
    return rule_case(desk.d, ticket=ticket, reason=reason, identity=by, run_id="R-t")


def _untouched(desk: Desk, leaver: Leaver) -> bool:
    case = desk.case(leaver)
    return (case.status, case.version, len(desk.events(leaver))) == ("open", 1, 1)


def test_an_admitted_case_says_what_follows(desk: Desk, review: Leaver) -> None:
    """The sentence is all that Dagster shows; it must name nobody and leave no question."""
    result = desk.rule(review, "admit", reason="context_known")

    number = desk.number(review)
    assert (
        RulingResult(
            number,
            result.status,
            applied=True,
            sentence=f"{number} is admitted: in the next round the person is asked, or a member is "
            "visible again, if nothing else speaks against it",
        )
        == result
    )
    assert ("admitted", 2) == (desk.case(review).status, desk.case(review).version)
    assert ("admitted", "rev", "context_known") == desk.events(review)[-1]
    assert desk.case(review).closed_at == desk.d.clock.now()


def test_two_people_admit_a_misconduct_exit(desk: Desk, grave: Leaver) -> None:
    """One name under it is one person's mistake; two are a decision."""
    first = desk.rule(grave, "admit", "rev", "rehabilitated")
    second = desk.rule(grave, "admit", "sec", "context_known")

    assert ("awaiting_second", "admitted") == (first.status, second.status)
    assert first.sentence.endswith("waits for a second person to admit it")
    table = t(Approval)
    with desk.d.ledger.read() as connection:
        row = connection.execute(select(table)).one()
    assert (desk.number(grave), "admit", "rev", "sec") == (
        row.subject,
        row.act,
        row.first_by,
        row.second_by,
    )


@pytest.mark.parametrize("user", ["rev", "both"])
def test_the_second_is_another_person(desk: Desk, grave: Leaver, user: str) -> None:
    """Twice the same name is one person, whatever their roles."""
    desk.rule(grave, "admit", user)
    now = desk.d.clock.now()
    ticket = issue(desk.d.ledger.hashes, desk.number(grave), 2, "admit", now=now)

    with pytest.raises(Refused, match="second"):
        _by_ticket(desk, ticket, who(user))

    assert "awaiting_second" == desk.case(grave).status


def test_two_who_disagree_have_not_decided(desk: Desk, grave: Leaver) -> None:
    """The person stays out until two people say the same."""
    desk.rule(grave, "admit", "rev")
    other = desk.rule(grave, "uphold", "both")
    again = desk.rule(grave, "uphold", "sec")

    assert ("awaiting_second", "upheld") == (other.status, again.status)
    assert ["opened", "first_admit", "first_uphold", "upheld"] == [
        event for event, _, _ in desk.events(grave)
    ]


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ("sec", "takes the role reviewer"),
        ("ops", "takes the role reviewer"),
        ("stranger", "is not in `people:`"),
    ],
)
def test_who_has_not_the_role_changes_nothing(
    desk: Desk, review: Leaver, user: str, said: str
) -> None:
    """Dagster lets everybody launch everything; the role is checked here or nowhere."""
    with pytest.raises(Refused, match=said):
        desk.rule(review, "admit", user)

    assert _untouched(desk, review)


def test_a_reviewer_of_another_source_changes_nothing(desk: Desk) -> None:
    """Who knows the Polish leavers knows nothing of the German ones."""
    german = desk.roster.add("acme-de", exit_kind="performance")
    desk.round()

    with pytest.raises(Refused, match="no role for acme-de"):
        desk.rule(german, "admit", "rev")

    assert _untouched(desk, german)
    assert desk.rule(german, "admit", "both").applied


def test_a_reviewer_who_left_loses_the_role(
    tmp_path: Path, ledger: Ledger, clock: FixedClock
) -> None:
    """Taking somebody out of the configuration must be enough."""
    desk = Desk(Roster.of(tmp_path, ledger, clock, people=PEOPLE[1:]))
    leaver = desk.roster.add(exit_kind="performance")
    desk.round()

    with pytest.raises(Refused, match="rev is not in"):
        desk.rule(leaver, "admit", "rev")


def test_nobody_rules_on_their_own_case(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> None:
    """A reviewer who resigns is a leaver too."""
    own = [
        {**PEOPLE[0], "employee": "acme-pl/10001"},
        {**PEOPLE[1], "employee": "acme-pl/10009"},
        *PEOPLE[2:],
    ]
    desk = Desk(Roster.of(tmp_path, ledger, clock, people=own))
    leaver = desk.roster.add(exit_kind="performance")
    desk.round()

    with pytest.raises(Refused, match="own case"):
        desk.rule(leaver, "admit", "rev")
    with pytest.raises(Refused, match="own case"):
        desk.rule(leaver, "admit", Identity("rev", verified=False))

    assert desk.rule(leaver, "admit", "rev2").applied


def test_an_unverified_visitor_rules_alone_on_small_cases_only(desk: Desk, review: Leaver) -> None:
    """Trying the sample needs no login; a misconduct exit needs two names that are vouched for."""
    grave = desk.roster.add(exit_kind="dispute")
    desk.round()

    assert desk.rule(review, "uphold", NOBODY).applied
    with pytest.raises(Refused, match="nothing vouches"):
        desk.rule(grave, "uphold", NOBODY)
    desk.rule(grave, "uphold", "rev")
    with pytest.raises(Refused, match="nothing vouches"):
        desk.rule(grave, "uphold", NOBODY)

    assert [("opened", "system", ""), ("upheld", "unverified", "other")] == desk.events(review)


@pytest.mark.parametrize(
    "section",
    [
        {"proxy": {"user_header": "X-User", "secret": "s"}},
        {"desk": {"url": "https://desk.acme.example"}},
        {"dagster": {"url": "https://dagster.acme.example"}},
    ],
)
def test_an_unverified_visitor_does_nothing_on_a_network(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock, section: dict[str, object]
) -> None:
    """Behind a proxy every request comes from loopback; that proves nothing about anybody."""
    desk = Desk(Roster.of(tmp_path, sqlite_ledger, clock, people=PEOPLE, **section))
    leaver = desk.roster.add(exit_kind="performance")
    desk.round()

    with pytest.raises(Refused, match="nothing vouches"):
        desk.rule(leaver, "admit", NOBODY)

    assert _untouched(desk, leaver)


@pytest.mark.parametrize(
    ("ruling", "reason"),
    [("admit", ""), ("admit", "CHOOSE"), ("admit", "confirmed"), ("uphold", "rehabilitated")],
)
def test_a_ruling_needs_a_reason_of_its_own(
    desk: Desk, review: Leaver, ruling: str, reason: str
) -> None:
    """A reason from the wrong list is a click, not a decision."""
    with pytest.raises(Refused, match="give one of"):
        desk.rule(review, ruling, reason=reason)

    assert _untouched(desk, review)


def test_a_ticket_rules_once(desk: Desk, review: Leaver) -> None:
    """Dagster's "Re-execute" sends the same ticket again."""
    ticket = _ticket(desk, review)

    first, again = _by_ticket(desk, ticket, who("rev")), _by_ticket(desk, ticket, who("rev"))

    assert (True, False) == (first.applied, again.applied)
    assert "nothing changed" in again.sentence
    assert 2 == len(desk.events(review))


def test_repeating_the_first_of_two_is_no_second(desk: Desk, grave: Leaver) -> None:
    """A double click must not look like two people."""
    ticket = _ticket(desk, grave)
    _by_ticket(desk, ticket, who("both"))

    assert not _by_ticket(desk, ticket, who("both")).applied
    assert not desk.rule(grave, "admit", "both").applied
    assert "awaiting_second" == desk.case(grave).status


def test_two_reviewers_at_once(desk: Desk, review: Leaver) -> None:
    """One wins; the other is told, and has not overruled anybody."""
    one, other = _ticket(desk, review, "admit"), _ticket(desk, review, "uphold")
    _by_ticket(desk, one, who("rev"))

    with pytest.raises(Refused, match="has changed since"):
        _by_ticket(desk, other, who("rev2"))
    with pytest.raises(Refused, match="has changed since"):
        _by_ticket(desk, one, who("rev2"))

    assert "admitted" == desk.case(review).status


def test_a_stale_ticket_is_refused(desk: Desk, review: Leaver) -> None:
    """Whoever looked at other facts has not decided about these."""
    ticket = _ticket(desk, review)
    desk.roster.change(review, exit_kind="misconduct")
    desk.round("R-2")

    with pytest.raises(Refused, match="has changed since"):
        _by_ticket(desk, ticket, who("rev"))

    assert "open" == desk.case(review).status


def test_a_ticket_of_last_week_is_refused(desk: Desk, review: Leaver, clock: FixedClock) -> None:
    """A link in somebody's history must not decide for ever."""
    ticket = _ticket(desk, review)
    clock.advance(timedelta(days=7))

    with pytest.raises(Refused, match="has expired"):
        _by_ticket(desk, ticket, who("rev"))


@pytest.mark.parametrize("part", range(6))
def test_a_forged_ticket_is_refused(desk: Desk, review: Leaver, part: int) -> None:
    """Any web page can send a GET to Dagster; only we can make a ticket."""
    parts = _ticket(desk, review).split(".")
    forged = {0: "EX-000002", 1: "2", 2: "uphold", 3: "9999999999", 4: "cmV2Mg", 5: "0" * 64}
    parts[part] = forged[part]

    with pytest.raises(Refused, match="not one of ours"):
        _by_ticket(desk, ".".join(parts), who("rev"))

    assert _untouched(desk, review)


@pytest.mark.parametrize("text", ["", "CHOOSE", "EX-000001", "EX-000001.1.admit.1..", "é" * 20])
def test_what_is_no_ticket_is_refused(desk: Desk, review: Leaver, text: str) -> None:
    """Without a ticket, a launch decides nothing."""
    with pytest.raises(Refused, match="not one of ours"):
        _by_ticket(desk, text, who("rev"))

    assert _untouched(desk, review)


def test_a_ticket_for_somebody_else_is_refused(desk: Desk, review: Leaver) -> None:
    """A link that was made for one person must not work for whoever finds it."""
    ticket = _ticket(desk, review, user="rev")

    with pytest.raises(Refused, match="made for somebody else"):
        _by_ticket(desk, ticket, who("rev2"))

    assert _by_ticket(desk, ticket, who("rev")).applied


def test_a_ticket_of_another_deployment_is_refused(desk: Desk, review: Leaver) -> None:
    """A test system's links must not rule in production."""
    from alumni_sync.ledger.hashing import KeyedHashes

    hashes = KeyedHashes(b"\x01" * 32)
    ticket = issue(hashes, desk.number(review), 1, "admit", now=desk.d.clock.now())

    with pytest.raises(Refused, match="not one of ours"):
        _by_ticket(desk, ticket, who("rev"))


def test_a_ticket_for_a_brake_rules_on_nothing(desk: Desk, review: Leaver) -> None:
    """One kind of permission must not pass for another."""
    with pytest.raises(Refused, match="for something else"):
        _by_ticket(desk, _ticket(desk, review, "release"), who("rev"))


def test_what_is_ruled_on_is_not_ruled_on_again(desk: Desk, review: Leaver) -> None:
    """Changing a decision takes a reason to reopen it first."""
    desk.rule(review, "uphold", "rev")

    with pytest.raises(Refused, match="is upheld already"):
        desk.rule(review, "admit", "rev")
    with pytest.raises(Refused, match="is upheld already"):
        desk.rule(review, "uphold", "rev2")

    assert not desk.rule(review, "uphold", "rev").applied


def test_a_ruling_names_a_case(desk: Desk) -> None:
    """A typing error must not end in a traceback, nor in another case."""

    def ask(**what: object) -> None:
        rule_case(desk.d, reason="other", identity=who("rev"), run_id="R", **what)  # type: ignore[arg-type]  # wrong on purpose

    for what, said in (
        ({"case": "EX-000009", "ruling": Ruling.ADMIT}, "there is no case EX-000009"),
        ({"case": "000009", "ruling": Ruling.ADMIT}, "named like EX-000123"),
        ({"case": "EX-000009"}, "needs a ticket"),
        ({}, "needs a ticket"),
    ):
        with pytest.raises(Refused, match=said):
            ask(**what)


def test_a_ruling_is_taken_up_again(desk: Desk, review: Leaver, clock: FixedClock) -> None:
    """Somebody contests; until it is ruled on anew, the person is out."""
    desk.rule(review, "admit")
    clock.advance(timedelta(days=40))

    result = reopen_case(
        desk.d, case=desk.number(review), reason="contest", identity=who("rev2"), run_id="R"
    )

    case = desk.case(review)
    assert ("reopened", clock.now(), None) == (case.status, case.opened_at, case.closed_at)
    assert case.due_at > clock.now()
    assert "until somebody rules, the person is out" in result.sentence
    assert desk.rule(review, "admit", "rev").applied
    assert ["opened", "admitted", "reopened", "admitted"] == [e for e, _, _ in desk.events(review)]


def test_only_a_ruling_can_be_taken_up_again(desk: Desk, review: Leaver) -> None:
    """What is open needs no reopening, and no reason is no reason."""

    def reopen(reason: str, user: str = "rev") -> None:
        number = desk.number(review)
        reopen_case(desk.d, case=number, reason=reason, identity=who(user), run_id="R")

    with pytest.raises(Refused, match="no ruling to take up"):
        reopen("contest")
    desk.rule(review, "uphold")
    with pytest.raises(Refused, match="give one of"):
        reopen("because")
    with pytest.raises(Refused, match="takes the role reviewer"):
        reopen("contest", "aud")

    assert "upheld" == desk.case(review).status


def test_a_case_that_changes_under_the_ruling_keeps_its_state(
    desk_here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The version is compared in the very statement that writes."""
    from alumni_sync.review.rulings import ruling as rulings

    leaver = desk_here.roster.add(exit_kind="performance")
    desk_here.round()
    read = rulings._case

    def stale(connection: object, number: int) -> object:
        row = read(connection, number)  # type: ignore[arg-type]  # passed through
        assert row is not None
        return _Older(row)

    monkeypatch.setattr(rulings, "_case", stale)
    with pytest.raises(Refused, match="somebody else was faster"):
        desk_here.rule(leaver, "admit")

    assert _untouched(desk_here, leaver)


class _Older:
    """A row as it was read before somebody changed it."""

    def __init__(self, row: object) -> None:
        self._row = row
        self.version = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._row, name)


def test_identities_are_kept_as_they_came(desk: Desk, review: Leaver) -> None:
    """Whether a name was vouched for is part of the record."""
    from alumni_sync.ledger.tables import CaseEvent

    desk.rule(review, "uphold", replace(NOBODY, user="rev"))

    table = t(CaseEvent)
    with desk.d.ledger.read() as connection:
        row = connection.execute(select(table).where(table.c.event == "upheld")).one()
    assert ("rev", False, "R-rule") == (row.actor, row.verified, row.run_id)
