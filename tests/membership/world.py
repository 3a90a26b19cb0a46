"""A company with members: real ledger and consents, a community platform with fault switches."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import Answer, Decided
from alumni_sync.consent.answers.decisions import withdraw
from alumni_sync.deployment import Configuration
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import DeadLetter, Membership, PlatformWrite, t
from alumni_sync.membership.sync import MemberCounts, sync_members
from alumni_sync.ports import CommunityPlatform, PluginContext, ProfileField
from alumni_sync.testing.platforms import FakePlatform, NoSettings
from tests.consent.world import BY_MAIL, MailingDeployment, World
from tests.roster import Leaver, Roster, company

TICKED = {ProfileField.JOB_TITLE: True, ProfileField.CITY: False}


class CommunityDeployment(MailingDeployment):
    """A deployment whose platform is the test's."""

    community: CommunityPlatform

    def platform(self) -> CommunityPlatform:
        """Return the one platform."""
        return self.community


class Community(World):
    """One company, its members, and its platform."""

    judging = True

    def __init__(self, root: Path, ledger: Ledger, clock: FixedClock, **changed: Any) -> None:  # noqa: ANN401 any section
        """Open the company with an empty fake platform."""
        super().__init__(root, ledger, clock, **changed)
        d = CommunityDeployment(Configuration(company(root, **changed), {}), ledger, clock)
        d.post = self.post
        context: PluginContext = d.context("directory")
        self.platform = FakePlatform(NoSettings(), context)
        d.community = self.platform
        self.d: CommunityDeployment = d
        self.roster = Roster(d)

    def sync(self) -> MemberCounts:
        """Run a sync of its own."""
        return sync_members(self.d, new_id("R"))

    def leave(self, leaver: Leaver) -> None:
        """Withdraw everything, as the preference centre does."""
        withdraw(self.d, self.invitation(leaver)["id"], None, BY_MAIL, new_id("N"))

    def members(self, number: int) -> list[Leaver]:
        """Add some people who said yes; judged and invited together, which takes less time."""
        self.judging = False
        leavers = [self.leaver(f"zofia{index}") for index in range(number)]
        self.judging = True
        self.judge()
        self.round()
        for leaver in leavers:
            outcome = self.answer(leaver, Answer.YES, fields=dict(TICKED))
            assert isinstance(outcome, Decided), outcome
        return leavers

    def judge(self) -> None:
        """Let the rules speak, unless more people are still to come."""
        if self.judging:
            super().judge()

    def joined(self, name: str = "zofia") -> Leaver:
        """Add somebody who said yes and is on the platform."""
        leaver = self.member(name)
        self.sync()
        return leaver

    def membership(self, leaver: Leaver) -> Mapping[str, Any]:
        """Return the row of somebody's membership."""
        table = t(Membership)
        with self.d.ledger.read() as connection:
            query = select(table).where(table.c.spell_id == leaver.spell)
            return dict(connection.execute(query).mappings().one())

    def writes(self, leaver: Leaver) -> list[Mapping[str, Any]]:
        """Return the audit of somebody, oldest first."""
        return self._rows(PlatformWrite, person_id=leaver.person)

    def audit(self, leaver: Leaver) -> list[tuple[str, str]]:
        """Return (verb, outcome) of somebody's writes, oldest first."""
        return [(row["verb"], row["outcome"]) for row in self.writes(leaver)]

    def dead_letters(self) -> list[Mapping[str, Any]]:
        """Return all dead letters."""
        return self._rows(DeadLetter)

    def on_platform(self, leaver: Leaver) -> str:
        """Return `visible`, `hidden` or `absent`."""
        held = self.platform.held.get(self.membership(leaver)["alumni_id"])
        if held is None:
            return "absent"
        return "visible" if held.visible else "hidden"

    def _rows(self, model: Any, **where: object) -> list[Mapping[str, Any]]:  # noqa: ANN401 any table
        table = t(model)
        query = select(table).order_by(table.c.id)
        for column, value in where.items():
            query = query.where(table.c[column] == value)
        with self.d.ledger.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]
