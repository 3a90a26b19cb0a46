"""The walkthrough of the sample company, step by step, in the order in which things happen.

Nothing is made up on the way: the commands are those of the command line, the answers go through
mail and consent site, and what is claimed at the end was looked up in ledger, platform and page.
"""

import io
import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from random import Random
from typing import Any, Final

from alumni_sync.cli.app import os_identity
from alumni_sync.cli.exits import Exit
from alumni_sync.cli.sample_people import Following, Traces, follow
from alumni_sync.cli.sample_site import serving
from alumni_sync.cli.sample_visitor import (
    OK,
    Browser,
    Letter,
    SampleFailed,
    read_letters,
)
from alumni_sync.clock import TickingClock
from alumni_sync.deployment import Deployment
from alumni_sync.errors import ConfigError

START: Final = datetime(2026, 10, 29, 17, 10, tzinfo=UTC)
"""Ten past six in Warsaw and Berlin, on the evening of the payroll close: a Thursday."""

CLOSE: Final = "2026-10-29"
SEED: Final = 20_261_029
CONFIG: Final = "alumni_sync.yaml"
MARKER: Final = ".sample"
LAST_RUN: Final = "last-run.json"
SHARE_YES, SHARE_NO = 0.5, 0.14  # of those who are asked; the rest says nothing
VISITORS_AT_ONCE: Final = 3
GONE_WITHIN: Final = 30.0  # seconds; the contract is 15 minutes to hide, 24 hours to erase
LOOK_EVERY: Final = 0.2  # seconds
FIRST_RUN_ENDS: Final = frozenset({Exit.DONE, Exit.REJECTED})

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody who said yes: their invitation, and the name they confirmed."""

    letter: Letter
    name: str


@dataclass(slots=True)
class Walk:
    """What the walkthrough did, for its last screen.

    Attributes:
        counts: the object of the first run; `again` that of the second.
        yes: how many said yes; `no` and `silent` likewise.
        gone_after: seconds between the withdrawal and the proof that nothing is left.
        left_for_you: link of an invitation that nobody has answered.
        seconds: of the whole walkthrough.
    """

    folder: Path
    counts: dict[str, Any] = field(default_factory=dict)
    again: dict[str, Any] = field(default_factory=dict)
    yes: int = 0
    no: int = 0
    silent: int = 0
    gone_after: float = 0.0
    left_for_you: str = ""
    people: Sequence[Following] = ()
    cases: Sequence[str] = ()
    funnel: Sequence[str] = ()
    rewritten: Sequence[str] = ()
    seconds: float = 0.0

    @property
    def second_run_was_silent(self) -> bool:
        """Return whether the second run wrote nothing but its own record."""
        return not self.rewritten

    @property
    def config(self) -> Path:
        """Return the configuration of the sample."""
        return self.folder / CONFIG


def walk(folder: Path, *, say: Say) -> Walk:
    """Walk through one payroll close of the sample company.

    Args:
        folder: is wiped; must be missing, empty, or a sample of ours.
        say: told what happens, a line a step.

    Raises:
        ConfigError: the folder holds something else.
        SampleFailed: a step did not go as it must.
    """
    began = time.time()
    clock = f"{START.isoformat()}@{began}"
    walked = Walk(folder)
    make_sample(folder)
    say(f"The payroll close of 29 October 2026, in {folder}: reading, judging, inviting …")
    walked.counts = _command(walked.config, began, "run", allowed=FIRST_RUN_ENDS)
    (folder / LAST_RUN).write_text(json.dumps(walked.counts, indent=2) + "\n", encoding="utf-8")
    with serving(walked.config, clock) as port:
        say("Leavers read their mail and decide on the consent site …")
        joined = _answer(walked, port)
        _command(walked.config, began, "sync")
        say("One of them changes their mind …")
        leaver = _somebody(joined)
        with _opened(walked.config, began) as d:
            people = follow(d, [one.letter for one in joined], leaver.letter)
        _withdraw(walked, port, leaver)
        _command(walked.config, began, "sync")  # what is still to be mailed
    say("The same again: nothing has changed, so nothing may be written …")
    with _opened(walked.config, began) as d:
        traces = Traces(d)
        before = traces.everything()
    walked.again = _command(walked.config, began, "run", "--close", CLOSE)
    with _opened(walked.config, began) as d:
        traces = Traces(d)
        walked.rewritten = traces.differing(before)
        walked.people = people
        walked.cases = traces.waiting_cases()
        walked.funnel = traces.funnel()
    walked.seconds = time.time() - began
    return walked


def ensure_sample(folder: Path) -> Path:
    """Return the sample's configuration; write the sample where there is none yet."""
    if not (folder / CONFIG).exists():
        make_sample(folder)
    return folder / CONFIG


def make_sample(folder: Path) -> None:
    """Wipe `folder` and write the sample's deployment into it, with you among its people.

    Raises:
        ConfigError: the folder holds something that is not the sample.
    """
    from alumni_sync.cli.init import write_deployment

    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARKER).exists():
            raise ConfigError.of(str(folder), "is not the sample's folder", "choose another one")
        shutil.rmtree(folder)
    write_deployment(folder, from_sample=True)
    (folder / MARKER).write_text("Wiped by `alumni-sync sample run`.\n", encoding="utf-8")
    config = folder / CONFIG
    config.write_text(_with_you(config.read_text(encoding="utf-8")), encoding="utf-8")


def _with_you(text: str) -> str:
    """Return the configuration with the visitor as a reviewer, so that cases wait for them."""
    entry = (
        f"  - {{user: {json.dumps(os_identity().user)}, mail: you@acme.example, "
        "roles: [reviewer, operator], sources: [acme-pl, acme-de]} # you\n"
    )
    return text.replace("people:\n", f"people:\n{entry}", 1)


def latest_instant(config: Path) -> datetime:
    """Return when the sample last did something: its clock never goes back."""
    with Deployment.open(config, clock=TickingClock(START, time.time())) as d:
        return max(START, Traces(d).latest())


def _opened(config: Path, began: float) -> Deployment:
    return Deployment.open(config, clock=TickingClock(START, began), create=False)


def _command(
    config: Path,
    began: float,
    name: str,
    *options: str,
    allowed: frozenset[Exit] = frozenset({Exit.DONE}),
) -> dict[str, Any]:
    """Run one of our commands in this process, at this moment of the sample's clock."""
    from alumni_sync.cli.main import run_command_line

    now = TickingClock(START, began).now()
    said = io.StringIO()
    with redirect_stdout(said):
        code = run_command_line(
            [name, *options, "--json", "--config", str(config), "--as-of", now.isoformat()]
        )
    if code not in allowed:
        msg = f"alumni-sync {name} ended with {int(code)}"
        raise SampleFailed(msg)
    found: dict[str, Any] = json.loads(said.getvalue())
    return found


def _answer(walked: Walk, port: int) -> list[Joined]:
    """Let leavers answer their invitations; return those who said yes.

    Several at once, as people do. Everybody's answer hangs on their address only, so that the
    sample comes out the same whoever is first.
    """
    asked = [letter for letter in _letters(walked) if letter.link("/c/")]
    if not asked:
        msg = "nobody was invited"
        raise SampleFailed(msg)
    draws = {letter: Random(f"{SEED} {letter.to}") for letter in asked}  # noqa: S311 the sample must come out the same everywhere
    answers = {letter: _answer_of(random) for letter, random in draws.items()}
    silent = [letter for letter, answer in answers.items() if not answer]
    walked.left_for_you = silent[len(silent) // 2].link("/c/")
    deciding = [letter for letter, answer in answers.items() if answer]
    with ThreadPoolExecutor(VISITORS_AT_ONCE) as visitors:
        names = visitors.map(lambda one: _decide(port, one, answers[one], draws[one]), deciding)
        named = dict(zip(deciding, names, strict=True))
    joined = [Joined(one, name) for one, name in named.items() if answers[one] == "yes"]
    walked.yes, walked.silent = len(joined), len(silent)
    walked.no = len(deciding) - len(joined)
    return joined


def _answer_of(random: Random) -> str:
    """Return `yes`, `no`, or "" for somebody who says nothing."""
    draw = random.random()
    if draw < SHARE_YES:
        return "yes"
    return "no" if draw < SHARE_YES + SHARE_NO else ""


def _decide(port: int, letter: Letter, answer: str, random: Random) -> str:
    """Open an invitation's link and submit the form on the page; return the name that was on it."""
    browser = Browser(port)
    page = browser.open(letter.link("/c/"))
    form = page.form("answer")
    chosen: dict[str, Sequence[str]] = {"answer": [answer]}
    if answer == "yes":
        offered = form.choices.get("field", [])
        ticked = [name for name in offered if random.random() < 0.6]  # noqa: PLR2004 most of them
        chosen["field"] = ticked
        chosen["show"] = [name for name in ticked if random.random() < 0.7]  # noqa: PLR2004 most
        chosen["purpose"] = [
            name
            for name in form.choices.get("purpose", [])
            if random.random() < 0.5  # noqa: PLR2004 half of them
        ]
    done = browser.submit(page, form, chosen)
    if done.status != OK:
        msg = f"the consent site answered {done.status} to a {answer}"
        raise SampleFailed(msg)
    return dict(form.fields).get("name", "")


def _somebody(joined: Sequence[Joined]) -> Joined:
    """Return a member whose name nobody shares: its absence can be proven."""
    names = Counter(one.name for one in joined)
    return [one for one in joined if names[one.name] == 1][len(names) // 3]


def _withdraw(walked: Walk, port: int, leaver: Joined) -> None:
    """Let a member withdraw; return once nothing of them is left anywhere."""
    letters = (one for one in _letters(walked) if one.to == leaver.letter.to)
    manage = next((one.link("/p/") for one in letters if one.link("/p/")), "")
    if not manage:
        msg = "a member has no link to withdraw by"
        raise SampleFailed(msg)
    if not _is_on_platform(walked.folder, leaver):
        msg = "a person who said yes is not on the platform"
        raise SampleFailed(msg)
    browser = Browser(port)
    page = browser.open(manage)
    began = time.monotonic()
    done = browser.submit(page, page.form("leave"), {"leave": ["everything"]})
    if done.status != OK:
        msg = f"the consent site answered {done.status} to a withdrawal"
        raise SampleFailed(msg)
    while _is_on_platform(walked.folder, leaver):
        if time.monotonic() - began > GONE_WITHIN:
            msg = f"a member who withdrew is still on the platform after {GONE_WITHIN:g} s"
            raise SampleFailed(msg)
        time.sleep(LOOK_EVERY)
    walked.gone_after = time.monotonic() - began


def _is_on_platform(folder: Path, who: Joined) -> bool:
    """Say whether address or name stand anywhere in the bytes of database, log and page."""
    wanted = who.letter.to.encode(), who.name.encode(), escape(who.name).encode()
    files = [path.read_bytes() for path in (folder / "var").glob("community.*")]
    return any(value in content for content in files for value in wanted)


def _letters(walked: Walk) -> list[Letter]:
    return read_letters(walked.folder / "var" / "outbox")
