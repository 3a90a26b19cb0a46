"""The case machine under any order of acts: who is in has a reason, a role and enough people.

Hypothesis plays the reviewers, the source and the calendar against one case that takes one person
and one that takes two; a small model of ours keeps what must be true.
"""

import shutil
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from alumni_sync.clock import FixedClock
from alumni_sync.consent.standing import joined, may_be_asked
from alumni_sync.domain import Identity, Ruling
from alumni_sync.errors import Refused
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Spell, t
from alumni_sync.review.people.authority import ROLES, Act
from alumni_sync.review.rulings.contests import contest_cases
from alumni_sync.review.rulings.ruling import reopen_case, rule_case
from alumni_sync.review.rulings.steps import REASONS, REOPEN_REASONS, Terms
from alumni_sync.review.rulings.tickets import issue
from tests.conftest import MASTER, NOW, sqlite_urls
from tests.review.queue_of import NOBODY, PEOPLE, Desk, who
from tests.roster import Leaver, Roster

KINDS = ("performance", "unknown", "misconduct", "dispute", "resignation")
GRAVE = {"misconduct", "dispute"}
CODES = (*["other"] * 6, "code_wrong", "confirmed", "", "CHOOSE")

acting = st.sampled_from(
    [*map(who, ("rev", "both", "both", "both", "sec", "sec", "rev2", "ops", "stranger")), NOBODY]
)
which = st.sampled_from([0, 1])


class Cases(RuleBasedStateMachine):
    """Two leavers, their cases, and everybody who may come to touch them."""

    template: Path

    @initialize()
    def begin(self) -> None:
        """Open a case for one person and one for two."""
        self.folder = Path(tempfile.mkdtemp(prefix="cases-", dir=self.template.parent))
        self.clock = FixedClock(NOW)
        self.ledger = Ledger.open(*sqlite_urls(self.folder, self.template), MASTER)
        self.desk = Desk(Roster.of(self.folder, self.ledger, self.clock, people=PEOPLE))
        self.kinds = ["performance", "dispute"]
        self.leavers = [self.desk.roster.add(exit_kind=kind) for kind in self.kinds]
        self.desk.round()
        self.seen: list[dict[str, str]] = [{}, {}]
        self.versions = [0, 0]
        for of in range(2):
            self.look(of)

    def teardown(self) -> None:
        """Put everything away."""
        if hasattr(self, "ledger"):
            self.ledger.close()
            shutil.rmtree(self.folder)

    def _tickets(self, leaver: Leaver) -> dict[str, str]:
        """Return the links of a case as somebody sees it now."""
        case, number = self.desk.case(leaver), self.desk.number(leaver)
        hashes, now = self.ledger.hashes, self.clock.now()
        return {act: issue(hashes, number, case.version, act, now=now) for act in Ruling}

    @rule(of=which)
    def look(self, of: int) -> None:
        """Somebody opens the page; its links stay in their browser for as long as they like."""
        self.seen[of] = self._tickets(self.leavers[of])
        self.versions[of] = self.desk.case(self.leavers[of]).version

    @rule(
        of=which,
        ruling=st.sampled_from(Ruling),
        by=acting,
        reason=st.sampled_from(CODES),
        how=st.sampled_from(("by number", "by new link", "by old link")),
        days=st.sampled_from((None, None, None, -2, 0, 3, 20)),
    )
    def press(
        self, of: int, ruling: Ruling, by: Identity, reason: str, how: str, days: int | None
    ) -> None:
        """Rule, by a link that may be old, or by number; and compare with what may be."""
        leaver, linked = self.leavers[of], how != "by number"
        if how == "by new link":
            self.look(of)
        before, history = self.desk.case(leaver), len(self.desk.events(leaver))
        until = None if days is None else self.clock.now().date() + timedelta(days=days)
        try:
            done = rule_case(
                self.desk.d,
                ticket=self.seen[of][ruling] if linked else None,
                case=None if linked else self.desk.number(leaver),
                ruling=ruling,
                reason=reason,
                identity=by,
                run_id="R",
                terms=Terms(None if linked else until),
            )
        except Refused:
            assert before == self.desk.case(leaver)
            assert history == len(self.desk.events(leaver))
            return
        assert reason in REASONS[ruling]
        assert not (linked and done.applied) or self.versions[of] == before.version
        after = self.desk.case(leaver)
        if not done.applied:
            assert before == after
            return
        assert before.status in {"open", "reopened", "awaiting_second"}
        assert (before.version + 1, history + 1) == (
            after.version,
            len(self.desk.events(leaver)),
        )
        roles = next((set(p["roles"]) for p in PEOPLE if p["user"] == by.user), set())
        acts = (Act.PROPOSE, Act.CONFIRM) if before.two_person else (Act.RULE,)
        assert (by == NOBODY and not before.two_person) or any(roles & ROLES[act] for act in acts)
        if before.two_person and after.status != "awaiting_second":
            assert "awaiting_second" == before.status
            *_, first, second = self.desk.events(leaver)
            assert first[1] != second[1]

    @rule(of=which, first=st.sampled_from(("rev", "both")), second=acting)
    def press_one_after_the_other(self, of: int, first: str, second: Identity) -> None:
        """Admit in a row, each on what stands then."""
        for by in (who(first), second):
            self.press(of, Ruling.ADMIT, by, "other", "by new link", None)

    @rule(of=which, by=st.sampled_from(("rev", "both")), days=st.sampled_from((0, 3)))
    def admit_for_a_while(self, of: int, by: str, days: int) -> None:
        """Admit until a day, by two where it takes two."""
        self.press(of, Ruling.ADMIT, who(by), "other", "by number", days)
        self.press(of, Ruling.ADMIT, who("sec"), "other", "by number", None)

    @rule(of=which, kind=st.sampled_from(KINDS))
    def a_fact_between_the_two(self, of: int, kind: str) -> None:
        """The second presses on what the first never saw."""
        self.press(of, Ruling.ADMIT, who("rev"), "other", "by new link", None)
        self.look(of)
        changed, case = kind != self.kinds[of], self.desk.case(self.leavers[of])
        self.new_fact(of, kind)
        if changed and case.status == "awaiting_second":
            assert "awaiting_second" != self.desk.case(self.leavers[of]).status
        self.press(of, Ruling.ADMIT, who("sec"), "other", "by old link", None)

    @rule(of=which, by=acting, reason=st.sampled_from((*REOPEN_REASONS, "")))
    def reopen(self, of: int, by: Identity, reason: str) -> None:
        """Take a ruling up again."""
        before = self.desk.case(self.leavers[of])
        try:
            reopen_case(
                self.desk.d,
                case=self.desk.number(self.leavers[of]),
                reason=reason,
                identity=by,
                run_id="R",
            )
        except Refused:
            assert before == self.desk.case(self.leavers[of])
            return
        assert before.status in {"admitted", "upheld", "expired"}

    @rule(of=which)
    def contest(self, of: int) -> None:
        """The person contests; nobody who was let in is put out by it."""
        before = self.desk.case(self.leavers[of])
        with self.ledger.write() as connection:
            by = Identity("subject", verified=True)
            contest_cases(self.desk.d, connection, self.leavers[of].person, by, self.clock.now())
        after = self.desk.case(self.leavers[of])
        if before.status in {"upheld", "expired"}:
            assert "reopened" == after.status
        else:
            assert before == after

    @rule(of=which, kind=st.sampled_from(KINDS))
    def new_fact(self, of: int, kind: str) -> None:
        """The source says something else; a ruling holds for what it was made on only."""
        before, leaver = self.desk.case(self.leavers[of]), self.leavers[of]
        changed = kind != self.kinds[of]
        self.desk.roster.change(leaver, exit_kind=kind)
        self.kinds[of] = kind
        self.desk.round()
        after = self.desk.case(leaver)
        if kind == "resignation":
            assert "closed" == after.status
        elif changed:
            assert after.status in {"open", "reopened"}
            assert (kind in GRAVE) == after.two_person
        elif before.status in {"open", "awaiting_second", "upheld"}:
            assert before == after

    @rule(of=which, day=st.dates(date(1950, 1, 1), date(1999, 12, 31)))
    def a_fact_that_no_rule_used(self, of: int, day: date) -> None:
        """A corrected birth date opens nothing again."""
        self.desk.round()
        before = self.desk.case(self.leavers[of])
        self.desk.roster.change(self.leavers[of], birth_date=day)
        self.desk.round()
        assert before == self.desk.case(self.leavers[of])

    @rule(hours=st.sampled_from((1, 30, 24 * 10)))
    def wait(self, hours: int) -> None:
        """Time passes, and nothing of ours runs."""
        self.clock.advance(timedelta(hours=hours))

    @rule()
    def daily_round(self) -> None:
        """The queue is brought in line."""
        self.desk.round()

    @rule(of=which)
    def run_out(self, of: int) -> None:
        """Retention ends; silence is no answer."""
        before = self.desk.case(self.leavers[of])
        self.desk.roster.set(self.leavers[of], purge_after=self.clock.now())
        self.desk.round()
        self.desk.roster.set(self.leavers[of], purge_after=None)
        if before.status in {"open", "reopened", "awaiting_second"} and self._adverse(of):
            assert "expired" == self.desk.case(self.leavers[of]).status

    def _adverse(self, of: int) -> bool:
        return self.kinds[of] != "resignation"

    def _asked(self) -> set[str]:
        """Return the spells that may be asked now: what every later stage goes by."""
        table = t(Spell)
        query = select(table.c.id).select_from(joined()).where(may_be_asked(self.clock.now()))
        with self.ledger.read() as connection:
            return set(connection.execute(query).scalars())

    @invariant()
    def out_in_every_state_but_admitted(self) -> None:
        """Nobody is in but by an admission that has a reason, a role, enough people, and an end."""
        if not hasattr(self, "kinds"):
            return
        asked = self._asked()
        for of, leaver in enumerate(self.leavers):
            if not self._adverse(of):
                continue
            case, events = self.desk.case(leaver), self.desk.events(leaver)
            over = case.admitted_until is not None and _end(case.admitted_until) <= self.clock.now()
            assert (leaver.spell in asked) == (case.status == "admitted" and not over)
            if case.status != "admitted":
                assert None is case.lapses_at
                assert case.status == "awaiting_second" or case.admitted_until is None
                continue
            ruled = [event for event in events if event[0] != "contested"][-2:]
            assert ruled[-1][0] == "admitted"
            assert ruled[-1][2] in REASONS[Ruling.ADMIT]
            if case.two_person:
                assert "first_admit" == ruled[0][0]
                assert ruled[0][1] != ruled[-1][1]
                assert "unverified" not in {ruled[0][1], ruled[-1][1]}


def _end(day: date) -> datetime:
    """Return the end of a day in Warsaw in autumn and winter, as UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=23)


@pytest.fixture(scope="module", autouse=True)
def _empty_ledger(sqlite_template: Path) -> None:
    """Let every example begin with a copy."""
    Cases.template = sqlite_template


TestCases = Cases.TestCase
TestCases.settings = settings(max_examples=15, stateful_step_count=40, deadline=None)
