"""A change of a file that lets anybody in waits for two people; everything else judges at once."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from alumni_sync.clock import FixedClock
from alumni_sync.eligibility.judging.judge import VerdictCounts
from alumni_sync.eligibility.revisions.publishing import (
    Standing,
    broken_problems,
    publish,
    waiting_rules,
    waiting_sentences,
)
from alumni_sync.eligibility.revisions.ruleset import candidate_ruleset, kept_ruleset, load_ruleset
from alumni_sync.errors import ConfigError
from alumni_sync.ledger.rule_tables import ActiveRules, RulesRevision
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Tombstone, t
from tests.eligibility.rulebooks import CONDUCT, PLANT, SENIOR, Book
from tests.roster import release_changed_rules

SOURCE = "acme-pl"


@pytest.fixture
def book(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Book:
    """Return a company with two rules, on either database."""
    return Book.of(tmp_path, ledger, clock, CONDUCT, SENIOR)


@pytest.fixture
def here(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> Book:
    """Return the same on SQLite, for what no database changes."""
    return Book.of(tmp_path, sqlite_ledger, clock, CONDUCT, SENIOR)


def _states(book: Book) -> list[tuple[str, str]]:
    table = t(RulesRevision)
    query = select(table.c.source, table.c.state).where(table.c.source == SOURCE)
    with book.roster.ledger.read() as connection:
        return sorted((row.source, row.state) for row in connection.execute(query))


def test_r1_a_rule_that_is_edited_away_lets_nobody_in(book: Book) -> None:
    """R1: one line less in a file, and whoever was dismissed gets a friendly mail."""
    fired, senior = book.roster.add(exit_kind="misconduct"), book.roster.add(job_level=9)
    book.judge()
    before = load_ruleset(book.roster.deployment, SOURCE).revision

    book.edit(SENIOR.replace("at_least: 8", "at_least: 10"), CONDUCT.replace(", dispute", ""))
    counts = book.judge()

    assert ("excluded", "review") == (book.verdict(fired), book.verdict(senior))
    assert VerdictCounts({}, {}, rules_waiting=1) == counts
    (row,) = waiting_rules(book.roster.deployment)
    assert {"towards_eligible": 1, "away_from_eligible": 0} == {
        name: row.counts[name] for name in ("towards_eligible", "away_from_eligible")
    }
    assert before == load_ruleset(book.roster.deployment, SOURCE).revision
    release_changed_rules(book.roster.deployment)
    book.judge()
    assert ("excluded", "eligible") == (book.verdict(fired), book.verdict(senior))


def test_the_first_rules_judge_at_once(here: Book) -> None:
    """A company that starts has nobody yet to decide with a second person about."""
    here.roster.add()

    assert 0 == here.judge().rules_waiting
    assert [(SOURCE, "active")] == _states(here)


def test_rules_that_are_stricter_judge_at_once(here: Book) -> None:
    """Whoever finds a hole must be able to close it before the second person is back."""
    who = here.roster.add(department="Produkcja")
    here.judge()

    here.edit(CONDUCT, SENIOR, PLANT)

    assert 0 == here.judge().rules_waiting
    assert "out_of_scope" == here.verdict(who)
    assert [(SOURCE, "active"), (SOURCE, "retired")] == _states(here)


def test_from_excluded_to_review_is_towards_eligible(here: Book) -> None:
    """Then one person decides in the queue, where the rules had decided with everybody."""
    who = here.roster.add(exit_kind="misconduct")
    here.judge()

    here.edit(CONDUCT.replace("excluded", "review"), SENIOR)

    assert 1 == here.judge().rules_waiting
    assert "excluded" == here.verdict(who)


def test_comments_and_order_are_no_change(here: Book) -> None:
    """A comment must not take two people."""
    here.roster.add(exit_kind="misconduct")
    here.judge()

    here.edit("# a comment", SENIOR, CONDUCT)

    assert VerdictCounts({}, {}) == here.judge()
    assert [(SOURCE, "active")] == _states(here)


def test_waiting_is_weighed_once(here: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change that waits a month must not cost a pass over the ledger at every run."""
    here.roster.add(exit_kind="misconduct")
    here.judge()
    here.edit(SENIOR, good=("resignation", "retirement", "redundancy"))
    here.judge()
    weighed: list[Any] = []
    monkeypatch.setattr("alumni_sync.eligibility.revisions.publishing.weigh", weighed.append)

    here.judge()

    assert [] == weighed


def test_files_put_back_take_the_change_off_the_list(here: Book) -> None:
    """Nobody may release what nobody wants any more."""
    here.roster.add(job_level=9)
    here.judge()
    here.edit(CONDUCT)
    assert 1 == here.judge().rules_waiting

    here.edit(CONDUCT, SENIOR)

    assert VerdictCounts({}, {}) == here.judge()
    assert [] == waiting_rules(here.roster.deployment)


def test_another_edit_waits_in_place_of_the_first(here: Book) -> None:
    """Two people must know which of the two they release."""
    here.roster.add(job_level=9)
    here.judge()
    here.edit(CONDUCT)
    here.judge()
    (first,) = waiting_rules(here.roster.deployment)

    here.edit(CONDUCT, SENIOR.replace("at_least: 8", "at_least: 10"))
    here.judge()

    (second,) = waiting_rules(here.roster.deployment)
    assert first.revision != second.revision
    assert [(SOURCE, state) for state in ("active", "awaiting_release", "retired")] == _states(here)


def test_a_change_that_was_retired_is_weighed_anew(here: Book) -> None:
    """Back and forth must not be a way around the second person."""
    here.roster.add(job_level=9)
    here.judge()
    for rules in ((CONDUCT,), (CONDUCT, SENIOR), (CONDUCT,)):
        here.edit(*rules)
        counts = here.judge()

    assert 1 == counts.rules_waiting
    (row,) = waiting_rules(here.roster.deployment)
    assert ("awaiting_release", 2) == (row.state, row.version)


def test_r6_a_broken_pack_never_judges(here: Book) -> None:
    """R6: a typing error before the holidays must neither judge nor stop removals."""
    who = here.roster.add(exit_kind="misconduct")
    here.judge()
    path = here.root / "pack.yaml"
    path.write_text(path.read_text("utf-8").replace("excluded", "excludd"), "utf-8")
    later = here.roster.add(exit_kind="dispute")

    counts = here.judge()

    assert (2, 0) == (counts.rules_broken, counts.rules_waiting)  # both sources have that file
    assert ("excluded", "excluded") == (here.verdict(who), here.verdict(later))
    (problem,) = broken_problems(here.roster.deployment)
    assert "pack.yaml:6 rules.0.then" == problem.where
    assert ("is no outcome", True) == (problem.what, "excluded" in problem.do)


def test_a_broken_pack_stops_a_run_that_has_nothing_else(here: Book) -> None:
    """Without any rules nobody may be judged."""
    (here.root / "pack.yaml").write_text("pack: x\n", "utf-8")
    who = here.roster.add()

    with pytest.raises(ConfigError, match=r"pack\.yaml"):
        here.judge()

    assert [] == here.roster.decisions(who)


@pytest.mark.parametrize(
    ("before", "after", "waits"),
    [
        ({"location": ["Berlin"]}, {"location": ["Berlin", "Warszawa"]}, True),
        ({"location": ["Berlin", "Warszawa"]}, {"location": ["Berlin"]}, False),
        ({"location": ["Berlin"]}, None, True),
        (None, {"location": ["Berlin"]}, False),
        ({"location": ["Berlin"], "department": ["IT"]}, {"location": ["Berlin"]}, True),
        ({"location": ["Berlin"]}, {"location": [" berlin"], "department": ["IT"]}, False),
        ({"location": ["Berlin"]}, {"department": ["IT"]}, True),
    ],
)
def test_a_wider_audience_waits(
    here: Book,
    before: dict[str, list[str]] | None,
    after: dict[str, list[str]] | None,
    *,
    waits: bool,
) -> None:
    """Also where nobody in the ledger would move: whom it lets in is forgotten by now."""
    here.configure(audience=before)
    here.roster.add(location="Madrid", department="HR")
    here.judge()

    here.configure(audience=after)

    assert waits == (here.judge().rules_waiting == 1)


@pytest.mark.parametrize(
    ("before", "after", "waits"),
    [
        ({"share": 0.2}, {"share": 0.3}, True),
        ({"share": 0.3}, {"share": 0.2}, False),
        ({"share": 0.2}, None, True),
        (None, {"share": 0.2}, False),
        ({"segments": {"department": ["IT"]}}, {"segments": {"department": ["IT", "HR"]}}, True),
        ({"segments": {"department": ["IT", "HR"]}}, {"segments": {"department": ["IT"]}}, False),
    ],
)
def test_a_growing_pilot_waits(
    here: Book, before: dict[str, Any] | None, after: dict[str, Any] | None, *, waits: bool
) -> None:
    """A share is one digit in a file, and ten times the people."""
    here.configure(pilot=before)
    here.roster.add(exit_kind="misconduct")
    here.judge()

    here.configure(pilot=after)

    assert waits == (here.judge().rules_waiting == 1)


def test_a_rule_gone_that_left_out_the_forgotten_waits(here: Book) -> None:
    """Nothing is known of them any more, so nobody can say what the rules would."""
    here.edit(CONDUCT, PLANT)
    here.roster.add()
    here.judge()
    stone = {
        "spell_hash": "h",
        "source": SOURCE,
        "person_hash": "p",
        "outcome": "out_of_scope",
        "revision": load_ruleset(here.roster.deployment, SOURCE).revision,
        "facts_hash": "f",
        "reopens_on": "audience",
        "created_at": here.roster.deployment.clock.now(),
    }
    with here.roster.ledger.write() as connection:
        connection.execute(insert(t(Tombstone)).values(stone))

    here.edit(CONDUCT)
    here.judge()

    (row,) = waiting_rules(here.roster.deployment)
    assert (1, 0) == (row.counts["forgotten"], row.counts["towards_eligible"])


def test_a_new_expert_takes_no_release(tmp_path: Path, here: Book) -> None:
    """HR's list makes nobody eligible; only those it names are judged anew."""
    named, other = here.roster.add(), here.roster.add()
    here.judge()
    experts = tmp_path / "experts.csv"
    experts.write_text(f"source/employee,topic\nacme-pl/{named.number},payroll law\n")
    here.configure(experts=experts)

    counts = here.judge()

    assert VerdictCounts({"eligible": 1}, {"expert": 1}) == counts
    assert (2, 1) == (len(here.roster.decisions(named)), len(here.roster.decisions(other)))


def test_what_waits_is_said(here: Book) -> None:
    """Who changed a rule must not believe that it judged, nor look for the name of it."""
    here.roster.add(job_level=9)
    here.judge()
    here.edit(CONDUCT)
    here.judge()

    (sentence,) = waiting_sentences(here.roster.deployment)

    revision = candidate_ruleset(here.roster.deployment, SOURCE).revision
    assert sentence.startswith("acme-pl: changed rules wait for their release (1 towards eligible)")
    assert f"rules release {revision}" in sentence


def test_every_revision_is_kept_as_it_was(here: Book) -> None:
    """The folder says something else by then."""
    here.roster.add()
    here.judge()
    old = load_ruleset(here.roster.deployment, SOURCE)
    here.edit(CONDUCT, SENIOR, PLANT)
    here.judge()

    kept = kept_ruleset(here.roster.deployment, SOURCE, old.revision)

    assert kept is not None
    assert (old.pack, old.revision, old.content) == (kept.pack, kept.revision, kept.content)
    assert kept_ruleset(here.roster.deployment, "acme-de", old.revision) is None
    assert kept_ruleset(here.roster.deployment, SOURCE, "unknown") is None


def test_tables_are_part_of_what_is_kept(here: Book) -> None:
    """A line in a spreadsheet decides like a line in the pack."""
    table = here.root / "conduct.csv"
    table.write_text("id,exit_kind,then\nconduct-row,misconduct,excluded\n", "utf-8")
    path = here.root / "pack.yaml"
    path.write_text(path.read_text("utf-8").replace("rules:\n", "tables: [conduct.csv]\nrules:\n"))
    here.roster.add(exit_kind="misconduct")
    here.judge()
    old = load_ruleset(here.roster.deployment, SOURCE)

    table.write_text("id,exit_kind,then\nconduct-row,dispute,excluded\n", "utf-8")
    here.judge()

    assert {"pack.yaml", "conduct.csv"} == set(old.content.files)
    kept = kept_ruleset(here.roster.deployment, SOURCE, old.revision)
    assert kept is not None
    assert old.pack == kept.pack


def test_two_runs_at_once_agree(here: Book) -> None:
    """The slower one compares anew, with what the faster one has made active."""
    here.roster.add()
    d = here.roster.deployment
    (first,) = publish(d, "R-1", [SOURCE])
    (second,) = publish(d, "R-2", [SOURCE])

    assert (Standing.TAKEN, Standing.SAME) == (first.standing, second.standing)
    assert first.ruleset.revision == second.ruleset.revision
    with here.roster.ledger.read() as connection:
        assert [SOURCE] == list(connection.execute(select(t(ActiveRules).c.source)).scalars())


def test_a_source_that_is_not_there_is_left_out(here: Book) -> None:
    """In the Dagster UI anybody can type any key; the read says what is wrong with it."""
    assert () == publish(here.roster.deployment, "R-1", ["nobody"])
