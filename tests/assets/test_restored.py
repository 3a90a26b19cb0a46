"""Dagster may be started without any command of ours: what it begins has to know of erasures."""

from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import select

from alumni_sync.deployment import Deployment
from alumni_sync.ledger.backup import back_up, restore
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.tables import Spell, t
from alumni_sync.privacy.erasure import erase
from assets.resources import Company, for_ops
from tests.assets.conftest import opened

SPELL = t(Spell)


def _known(deployment: Deployment) -> set[str]:
    """Return whose facts are in the ledger."""
    query = select(SPELL.c.person_id).where(SPELL.c.sealed.is_not(None))
    with deployment.ledger.read() as connection:
        return set(connection.execute(query).scalars())


def test_t23_a_run_of_dagster_alone_knows_of_erasures_that_a_backup_does_not(
    company: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T23: `dagster-webserver` and `-daemon` as services would ask and load who was erased."""
    known = _known(company)
    person = min(known)
    back_up(company.ledger, tmp_path / "yesterday.backup")
    erase(company, person, by="dpo", reason="request", run_id=new_id("R"))
    company.ledger.close()
    restore(company.settings.ledger.url, tmp_path / "yesterday.backup", company.clock.now())
    with opened(company.root) as deployment:
        assert known == _known(deployment)  # it is back
    seen: list[set[str]] = []

    @dg.op
    def looking(deployment: Company) -> None:
        seen.append(_known(deployment))

    flow = dg.GraphDefinition("flow", node_defs=[looking]).to_job(**for_ops())
    monkeypatch.setenv("ALUMNI_SYNC_CONFIG", str(company.root / "alumni_sync.yaml"))
    assert flow.execute_in_process().success

    assert [known - {person}] == seen
