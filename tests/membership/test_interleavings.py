"""Every interleaving of answers, writes, removals and crashes ends where the consent says."""

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import Answer, Decided
from alumni_sync.errors import Unavailable
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.store import Ledger
from alumni_sync.membership.claims import Claim, claim
from alumni_sync.membership.confirms import confirm
from alumni_sync.membership.plan import GONE
from alumni_sync.membership.read_backs import verify_removed
from alumni_sync.membership.removal import remove_closed
from alumni_sync.ports import WriteResult
from tests.conftest import MASTER, NOW, sqlite_urls
from tests.membership.world import TICKED, Community

if TYPE_CHECKING:
    from tests.roster import Leaver

PEOPLE = 3


class Interleavings(RuleBasedStateMachine):
    """Three people, one platform that fails, and every step of ours on its own.

    The steps of a sync are taken apart, so that anything may happen between them; a step that is
    never followed by the next is a crash.
    """

    template: Path
    claims: Bundle[tuple[str, Claim]] = Bundle("claims")
    sent: Bundle[tuple[str, Claim, dict[str, WriteResult]]] = Bundle("sent")

    def __init__(self) -> None:
        """Open a company of its own."""
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="interleavings-", dir=self.template.parent))
        self.ledger = Ledger.open(*sqlite_urls(self.root, self.template), MASTER)
        self.community = Community(self.root, self.ledger, FixedClock(NOW))
        self.leavers: list[Leaver] = []
        self.yes: set[int] = set()
        self.ended: set[int] = set()

    @initialize()
    def invite(self) -> None:
        """Ask everybody."""
        community = self.community
        community.judging = False
        self.leavers = [community.leaver(f"zofia{number}") for number in range(PEOPLE)]
        community.judging = True
        community.judge()
        community.round()

    # --- what people and the HRIS do --------------------------------------------------------------

    @rule(who=st.integers(0, PEOPLE - 1))
    def say_yes(self, who: int) -> None:
        """Join, unless they answered already, or a yes cannot stand now."""
        if who in self.yes | self.ended:
            return
        outcome = self.community.answer(self.leavers[who], Answer.YES, fields=dict(TICKED))
        if isinstance(outcome, Decided):
            self.yes.add(who)

    @rule(who=st.integers(0, PEOPLE - 1))
    def withdraw(self, who: int) -> None:
        """Leave."""
        if who in self.yes:
            self.community.leave(self.leavers[who])
            self.yes.discard(who)
            self.ended.add(who)

    @rule(who=st.integers(0, PEOPLE - 1), coming=st.booleans())
    def rehire(self, who: int, coming: bool) -> None:  # noqa: FBT001 a drawn value
        """Announce a new job, or cancel it."""
        day = NOW.date() + timedelta(days=90) if coming else None
        self.community.roster.set(self.leavers[who], rehire_on=day)

    # --- what we do, step by step -----------------------------------------------------------------

    @rule(target=claims, whose=st.sets(st.integers(0, PEOPLE - 1), min_size=1))
    def claim(self, whose: set[int]) -> tuple[str, Claim]:
        """Claim writes; the process may die here."""
        run_id = new_id("R")
        ids = [self.community.invitation(self.leavers[who])["id"] for who in sorted(whose)]
        return run_id, claim(self.community.d, run_id, ids)

    @rule(target=sent, claimed=claims)
    def call(self, claimed: tuple[str, Claim]) -> tuple[str, Claim, dict[str, WriteResult]]:
        """Send what was claimed; perhaps long after the claim, perhaps twice."""
        run_id, what = claimed
        profiles = [write.profile for write in what.writes]
        results = {result.alumni_id: result for result in self.community.platform.upsert(profiles)}
        return run_id, what, results

    @rule(done=sent)
    def confirm(self, done: tuple[str, Claim, dict[str, WriteResult]]) -> None:
        """Confirm, and remove whoever is not ours any more."""
        run_id, what, results = done
        if what.writes:
            closed = confirm(self.community.d, run_id, what, results).closed
            remove_closed(self.community.d, new_id("R"), only=closed)

    @rule(fails=st.booleans())
    def remove(self, fails: bool) -> None:  # noqa: FBT001 a drawn value
        """Let the worker run, on a platform that may fail after one call."""
        platform = self.community.platform
        platform.fail_after = 1 if fails else None
        platform.failure = Unavailable("fake", "remove", "no answer in time")
        try:
            remove_closed(self.community.d, new_id("R"))
        except Unavailable:
            assert fails
        finally:
            platform.fail_after = None

    @rule(minutes=st.integers(0, 90))
    def wait(self, minutes: int) -> None:
        """Let time go by, and look again for who was removed."""
        self.community.later(minutes=minutes)
        verify_removed(self.community.d, new_id("R"))

    @rule()
    def sync(self) -> None:
        """Run a whole sync."""
        self.community.sync()

    # --- what must hold ---------------------------------------------------------------------------

    @invariant()
    def nobody_is_there_unaudited(self) -> None:
        """Whatever stands on the platform was put down before."""
        written = {
            write["alumni_id"] for leaver in self.leavers for write in self.community.writes(leaver)
        }
        assert set(self.community.platform.held) <= written

    def teardown(self) -> None:
        """Let everything come to rest: then the platform is exactly what people said."""
        try:
            if self.leavers:
                self._settle()
        finally:
            self.ledger.close()
            shutil.rmtree(self.root)

    def _settle(self) -> None:
        community = self.community
        for leaver in self.leavers:
            community.roster.set(leaver, rehire_on=None)
        for _ in range(3):
            community.later(hours=8)
            community.sync()
            verify_removed(community.d, new_id("R"))
        expected = {community.membership(self.leavers[who])["alumni_id"] for who in self.yes}
        assert community.platform.visible() == expected
        assert set(community.platform.held) == expected
        for who in self.ended:
            rows = [
                row for row in self._memberships() if row["spell_id"] == self.leavers[who].spell
            ]
            assert all(row["state"] in GONE for row in rows)
        assert all(row["claimed_by"] is None for row in self._memberships())

    def _memberships(self) -> list[dict[str, object]]:
        return [
            dict(self.community.membership(leaver))
            for leaver in self.leavers
            if self.community.writes(leaver)
        ]


@pytest.mark.slow
def test_every_interleaving_ends_where_the_consent_says(sqlite_template: Path) -> None:
    """A withdrawal may meet a write at any instant; it must win, and nobody else must lose.

    This is T20 of docs/tests-of-consent.md.
    """
    Interleavings.template = sqlite_template
    run_state_machine_as_test(
        Interleavings,
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
