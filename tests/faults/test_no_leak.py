"""No value of a person anywhere but in their mail and on the platform, whatever goes wrong."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import dagster as dg
import pytest
from sqlalchemy import select

from alumni_sync.ledger.tables import Spell, t
from assets.home import instance_of
from tests.conftest import NOW
from tests.faults.breaking import break_facts, broken_database, install_plugins, using_plugin
from tests.faults.company import CONFIG, command, opened, process
from tests.invariants.secrecy import nothing_personal_stands_where_it_must_not
from tests.invariants.violation import Violation
from tests.invariants.world import World, look

FAILED: Final = {2, 4, 70}  # configuration and ledger, vendor, a fault of ours
OF_THE_RECORD: Final = "UPDATE ON run WHEN instr(NEW.counts, '\"{}\"')"
"""When a stage that writes nothing else puts down what it counted."""

DATABASE_ERRORS: Final = {
    "leavers": ("fresh", "INSERT ON spell"),
    "eligibility": ("fresh", "INSERT ON decision"),
    "exclusion_queue": ("fresh", "INSERT ON exclusion_case"),
    "consent_requests": ("fresh", "INSERT ON invitation"),
    "alumni_profiles": ("answered", OF_THE_RECORD.format("alumni_profiles")),
    "community_members": ("answered", "INSERT ON platform_write"),
    "programme_report": ("answered", OF_THE_RECORD.format("programme_report")),
}


def as_iso(dates: Sequence[str]) -> list[str]:
    """Return birth dates as a program writes them, whatever the export's way is."""
    found = []
    for text in dates:
        parts = re.findall(r"\d+", text)
        if len(parts) == 3:
            found.append("-".join(parts if len(parts[0]) == 4 else reversed(parts)))
    return found


def _world(folder: Path, *also: Path) -> World:
    """Return the world with everybody's values, also as we would write them."""
    world = look(folder / CONFIG, NOW, also_watch=also)
    iso = {
        f"{label} in ISO": as_iso(values)
        for label, values in world.canaries.items()
        if label.endswith("birth_date")
    }
    assert sum(map(len, iso.values())) > 10
    return replace(world, canaries={**world.canaries, **iso})


def leaks(folder: Path, *also: Path) -> list[Violation]:
    """Return whose values stand where they must not: in the deployment's folder or in `also`."""
    return list(nothing_personal_stands_where_it_must_not(_world(folder, *also)))


def _somebody(folder: Path) -> str:
    """Return name, address and birth date of somebody in the exports, as a message has them."""
    canaries = _world(folder).canaries
    return ", ".join(
        canaries[f"acme-pl {what}"][0]
        for what in ("name", "personal_email", "birth_date", "person_id")
    )


def _failed_steps(folder: Path) -> set[str]:
    """Return which stages failed, by Dagster's own record."""
    with instance_of(folder) as instance:
        return {
            str(entry.step_key)
            for run in instance.get_runs()
            for entry in instance.all_logs(run.run_id, dg.DagsterEventType.STEP_FAILURE)
        }


@pytest.mark.slow
def test_a_usual_run_leaks_nothing(
    answered: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The ledger is copied for backups, Dagster's home is open to engineers, logs go anywhere.

    This is T10 of docs/tests-of-consent.md.
    """
    folder = tmp_path / "acme"
    shutil.copytree(answered, folder)

    done = process(folder, "run", "--json")
    (tmp_path / "run.txt").write_bytes(done.stdout + done.stderr)
    capfd.readouterr()
    codes = [
        command(folder, *name.split())
        for name in ("plan", "queue list", "quarantine list", "ledger stats")
    ]
    (tmp_path / "others.txt").write_text("".join(capfd.readouterr()), encoding="utf-8")

    assert [0, 0, 0, 0, 0] == [done.returncode, *codes]
    assert [] == leaks(folder, tmp_path / "run.txt", tmp_path / "others.txt")


@pytest.mark.slow
@pytest.mark.parametrize("stage", DATABASE_ERRORS)
def test_a_database_error_in_any_stage_leaks_nothing(
    stage: str, request: pytest.FixtureRequest, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Databases quote the row that they refuse, and Dagster keeps exceptions for a month (T10)."""
    world, when = DATABASE_ERRORS[stage]
    folder = tmp_path / "acme"
    shutil.copytree(request.getfixturevalue(world), folder)
    opened(folder).close()  # makes the ledger where there is none yet

    with broken_database(folder, when, _somebody(folder)):
        code = command(folder, "--debug", "run")

    assert code in FAILED
    assert stage in _failed_steps(folder)
    assert [] == leaks(folder, _printed(tmp_path, capfd))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stage", "world", "plugin"),
    [
        ("leavers", "fresh", "csv"),
        ("consent_requests", "fresh", "file"),
        ("community_members", "answered", "directory"),
    ],
)
def test_a_validation_error_in_a_plugin_leaks_nothing(
    stage: str,
    world: str,
    plugin: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pydantic quotes the input, and a plugin's author has not read our style guide."""
    folder = tmp_path / "acme"
    shutil.copytree(request.getfixturevalue(world), folder)
    install_plugins(tmp_path / "plugins", monkeypatch)

    with using_plugin(folder, plugin):
        code = command(folder, "--debug", "run")

    assert code in FAILED
    assert stage in _failed_steps(folder)
    assert [] == leaks(folder, _printed(tmp_path, capfd))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stage", "world"),
    [("consent_requests", "answered"), ("community_members", "confirmed")],
)
def test_facts_that_are_not_what_they_must_be_leak_nothing(
    stage: str,
    world: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A parser quotes what it could not parse, and what it parses here is sealed for a reason."""
    folder = tmp_path / "acme"
    shutil.copytree(request.getfixturevalue(world), folder)
    break_facts(folder, _somebody(folder), judge_again=False)

    code = command(folder, "--debug", "run")

    assert code in FAILED
    assert stage in _failed_steps(folder)
    assert [] == leaks(folder, _printed(tmp_path, capfd))


@pytest.mark.slow
def test_facts_that_no_rule_can_read_send_to_review_and_leak_nothing(
    invited: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The reason why somebody waits is kept in plain sight; what could not be read is not in it."""
    folder = tmp_path / "acme"
    shutil.copytree(invited, folder)
    canary = _somebody(folder)
    break_facts(folder, canary, judge_again=True)

    assert command(folder, "--debug", "run", "--source", "acme-pl") == 0

    with opened(folder) as d, d.ledger.read() as connection:
        spells = t(Spell)
        query = select(spells.c.verdict).where(spells.c.source == "acme-pl")
        judged = connection.execute(query.where(spells.c.sealed.is_not(None))).scalars()
        assert {"review"} == set(judged)
    assert [] == leaks(folder, _printed(tmp_path, capfd, told=""))


def _printed(tmp_path: Path, capfd: pytest.CaptureFixture[str], told: str = "alumni-sync:") -> Path:
    """Write down what was printed until now, for the search."""
    out, err = capfd.readouterr()
    assert told in err
    path = tmp_path / "printed.txt"
    path.write_text(out + err, encoding="utf-8")
    return path
