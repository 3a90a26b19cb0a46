"""`alumni-sync sample run` as `make run` starts it: one screen, real answers, every invariant."""

import io
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alumni_sync.cli.main import run_command_line
from alumni_sync.cli.sample_walk import START
from tests.invariants.checker import assert_sound
from tests.invariants.world import World, read_mails

pytestmark = pytest.mark.slow

ALUMNI_SYNC = Path(sys.executable).with_name("alumni-sync")
LATER = START + timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Walked:
    """What a visitor has after `make run`."""

    folder: Path
    screen: str
    errors: str
    counts: Mapping[str, Any]
    world: World


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Walked:
    """Return the walkthrough, run once; the consent site is a process of its own all the same."""
    folder = tmp_path_factory.mktemp("walk") / "sample"
    screen, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(screen), redirect_stderr(errors):
        code = run_command_line(["sample", "run", "--folder", str(folder)])
    assert code == 0, screen.getvalue() + errors.getvalue()
    return Walked(
        folder=folder,
        screen=screen.getvalue(),
        errors=errors.getvalue(),
        counts=json.loads((folder / "last-run.json").read_text("utf-8")),
        world=assert_sound(folder / "alumni_sync.yaml", LATER),
    )


def test_every_invariant_holds_afterwards(walked: Walked) -> None:
    """The fixture asks the checker; an empty world must not pass for a sound one."""
    assert 60 < len(walked.world.platform) < 90
    assert len(walked.world.mails) > 220
    assert len(walked.world.watched) > 20
    assert sum(map(len, walked.world.canaries.values())) > 1500


def test_counts_of_the_first_run_add_up(walked: Walked) -> None:
    """`last-run.json` is what others measure against."""
    counts = walked.counts
    assert ["acme-de|2026-10-29", "acme-pl|2026-10-29"] == counts["closes"]
    assert 240 == counts["read"] == sum(counts["leavers"].values())
    assert counts["leavers"]["new"] == sum(counts["verdicts"].values())
    reviewed = counts["verdicts"]["excluded"] + counts["verdicts"]["review"]
    assert (reviewed, 0) == (counts["queue"]["open"], counts["queue"]["overdue"])
    mails = counts["invitations"]
    assert counts["verdicts"]["eligible"] == mails["sent"] + mails["no_contact"]
    assert ([], []) == (counts["brakes"], counts["guards"])


def test_screen_tells_the_story(walked: Walked) -> None:
    """One screen: the funnel, six people, what to open; and no fault."""
    screen = walked.screen
    assert "FAULT" not in screen
    assert "The second run read 240 rows again and wrote nothing but its own record." in screen
    assert len(screen.splitlines()) < 45
    assert 6 == len(re.findall(r"trace acme-(?:pl|de)/\d+ ", screen))
    assert 3 == len(set(re.findall(r"EX-\d{6}", screen)))
    assert walked.errors == ""


def test_every_command_on_the_screen_works(
    walked: Walked, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first thing that a visitor types is copied from that screen."""
    commands = re.findall(r"alumni-sync (--config \S+ trace \S+)", walked.screen)
    ends = {}
    for command in commands:
        capsys.readouterr()
        assert 0 == run_command_line([*command.split(), "--as-of", LATER.isoformat()])
        ends[command.split()[-1]] = capsys.readouterr().out
    stories = list(ends.values())
    assert 6 == len(stories)
    assert 1 == sum("Withdrew" in story and "Erased on directory" in story for story in stories)
    assert 1 == sum("conduct" in story or "misconduct" in story for story in stories)
    assert 1 == sum("The exit was taken back" in story for story in stories)
    assert 1 == sum("will be" in story for story in stories)
    assert 1 == sum("The yes holds until" in story for story in stories)


def test_one_invitation_is_left_for_the_visitor(walked: Walked) -> None:
    """Its link must be one that was mailed and that nobody has used."""
    link = re.search(r"http://127\.0\.0\.1:8400/c/([\w-]+)", walked.screen)
    assert link is not None
    owners = [mail for mail in walked.world.mails if link[1] in mail.tokens]
    assert 1 == len(owners)
    mine = [mail for mail in read_mails(walked.folder / "var/outbox") if mail.to == owners[0].to]
    assert 1 == len(mine)


def test_a_second_walk_wipes_the_first(walked: Walked) -> None:
    """`make run` twice must be as good as once, and it is a process then."""
    (walked.folder / "var" / "stale").write_text("of the first walk", encoding="utf-8")
    done = subprocess.run(
        [ALUMNI_SYNC, "sample", "run", "--folder", walked.folder],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    assert not (walked.folder / "var" / "stale").exists()
