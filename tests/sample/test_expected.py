"""Every row of the sample ends as `expected.csv` says, and every count adds up (I3, I4)."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from alumni_sync.cli.init import write_deployment
from alumni_sync.clock import FixedClock
from alumni_sync.consent.invitations import plan_requests
from alumni_sync.consent.mail.delivery import deliver_mail
from alumni_sync.deployment import Deployment
from alumni_sync.eligibility.judging.judge import VerdictCounts, judge_leavers
from alumni_sync.intake.counts import IntakeCounts
from alumni_sync.intake.pull import pull_leavers
from alumni_sync.ledger.tables import Invitation, Person, Quarantine, Spell, t
from alumni_sync.reporting.story import read_story

EXPECTED = Path(__file__).parents[2] / "examples" / "acme" / "expected.csv"
CLOSE = date(2026, 10, 29)
SOURCES = ("acme-pl", "acme-de")

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FirstRun:
    """The sample after its first payroll close."""

    deployment: Deployment
    counts: Mapping[str, IntakeCounts]
    verdicts: VerdictCounts
    expected: Sequence[Row]

    def people(self) -> dict[tuple[str, str], list[Any]]:
        """Return (source, employee number) → spells with their invitation."""
        people, spells, asked = t(Person), t(Spell), t(Invitation)
        query = (
            people.join(spells, spells.c.person_id == people.c.id)
            .outerjoin(asked, asked.c.spell_id == spells.c.id)
            .select()
            .with_only_columns(
                people.c.employee_hash, spells, asked.c.state, asked.c.no_contact_reason
            )
        )
        with self.deployment.ledger.read() as connection:
            rows = connection.execute(query).fetchall()
        by_hash = defaultdict(list)
        for row in rows:
            by_hash[row.employee_hash].append(row)
        digest = self.deployment.ledger.hashes.digest
        return {
            (row["source"], row["employee"]): by_hash[
                digest("employee", row["source"], row["employee"])
            ]
            for row in self.expected
        }


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirstRun]:
    """Yield the sample after intake, rules and invitations, on its own clock."""
    folder = tmp_path_factory.mktemp("acme")
    write_deployment(folder, from_sample=True)
    clock = FixedClock(datetime(2026, 10, 29, 17, 10, tzinfo=UTC))
    with EXPECTED.open(encoding="utf-8", newline="") as file:
        expected = list(csv.DictReader(file))
    with Deployment.open(folder / "alumni_sync.yaml", clock=clock) as d:
        counts = {name: pull_leavers(d, name, close=CLOSE, run_id="R-1") for name in SOURCES}
        verdicts = judge_leavers(d, run_id="R-1")
        plan_requests(d, run_id="R-1")
        deliver_mail(d, run_id="R-1")
        yield FirstRun(d, counts, verdicts, expected)


def expected_counts(rows: Sequence[Row]) -> Counter[str]:
    """Return what is to become of rows, by what becomes of them."""
    return Counter(row["intake"] for row in rows)


@pytest.mark.parametrize("source", SOURCES)
def test_counts_are_those_of_the_rows(first_run: FirstRun, source: str) -> None:
    """A row that is counted twice, or not at all, is a leaver whom nobody asks."""
    rows = [row for row in first_run.expected if row["source"] == source]
    wanted, counts = expected_counts(rows), first_run.counts[source]
    assert {
        "new": counts.new,
        "not_leaver": counts.not_leavers,
        "rejected": counts.rejected,
        "unchanged": counts.unchanged,
    } == dict(wanted)
    assert len(rows) == counts.read
    assert (counts.rejected, 0) == (counts.newly_rejected, counts.changed)


def test_rejected_rows_are_named_by_their_line(first_run: FirstRun) -> None:
    """A wrong line number sends an admin to somebody else's record."""
    with first_run.deployment.ledger.read() as connection:
        found = connection.execute(t(Quarantine).select()).fetchall()
    named = {(row.source, row.position.rpartition(":")[2]) for row in found}
    rejected = {
        (row["source"], row["line"]) for row in first_run.expected if row["intake"] == "rejected"
    }
    assert rejected == named


def test_every_new_row_has_its_verdict(first_run: FirstRun) -> None:
    """One wrong verdict asks somebody who must not be asked, or forgets somebody."""
    people = first_run.people()
    found = {
        (row["source"], row["line"]): [
            spell.verdict for spell in people[row["source"], row["employee"]]
        ]
        for row in first_run.expected
        if row["intake"] == "new"
    }
    wanted = {
        (row["source"], row["line"]): [row["verdict"]]
        for row in first_run.expected
        if row["intake"] == "new"
    }
    assert wanted == found


def test_nobody_else_is_in_the_ledger(first_run: FirstRun) -> None:
    """Whoever still works here is none of our business."""
    new = {(row["source"], row["employee"]) for row in first_run.expected if row["intake"] == "new"}
    strays = [who for who, spells in first_run.people().items() if spells and who not in new]
    assert [] == strays


def test_flags_are_those_expected(first_run: FirstRun) -> None:
    """A mentor whom nobody flagged is one whom nobody finds."""
    wanted = Counter(
        flag
        for row in first_run.expected
        for flag in row["flags"].split()
        if row["intake"] == "new"
    )
    assert dict(wanted) == dict(first_run.verdicts.flags)


def test_who_is_asked_and_why_others_are_not(first_run: FirstRun) -> None:
    """A mail to a company mailbox, a child or a stranger's address cannot be called back."""
    people = first_run.people()
    rows = [row for row in first_run.expected if row["contact"]]
    found = {}
    for row in rows:
        (spell,) = people[row["source"], row["employee"]]
        found[row["source"], row["line"]] = spell.no_contact_reason or spell.state
    assert {(row["source"], row["line"]): row["contact"] for row in rows} == found
    asked = [who for who, spells in people.items() if any(s.state == "invited" for s in spells)]
    assert expected_asked(first_run.expected) == set(asked)


def expected_asked(rows: Sequence[Row]) -> set[tuple[str, str]]:
    """Return whom an invitation is expected for."""
    return {(row["source"], row["employee"]) for row in rows if row["contact"] == "invited"}


def test_reason_of_a_verdict_can_be_read(first_run: FirstRun) -> None:
    """A case that cannot say why it is one cannot be ruled on."""
    people = first_run.people()
    dismissed = next(row for row in first_run.expected if row["scenario"] == "misconduct")
    (spell,) = people[dismissed["source"], dismissed["employee"]]
    story = read_story(first_run.deployment, spell.person_id)
    (record,) = story.records.values()
    assert dismissed["employee"] == story.number
    assert ("conduct-exit",) == record.judgement.rules
    assert all(reason.endswith(".") for reason in record.judgement.reasons)
