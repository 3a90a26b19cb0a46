"""The service around the rules: who is judged, when again, and what is kept of it."""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from alumni_sync.clock import FixedClock
from alumni_sync.domain import NOT_VISIBLE, OutreachHold
from alumni_sync.eligibility.judging.judge import VerdictCounts, judge_leavers
from alumni_sync.eligibility.judging.records import closed_purposes, load_record
from alumni_sync.eligibility.judging.stale import stale_page
from alumni_sync.errors import ConfigError
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Decision, Spell, t
from tests.conftest import NOW
from tests.roster import Leaver, Roster, release_changed_rules

NOTHING = VerdictCounts({}, {})


@pytest.fixture
def roster(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Roster:
    """Return an empty company on either database."""
    return Roster.of(tmp_path, ledger, clock)


@pytest.fixture
def here(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> Roster:
    """Return an empty company on SQLite, for tests that are not about the database."""
    return Roster.of(tmp_path, sqlite_ledger, clock)


def _judge(roster: Roster, run: str = "R-1", **options: Any) -> VerdictCounts:  # noqa: ANN401 options
    return judge_leavers(roster.deployment, run_id=run, **options)


def _verdict(roster: Roster, leaver: Leaver) -> str:
    return str(roster.spell(leaver).verdict)


def _record(roster: Roster, leaver: Leaver) -> Any:  # noqa: ANN401 a DecisionRecord
    row = roster.decisions(leaver)[-1]
    vault = roster.ledger.vault
    return load_record(vault.open(leaver.person, KeyKind.EVIDENCE, "decision", row.sealed))


def test_every_leaver_gets_a_verdict(roster: Roster) -> None:
    """Who is not judged waits for ever, and nobody notices."""
    leavers = {
        "eligible": roster.add(exit_kind="retirement"),
        "excluded": roster.add(exit_kind="misconduct"),
        "review": roster.add("acme-de", exit_kind="unknown"),
        "held": roster.add(last_working_day=date(2026, 11, 20)),
        "never_contact": roster.add(exit_kind="death"),
    }

    counts = _judge(roster)

    assert {verdict: _verdict(roster, who) for verdict, who in leavers.items()} == {
        verdict: verdict for verdict in leavers
    }
    assert VerdictCounts(dict.fromkeys(leavers, 1), {"retiree": 1}) == VerdictCounts(
        dict(sorted(counts.verdicts.items(), key=lambda item: list(leavers).index(item[0]))),
        counts.flags,
    )


def test_a_second_run_writes_nothing(roster: Roster) -> None:
    """A run without changes that writes is a run that can go wrong (I7)."""
    leavers = [roster.add(), roster.add(exit_kind="misconduct")]
    _judge(roster)
    before = [(roster.spell(who), roster.decisions(who)) for who in leavers]

    assert NOTHING == _judge(roster, "R-2")

    assert before == [(roster.spell(who), roster.decisions(who)) for who in leavers]


def test_more_leavers_than_a_page(here: Roster, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's edge must neither lose nor repeat anybody."""
    monkeypatch.setattr("alumni_sync.eligibility.judging.judge.PAGE", 3)
    leavers = [here.add() for _ in range(8)]

    assert VerdictCounts({"eligible": 8}, {}) == _judge(here)

    assert [1] * 8 == [len(here.decisions(who)) for who in leavers]


def test_what_led_to_a_verdict_is_kept(roster: Roster) -> None:
    """Months later somebody asks why; the answer must not depend on today's rules."""
    who = roster.add(exit_kind="dispute", job_level=9)
    _judge(roster)

    record = _record(roster, who)

    judgement = record.judgement
    assert ("excluded", ("conduct-exit",)) == (judgement.verdict, judgement.rules)
    assert ("Excluded, because the exit kind is misconduct or dispute.",) == judgement.reasons
    assert frozenset({"expert"}) == judgement.flags
    assert date(2026, 11, 3) == record.judged_on
    assert ("dispute", "1988-06-15") == (record.facts["exit_kind"], record.facts["birth_date"])
    assert not {"given_name", "family_name", "employee_number"} & set(record.facts)
    assert roster.decisions(who)[-1].revision == judgement.revision


def test_a_changed_fact_is_judged_again(roster: Roster) -> None:
    """A corrected code must reach the person it was wrong about."""
    who = roster.add(exit_kind="misconduct")
    _judge(roster)

    roster.change(who, exit_kind="resignation")
    counts = _judge(roster, "R-2")

    assert VerdictCounts({"eligible": 1}, {}) == counts
    assert ["excluded", "eligible"] == [row.verdict for row in roster.decisions(who)]
    assert roster.spell(who).decision_id == roster.decisions(who)[-1].id


def test_a_fact_that_no_rule_looks_at_makes_no_decision(roster: Roster) -> None:
    """A corrected name must not reopen a case nor fill the ledger."""
    who = roster.add()
    _judge(roster)

    roster.change(who, family_name="Brzozowska")
    counts = _judge(roster, "R-2")

    assert NOTHING == counts
    assert 1 == len(roster.decisions(who))
    assert str(roster.spell(who).judged_facts).startswith(roster.spell(who).facts_hash)


def test_changed_rules_judge_everybody_again(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """Each decision names the rules that made it; new rules are new decisions."""
    before = Roster.of(tmp_path, sqlite_ledger, clock)
    who = before.add()
    _judge(before)

    after = Roster.of(tmp_path, sqlite_ledger, clock, audience={"location": ["Berlin"]})
    counts = _judge(after, "R-2")

    assert VerdictCounts({"out_of_scope": 1}, {}) == counts
    assert 2 == len({row.revision for row in before.decisions(who)})


def test_a_future_exit_is_judged_when_it_is_due(roster: Roster, clock: FixedClock) -> None:
    """A rule that opens a case must neither speak early nor never."""
    who = roster.add(exit_kind="misconduct", last_working_day=date(2026, 11, 4))
    _judge(roster)
    early = _verdict(roster, who)

    clock.set(datetime(2026, 11, 4, 22, 59, tzinfo=UTC))  # 23:59 in Warsaw
    assert NOTHING == _judge(roster, "R-2")
    clock.set(datetime(2026, 11, 4, 23, 0, tzinfo=UTC))
    _judge(roster, "R-3")

    assert ("held", "excluded") == (early, _verdict(roster, who))


def test_the_eighteenth_birthday_comes_by_itself(roster: Roster, clock: FixedClock) -> None:
    """Nobody changes a fact on that day; the verdict has to look at the calendar."""
    who = roster.add(birth_date=date(2008, 11, 20))
    _judge(roster)
    assert "held" == _verdict(roster, who)

    clock.set(datetime(2026, 11, 19, 22, 0, tzinfo=UTC))
    assert NOTHING == _judge(roster, "R-2")
    clock.set(datetime(2026, 11, 19, 23, 0, tzinfo=UTC))  # midnight in Warsaw
    _judge(roster, "R-3")

    assert "eligible" == _verdict(roster, who)


def test_two_people_with_one_address_both_go_to_review(roster: Roster) -> None:
    """One would decide for the other."""
    first = roster.add(address="Rodzina@Dom.example")
    _judge(roster)
    assert "eligible" == _verdict(roster, first)

    second = roster.add(address="rodzina@dom.example")
    _judge(roster, "R-2")

    assert {"review"} == {_verdict(roster, first), _verdict(roster, second)}
    assert ("shared-address",) == _record(roster, first).judgement.rules
    roster.set_person(second, address_hash=None)
    _judge(roster, "R-3")
    assert {"eligible"} == {_verdict(roster, first), _verdict(roster, second)}


def test_one_person_at_two_sources_shares_no_address(roster: Roster) -> None:
    """Somebody who worked in both companies is not two people."""
    one = roster.add("acme-pl", key="K-1", address="zofia@poczta.example")
    other = roster.add("acme-de", key="K-1", address="zofia@poczta.example")

    _judge(roster)

    assert {"eligible"} == {_verdict(roster, one), _verdict(roster, other)}


@pytest.mark.parametrize("where", ["acme-pl", "acme-de"])
def test_another_exit_over_misconduct_keeps_a_person_out(roster: Roster, where: str) -> None:
    """An earlier exit in good standing must not be the way back in."""
    earlier = roster.add(key="K-1")
    if where == "acme-pl":
        roster.add(of=earlier, exit_kind="misconduct")
    else:
        roster.add("acme-de", key="K-1", exit_kind="misconduct")

    counts = _judge(roster)

    assert "held" == _verdict(roster, earlier)
    assert ("other-exit-adverse",) == _record(roster, earlier).judgement.rules
    assert VerdictCounts({"held": 1, "excluded": 1}, {}) == counts
    assert NOTHING == _judge(roster, "R-2")


def test_a_verdict_moves_nobody_who_has_one_exit(roster: Roster) -> None:
    """To look at everybody again after each run of decisions takes as long as a run without any."""
    roster.add()
    twice = roster.add(key="K-1")
    exits = {twice.spell, roster.add(of=twice).spell}
    elsewhere = roster.add("acme-de", key="K-1")

    with roster.ledger.read() as connection:
        look = partial(stale_page, connection, now=NOW, after="", limit=9, only_several=True)
        here, there = (look(source, mark="0:1") for source in ("acme-pl", "acme-de"))

    assert exits == {row.id for row in here}
    assert [elsewhere.spell] == [row.id for row in there]


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ({"rehire_on": date(2026, 12, 1)}, "returning"),
        ({"rehire_ends": True}, "returning"),
        ({"record_status": "rescinded"}, "exit-taken-back"),
    ],
)
def test_who_comes_back_is_held(roster: Roster, columns: dict[str, Any], rule: str) -> None:
    """An employee must not be asked as a leaver, nor stay a case."""
    who = roster.add(exit_kind="performance")
    _judge(roster)

    roster.set(who, **columns)
    _judge(roster, "R-2")

    assert "held" == _verdict(roster, who)
    assert (rule,) == _record(roster, who).judgement.rules


def test_another_active_employment_holds(roster: Roster) -> None:
    """A leaver has no employment left."""
    who = roster.add()
    roster.set_person(who, active_elsewhere=True)

    _judge(roster)

    assert ("employed-still",) == _record(roster, who).judgement.rules


def test_what_the_source_hides_is_unknown(roster: Roster) -> None:
    """A field that we may not see is no proof that there is nothing in it."""
    who = roster.add(exit_kind=NOT_VISIBLE)

    _judge(roster)

    assert "review" == _verdict(roster, who)
    assert ("exit_kind",) == _record(roster, who).judgement.unknown


def test_facts_that_do_not_open_go_to_review(roster: Roster) -> None:
    """A damaged row must stop neither the others nor pass as harmless."""
    damaged, sound = roster.add(), roster.add()
    roster.set(damaged, sealed=b"\x01" + b"x" * 60)

    _judge(roster)

    assert ("review", "eligible") == (_verdict(roster, damaged), _verdict(roster, sound))


def test_nobody_is_judged_whose_keys_are_gone(roster: Roster) -> None:
    """What was shredded must not come back as a decision."""
    gone, erased, purged = roster.add(), roster.add(), roster.add()
    roster.ledger.vault.shred([gone.person])
    roster.set_person(erased, erased_at=roster.deployment.clock.now())
    roster.set(purged, sealed=None)

    assert NOTHING == _judge(roster)

    assert [[], [], []] == [roster.decisions(who) for who in (gone, erased, purged)]


def test_facts_that_arrive_meanwhile_win(here: Roster, monkeypatch: pytest.MonkeyPatch) -> None:
    """A verdict on old facts must not cover new ones."""
    who = here.add()
    load = here.ledger.vault.load

    def late(subjects: Any) -> Any:  # noqa: ANN401 the vault's own
        monkeypatch.undo()
        here.change(who, exit_kind="misconduct")
        return load(subjects)

    monkeypatch.setattr(here.ledger.vault, "load", late)
    _judge(here)

    assert "excluded" == _verdict(here, who)


def test_what_did_not_settle_is_judged_by_the_next_run(
    here: Roster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two exits that change each other's state must not keep a run busy for ever."""
    monkeypatch.setattr("alumni_sync.eligibility.judging.judge.MOST_PASSES", 1)
    monkeypatch.setattr("alumni_sync.eligibility.judging.judge.PAGE", 1)
    exits = [here.add()]
    exits.extend(here.add(of=exits[0]) for _ in range(3))
    here.change(min(exits, key=lambda one: one.spell), exit_kind="misconduct")
    grave, *others = sorted(exits, key=lambda one: one.spell)
    _judge(here)
    here.change(grave, exit_kind="resignation")
    here.change(others[-1], exit_kind="misconduct")

    for run in range(3):
        _judge(here, f"R-{run + 2}")

    assert ["held", "held", "held", "excluded"] == [_verdict(here, who) for who in (grave, *others)]


def test_only_one_source(roster: Roster) -> None:
    """A payroll close of one source is no business of another."""
    mine, other = roster.add("acme-pl"), roster.add("acme-de")

    _judge(roster, source="acme-pl")

    assert "eligible" == _verdict(roster, mine)
    assert [] == roster.decisions(other)


def test_experts_by_name(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> None:
    """HR knows whom people ask; the export does not."""
    experts = tmp_path / "experts.csv"
    experts.write_text("source/employee,topic\nacme-pl/10001,payroll law\nacme-pl/10001,pensions\n")
    roster = Roster.of(tmp_path, ledger, clock, experts=experts)
    named, other = roster.add(), roster.add()

    counts = _judge(roster)

    assert {"expert": 1} == counts.flags
    assert ("payroll law", "pensions") == _record(roster, named).topics
    assert () == _record(roster, other).topics


def test_a_pilot_is_the_same_people_every_time(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """Who was asked in a pilot of a tenth must still be in when it grows to a half."""
    small = Roster.of(tmp_path, sqlite_ledger, clock, pilot={"share": 0.3})
    leavers = [small.add() for _ in range(60)]
    _judge(small)
    first = {who for who in leavers if _verdict(small, who) == "eligible"}

    grown = Roster.of(tmp_path, sqlite_ledger, clock, pilot={"share": 0.6})
    assert 1 == _judge(grown, "R-2").rules_waiting
    assert first == {who for who in leavers if _verdict(grown, who) == "eligible"}
    release_changed_rules(grown.deployment)
    _judge(grown, "R-3")
    second = {who for who in leavers if _verdict(grown, who) == "eligible"}

    assert first < second
    assert 6 < len(first) < 32
    assert {"eligible", "out_of_scope"} == {_verdict(grown, who) for who in leavers}


def test_pilot_segments_come_on_top(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """A pilot in IT asks nobody in production, whatever the share."""
    pilot = {"share": 1, "segments": {"department": ["IT"]}}
    roster = Roster.of(tmp_path, sqlite_ledger, clock, pilot=pilot)
    inside, outside = roster.add(), roster.add(department="Produkcja")
    unknown = roster.add(department=None)

    _judge(roster)

    assert ["eligible", "out_of_scope", "review"] == [
        _verdict(roster, who) for who in (inside, outside, unknown)
    ]


def test_a_mapping_is_part_of_the_revision(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """The same code under another mapping is another decision."""
    roster = Roster.of(tmp_path, sqlite_ledger, clock)
    roster.deployment.settings.sources["acme-pl"].plugin["mapping"] = "mapping.yaml"
    who = roster.add()
    for content in ("a: 1", "a: 2"):
        (tmp_path / "mapping.yaml").write_text(content)
        _judge(roster)
        release_changed_rules(roster.deployment)
        _judge(roster)

    assert 2 == len({row.revision for row in roster.decisions(who)})


def test_a_mapping_that_is_not_there_stops_the_first_run(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """Nothing was ever released that could judge in its place."""
    roster = Roster.of(tmp_path, sqlite_ledger, clock)
    roster.deployment.settings.sources["acme-pl"].plugin["mapping"] = "mapping.yaml"
    roster.add()

    with pytest.raises(ConfigError, match=r"mapping\.yaml"):
        _judge(roster)


def test_a_broken_pack_judges_nobody(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """A typing error must stop the run before anything is written."""
    pack = tmp_path / "pack.yaml"
    pack.write_text("pack: x\ngood_standing: []\nrules: []\n")
    roster = Roster.of(tmp_path, sqlite_ledger, clock, rules=pack)
    who = roster.add()

    with pytest.raises(ConfigError):
        _judge(roster)

    assert [] == roster.decisions(who)


def test_holds_open_by_the_calendar() -> None:
    """Half a year after a redundancy, and not a day earlier, job offers may come."""
    holds = (OutreachHold("job_offers", date(2027, 4, 30), "r"), OutreachHold("events", None, "s"))

    assert frozenset({"job_offers", "events"}) == closed_purposes(holds, date(2027, 4, 30))
    assert frozenset({"events"}) == closed_purposes(holds, date(2027, 5, 1))


def test_decisions_hold_nothing_in_the_clear(roster: Roster) -> None:
    """An exit kind in a plain column is readable by whoever holds a backup."""
    roster.add(exit_kind="misconduct")
    _judge(roster)

    table = t(Decision)
    with roster.ledger.read() as connection:
        row = connection.execute(select(table)).one()._mapping
        spells = connection.execute(select(func.count()).select_from(t(Spell))).scalar_one()

    assert 1 == spells
    for name, value in row.items():
        assert b"misconduct" not in (value if isinstance(value, bytes) else str(value).encode()), (
            name
        )
    assert row["decided_at"] - roster.deployment.clock.now() == timedelta(0)
