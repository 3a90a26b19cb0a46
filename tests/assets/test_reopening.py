"""Whoever the configuration had kept out, and was forgotten, comes back when it is mended."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from alumni_sync.clock import FixedClock
from alumni_sync.deployment import Deployment
from alumni_sync.eligibility.revisions.publishing import publish
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.tables import Person, Run, Spell, t
from alumni_sync.privacy.erasure import erase
from alumni_sync.privacy.retention import purge_due
from assets.in_process import run_intake
from tests.assets.conftest import OCTOBER
from tests.assets.small import NOW_ISO, mails_in, write_small_sample
from tests.roster import release_changed_rules

NOVEMBER = date(2026, 11, 27)
SOURCE = "acme-pl"
NARROW = "audience: {location: [Warszawa, Wrocław, Berlin, Leipzig]}"
OURS = "domains: [acme.example]"
EVERYBODYS = (
    "domains: [acme.example, poczta.example, privat.example, skrzynka.example, web-post.example]"
)


def _opened(folder: Path, days: int = 0) -> Deployment:
    clock = FixedClock(datetime.fromisoformat(NOW_ISO) + timedelta(days=days))
    return Deployment.open(folder / "alumni_sync.yaml", clock=clock)


def _configure(folder: Path, old: str, new: str) -> None:
    config = folder / "alumni_sync.yaml"
    text = config.read_text("utf-8")
    assert old in text
    config.write_text(text.replace(old, new), encoding="utf-8")


def _known(d: Deployment) -> int:
    """Return how many employments the ledger has facts of."""
    with d.ledger.read() as connection:
        query = select(func.count()).select_from(t(Spell)).where(t(Spell).c.sealed.is_not(None))
        return connection.execute(query).scalar_one()


def _new(d: Deployment, close: date) -> int:
    """Run the intake flow; return how many leavers were new."""
    result = run_intake(d, SOURCE, close)
    assert result.error is None
    with d.ledger.read() as connection:
        query = select(t(Run).c.counts).where(t(Run).c.id == result.run_id)
        return int(connection.execute(query).scalar_one()["leavers"]["new"])


KEPT_OUT = pytest.mark.parametrize(
    ("scenario", "wrong", "right", "released"),
    [
        ("out_of_scope", (NARROW, NARROW), (NARROW, ""), 1),
        ("resignation", (OURS, EVERYBODYS), (EVERYBODYS, OURS), 0),
    ],
    ids=["audience", "domains"],
)
"""By which slip two people are kept out, how it is mended, and how many releases that takes."""


@KEPT_OUT
def test_who_was_forgotten_is_invited_when_the_configuration_is_mended(
    tmp_path: Path, scenario: str, wrong: tuple[str, str], right: tuple[str, str], released: int
) -> None:
    """Nothing of theirs changes: neither the source nor anybody here would ever mention them."""
    write_small_sample(tmp_path, {scenario: 2}, of_each_other=0)
    _configure(tmp_path, *wrong)
    with _opened(tmp_path) as d:
        assert 2 == _new(d, OCTOBER)
    with _opened(tmp_path, days=20) as d:
        assert 2 == purge_due(d, dry_run=False).spells
        assert 0 == _new(d, OCTOBER)
        assert (0, []) == (_known(d), mails_in(tmp_path))

    _configure(tmp_path, *right)
    with _opened(tmp_path, days=25) as d:
        assert (0 if released else 2) == _new(d, OCTOBER)  # a wider audience waits for its release
        assert released == release_changed_rules(d)

    with _opened(tmp_path, days=27) as d:
        assert (2 if released else 0) == _new(d, NOVEMBER)
        assert (2, 2) == (_known(d), len(mails_in(tmp_path)))
        assert 0 == _new(d, NOVEMBER)
        assert (2, 2) == (_known(d), len(mails_in(tmp_path)))


@KEPT_OUT
def test_who_was_erased_after_being_forgotten_stays_away(
    tmp_path: Path, scenario: str, wrong: tuple[str, str], right: tuple[str, str], released: int
) -> None:
    """They asked us to forget them, and a corrected line in a file would write to them."""
    write_small_sample(tmp_path, {scenario: 2}, of_each_other=0)
    _configure(tmp_path, *wrong)
    with _opened(tmp_path) as d:
        assert 2 == _new(d, OCTOBER)
    with _opened(tmp_path, days=20) as d:
        assert 2 == purge_due(d, dry_run=False).spells
        with d.ledger.read() as connection:
            people = list(connection.execute(select(t(Person).c.id)).scalars())
        for person in people:
            erase(d, person, by="legal.weber", reason="request", run_id=new_id("R"))

    _configure(tmp_path, *right)
    with _opened(tmp_path, days=26) as d:
        publish(d, "R-1", [SOURCE])
        assert released == release_changed_rules(d)

    with _opened(tmp_path, days=27) as d:
        assert 0 == _new(d, NOVEMBER)
        assert (0, []) == (_known(d), mails_in(tmp_path))
