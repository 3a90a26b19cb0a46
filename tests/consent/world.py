"""A company whose leavers can be asked: real ledger, real rules, a mailer that keeps its mails."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any

from sqlalchemy import select, update
from sqlmodel import SQLModel

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import Answer, Channel, Choice, Decided, Evidence, Outcome
from alumni_sync.consent.answers.decisions import decide
from alumni_sync.consent.answers.view import ConsentView, view
from alumni_sync.consent.invitations import RequestCounts, plan_requests
from alumni_sync.consent.links.secrets import resolve_link
from alumni_sync.consent.mail.delivery import MailCounts, deliver_mail
from alumni_sync.consent.rounds.renewals import ask_about_changes
from alumni_sync.consent.rounds.timers import react, run_timers
from alumni_sync.deployment import Configuration, Deployment
from alumni_sync.eligibility.judging.judge import judge_leavers
from alumni_sync.ledger.chain import read_event
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import ConsentEvent, Invitation, Outbox, t
from alumni_sync.ports import Message, ProfileField, Purpose
from alumni_sync.shipped import shipped
from alumni_sync.testing.mail import MemoryMailer, ReadMail
from tests.roster import Leaver, Roster, company

RUN = "R-0000000000000001"
BY_MAIL = Evidence(Channel.MAIL_LINK, network="192.0.2.0/24", agent="firefox")


class MailingDeployment(Deployment):
    """A deployment whose mailer is in memory."""

    post: MemoryMailer

    def mailer(self) -> MemoryMailer:
        """Return the one mailer."""
        return self.post


class World:
    """One company, and what a test does with it."""

    def __init__(self, root: Path, ledger: Ledger, clock: FixedClock, **changed: Any) -> None:  # noqa: ANN401 any section
        """Accept the packs, as a company's counsel would, and open the company."""
        copytree(shipped("rules"), root / "rules")
        for pack in (root / "rules" / "jurisdictions").glob("*.yaml"):
            accept(pack)
        self.root, self.clock, self.post = root, clock, MemoryMailer()
        self.d = MailingDeployment(Configuration(company(root, **changed), {}), ledger, clock)
        self.d.post = self.post
        self.roster = Roster(self.d)

    # --- people ---

    def leaver(self, name: str = "zofia", source: str = "acme-pl", **facts: Any) -> Leaver:  # noqa: ANN401 facts
        """Add somebody who gave a private address before leaving; judged at once."""
        address = f"{name}@mail.example"
        usual: dict[str, Any] = {
            "personal_email": address,
            "contact_given_at": date(2026, 10, 1),
            "contact_text": "exit-form-2026",
            "language": "en",
            "job_title": "Accountant",
            "legal_entity": "Acme sp. z o.o.",
        }
        leaver = self.roster.add(source, address=address, **{**usual, **facts})
        self.judge()
        return leaver

    def leaver_again(self, leaver: Leaver, **facts: Any) -> Leaver:  # noqa: ANN401 facts
        """Add another spell of somebody who has left before; judged at once."""
        known = {**self.roster.facts[leaver.spell], **facts}
        again = self.roster.add(leaver.source, of=leaver, **known)
        self.judge()
        return again

    def judge(self) -> None:
        """Let the rules speak about whatever changed."""
        judge_leavers(self.d, source=None, run_id=RUN)

    # --- the flow ---

    def plan(self) -> RequestCounts:
        """Plan invitations."""
        return plan_requests(self.d, RUN)

    def deliver(self) -> MailCounts:
        """Send what is due."""
        return deliver_mail(self.d, RUN)

    def round(self) -> MailCounts:
        """Do what `consent_requests` does."""
        react(self.d, RUN)
        plan_requests(self.d, RUN)
        ask_about_changes(self.d, RUN)
        run_timers(self.d, RUN)
        return deliver_mail(self.d, RUN)

    def later(self, **span: float) -> None:
        """Let time go by."""
        self.clock.advance(timedelta(**span))

    # --- what is there ---

    @property
    def mails(self) -> list[ReadMail]:
        """Return what was handed over, oldest first."""
        return [read(message) for message in self.post.sent]

    def invitation(self, leaver: Leaver) -> Mapping[str, Any]:
        """Return the row of a leaver's invitation."""
        table = t(Invitation)
        with self.d.ledger.read() as connection:
            query = select(table).where(table.c.spell_id == leaver.spell)
            return dict(connection.execute(query).mappings().one())

    def outbox(self, **where: object) -> list[Mapping[str, Any]]:
        """Return rows of the outbox, oldest first."""
        table = t(Outbox)
        query = select(table).order_by(table.c.id)
        for column, value in where.items():
            query = query.where(table.c[column] == value)
        with self.d.ledger.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def events(self, leaver: Leaver) -> list[dict[str, Any]]:
        """Return a leaver's consent events, oldest first."""
        table = t(ConsentEvent)
        query = select(table.c.canonical).where(table.c.spell_id == leaver.spell)
        with self.d.ledger.read() as connection:
            found = connection.execute(query.order_by(table.c.seq)).scalars()
            return [read_event(bytes(canonical)) for canonical in found]

    def history(self, leaver: Leaver) -> list[str]:
        """Return the names of a leaver's consent events."""
        return [event["event"] for event in self.events(leaver)]

    def set_invitation(self, leaver: Leaver, **columns: object) -> None:
        """Set columns of an invitation behind the stages' backs."""
        table = t(Invitation)
        with self.d.ledger.write() as connection:
            where = table.c.spell_id == leaver.spell
            connection.execute(update(table).where(where).values(**columns))

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return every row of every table but leases, to compare two moments."""
        found = {}
        with self.d.ledger.read() as connection:
            for table in SQLModel.metadata.sorted_tables:
                if table.name != "lease":
                    rows = connection.execute(select(table)).all()
                    found[table.name] = sorted((tuple(row) for row in rows), key=repr)
        return found

    # --- a person ---

    def invited(self, name: str = "zofia", **facts: Any) -> Leaver:  # noqa: ANN401 facts
        """Add somebody and invite them."""
        leaver = self.leaver(name, **facts)
        self.round()
        return leaver

    def token(self, path: str = "/c/", mail: int = -1) -> str:
        """Return the secret of a mail's link."""
        return self.mails[mail].link(path).rpartition("/")[2]

    def shown(self, leaver: Leaver, language: str | None = None) -> ConsentView:
        """Return the page of a leaver."""
        found = view(self.d, self.invitation(leaver)["id"], language)
        assert found is not None
        return found

    def choice(self, leaver: Leaver, answer: Answer | None, **changed: Any) -> Choice:  # noqa: ANN401 any field
        """Return what a form of the present page would send."""
        page = self.shown(leaver, changed.get("language"))
        usual = {
            "notice_sha256": page.notice_sha256,
            "form_sha256": page.form_sha256,
            "version": page.version,
            "nonce": f"nonce-{leaver.spell}-{answer}",
            "name": page.full_name,
        }
        return Choice(answer, **{**usual, **changed})

    def answer(self, leaver: Leaver, answer: Answer, **changed: Any) -> Outcome:  # noqa: ANN401 any field
        """Submit the form."""
        choice = self.choice(leaver, answer, **changed)
        return decide(self.d, self.invitation(leaver)["id"], choice, BY_MAIL)

    def member(self, name: str = "zofia", **facts: Any) -> Leaver:  # noqa: ANN401 facts
        """Add somebody, invite them, and have them say yes to two fields and one purpose."""
        leaver = self.invited(name, **facts)
        outcome = self.answer(
            leaver,
            Answer.YES,
            purposes=frozenset({Purpose.NEWSLETTER}),
            fields={ProfileField.JOB_TITLE: True, ProfileField.CITY: False},
        )
        assert isinstance(outcome, Decided), outcome
        return leaver

    def opens(self, token: str) -> bool:
        """Say whether a link is good now."""
        return resolve_link(self.d, token) is not None


def accept(pack: Path) -> None:
    """Write counsel's name into a pack."""
    text = pack.read_text(encoding="utf-8")
    pack.write_text(text.replace('accepted_by: ""', "accepted_by: C. Counsel"), encoding="utf-8")


def read(message: Message) -> ReadMail:
    """Return a message as its reader sees it."""
    return ReadMail(message.to, message.subject, message.text, message.html, dict(message.headers))
