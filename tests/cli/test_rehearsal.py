"""The dry run's copy: the same people, nothing kept, nothing reachable from it."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from alumni_sync.cli.rehearsal import Unmapped, rehearse
from alumni_sync.clock import FixedClock
from alumni_sync.deployment import Deployment, load_configuration
from alumni_sync.domain import ExitKind
from alumni_sync.errors import ConfigError, PermanentError
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.leases import hold
from alumni_sync.ledger.tables import Person, t
from alumni_sync.ports import SourceRecord
from tests import fake_plugins
from tests.conftest import NOW

PEOPLE = t(Person)
CLOCK = FixedClock(NOW)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path of a configuration with a stranger's plugins."""
    fake_plugins.install(tmp_path / "site", monkeypatch)
    return fake_plugins.deployment_folder(tmp_path / "beta")


def add_person(deployment: Deployment, name: str) -> None:
    """Put somebody into a ledger, sealed as always."""
    vault = deployment.ledger.vault
    vault.create_keys(["P-1"])
    row = {
        "id": "P-1",
        "source": "hr",
        "person_hash": "p",
        "employee_hash": "e",
        "number_hash": "n",
        "created_at": NOW,
        "sealed": vault.seal("P-1", KeyKind.PROFILE, "person", name.encode()),
    }
    with deployment.ledger.write() as connection:
        connection.execute(PEOPLE.insert(), [row])


def people(deployment: Deployment) -> int:
    """Return how many people a ledger has."""
    with deployment.ledger.read() as connection:
        return connection.execute(select(func.count()).select_from(PEOPLE)).scalar_one()


def test_the_copy_knows_whom_the_ledger_knows(config: Path) -> None:
    """A forecast that takes known people for new ones foretells a wave that never comes."""
    with Deployment.open(config, clock=CLOCK) as real:
        add_person(real, "Żaneta")

    with rehearse(load_configuration(config), CLOCK) as rehearsal:
        with rehearsal.ledger.read() as connection:
            row = connection.execute(select(PEOPLE)).one()
        opened = rehearsal.ledger.vault.open("P-1", KeyKind.PROFILE, "person", row.sealed)

    assert "Żaneta" == opened.decode()


def test_what_is_written_to_the_copy_is_nowhere_afterwards(config: Path) -> None:
    """`--dry-run` promises that nothing was written."""
    with Deployment.open(config, clock=CLOCK):
        pass
    with rehearse(load_configuration(config), CLOCK) as rehearsal:
        add_person(rehearsal, "Żaneta")
        folder = Path(str(rehearsal.ledger.engine.url.database)).parent
        assert 0o700 == folder.stat().st_mode & 0o777

    assert not folder.exists()
    with Deployment.open(config, clock=CLOCK) as real:
        assert 0 == people(real)


def test_without_a_ledger_it_starts_empty_and_makes_none(config: Path) -> None:
    """The first dry run comes before the first run."""
    with rehearse(load_configuration(config), CLOCK) as rehearsal:
        assert 0 == people(rehearsal)

    assert not (config.parent / "var").exists()


def test_nothing_outside_can_be_reached(config: Path) -> None:
    """One forgotten call in a service must not send a mail in a dry run."""
    with rehearse(load_configuration(config), CLOCK) as rehearsal:
        for reach in (rehearsal.mailer, rehearsal.platform):
            with pytest.raises(PermanentError, match="dry run"):
                reach()


def test_a_run_under_way_does_not_stop_it(config: Path) -> None:
    """It works on a copy; the lease of the real one is not its own."""
    with (
        Deployment.open(config, clock=CLOCK) as real,
        hold(real.ledger, CLOCK, "intake:hr"),
        rehearse(load_configuration(config), CLOCK) as rehearsal,
        hold(rehearsal.ledger, CLOCK, "intake:hr") as lease,
    ):
        assert lease is not None


def test_a_ledger_without_its_key_is_said(config: Path) -> None:
    """A copy under a new key would take everybody for unknown."""
    with Deployment.open(config, clock=CLOCK) as real:
        add_person(real, "Żaneta")
    (config.parent / "var" / "keys.master").unlink()

    with (
        pytest.raises(ConfigError, match="the ledger has content"),
        rehearse(load_configuration(config), CLOCK),
    ):
        pass


def record(line: int, kind: ExitKind | None, code: str | None) -> SourceRecord:
    """Return a record of which only the exit matters."""
    return SourceRecord(f"x.csv:{line}", {"exit_kind": kind, "exit_code": code})


@pytest.mark.parametrize("passes", [1, 2])
def test_unmapped_codes_are_counted_once_a_row(passes: int) -> None:
    """A file is read twice; the number is what HR will look for in its export."""
    page = [
        record(2, ExitKind.UNKNOWN, "X9"),
        record(3, ExitKind.UNKNOWN, "X9"),
        record(4, ExitKind.RESIGNATION, "R1"),
        record(5, ExitKind.UNKNOWN, None),
    ]
    unmapped = Unmapped()
    for _ in range(passes):
        unmapped.note("hr", page)

    assert {"hr": {"X9": 2}} == unmapped.counts()
