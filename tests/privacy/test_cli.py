"""The command line for whoever answers what people ask of us."""

import io
import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from alumni_sync.cli import rights
from alumni_sync.cli.app import os_identity
from alumni_sync.cli.main import run_command_line
from alumni_sync.clock import FixedClock
from alumni_sync.privacy import holds, request_rows
from tests import officer
from tests.conftest import NOW
from tests.consent.world import World
from tests.roster import Leaver


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return the configuration of the sample company, whose privacy officer runs this test."""
    return officer.write_company(tmp_path / "acme")


@pytest.fixture
def member(config: Path, tmp_path: Path, clock: FixedClock) -> Leaver:
    """Put a member into the ledger of that company."""
    with officer.open_ledger(config) as ledger:
        return World(tmp_path, ledger, clock).member()


def run(config: Path, *arguments: str, at: str = NOW.isoformat()) -> int:
    """Run a command of `privacy`."""
    return officer.run(config, "privacy", *arguments, at=at)


def _opened(config: Path, member: Leaver, tmp_path: Path, kind: str = "rectify") -> None:
    words = tmp_path / "words.txt"
    words.write_text("My name is Żofia.\n", "utf-8")
    taken = ("--kind", kind, "--channel", "letter", "--received", "2026-11-02")
    assert 0 == run(config, "requests", "open", member.person, *taken, "--words", str(words))


def test_a_request_from_its_letter_to_its_answer(
    config: Path, member: Leaver, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Taken down, looked at, extended, answered; each says until when."""
    _opened(config, member, tmp_path)
    assert "SR-000001: due 2026-12-02 23:00 UTC." in capsys.readouterr().out

    assert 0 == run(config, "requests", "list")
    assert "SR-000001  acme-pl  rectify" in capsys.readouterr().out
    assert 0 == run(config, "requests", "show", "sr-000001")
    shown = capsys.readouterr().out
    assert "My name is Żofia." in shown
    assert f"received by {os_identity().user}" in shown
    assert 0 == run(config, "requests", "extend", "SR-000001", "--reason", "complex")
    assert "due 2027-02-02 23:00 UTC" in capsys.readouterr().out

    answer = tmp_path / "answer.txt"
    answer.write_text("HR has put it right.", "utf-8")
    done = ("--outcome", "done", "--answer", str(answer))
    assert 0 == run(config, "requests", "close", "SR-000001", *done)
    assert "SR-000001 is done; the answer goes by mail." in capsys.readouterr().out

    assert 0 == run(config, "requests", "list", "--json")
    assert [] == json.loads(capsys.readouterr().out)
    assert 0 == run(config, "requests", "show", "SR-000001", "--json")
    shown = json.loads(capsys.readouterr().out)
    assert ("done", "HR has put it right.") == (shown["state"], shown["history"][-1]["answer"])


def test_what_is_overdue_is_said_loudly(
    config: Path, member: Leaver, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A list in which the late one looks like the others hides it."""
    _opened(config, member, tmp_path)
    capsys.readouterr()
    later = "2027-01-10T09:00:00+01:00"

    assert 0 == run(config, "requests", "list", at=later)

    assert "OVERDUE" in capsys.readouterr().out
    assert 2 == run(config, "requests", "extend", "SR-000001", "--reason", "complex", at=later)
    assert "its deadline is over" in capsys.readouterr().err


def test_what_cannot_be_is_refused_with_a_sentence(
    config: Path, member: Leaver, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A number that is none, a refusal without its reason, an erasure that never happened."""
    _opened(config, member, tmp_path, "erase")
    capsys.readouterr()
    for arguments, said in (
        (("show", "SR-000009"), "there is no request SR-000009"),
        (("close", "SR-000001", "--outcome", "refused"), "give one of"),
        (("close", "SR-000001", "--outcome", "done"), "nothing was erased"),
    ):
        assert 2 == run(config, "requests", *arguments)
        assert said in capsys.readouterr().err


def test_words_may_be_typed_in(
    config: Path,
    member: Leaver,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A shell keeps what stands on a command line; standard input it does not."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("Słowa.".encode()), "utf-8"))
    taken = ("--kind", "rectify", "--channel", "phone", "--words", "-")
    assert 0 == run(config, "requests", "open", member.person, *taken)
    assert 0 == run(config, "requests", "show", "SR-000001")

    assert "Słowa." in capsys.readouterr().out


def test_an_export_goes_into_a_private_folder(
    config: Path, member: Leaver, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everything about somebody, in files that nobody else on this machine can read."""
    out = tmp_path / "export"

    assert 0 == run(config, "export", member.person, "--out", str(out), "--language", "pl")

    said = capsys.readouterr().out
    assert f"files about {member.person}" in said
    files = [path for path in out.rglob("*") if path.is_file()]
    assert {"my-data.html", "my-data.json"} <= {path.name for path in files}
    assert {0o600} == {path.stat().st_mode & 0o777 for path in files}
    assert {0o700} == {path.stat().st_mode & 0o777 for path in (out, out / "texts")}
    assert "Twoje dane" in (out / "my-data.html").read_text("utf-8")
    found = json.loads((out / "my-data.json").read_text("utf-8"))
    assert "zofia@mail.example" in json.dumps(found["consents"])
    assert ["handle a request of a person"] == [read["act"] for read in found["accesses"]]
    assert 2 == run(config, "export", member.person, "--out", str(out))  # not empty any more


def test_only_whoever_may_hands_anything_out(
    config: Path, member: Leaver, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A login on the server is no right to read about people."""
    content = yaml.safe_load(config.read_text("utf-8"))
    content["people"][-1]["roles"] = ["operator"]
    config.write_text(yaml.safe_dump(content), "utf-8")
    out = tmp_path / "export"

    for arguments in (
        ("export", member.person, "--out", str(out)),
        ("requests", "list"),
        ("restrict", member.person),
        ("unrestrict", member.person),
        ("hold", member.person, "--reason", "claim", "--matter", "7 C 12/26"),
        ("release", member.person, "--reason", "ended"),
        ("requests", "open", member.person, "--kind", "access", "--channel", "mail"),
    ):
        assert 2 == run(config, *arguments), arguments
        assert "may not" in capsys.readouterr().err
    assert not out.exists()


def test_another_companys_officer_erases_and_reads_nobody_here(
    config: Path, member: Leaver, capsys: pytest.CaptureFixture[str]
) -> None:
    """A role for one company of the group is none for the others, least of all to destroy."""
    content = yaml.safe_load(config.read_text("utf-8"))
    other = next(name for name in content["sources"] if name != member.source)
    content["people"][-1]["sources"] = [other]
    config.write_text(yaml.safe_dump(content), "utf-8")

    assert 2 == run(config, "erase", member.person)
    assert f"no role for {member.source}" in capsys.readouterr().err
    shown = ["consent", "show", member.person, "--event", "1", "--config", str(config)]
    assert 2 == run_command_line(shown)
    assert f"no role for {member.source}" in capsys.readouterr().err


def test_restricted_and_back(
    config: Path, member: Leaver, capsys: pytest.CaptureFixture[str]
) -> None:
    """By letter as well as on the site."""
    assert 0 == run(config, "restrict", member.person)
    assert "is restricted" in capsys.readouterr().out
    assert 0 == run(config, "unrestrict", member.person)
    assert "not restricted any more" in capsys.readouterr().out
    assert 2 == run(config, "restrict", "P-nobody")


def test_held_and_released(
    config: Path, member: Leaver, capsys: pytest.CaptureFixture[str]
) -> None:
    """While a hold stands nobody is erased, whoever asks."""
    held = ("--reason", "claim", "--matter", "7 C 12/26")
    assert 0 == run(config, "hold", member.person, *held)
    assert 0 == run(config, "hold", member.person, *held)
    assert "was held before" in capsys.readouterr().out
    assert 2 == run(config, "erase", member.person)
    assert "legal hold" in capsys.readouterr().err

    assert 0 == run(config, "release", member.person, "--reason", "ended")
    assert "held no longer" in capsys.readouterr().out
    assert 0 == run(config, "release", member.person, "--reason", "ended")
    assert "was not held" in capsys.readouterr().out
    assert 0 == run(config, "erase", member.person)


def test_the_choices_are_those_of_the_stage() -> None:
    """They are written down twice, so that `--help` needs no database."""
    channels = [channel.value for channel in request_rows.RequestChannel]
    assert [kind.value for kind in request_rows.RequestKind] == list(rights.KINDS)
    assert channels == ["preference_centre", *rights.CHANNELS]
    assert ["open", *rights.OUTCOMES] == [state.value for state in request_rows.RequestState]
    assert request_rows.EXTENSIONS == rights.EXTENSIONS
    assert request_rows.REFUSALS == rights.REFUSALS
    assert (holds.REASONS, holds.LIFT_REASONS) == (rights.HOLD_REASONS, rights.LIFT_REASONS)


def test_doctor_names_what_is_overdue(
    config: Path, member: Leaver, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever looks every morning must not have to look in two places."""
    _opened(config, member, tmp_path)
    capsys.readouterr()

    code = run_command_line(
        ["doctor", "--json", "--config", str(config), "--as-of", "2027-01-10T09:00:00+01:00"]
    )

    assert 0 != code
    said = json.loads(capsys.readouterr().out)["problems"]
    (late,) = [problem for problem in said if problem["where"] == "requests of people"]
    assert "1 open with their deadline over" == late["what"]


def _files(config: Path) -> list[Path]:
    return sorted((config.parent / "var").glob("ledger.db*"))


def test_serve_knows_who_was_erased_before_it_answers_anybody(
    config: Path, member: Leaver, tmp_path: Path
) -> None:
    """T23: a copy of the file that somebody put back by hand, without a word to us."""
    for path in _files(config):
        shutil.copy(path, tmp_path / path.name)
    assert 0 == run(config, "erase", member.person)
    for path in _files(config):
        path.unlink()
    for path in tmp_path.glob("ledger.db*"):
        shutil.copy(path, config.parent / "var" / path.name)

    process = subprocess.Popen(
        [
            *(str(Path(sys.executable).with_name("alumni-sync")), "serve"),
            *("--config", str(config), "--as-of", NOW.isoformat()),
            *("--port", "0", "--desk-port", "0"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert "on http" in process.stdout.readline()
    finally:
        process.kill()
        process.communicate(timeout=60)

    with closing(sqlite3.connect(config.parent / "var" / "ledger.db")) as ledger:
        erased = ledger.execute("SELECT erased_at FROM person WHERE erased_at IS NOT NULL")
        assert 1 == len(erased.fetchall())
        assert [(None,)] == ledger.execute("SELECT sealed FROM spell").fetchall()
