"""The command line of whoever rules: cases, brakes, guards, and why."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from alumni_sync.cli import brakes as brakes_command
from alumni_sync.cli import queue as queue_command
from alumni_sync.cli.app import os_identity
from alumni_sync.cli.main import run_command_line
from alumni_sync.deployment import Deployment
from alumni_sync.domain import Identity
from alumni_sync.eligibility.judging.judge import judge_leavers
from alumni_sync.ledger.people import resolve_person
from alumni_sync.ledger.tables import Brake, t
from alumni_sync.review.people.access import looks_at
from alumni_sync.review.queue.following import sync_queue
from alumni_sync.review.releases.stops import RELEASE_REASONS, release_stop
from alumni_sync.review.rulings.steps import REOPEN_REASONS
from alumni_sync.shipped import shipped
from tests import fake_plugins
from tests.roster import Roster

ME = os_identity().user
OTHERS = "{user: hr.other, mail: o@beta.example, roles: [reviewer, operator], sources: [hr]}"


class Shell:
    """A deployment with a few leavers, and what a command prints about it."""

    def __init__(self, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Write three leavers, judge them, and open their cases."""
        self.config = config
        self._capsys = capsys
        with Deployment.open(config) as d:
            roster = Roster(d)
            self.person = roster.add("hr", exit_kind="performance").number
            roster.add("hr", exit_kind="misconduct")
            roster.add("hr")
            judge_leavers(d, run_id="R-1")
            sync_queue(d, run_id="R-1")
        review, grave = json.loads(self.out("queue", "list", "--json"))
        if review["verdict"] == "excluded":
            review, grave = grave, review
        self.review, self.grave = str(review["case"]), str(grave["case"])

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

    def status(self) -> dict[str, str]:
        """Return case → status."""
        lines = json.loads(self.out("queue", "list", "--all", "--json"))
        return {line["case"]: line["status"] for line in lines}


def _shell(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    roles: str = "reviewer",
) -> Shell:
    fake_plugins.install(tmp_path / "site", monkeypatch)
    me = f'{{user: "{ME}", mail: me@beta.example, roles: [{roles}], sources: [hr]}}'
    text = f"{fake_plugins.CONFIG}\npeople:\n  - {me}\n  - {OTHERS}\n"
    config = fake_plugins.deployment_folder(tmp_path / "beta", text)
    pack = shipped("rules") / "eligibility" / "default.yaml"
    (config.parent / "pack.yaml").write_bytes(pack.read_bytes())
    return Shell(config, capsys)


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Return a deployment in which this user is a reviewer."""
    return _shell(tmp_path, monkeypatch, capsys)


def test_the_list_is_what_others_rely_on(shell: Shell) -> None:
    """Scripts read these keys; none of them is about a person."""
    lines = json.loads(shell.out("queue", "list", "--json"))

    assert [
        "case",
        "source",
        "verdict",
        "rules",
        "opened_at",
        "due_at",
        "status",
        "version",
    ] == list(lines[0])
    grave = next(line for line in lines if line["case"] == shell.grave)
    assert ("hr", "excluded", ["conduct-exit"], "open", 1) == (
        grave["source"],
        grave["verdict"],
        grave["rules"],
        grave["status"],
        grave["version"],
    )


def test_the_list_for_people(shell: Shell) -> None:
    """A case, its rule and its due date on one line."""
    lines = shell.out("queue", "list").splitlines()

    assert 3 == len(lines)
    assert lines[0].split() == ["case", "source", "verdict", "rules", "opened", "due", "status"]
    assert "Jaworowska" not in "".join(lines)
    assert 1 == len(shell.out("queue", "list", "--source", "elsewhere").splitlines())


def test_an_empty_list_is_a_list(shell: Shell) -> None:
    """A script must not fail on the best of days."""
    shell.out("queue", "admit", shell.review, "--reason", "other")
    assert [] == json.loads(shell.out("queue", "list", "--json", "--source", "elsewhere"))


def test_ruling_on_several_cases(shell: Shell) -> None:
    """One that is refused keeps no other from being done, and is not hidden among them."""
    code, out, _ = shell.run(
        "queue", "uphold", shell.review, "EX-999999", shell.grave, "--reason", "confirmed"
    )

    assert 1 == code
    assert [
        f"{shell.review} is upheld: the person stays out",
        "refused: EX-999999: there is no case EX-999999",
        f"{shell.grave} waits for a second person to uphold it",
    ] == out.splitlines()
    assert {shell.review: "upheld", shell.grave: "awaiting_second"} == shell.status()


def test_a_result_for_each_case_as_json(shell: Shell) -> None:
    """A script must know which ones were done."""
    code, out, _ = shell.run("queue", "admit", "EX-1", shell.review, "--reason", "other", "--json")

    results = json.loads(out)
    assert (1, [False, True]) == (code, [result["done"] for result in results])
    assert ["EX-1", shell.review] == [result["subject"] for result in results]


@pytest.mark.parametrize("reason", ["", "confirmed", "CHOOSE"])
def test_no_reason_no_ruling(shell: Shell, reason: str) -> None:
    """Exit 1, and the case is as it was."""
    code, out, _ = shell.run("queue", "admit", shell.review, "--reason", reason)

    assert (1, True) == (code, out.startswith("refused: "))
    assert "open" == shell.status()[shell.review]


def test_lists_are_cut_to_what_is_asked_for(shell: Shell) -> None:
    """A queue of hundreds is worked on rule by rule, the late ones first."""

    def listed(*options: str) -> list[str]:
        return [line["case"] for line in json.loads(shell.out("queue", "list", "--json", *options))]

    assert [shell.grave] == listed("--rule", "conduct-exit")
    assert [] == listed("--rule", "no-such-rule")
    assert [] == listed("--overdue")
    assert [] == listed("--older-than", "1")
    shell.out("queue", "uphold", shell.grave, "--reason", "confirmed")
    assert [shell.grave] == listed("--awaiting-second")
    assert 2 == shell.run("queue", "list", "--older-than", "0")[0]


def test_an_admission_until_a_day_with_words(shell: Shell, tmp_path: Path) -> None:
    """The day stands in every list; the words in none."""
    words = tmp_path / "meeting.txt"
    words.write_text("She has made amends.")
    arguments = ("queue", "admit", shell.review, "--reason", "rehabilitated")
    assert 1 == shell.run(*arguments, "--until", "2020-01-01")[0]
    assert 2 == shell.run(*arguments, "--until", "soon")[0]
    assert "open" == shell.status()[shell.review]

    said = shell.out(*arguments, "--until", "2099-01-31", "--comment", str(words))

    assert "is admitted until 2099-01-31" in said
    every = ("queue", "list", "--all")
    (line,) = (
        one for one in json.loads(shell.out(*every, "--json")) if one["status"] == "admitted"
    )
    assert "2099-01-31" == line["admitted_until"]
    assert "admitted, until 2099-01-31" in shell.out(*every)
    assert "amends" not in shell.out(*every) + shell.out(*every, "--json")
    shown = shell.out("queue", "show", shell.review)
    assert "She has made amends." in shown
    assert "admitted until 2099-01-31" in shown


def test_the_record_of_a_decision(shell: Shell, tmp_path: Path) -> None:
    """On the screen, as data, and as a page that only its owner can read."""
    shell.out("queue", "uphold", shell.review, "--reason", "confirmed")
    page = tmp_path / "record.html"

    text = shell.out("queue", "record", shell.review)
    content = json.loads(shell.out("queue", "record", shell.review, "--json"))
    shell.out("queue", "record", shell.review, "--html", str(page))

    assert "Zofia Jaworowska" in text
    assert "true    the exit kind is performance  [exit_kind = performance]" in text
    assert "alone, without having opened the case" in text
    assert ("review", "upheld") == (
        content["proposal"]["verdict"],
        content["rulings"][0]["event"],
    )
    assert 0o600 == page.stat().st_mode & 0o777
    assert f"Decision record {shell.review}" in page.read_text(encoding="utf-8")
    again = shell.run("queue", "record", shell.review, "--html", str(page))
    assert (2, True) == (again[0], "is there already" in again[2])
    assert 2 == shell.run("queue", "record", "EX-999999")[0]


def test_reopening(shell: Shell) -> None:
    """A contest takes a ruling up again."""
    shell.out("queue", "uphold", shell.review, "--reason", "confirmed")

    shell.out("queue", "reopen", shell.review, "--reason", "contest")

    assert "reopened" == shell.status()[shell.review]
    assert 1 == shell.run("queue", "reopen", shell.review, "--reason", "contest")[0]


def test_the_login_is_who_acts(shell: Shell) -> None:
    """Naming a colleague makes nobody that colleague: a claim is not the second of two."""
    shell.out("queue", "uphold", shell.review, "--reason", "confirmed", "--by", "hr.other")
    code, out, _ = shell.run(
        "queue", "uphold", shell.grave, "--reason", "other", "--by", "hr.other"
    )

    assert (1, True) == (code, "(sign on through the proxy, or use" in out)
    history = json.loads(shell.out("queue", "show", shell.review, "--json"))["history"]
    assert ("hr.other", False) == (history[1]["actor"], history[1]["verified"])


def test_a_name_that_nobody_knows_is_a_usage_error(shell: Shell) -> None:
    """A typing error must not stand in the record as a person."""
    code, _, err = shell.run(
        "queue", "uphold", shell.review, "--reason", "other", "--by", "hr.othr"
    )

    assert (2, True) == (code, "hr.othr is not in `people:`" in err)


def test_a_case_with_its_person(shell: Shell) -> None:
    """Whoever rules must see what they rule on."""
    content = json.loads(shell.out("queue", "show", shell.grave, "--json"))
    text = shell.out("queue", "show", shell.grave)

    assert (shell.grave, "Zofia Jaworowska", "misconduct") == (
        content["case"],
        content["name"],
        content["facts"]["exit_kind"],
    )
    assert "Excluded, because the exit kind is misconduct or dispute." in text
    assert "true    the exit kind is misconduct or dispute" in text
    assert "It takes two people" in text
    assert f" UTC  seen by {ME}" in text


def test_the_way_to_the_hris(shell: Shell) -> None:
    """Whoever rules wants to see the whole file, where it is kept."""
    with Deployment.open(shell.config) as d:
        Roster(d, made=10).add("hr", exit_kind="misconduct", person_id="OS-7")
        judge_leavers(d, run_id="R-2")
        sync_queue(d, run_id="R-2")
    (new,) = set(shell.status()) - {shell.review, shell.grave}

    assert "In the HRIS: https://fake.example/OS-7" in shell.out("queue", "show", new)


def test_an_operator_sees_no_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who keeps the machine running has no business with a dismissal."""
    shell = _shell(tmp_path, monkeypatch, capsys, "operator")

    code, out, err = shell.run("queue", "show", shell.grave)

    assert (2, "") == (code, out)
    assert "takes the role" in err
    assert 2 == shell.run("queue", "show", "EX-999999")[0]


def test_why(shell: Shell) -> None:
    """Each rule with what it said, so that HR can answer the person."""
    text = shell.out("rules", "explain", f"hr/{shell.person}")
    (spell,) = json.loads(shell.out("rules", "explain", shell.person, "--json"))

    assert "true    To be reviewed when the exit kind is performance.  [performance-exit]" in text
    assert ("review", "hr") == (spell["verdict"], spell["source"])
    said = {rule["id"]: rule["holds"] for rule in spell["rules"]}
    assert ("true", "false") == (said["performance-exit"], said["conduct-exit"])


def test_why_says_which_fact_it_was(shell: Shell) -> None:
    """A clause that is "true" without its fact leaves HR to guess what stood in the HRIS."""
    text = shell.out("rules", "explain", f"hr/{shell.person}")
    (spell,) = json.loads(shell.out("rules", "explain", shell.person, "--json"))

    lines = [line.strip() for line in text.splitlines()]
    assert any(line.endswith("[performance-exit]  [exit_kind = performance]") for line in lines)
    assert any(line.endswith("same private address.  [shared-address]") for line in lines)
    (clause,) = next(one["clauses"] for one in spell["rules"] if one["id"] == "performance-exit")
    assert {"exit_kind": "performance"} == clause["facts"]


def test_who_asks_why_is_written_down(shell: Shell) -> None:
    """The command shows as much of a person as their case does."""
    shell.out("rules", "explain", f"hr/{shell.person}")

    with Deployment.open(shell.config) as d:
        (look,) = looks_at(d, resolve_person(d, f"hr/{shell.person}"))
    assert ("see a case", "rules explain") == (look.act, look.subject)


def test_why_is_not_for_everybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which clause is true tells the fact."""
    shell = _shell(tmp_path, monkeypatch, capsys, "operator")

    assert 2 == shell.run("rules", "explain", shell.person)[0]


def test_changed_rules_are_not_shown_as_reasons(shell: Shell) -> None:
    """The rules of that day are: each clause as it was, whatever the file says by now."""
    pack = shell.config.parent / "pack.yaml"
    pack.write_text(pack.read_text().replace("18 years ago", "19 years ago"))

    text = shell.out("rules", "explain", shell.person)

    assert "18 years ago" in text
    assert "19 years ago" not in text
    assert "To be reviewed, because the exit kind is performance." in text


def _trip(shell: Shell, one: str, **changed: Any) -> None:  # noqa: ANN401 any column
    with Deployment.open(shell.config) as d:
        row = {
            "id": one,
            "kind": "guard" if one.startswith("GU") else "brake",
            "name": "short",
            "scope": "hr",
            "subject_hash": "f",
            "counts": {"rows": 3, "last": 240},
            "status": "tripped",
            "version": 1,
            "tripped_at": d.clock.now(),
            "run_id": "R",
        }
        with d.ledger.write() as connection:
            connection.execute(insert(t(Brake)).values({**row, **changed}))


@pytest.mark.parametrize(("group", "one"), [("brakes", "BR-1"), ("guards", "GU-1")])
def test_a_stop_is_listed_and_released_by_two(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    group: str,
    one: str,
) -> None:
    """The id is in the message that stopped the run; here is what to do with it."""
    shell = _shell(tmp_path, monkeypatch, capsys, "second")
    _trip(shell, one)

    assert "rows=3 last=240" in shell.out(group, "list")
    with Deployment.open(shell.config) as d:
        release_stop(d, stop=one, reason="expected", identity=Identity("hr.other", verified=True))
    said = shell.out(group, "release", one, "--reason", "expected")

    assert f"{one} is released until" in said
    (listed,) = json.loads(shell.out(group, "list", "--json"))
    assert "released" == listed["status"]
    assert 1 == shell.run(group, "release", one, "--reason", "expected")[0]


def test_one_person_releases_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1, and it says what is missing."""
    shell = _shell(tmp_path, monkeypatch, capsys, "second")
    _trip(shell, "GU-1")
    first = shell.out("guards", "release", "GU-1", "--reason", "corrected")

    code, out, _ = shell.run("guards", "release", "GU-1", "--reason", "corrected")

    assert "waits for a second person" in first
    assert (1, True) == (code, "must be another person" in out)


def test_the_help_names_the_reasons_that_count() -> None:
    """The lists are written down twice, so that `--help` is quick; they must agree."""
    assert REOPEN_REASONS == queue_command.REOPEN_REASONS
    assert RELEASE_REASONS == brakes_command.RELEASE_REASONS
