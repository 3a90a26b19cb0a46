"""`rules simulate|revisions|release` and `rules explain --past`, as HR and operations use them."""

import json
from pathlib import Path
from typing import Any

import pytest

from alumni_sync.cli.app import os_identity
from alumni_sync.cli.main import run_command_line
from alumni_sync.cli.published_rules import RULES_REASONS as SHOWN
from alumni_sync.deployment import Deployment
from alumni_sync.domain import Identity
from alumni_sync.eligibility.judging.judge import judge_leavers
from alumni_sync.review.queue.following import sync_queue
from alumni_sync.review.releases.rules import RULES_REASONS, release_rules
from alumni_sync.shipped import shipped
from tests import fake_plugins
from tests.roster import Roster

ME = os_identity().user
OTHER = "{user: hr.other, mail: o@beta.example, roles: [operator]}"


class Shell:
    """A deployment with three leavers whose rules a test edits."""

    def __init__(self, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Judge them, and open their cases."""
        self.config, self._capsys = config, capsys
        self.pack = config.parent / "pack.yaml"
        with Deployment.open(config) as d:
            roster = Roster(d)
            self.person = roster.add("hr", exit_kind="performance").number
            self.plain = roster.add("hr").spell
        self.judge()

    def judge(self) -> None:
        """Let a run judge."""
        with Deployment.open(self.config) as d:
            judge_leavers(d, run_id="R-1")
            sync_queue(d, run_id="R-1")

    def edit(self, old: str, new: str, to: Path | None = None) -> Path:
        """Write another pack: over the one that is configured, or to a draft."""
        text = self.pack.read_text("utf-8")
        assert old in text
        target = to or self.pack
        target.write_text(text.replace(old, new), "utf-8")
        return target

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Return exit code, output and errors of a command."""
        self._capsys.readouterr()
        code = run_command_line([*arguments, "--config", str(self.config)])
        captured = self._capsys.readouterr()
        return int(code), captured.out, captured.err

    def out(self, *arguments: str) -> str:
        """Return the output of a command that must succeed."""
        code, out, err = self.run(*arguments)
        assert 0 == code, err
        return out

    def json(self, *arguments: str) -> Any:  # noqa: ANN401 JSON
        """Return what a command says to machines."""
        return json.loads(self.out(*arguments, "--json"))


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Return a deployment in which this user is a reviewer and a second."""
    fake_plugins.install(tmp_path / "site", monkeypatch)
    me = f'{{user: "{ME}", mail: me@beta.example, roles: [reviewer, second], sources: [hr]}}'
    text = f"{fake_plugins.CONFIG}\npeople:\n  - {me}\n  - {OTHER}\n"
    config = fake_plugins.deployment_folder(tmp_path / "beta", text)
    pack = shipped("rules") / "eligibility" / "default.yaml"
    (config.parent / "pack.yaml").write_bytes(pack.read_bytes())
    return Shell(config, capsys)


def _softened(shell: Shell, to: Path | None = None) -> Path:
    """Take the rule about poor performance out, and call such exits good standing."""
    text = shell.pack.read_text("utf-8")
    start = text.index("  - id: performance-exit")
    end = text.index("  - id:", start + 5)
    softer = text[:start] + text[end:]
    softer = softer.replace("good_standing:\n", "good_standing:\n  - performance\n")
    target = to or shell.pack
    target.write_text(softer, "utf-8")
    return target


def test_a_draft_is_tried_without_touching_anything(shell: Shell, tmp_path: Path) -> None:
    """HR sees whom it lets in before it stands anywhere."""
    draft = _softened(shell, tmp_path / "draft.yaml")

    lines = shell.out("rules", "simulate", "--rules", str(draft)).splitlines()

    assert lines[0].startswith("EX-000001  review -> eligible  performance-exit")
    kinds = "1 exit kind(s) would be treated as more eligible"
    assert f"hr: 1 towards eligible, {kinds}." in lines
    assert "The change would wait for its release. Nothing was written." == lines[-1]
    assert 1 == len(shell.json("rules", "revisions"))


def test_a_simulation_for_machines(shell: Shell, tmp_path: Path) -> None:
    """One object, flip by flip; no name and no fact is in it."""
    draft = _softened(shell, tmp_path / "draft.yaml")

    found = shell.json("rules", "simulate", "--rules", str(draft), "--source", "hr")

    (flip,) = found["flips"]
    assert ("EX-000001", "hr", "review", "eligible", "towards_eligible", ["performance-exit"]) == (
        flip["case"],
        flip["source"],
        flip["before"],
        flip["after"],
        flip["direction"],
        flip["rules"],
    )
    assert (1, True) == (found["sources"]["hr"]["towards_eligible"], found["needs_release"])
    assert "Jaworowska" not in json.dumps(found)
    away = shell.json("rules", "simulate", "--rules", str(draft), "--only", "away")
    assert ([], 1) == (away["flips"], away["sources"]["hr"]["towards_eligible"])


def test_whoever_is_to_come_is_shown(shell: Shell, tmp_path: Path) -> None:
    """Nobody moves today: who signs must see what it is about all the same."""
    draft = shell.edit("18 years ago", "16 years ago", tmp_path / "draft.yaml")

    lines = shell.out("rules", "simulate", "--rules", str(draft)).splitlines()

    assert "hr: leavers to come may move towards eligible." == lines[0]
    assert lines[1].startswith("hr: an invented leaver who would move: birth_date 20")
    assert lines[1].endswith(": held -> eligible  under-18")
    assert "The change would wait for its release. Nothing was written." == lines[2]
    said = shell.json("rules", "simulate", "--rules", str(draft))["to_come"]["hr"]
    assert ("held", "eligible", ["under-18"]) == (said["before"], said["after"], said["rules"])
    assert shell.json("rules", "simulate")["to_come"] == {"hr": None}


def test_nothing_would_change(shell: Shell) -> None:
    """The sentence is there all the same, and the JSON is an object."""
    assert [
        "hr: nobody would change sides.",
        "The change would be active at once. Nothing was written.",
    ] == shell.out("rules", "simulate").splitlines()
    assert [] == shell.json("rules", "simulate")["flips"]


@pytest.mark.parametrize("options", [("--rules", "nowhere.yaml"), ("--source", "nowhere")])
def test_what_cannot_be_tried(shell: Shell, options: tuple[str, str]) -> None:
    """A slip on the command line is told, with 2."""
    code, out, err = shell.run("rules", "simulate", *options)

    assert (2, "", True) == (code, out, "nowhere" in err)


def test_a_broken_draft_is_told_with_its_line(shell: Shell, tmp_path: Path) -> None:
    """Who drafts a rule looks for a line, not for a traceback."""
    draft = shell.edit("then: excluded", "then: excludd", tmp_path / "draft.yaml")

    code, _, err = shell.run("rules", "simulate", "--rules", str(draft))

    assert (2, True) == (code, "draft.yaml:" in err and "is no outcome" in err)


def test_a_release_takes_two_people(shell: Shell) -> None:
    """The first here, the second somebody else; one login twice is one person."""
    _softened(shell)
    shell.judge()
    waiting = next(row for row in shell.json("rules", "revisions") if row["state"] != "active")
    name = waiting["revision"]
    assert f"{name}  hr      awaiting_release" in shell.out("rules", "revisions")
    assert "1 towards eligible" in shell.out("rules", "revisions", "--source", "hr")

    first = shell.out("rules", "release", name, "--reason", "intended")
    code, again, _ = shell.run("rules", "release", name, "--reason", "intended")

    assert first.startswith(f"{name} waits for a second person to release it: 1 towards eligible")
    tried = shell.out("rules", "simulate", "--revision", name)
    assert "1 towards eligible" in tried
    assert (1, True) == (code, "the second must be another person" in again)
    code, _, err = shell.run("rules", "release", name, "--reason", "because")
    assert 1 == code, err


def test_several_are_released_at_once_with_a_result_for_each(shell: Shell) -> None:
    """A pack of four sources must not take four commands, nor one slip stop the other three."""
    _softened(shell)
    shell.judge()
    name = next(
        row["revision"] for row in shell.json("rules", "revisions") if row["state"] != "active"
    )

    code, out, _ = shell.run("rules", "release", "unknown", name, "--reason", "intended")

    refused, done = out.splitlines()
    assert (1, True) == (code, refused.startswith("refused: unknown: there is no revision"))
    assert done.startswith(f"{name} waits for a second person to release it")


def test_the_second_person_lets_it_judge(shell: Shell) -> None:
    """From the next run on, and not before."""
    _softened(shell)
    shell.judge()
    with Deployment.open(shell.config) as d:
        name = next(
            row["revision"] for row in shell.json("rules", "revisions") if row["state"] != "active"
        )
        release_rules(d, name, reason="intended", identity=Identity("hr.other", verified=True))

    said = shell.out("rules", "release", name, "--reason", "intended")

    assert said.startswith(f"{name} is released: the next run of hr judges by it; 1 towards elig")
    shell.judge()
    assert ["eligible", "review"] == [
        one["verdict"]
        for one in reversed(shell.json("rules", "explain", f"hr/{shell.person}", "--past"))
    ]


def test_doctor_says_what_waits(shell: Shell) -> None:
    """Who changed a rule and sees no effect asks doctor first."""
    _softened(shell)
    shell.judge()

    _, out, _ = shell.run("doctor")

    assert "hr: changed rules wait for their release (1 towards eligible, " in out


def test_past_decisions_are_explained_and_come_out_the_same(shell: Shell) -> None:
    """Each clause by the rules of its day, and the word that it was worked out again."""
    shell.edit("then: review", "then: excluded")
    shell.judge()

    past = shell.json("rules", "explain", f"hr/{shell.person}", "--past")

    assert [("review", True), ("excluded", True)] == [
        (one["verdict"], one["same_again"]) for one in past
    ]
    assert 2 == len({one["revision"] for one in past})
    number = str(past[0]["decision"])
    told = shell.out("rules", "explain", f"hr/{shell.person}", "--decision", number)
    assert told.startswith(f"Decision {number}:\nhr: to be reviewed")
    assert "Worked out again by the rules of that day: the same." in told
    code, _, err = shell.run("rules", "explain", f"hr/{shell.person}", "--decision", "999")
    assert (2, True) == (code, f"kept are: {number}, " in err)


def test_the_reasons_are_those_of_the_engine() -> None:
    """`--help` must not name a reason that is refused."""
    assert RULES_REASONS == SHOWN
