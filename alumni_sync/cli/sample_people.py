"""What the sample's last screen says of people and tables, looked up in the ledger."""

import csv
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import Table, func, select
from sqlmodel import SQLModel

from alumni_sync.cli.sample_visitor import Letter, SampleFailed
from alumni_sync.domain import CaseStatus
from alumni_sync.ledger.mail_tables import Checkpoint
from alumni_sync.ledger.tables import Case, Lease, Outbox, Run, t
from alumni_sync.reporting.figures import read_figures
from alumni_sync.reporting.screen import funnel_screen
from alumni_sync.reporting.story import read_story
from alumni_sync.shipped import shipped

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

OWN_RECORDS: Final = frozenset({t(Run).name, t(Lease).name, t(Checkpoint).name})
"""Tables that a run without changes may write (I7)."""

CASES_LEFT: Final = 3
SCENARIOS: Final[Mapping[str, str]] = {
    "misconduct": "dismissed, and waits for you",
    "future_exit": "leaves in the future: nobody asks before",
    "rescinded": "took the notice back",
    "unknown": "left with a code that no mapping knows",
}
"""Scenario of expected.csv → what is to be seen there."""


@dataclass(frozen=True, slots=True)
class Following:
    """Somebody to follow: the name that `trace` takes, and what is to be seen there."""

    person: str
    why: str


class Traces:
    """Looks into the ledger of the sample."""

    def __init__(self, d: "Deployment") -> None:
        """Look into the ledger of `d`."""
        self._d = d

    def everything(self) -> dict[str, str]:
        """Return table → hash of its rows, mails and platform included, for what may not change."""
        tables = [one for one in SQLModel.metadata.sorted_tables if one.name not in OWN_RECORDS]
        digests = {table.name: self._digest(table) for table in tables}
        var = self._d.root / "var"
        files = sorted([*var.glob("outbox/*.eml"), *var.glob("community.html")])
        content = b"".join(path.name.encode() + path.read_bytes() for path in files)
        return digests | {"mails and members": hashlib.sha256(content).hexdigest()}

    def differing(self, before: Mapping[str, str]) -> list[str]:
        """Return what differs from `everything` of an earlier moment."""
        now = self.everything()
        return sorted(name for name in now if now[name] != before.get(name))

    def _digest(self, table: Table) -> str:
        with self._d.ledger.read() as connection:
            rows = sorted(map(repr, connection.execute(select(table))))
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()

    def waiting_cases(self) -> list[str]:
        """Return the oldest cases that one person alone may rule on."""
        cases = t(Case)
        waiting = cases.c.status == CaseStatus.OPEN.value
        query = select(cases.c.id).where(waiting, cases.c.two_person.is_(False))
        with self._d.ledger.read() as connection:
            found = connection.execute(query.order_by(cases.c.id).limit(CASES_LEFT)).scalars()
            return [f"EX-{number:06d}" for number in found]

    def funnel(self) -> list[str]:
        """Return the funnel, a line a stage."""
        return funnel_screen(read_figures(self._d).funnel)

    def latest(self) -> datetime:
        """Return when the last run ended or began."""
        runs = t(Run)
        with self._d.ledger.read() as connection:
            found = connection.execute(
                select(func.max(runs.c.finished_at), func.max(runs.c.started_at))
            ).one()
        return max((at for at in found if at is not None), default=self._d.clock.now())


def follow(d: "Deployment", joined: Sequence[Letter], leaver: Letter) -> list[Following]:
    """Return six people worth following, each of another kind.

    To be asked before the `leaver` leaves: afterwards nothing in the ledger tells their number.
    """
    stayed = next(letter for letter in joined if letter.to != leaver.to)
    expected = _first_of_each_scenario()
    return [
        Following(_who_got(d, stayed), "said yes, and is a member"),
        *(Following(expected[name], why) for name, why in SCENARIOS.items()),
        Following(_who_got(d, leaver), "said yes, then withdrew: nothing is left"),
    ]


def _who_got(d: "Deployment", letter: Letter) -> str:
    """Return whom a letter went to, as `source/employee`."""
    mails = t(Outbox)
    message_id = letter.message_id.strip().strip("<>")
    with d.ledger.read() as connection:
        person_id = connection.execute(
            select(mails.c.person_id).where(mails.c.message_id.in_([message_id, f"<{message_id}>"]))
        ).scalar()
    if person_id is None:
        msg = "a mail was delivered that the ledger does not know"
        raise SampleFailed(msg)
    story = read_story(d, person_id)
    return f"{story.person['source']}/{story.number}"


def _first_of_each_scenario() -> dict[str, str]:
    """Return scenario → the first person of it in the sample's list of what is expected."""
    path = shipped("examples") / "acme" / "expected.csv"
    found: dict[str, str] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["scenario"], f"{row['source']}/{row['employee']}")
    return found
