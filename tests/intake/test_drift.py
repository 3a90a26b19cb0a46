"""Code drift: a code that means something else by now lets nobody in before people have looked."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, ClassVar, cast

import pytest
from sqlalchemy import update

from alumni_sync.clock import FixedClock
from alumni_sync.domain import Fact
from alumni_sync.intake.code_watch import doubted_guards
from alumni_sync.intake.drift import CodeRead, CodeUse, Doubt, DoubtKind, DriftLimits, doubts
from alumni_sync.ledger.rule_tables import CodeSeen
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Brake, t
from alumni_sync.ports import ConnectorInfo, SourceRecord
from alumni_sync.sections import CodeDrift
from alumni_sync.testing.fake_hris import FakeHris, leaver
from tests.intake.desk import SOURCE, Desk, context, desk

LIMITS = DriftLimits(factor=3.0, least=10, pause_days=540)
DAY = date(2026, 9, 30)


def _read(exits: int, day: date = DAY, label: str = "") -> CodeRead:
    use = CodeRead(label)
    for _ in range(exits):
        use.add(day, CodeUse())
    return use


def _doubts(known: dict[str, CodeUse], read: dict[str, CodeRead]) -> dict[str, DoubtKind]:
    return {code: doubt.kind for code, doubt in doubts(known, read, LIMITS)}


# --- when a code is doubted -----------------------------------------------------------------------


def test_other_words_are_a_drift() -> None:
    """The code of retirements says "Dismissal" since the new payroll system."""
    known = {"17": CodeUse("retirement", 4, DAY)}

    assert {"17": DoubtKind.LABEL} == _doubts(known, {"17": _read(0, label="dismissal")})
    assert {} == _doubts(known, {"17": _read(9, label="retirement")})
    assert {} == _doubts(known, {"17": _read(9)})  # the words are not exported any more
    assert {} == _doubts({"17": CodeUse("", 4, DAY)}, {"17": _read(9, label="dismissal")})


@pytest.mark.parametrize(
    ("before", "now", "doubted"),
    [
        ((10, 90), (30, 70), True),  # 10 % were 30 % now: three times, to the letter
        ((10, 90), (29, 71), False),
        ((10, 90), (9, 1), False),  # 9 of 10, but of 9 people nothing is said
        ((10, 90), (10, 0), True),
        ((1, 48), (20, 5), False),  # 49 exits ever: too few to know any share
        ((1, 49), (20, 5), True),
    ],
)
def test_a_share_that_jumps_is_a_drift(
    before: tuple[int, int], now: tuple[int, int], *, doubted: bool
) -> None:
    """A company with eight exits a year would otherwise have a guard at each of them."""
    known = {"17": CodeUse("", before[0], DAY), "K": CodeUse("", before[1], DAY)}
    read = {"17": _read(now[0]), "K": _read(now[1])}

    assert doubted == ("17" in _doubts(known, read))


@pytest.mark.parametrize(
    ("exits", "days", "doubted"), [(10, 541, True), (10, 540, False), (9, 5_000, False)]
)
def test_a_code_that_comes_back_is_a_drift(exits: int, days: int, *, doubted: bool) -> None:
    """Numbers that lie free are given to something else."""
    known = {"17": CodeUse("", exits, DAY)}

    found = _doubts(known, {"17": _read(1, DAY + timedelta(days=days))})

    assert ({"17": DoubtKind.PAUSE} if doubted else {}) == found


def test_who_is_told_of_late_ends_no_pause() -> None:
    """One forgotten leaver of years ago would vouch for ten of a recycled code."""
    was = CodeUse("", 20, DAY)
    use = CodeRead()
    for day in (DAY + timedelta(days=900), DAY - timedelta(days=30)):
        use.add(day, was)

    assert {"17": DoubtKind.PAUSE} == _doubts({"17": was}, {"17": use})


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("said", "label"),
    [
        ([("old", False), ("other", True)], "other"),  # old records keep their words
        ([("old", True), ("other", True)], "other"),
        ([("old", True), ("other", False)], "old"),
        ([("old", False), ("other", False)], "old"),
        ([("other", False)], "other"),
    ],
)
def test_of_several_words_those_of_new_leavers_count(
    said: list[tuple[str, bool]], label: str, order: int
) -> None:
    """Whether a dismissal is found must not hang on who stands in the last row."""
    use = CodeRead()
    for words, new in said[::order]:
        use.say(words, CodeUse("old"), new=new)

    assert label == use.label


def test_a_new_code_is_no_drift() -> None:
    """Whoever mapped it was asked for a release."""
    known = {"K": CodeUse("", 500, DAY)}

    assert {} == _doubts(known, {"17": _read(400, label="anything")})


def test_a_doubt_says_how_much() -> None:
    """Two people have to decide on it, from figures that are about nobody."""
    known = {"17": CodeUse("", 10, DAY), "K": CodeUse("", 90, DAY)}

    assert [("17", Doubt(DoubtKind.SHARE, {"exits": 30, "percent": 60, "percent_before": 10}))] == [
        *doubts(known, {"17": _read(30), "K": _read(20)}, LIMITS)
    ]


# --- what it does to exits ------------------------------------------------------------------------


def _said(number: int, label: str, **facts: Fact) -> SourceRecord:
    told: dict[str, Any] = {"exit_code": "17", "exit_kind": "retirement", **facts}
    return SourceRecord(f"x:{number}", leaver(number, **told), code_label=label)


def _listed(one: Desk, records: Sequence[SourceRecord], run: str) -> None:
    cast("FakeHris", one.hris).records = tuple(records)
    one.pull(run_id=run)


def _kinds(one: Desk) -> dict[str, object]:
    return {name.split("/")[0]: spell["facts"]["exit_kind"] for name, spell in one.spells().items()}


@pytest.fixture(params=[True, False], ids=["listing", "changes"])
def company(request: pytest.FixtureRequest, ledger: Ledger, clock: FixedClock) -> Desk:
    """Return a source that has told of two retirements, with words for their code."""
    one = desk(ledger, clock, full=request.param)
    _listed(one, [_said(1, "retirement"), _said(2, "retirement")], "R-1")
    return one


def _release(one: Desk) -> None:
    """Release what is tripped, as two people do."""
    with one.ledger.write() as connection:
        connection.execute(update(t(Brake)).values(status="released"))


AGAIN = [_said(1, "dismissal"), _said(2, "dismissal"), _said(3, "dismissal")]


def test_new_exits_with_a_doubted_code_are_unknown(company: Desk) -> None:
    """Number 17 is a dismissal since yesterday; the old pensioners are what they were."""
    _listed(company, AGAIN, "R-2")

    assert {"E0001": "retirement", "E0002": "retirement", "E0003": "unknown"} == _kinds(company)
    (guard,) = company.rows(Brake)
    assert ("guard", "code_drift", SOURCE, "tripped") == (
        guard["kind"],
        guard["name"],
        guard["scope"],
        guard["status"],
    )
    assert {"label": 1, "exits": 1} == guard["counts"]
    assert [guard["id"]] == [one["guard_id"] for one in doubted_guards(company.ledger, [SOURCE])]


def test_old_records_that_keep_their_words_vouch_for_nobody(company: Desk) -> None:
    """A source that keeps the words of the day hides what the code means by now."""
    words = [_said(3, "dismissal"), _said(1, "retirement"), _said(2, "retirement")]

    _listed(company, words, "R-2")

    assert "unknown" == _kinds(company)["E0003"]


def test_a_changed_fact_does_not_bring_the_doubted_kind_back(company: Desk) -> None:
    """A corrected department must not turn an unknown exit into a retirement."""
    _listed(company, AGAIN, "R-2")
    moved = [_said(number, "dismissal", department="HR") for number in (1, 2, 3)]

    _listed(company, moved, "R-3")
    _listed(company, moved, "R-4")

    assert {"E0001": "retirement", "E0002": "retirement", "E0003": "unknown"} == _kinds(company)
    assert 1 == len(company.rows(Brake))
    assert {"HR"} == {spell["facts"]["department"] for spell in company.spells().values()}


def test_somebody_whose_code_changes_to_a_doubted_one_is_unknown(company: Desk) -> None:
    """It is said of them now, under the words of now."""
    other = _said(4, "resigned", exit_code="K-01", exit_kind="resignation")
    _listed(company, [*AGAIN[:2], other], "R-2")

    _listed(company, [*AGAIN[:2], _said(4, "dismissal")], "R-3")

    assert "unknown" == _kinds(company)["E0004"]


def test_a_released_code_is_trusted_and_its_exits_read_again(company: Desk) -> None:
    """Two people found that only the words are new."""
    _listed(company, AGAIN, "R-2")
    _release(company)

    _listed(company, AGAIN, "R-3")

    assert {"retirement"} == set(_kinds(company).values())
    assert [] == doubted_guards(company.ledger, [SOURCE])
    assert ["spent"] == [row["status"] for row in company.rows(Brake)]
    _listed(company, [*AGAIN, _said(5, "dismissal")], "R-4")
    assert "retirement" == _kinds(company)["E0005"]
    assert 1 == len(company.rows(Brake))


def test_a_release_is_for_the_words_that_were_released(company: Desk) -> None:
    """Else whoever released "Pension" has released "Dismissal" too."""
    pension = [replace(one, code_label="pension") for one in AGAIN]
    _listed(company, pension, "R-2")

    _listed(company, AGAIN, "R-3")

    assert ["spent", "tripped"] == sorted(row["status"] for row in company.rows(Brake))
    assert "unknown" == _kinds(company)["E0003"]


def test_a_doubt_that_nobody_released_in_time_trips_anew(company: Desk, clock: FixedClock) -> None:
    """Silence must not make the code trusted, nor leave a doubt that nobody can release."""
    _listed(company, AGAIN, "R-2")
    clock.advance(timedelta(days=401))

    _listed(company, [*AGAIN, _said(4, "dismissal")], "R-3")

    assert "unknown" == _kinds(company)["E0004"]
    assert ["spent", "tripped"] == sorted(row["status"] for row in company.rows(Brake))


def test_a_kind_that_keeps_people_out_stays(company: Desk) -> None:
    """To doubt the code of dismissals must not take the second person off their cases."""
    fired = {"exit_code": "99", "exit_kind": "misconduct"}
    _listed(company, [*AGAIN[:0], _said(1, "retirement"), _said(6, "fired", **fired)], "R-2")

    _listed(company, [_said(6, "left", **fired), _said(7, "left", **fired)], "R-3")

    assert ("misconduct", "misconduct") == (_kinds(company)["E0006"], _kinds(company)["E0007"])
    assert {"label"} == {one["doubt"] for one in doubted_guards(company.ledger, [SOURCE])}


def test_nothing_about_codes_can_be_read(company: Desk) -> None:
    """A backup must not say that somebody's code was "fired"."""
    _listed(company, AGAIN, "R-2")

    held = repr((company.rows(CodeSeen), company.rows(Brake)))

    assert not [word for word in ("17", "dismissal", "retirement") if f"'{word}'" in held]


def test_a_share_that_jumps_is_seen_over_reads(sqlite_ledger: Ledger, clock: FixedClock) -> None:
    """A mass of exits under one code is a batch job as often as a closing plant."""
    one = desk(sqlite_ledger, clock, full=True)
    one.settings = replace(one.settings, code_drift=CodeDrift(factor=3, least=2))
    first = [_said(n, "", exit_code=f"K-{n % 10}", exit_kind="resignation") for n in range(20)]
    _listed(one, first, "R-1")

    news = [_said(100 + n, "", exit_code="K-1", exit_kind="resignation") for n in range(4)]
    _listed(one, [*first, *news], "R-2")

    assert {"unknown"} == {_kinds(one)[f"E010{n}"] for n in range(4)}
    assert [("share", 1)] == [
        (row["doubt"], row["guard_id"] in {b["id"] for b in one.rows(Brake)})
        for row in doubted_guards(sqlite_ledger, [SOURCE])
    ]


def test_a_read_without_drift_writes_no_code(sqlite_ledger: Ledger, clock: FixedClock) -> None:
    """A run without changes must cost what it did."""
    one = desk(sqlite_ledger, clock, full=True)
    records = [_said(1, "retirement")]
    _listed(one, records, "R-1")
    before = one.rows(CodeSeen)

    clock.advance(timedelta(days=1))
    _listed(one, records, "R-2")

    assert before == one.rows(CodeSeen)
    assert [(1, "")] == [(row["exits"], row["doubt"]) for row in before]


class _ReadOnce(FakeHris):
    """A source whose changes can be read only once, so that pages are taken in as they come."""

    info: ClassVar[ConnectorInfo] = replace(FakeHris.info, capabilities={})


def test_pages_before_a_share_jumps_stay_trusted(sqlite_ledger: Ledger, clock: FixedClock) -> None:
    """docs/rules.md tells whoever finds a recycled code which exits they have to look for."""
    one = desk(sqlite_ledger, clock)
    one.hris = _ReadOnce(context(sqlite_ledger), page_rows=2, full=False)
    one.settings = replace(one.settings, code_drift=CodeDrift(factor=3, least=3))
    first = [_said(n, "", exit_code=f"K-{n % 10}", exit_kind="resignation") for n in range(20)]
    _listed(one, first, "R-1")
    news = [_said(100 + n, "", exit_code="K-1", exit_kind="resignation") for n in range(4)]

    _listed(one, news, "R-2")
    after_doubt = _kinds(one)
    _release(one)
    _listed(one, news, "R-3")

    before, after = ("E0100", "E0101"), ("E0102", "E0103")
    assert {"resignation"} == {after_doubt[name] for name in before}
    assert {"unknown"} == {after_doubt[name] for name in after}
    assert {"resignation"} == {_kinds(one)[name] for name in (*before, *after)}


def test_a_code_that_is_undisclosed_is_not_watched(company: Desk) -> None:
    """It is kept nowhere, and docs/rules.md says what follows from that."""
    nobody = {"exit_code": "undisclosed", "exit_kind": "undisclosed"}
    _listed(company, [_said(7, "illness", **nobody)], "R-2")

    _listed(company, [_said(8, "dismissal", **nobody)], "R-3")

    assert 1 == len(company.rows(CodeSeen))  # of retirements
    assert ("undisclosed", []) == (_kinds(company)["E0008"], company.rows(Brake))
