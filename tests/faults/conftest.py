"""The worlds in which a run is killed: made once, copied for every case."""

import shutil
from pathlib import Path

import pytest

from alumni_sync.consent.mail.delivery import deliver_mail
from alumni_sync.ledger.ids import new_id
from tests.faults.company import (
    FIRST_RUN_ENDS,
    command,
    invitations,
    leave,
    opened,
    say_yes,
    write_company,
)

JOINED, ANSWERED = 3, 3
"""How many are members when the answers of `answered` come in, and how many of those are a yes."""


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a company in which nothing has happened yet; to be copied."""
    folder = tmp_path_factory.mktemp("fresh") / "acme"
    write_company(folder)
    return folder


@pytest.fixture(scope="session")
def invited(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a company after one run that nothing interrupted; to be copied."""
    folder = tmp_path_factory.mktemp("invited") / "acme"
    shutil.copytree(fresh, folder)
    assert command(folder, "run") in FIRST_RUN_ENDS
    return folder


@pytest.fixture(scope="session")
def joined(invited: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a company with members; to be copied."""
    folder = tmp_path_factory.mktemp("joined") / "acme"
    shutil.copytree(invited, folder)
    with opened(folder) as d:
        say_yes(d, invitations(d)[:JOINED])
    assert command(folder, "run") == 0
    return folder


@pytest.fixture(scope="session")
def answered(joined: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a company to which one member has said goodbye, and some people yes; to be copied.

    The next run first takes the one away and then adds the others, so every point of claim, call
    and confirm on the platform is passed twice: for a removal, then for a write.
    """
    folder = tmp_path_factory.mktemp("answered") / "acme"
    shutil.copytree(joined, folder)
    with opened(folder) as d:
        people = invitations(d)
        leave(d, people[0])
        say_yes(d, people[JOINED : JOINED + ANSWERED])
    return folder


@pytest.fixture(scope="session")
def confirmed(answered: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return `answered` when its mails are out, so that only the platform waits; to be copied."""
    folder = tmp_path_factory.mktemp("confirmed") / "acme"
    shutil.copytree(answered, folder)
    with opened(folder) as d:
        assert deliver_mail(d, new_id("R")).sent > 0
    return folder


@pytest.fixture(scope="session")
def settled(answered: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what `answered` becomes by a run that nothing interrupts; to compare with."""
    folder = tmp_path_factory.mktemp("settled") / "acme"
    shutil.copytree(answered, folder)
    assert command(folder, "run") == 0
    return folder
