"""A company of twenty rows that is killed, slowed down and broken, and what it does by command."""

import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from alumni_sync.cli.main import run_command_line
from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import Answer, Channel, Choice, Decided, Evidence
from alumni_sync.consent.answers.decisions import decide, withdraw
from alumni_sync.consent.answers.view import view
from alumni_sync.deployment import Deployment
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.tables import Invitation, t
from alumni_sync.ports import ProfileField
from alumni_sync.settings import child_environment
from tests.assets.small import write_small_sample
from tests.conftest import NOW
from tests.invariants.world import Row, read_mails, read_tables

ALUMNI_SYNC: Final = Path(sys.executable).with_name("alumni-sync")
CONFIG: Final = "alumni_sync.yaml"
SCENARIOS: Final[Mapping[str, int]] = {
    "resignation": 3,
    "retirement": 1,
    "redundancy": 1,
    "misconduct": 1,
    "performance": 1,
    "future_exit": 1,
    "still_employed": 1,
    "bad_date": 1,
}
BY_MAIL: Final = Evidence(Channel.MAIL_LINK, network="192.0.2.0/24", agent="firefox")
FIRST_RUN_ENDS: Final = {0, 1}  # 1: rows were rejected, as they must be
LONGEST_RUN: Final = 120  # seconds


def write_company(folder: Path) -> Path:
    """Write the sample with a few rows of each source; return its configuration."""
    return write_small_sample(folder, SCENARIOS, of_each_other=0)


def opened(folder: Path) -> Deployment:
    """Open the deployment in a folder, at the instant of the tests."""
    return Deployment.open(folder / CONFIG, clock=FixedClock(NOW))


def command(folder: Path, *arguments: str) -> int:
    """Run one of our commands in this process, at the instant of the tests; return its exit code.

    The same code as the process `process` starts; only cheaper by what Dagster takes to import.
    """
    at = ["--config", str(folder / CONFIG), "--as-of", NOW.isoformat()]
    return int(run_command_line([*at, *arguments]))


def process(
    folder: Path, *arguments: str, **environment: str
) -> "subprocess.CompletedProcess[bytes]":
    """Run one of our commands as a process of its own, as a person or a timer does."""
    at = ["--config", str(folder / CONFIG), "--as-of", NOW.isoformat()]
    return subprocess.run(
        [ALUMNI_SYNC, *at, *arguments],
        env=child_environment(**environment),
        capture_output=True,
        timeout=LONGEST_RUN,
        check=False,
    )


# --- people --------------------------------------------------------------------------------------


def invitations(d: Deployment) -> list[str]:
    """Return the ids of all invitations, in an order that every copy of a company agrees on."""
    table = t(Invitation)
    with d.ledger.read() as connection:
        return list(connection.execute(select(table.c.id).order_by(table.c.id)).scalars())


def say_yes(d: Deployment, asked: Sequence[str]) -> None:
    """Let people join, with two fields."""
    for invitation_id in asked:
        page = view(d, invitation_id, None)
        assert page is not None
        choice = Choice(
            Answer.YES,
            notice_sha256=page.notice_sha256,
            form_sha256=page.form_sha256,
            version=page.version,
            nonce=new_id("N"),
            name=page.full_name,
            fields={ProfileField.JOB_TITLE: True, ProfileField.CITY: False},
        )
        outcome = decide(d, invitation_id, choice, BY_MAIL)
        assert isinstance(outcome, Decided), outcome


def leave(d: Deployment, invitation_id: str) -> None:
    """Let somebody withdraw everything."""
    outcome = withdraw(d, invitation_id, None, BY_MAIL, new_id("N"))
    assert isinstance(outcome, Decided), outcome


# --- what is there -------------------------------------------------------------------------------


def tables(folder: Path) -> dict[str, list[Row]]:
    """Return every table of the ledger, read by SQLite itself."""
    return read_tables(f"sqlite:///{folder / 'var' / 'ledger.db'}")


def mails(folder: Path) -> Counter[tuple[str, str]]:
    """Return (recipient, kind) → how many mails of it were delivered."""
    kinds: dict[Any, str] = {row["message_id"]: row["kind"] for row in tables(folder)["outbox"]}
    return Counter(
        (mail.to, kinds.get(mail.message_id, "of which the ledger knows nothing"))
        for mail in read_mails(folder / "var" / "outbox")
    )
