"""Another connector, or another export, under the name of a source that was read before."""

from datetime import date
from typing import cast

from alumni_sync.clock import FixedClock
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Spell
from alumni_sync.testing.fake_hris import FakeHris, leaver
from tests.intake.desk import counts, desk


def test_r9_another_connector_takes_nobody_away(ledger: Ledger, clock: FixedClock) -> None:
    """R9: the new system numbers people anew; to it, everybody of before is missing."""
    one = desk(ledger, clock, leaver(1), leaver(2), leaver(3), full=True)
    one.pull()
    before = {row["id"]: row for row in one.rows(Spell)}
    other = [leaver(900 + n, personal_email=f"galina.{n}@post.example") for n in (1, 2, 3)]

    cast("FakeHris", one.hris).records = tuple(other)
    taken = one.pull(run_id="R-2")

    after = {row["id"]: row for row in one.rows(Spell)}
    assert counts(3, new=3) == taken
    assert before == {spell: after[spell] for spell in before}
    assert {date(2026, 9, 30)} == {row["last_working_day"] for row in after.values()}
