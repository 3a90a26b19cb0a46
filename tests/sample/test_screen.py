"""The last screen of the walkthrough, and what keeps it from wiping the wrong folder."""

from pathlib import Path

import pytest
import yaml

from alumni_sync.cli.app import os_identity
from alumni_sync.cli.sample_people import OWN_RECORDS, Following, Traces
from alumni_sync.cli.sample_screen import screen
from alumni_sync.cli.sample_walk import (
    START,
    Walk,
    ensure_sample,
    latest_instant,
    make_sample,
)
from alumni_sync.clock import FixedClock
from alumni_sync.deployment import Deployment
from alumni_sync.errors import ConfigError
from alumni_sync.ledger.runs import RunOf, begin_run
from alumni_sync.settings import load_settings
from tests.invariants.intake import MAY_CHANGE
from tests.raw_rows import RawLedger

COUNTS = {
    "read": 240,
    "leavers": {"new": 215, "not_leavers": 14, "rejected": 9},
    "verdicts": {"eligible": 172, "never_contact": 4},
    "queue": {"open": 23, "overdue": 0},
    "invitations": {"sent": 160, "no_contact": 12},
}


@pytest.fixture
def walked(tmp_path: Path) -> Walk:
    """Return a walkthrough that went well."""
    return Walk(
        folder=tmp_path,
        counts=COUNTS,
        again=COUNTS,
        yes=95,
        no=22,
        silent=43,
        gone_after=0.37,
        left_for_you="http://127.0.0.1:8400/c/abc",
        people=[Following("acme-pl/10558", "dismissed, and waits for you")],
        cases=["EX-000004", "EX-000007"],
        funnel=["left 207"],
        seconds=31.2,
    )


def test_screen_fits_and_says_what_to_open(walked: Walk) -> None:
    """The one screen that a visitor reads decides whether there is a second."""
    lines = list(screen(walked))
    text = "\n".join(lines)
    assert len(lines) < 40
    for wanted in (
        "240 rows read: 215 leavers",
        "172 eligible, 4 never contact",
        "gone from file and page after 0.4 s",
        "The second run read 240 rows again and wrote nothing but its own record.",
        f"alumni-sync --config {walked.config} trace acme-pl/10558",
        "EX-000004, EX-000007",
        "http://127.0.0.1:8400/c/abc",
    ):
        assert wanted in text


def test_second_run_that_wrote_is_not_hidden(walked: Walk) -> None:
    """A walkthrough that claims success whatever happened is worth nothing."""
    walked.rewritten = ["spell", "outbox"]
    assert not walked.second_run_was_silent
    assert "FAULT: the second run wrote to spell, outbox." in "\n".join(screen(walked))


def test_sample_is_wiped_but_nothing_else(tmp_path: Path) -> None:
    """A wrong --folder must cost nobody their files."""
    folder = tmp_path / "sample"
    make_sample(folder)
    (folder / "var").mkdir()
    make_sample(folder)
    assert not (folder / "var").exists()
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("three years of work")
    with pytest.raises(ConfigError, match="is not the sample's folder"):
        make_sample(mine)
    assert (mine / "thesis.txt").exists()


def test_visitor_is_among_the_reviewers(tmp_path: Path) -> None:
    """The cases that are left for the visitor must be theirs to rule on."""
    make_sample(tmp_path / "sample")
    settings = load_settings(tmp_path / "sample" / "alumni_sync.yaml")
    you = next(person for person in settings.people if person.user == os_identity().user)
    assert {"reviewer", "operator"} == {role.value for role in you.roles}
    raw = yaml.safe_load((tmp_path / "sample" / "alumni_sync.yaml").read_text("utf-8"))
    assert len(raw["people"]) == len(settings.people) == 5


def test_clock_of_the_sample_never_goes_back(tmp_path: Path) -> None:
    """Leases and deadlines of yesterday's `make up` must not lie in its future today."""
    config = ensure_sample(tmp_path / "sample")
    assert START <= latest_instant(config)
    later = START.replace(day=30)
    with Deployment.open(config, clock=FixedClock(later)) as d:
        begin_run(d.ledger, d.clock, RunOf("R-1", "daily_round"))
    assert later == latest_instant(ensure_sample(config.parent))


def test_what_a_run_may_write_is_the_same_here_as_in_the_checker(tmp_path: Path) -> None:
    """Two lists of exempt tables that differ would let one of the two look away."""
    assert {*MAY_CHANGE, "alembic_version"} == {*OWN_RECORDS, "alembic_version"}
    config = ensure_sample(tmp_path / "sample")
    with Deployment.open(config, clock=FixedClock(START)) as d:
        before = Traces(d).everything()
        begin_run(d.ledger, d.clock, RunOf("R-1", "daily_round"))
        assert [] == Traces(d).differing(before)
        RawLedger(d.ledger, START).leaver()
        assert ["decision", "person", "spell"] == Traces(d).differing(before)
