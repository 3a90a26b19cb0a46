"""Requests to join on the command line: seen, matched, described in a file, let go."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from alumni_sync.cli.join import REJECTIONS as OFFERED
from alumni_sync.clock import FixedClock
from alumni_sync.consent.joining.matching import REJECTIONS
from alumni_sync.consent.transitions import suppress
from alumni_sync.domain import Fact
from alumni_sync.errors import Refused
from alumni_sync.intake.confirmed import facts_of
from alumni_sync.ledger.store import Ledger
from tests.conftest import MASTER, NOW
from tests.consent.joins import proven
from tests.consent.world import World
from tests.officer import open_ledger, run, write_company
from tests.roster import Leaver


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return the configuration of the sample company, whose privacy officer runs this test."""
    return write_company(tmp_path / "acme")


@pytest.fixture
def asked(config: Path, tmp_path: Path, clock: FixedClock) -> tuple[str, Leaver]:
    """Put a request and a leaver into the ledger of that company."""
    with open_ledger(config) as ledger:
        world = World(tmp_path, ledger, clock)
        leaver = world.leaver()
        return proven(world, number=leaver.number).id, leaver


def test_a_request_is_listed_shown_and_matched(
    config: Path, asked: tuple[str, Leaver], capsys: pytest.CaptureFixture[str]
) -> None:
    """HR without a browser works on requests just as well."""
    request, leaver = asked
    assert 0 == run(config, "join", "list")
    listed = capsys.readouterr().out
    assert request in listed
    assert "Zofia" not in listed
    assert 0 == run(config, "join", "show", request)
    told = capsys.readouterr().out
    for part in ("Zofia Jaworowska", leaver.spell, "z•••@h•••.example", "number"):
        assert part in told
    assert "zofia.j@" not in told
    assert 0 == run(config, "join", "match", request, leaver.spell, "--json")
    assert "matched" == json.loads(capsys.readouterr().out)["state"]
    assert 0 == run(config, "join", "list", "--json")
    assert [] == json.loads(capsys.readouterr().out)


def test_facts_come_from_a_file(
    config: Path,
    asked: tuple[str, Leaver],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """On the command line they would stay in the shell's history."""
    request, _ = asked
    file = tmp_path / "facts.yaml"
    file.write_text(
        "person_id: A17\nhire_date: 2001-02-03\nlast_working_day: 2009-06-30\n"
        "exit_kind: resignation\ndo_not_consider: no\n",
        "utf-8",
    )
    arguments = ("join", "match", request, "--source", "acme-pl", "--facts", str(file))
    assert 0 == run(config, *arguments)
    assert "is matched" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [(), ("--source", "acme-pl"), ("S-1", "--source", "acme-pl"), ("S-1",)]
)
def test_a_match_without_an_employment_is_refused(
    config: Path, asked: tuple[str, Leaver], arguments: tuple[str, ...]
) -> None:
    """Half a command must not match anybody."""
    assert 2 == run(config, "join", "match", asked[0], *arguments)


def test_a_rejection_is_said_and_done(
    config: Path, asked: tuple[str, Leaver], capsys: pytest.CaptureFixture[str]
) -> None:
    """A request that nobody can place is let go."""
    assert 0 == run(config, "join", "reject", asked[0], "--reason", "not_found")
    assert "nobody is told" in capsys.readouterr().out
    assert 2 == run(config, "join", "show", asked[0])


def test_the_reasons_on_the_command_line_are_the_stages() -> None:
    """A reason that is offered and refused helps nobody."""
    assert REJECTIONS == OFFERED


def test_what_hr_writes_becomes_facts() -> None:
    """A date as text would be compared as text; an empty line is unknown."""
    raw = {
        "hire_date": "2001-02-03",
        "job_level": "7",
        "tags": "a, b",
        "do_not_consider": False,
        "department": "",
        "given_name": " Zofia ",
    }
    found = facts_of(raw)
    assert ("2001-02-03", 7, ("a", "b"), "no", "Zofia") == (
        str(found["hire_date"]),
        found["job_level"],
        found["tags"],
        found["do_not_consider"],
        found["given_name"],
    )
    assert "department" not in found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("personal_email", "a@b.example"),
        ("contact_given_at", "2020-01-01"),
        ("record_status", "active"),
        ("salary", "1"),
        ("hire_date", "03.02.2001"),
        ("hire_date", 2001),
        ("exit_kind", "fired"),
        ("do_not_consider", "maybe"),
        ("job_level", "high"),
        ("given_name", ["Zofia"]),
    ],
)
def test_what_is_no_fact_is_refused_without_repeating_it(name: str, value: Fact) -> None:
    """A wrong fact would be judged; a message that repeats it would be logged."""
    with pytest.raises(Refused) as refused:
        facts_of({name: value})
    assert name in str(refused.value)
    assert repr(value) not in str(refused.value)


def test_suppressions_are_listed_kept_and_ended(
    config: Path, asked: tuple[str, Leaver], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever is responsible for the list needs no database to look after it."""
    del asked
    var = config.parent / "var"
    urls = f"sqlite:///{var}/ledger.db", f"sqlite:///{var}/keys.db"
    with Ledger.open(*urls, MASTER) as ledger, ledger.write() as connection:
        for name in ("one", "two"):
            address = ledger.hashes.address(f"{name}@mail.example")
            suppress(connection, address, "all", "objected", NOW - timedelta(days=1200))
    assert 0 == run(config, "suppressions", "list", "--json")
    first, second = json.loads(capsys.readouterr().out)
    assert 0 == run(config, "suppressions", "keep", first["number"], "--reason", "programme_runs")
    assert "is kept until 2029" in capsys.readouterr().out
    assert 0 == run(config, "suppressions", "end", second["number"], "--reason", "address_gone")
    assert 0 == run(config, "suppressions", "list")
    assert "objected" not in capsys.readouterr().out


@pytest.mark.parametrize("content", ["- a\n", "1: 2\n", "a: [", b"\xff\xfe"])
def test_a_file_that_is_no_list_of_facts_is_refused(
    config: Path, asked: tuple[str, Leaver], tmp_path: Path, content: str | bytes
) -> None:
    """Half-read facts would be judged."""
    file = tmp_path / "facts.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    arguments = ("join", "match", asked[0], "--source", "acme-pl", "--facts", str(file))
    assert 2 == run(config, *arguments)
