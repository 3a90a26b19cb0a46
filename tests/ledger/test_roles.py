"""The application role on PostgreSQL: whoever breaks into the programs cannot unsay a consent."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlmodel import SQLModel

from alumni_sync.clock import FixedClock
from alumni_sync.errors import ConfigError, LedgerError
from alumni_sync.ledger.chain import verify
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.roles import application_role
from alumni_sync.ledger.store import Ledger
from alumni_sync.privacy.erasure import erase
from alumni_sync.privacy.retention import purge_due
from tests import postgres
from tests.conftest import MASTER
from tests.ledger.chains import append
from tests.membership.world import Community


def _run(url: str, statements: list[str]) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture
def limited(
    postgres_server: postgres.Server, ledger_template: str, tmp_path: Path
) -> Iterator[Ledger]:
    """Yield a ledger that is worked on as the application role; made twice, as after an upgrade."""
    owner, role = postgres_server.create(ledger_template), f"alumni_app_{os.getpid()}"
    for _ in range(2):
        _run(owner, list(application_role(role)))
    as_role = make_url(owner).update_query_dict({"options": f"-c role={role}"})
    url = as_role.render_as_string(hide_password=False)
    try:
        with Ledger.open(url, f"sqlite:///{tmp_path}/keys.db", MASTER) as ledger:
            yield ledger
    finally:
        postgres_server.drop(owner)
        _run(postgres_server.url.render_as_string(hide_password=False), [f"DROP ROLE {role}"])


@pytest.mark.postgres
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE consent_event SET channel = 'paper'",
        "DELETE FROM consent_event",
        "TRUNCATE consent_event",
        "ALTER TABLE consent_event DISABLE TRIGGER USER",
        "DROP TABLE consent_event",
        "UPDATE notice_blob SET content = ''",
        "DELETE FROM notice_blob",
        "DELETE FROM erasure",
        "UPDATE alembic_version SET version_num = ''",
    ],
)
def test_t35_the_application_role_cannot_change_evidence(limited: Ledger, statement: str) -> None:
    """A stolen password of the programs must not be enough to rewrite who agreed to what."""
    append(limited, 2)

    with pytest.raises(LedgerError, match="42501"), limited.write() as connection:
        connection.execute(text(statement))

    assert (2, None) == (verify(limited).events, verify(limited).broken_seq)


@pytest.mark.postgres
def test_the_engine_needs_no_more_than_the_application_role(
    limited: Ledger, tmp_path: Path, clock: FixedClock
) -> None:
    """A role that stops the work is dropped on the first day, and with it the protection."""
    community = Community(tmp_path, limited, clock)
    leaver = community.joined()

    erase(community.d, leaver.person, by="legal.weber", reason="request", run_id=new_id("R"))
    clock.advance(timedelta(weeks=500))
    purge_due(community.d, dry_run=False)

    assert "absent" == community.on_platform(leaver)
    assert verify(limited).broken_seq is None


def test_a_name_that_is_none_makes_no_sql() -> None:
    """What is piped into psql as the owner must not be composed of anybody's words."""
    with pytest.raises(ConfigError, match="the role"):
        list(application_role("app; DROP TABLE spell"))


def test_the_role_reaches_every_table_when_nothing_else_is_loaded() -> None:
    """The command that prints it loads little; a table that it forgot stops the programs."""
    program = "from alumni_sync.ledger.roles import application_role as r; print(*r('app'))"
    said = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, encoding="ascii"
    )

    assert [] == [name for name in SQLModel.metadata.tables if f'"{name}"' not in said.stdout]
