"""A company with people who may rule, and leavers on whom somebody must."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from alumni_sync.clock import FixedClock
from alumni_sync.deployment import Configuration, Deployment
from alumni_sync.domain import Identity, Ruling
from alumni_sync.eligibility.judging.judge import judge_leavers
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Case, CaseEvent, t
from alumni_sync.review.queue.following import QueueCounts, sync_queue
from alumni_sync.review.queue.numbering import case_number
from alumni_sync.review.rulings.ruling import RulingResult, rule_case
from alumni_sync.review.rulings.steps import NO_TERMS, Terms
from alumni_sync.review.rulings.tickets import issue
from alumni_sync.testing.mail import MemoryMailer
from tests.roster import Leaver, Roster, company

PEOPLE = [
    {"user": "rev", "mail": "rev@acme.example", "roles": ["reviewer"], "sources": ["acme-pl"]},
    {"user": "rev2", "mail": "r2@acme.example", "roles": ["reviewer"], "sources": ["acme-pl"]},
    {"user": "sec", "mail": "sec@acme.example", "roles": ["second"]},
    {
        "user": "both",
        "mail": "both@acme.example",
        "roles": ["reviewer", "second"],
        "sources": ["acme-pl", "acme-de"],
    },
    {"user": "ops", "mail": "ops@acme.example", "roles": ["operator"]},
    {"user": "aud", "mail": "aud@acme.example", "roles": ["auditor"]},
]
NOBODY = Identity("unverified", verified=False)


def who(user: str) -> Identity:
    """Return a verified identity."""
    return Identity(user, verified=True)


class Mailing(Deployment):
    """A deployment whose mails stay in memory."""

    post: MemoryMailer

    def mailer(self) -> MemoryMailer:
        """Return the mailer of the test."""
        return self.post


@dataclass
class Desk:
    """The queue of a company, with short ways to move it."""

    roster: Roster

    @classmethod
    def mailing(cls, root: Path, ledger: Ledger, clock: FixedClock, **changed: Any) -> "Desk":  # noqa: ANN401 any section
        """Return the queue of a company whose mails stay in memory."""
        settings = company(root, **{"people": PEOPLE, **changed})
        d = Mailing(Configuration(settings, {}), ledger, clock)
        d.post = MemoryMailer()
        return cls(Roster(d))

    @property
    def post(self) -> MemoryMailer:
        """Return the mailer of the test."""
        assert isinstance(self.d, Mailing)
        return self.d.post

    @property
    def d(self) -> Deployment:
        """Return the deployment."""
        return self.roster.deployment

    def round(self, run_id: str = "R-1") -> QueueCounts:
        """Judge, and bring the queue in line."""
        judge_leavers(self.d, run_id=run_id)
        return sync_queue(self.d, run_id=run_id)

    def case(self, leaver: Leaver) -> Row[Any]:
        """Return the row of a leaver's case."""
        table = t(Case)
        with self.d.ledger.read() as connection:
            return connection.execute(select(table).where(table.c.spell_id == leaver.spell)).one()

    def number(self, leaver: Leaver) -> str:
        """Return the number of a leaver's case."""
        return case_number(self.case(leaver).id)

    def events(self, leaver: Leaver) -> list[tuple[str, str, str]]:
        """Return (event, actor, reason) of a case, oldest first."""
        table = t(CaseEvent)
        query = select(table).where(table.c.case_id == self.case(leaver).id).order_by(table.c.id)
        with self.d.ledger.read() as connection:
            return [(row.event, row.actor, row.reason) for row in connection.execute(query)]

    def rule(
        self,
        leaver: Leaver,
        ruling: str,
        user: str | Identity = "rev",
        reason: str = "other",
        terms: Terms = NO_TERMS,
    ) -> RulingResult:
        """Rule by number, as the command line does."""
        identity = who(user) if isinstance(user, str) else user
        return rule_case(
            self.d,
            case=self.number(leaver),
            ruling=Ruling(ruling),
            reason=reason,
            identity=identity,
            run_id="R-rule",
            terms=terms,
        )


def ticket(desk: Desk, leaver: Leaver, act: str = "admit", terms: Terms | None = None) -> str:
    """Return a ticket for a case as it stands."""
    now, version = desk.d.clock.now(), desk.case(leaver).version
    hashes = desk.d.ledger.hashes
    return issue(hashes, desk.number(leaver), version, act, now=now, terms=terms or Terms())


def untouched(desk: Desk, leaver: Leaver) -> bool:
    """Say that nothing has happened to a case since it was opened."""
    case = desk.case(leaver)
    return (case.status, case.version, len(desk.events(leaver))) == ("open", 1, 1)
