"""Housekeeping signs the end of the consent chain, after everything else."""

from pathlib import Path

from alumni_sync.deployment import Deployment
from alumni_sync.ledger.checkpoints import check
from assets.in_process import run_intake, run_job
from tests.assets.conftest import OCTOBER, opened


def test_the_night_vouches_for_the_chain(company: Deployment, tmp_path: Path) -> None:
    """What nobody signs by hand must be signed all the same, once for what is new."""
    place = tmp_path / "elsewhere" / "checkpoints"
    config = company.root / "alumni_sync.yaml"
    text = config.read_text("utf-8")
    known = 'url: "sqlite:///var/ledger.db"'
    assert known in text
    config.write_text(text.replace(known, f'{known}, checkpoints: "{place}"'), "utf-8")

    with opened(company.root) as deployment:
        assert run_intake(deployment, "acme-pl", OCTOBER).error is None
        for _ in range(2):
            assert run_job(deployment, "housekeeping").error is None
        report = check(deployment.ledger, place)

    assert report.events > 0
    assert (1, report.events, "") == (report.checkpoints, report.vouched, report.problem)
