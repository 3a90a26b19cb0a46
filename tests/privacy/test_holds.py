"""Legal holds: who set them, why, and that nothing is let go while one stands."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from alumni_sync.clock import FixedClock
from alumni_sync.deployment import Deployment
from alumni_sync.domain import Identity
from alumni_sync.errors import Refused
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Person, t
from alumni_sync.privacy.erasure import erase
from alumni_sync.privacy.holds import MATTER_LENGTH, holds_of, lift_hold, set_hold
from alumni_sync.privacy.restriction import lift, restrict
from tests.roster import Leaver, Roster

PEOPLE = [
    {"user": "dpo", "mail": "dpo@acme.example", "roles": ["privacy"]},
    {"user": "de", "mail": "de@acme.example", "roles": ["privacy"], "sources": ["acme-de"]},
    {"user": "aud", "mail": "aud@acme.example", "roles": ["auditor", "second", "operator"]},
    {
        "user": "own",
        "mail": "own@acme.example",
        "roles": ["privacy"],
        "employee": "acme-pl/10001",
    },
]
DPO = Identity("dpo", verified=True)
MATTER = "7 P 118/26"


@pytest.fixture
def roster(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Roster:
    """A company on either database."""
    return Roster.of(tmp_path, ledger, clock, people=PEOPLE)


@pytest.fixture
def here(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> Roster:
    """A company on SQLite."""
    return Roster.of(tmp_path, sqlite_ledger, clock, people=PEOPLE)


def is_held(roster: Roster, leaver: Leaver) -> bool:
    """Say what retention goes by."""
    with roster.ledger.read() as connection:
        query = select(t(Person).c.legal_hold).where(t(Person).c.id == leaver.person)
        return bool(connection.execute(query).scalar())


def test_a_hold_is_set_and_lifted_with_its_reasons(roster: Roster) -> None:
    """A court asks for what was kept, and by whose word it was let go."""
    leaver, d = roster.add(), roster.deployment

    assert set_hold(d, leaver.person, DPO, reason="claim", matter=f" {MATTER} ")
    assert is_held(roster, leaver)
    assert lift_hold(d, leaver.person, DPO, reason="ended")
    assert not is_held(roster, leaver)

    (hold,) = holds_of(d, leaver.person)
    now = d.clock.now()
    assert ("claim", MATTER, "dpo", now, "dpo", now, "ended") == (
        hold.reason, hold.matter, hold.set_by, hold.set_at,
        hold.lifted_by, hold.lifted_at, hold.lift_reason,
    )  # fmt: skip


def test_while_it_stands_nobody_is_erased(here: Roster) -> None:
    """What is needed in a dispute must be there when the dispute is heard."""
    leaver, d = here.add(), here.deployment
    set_hold(d, leaver.person, DPO, reason="dispute", matter=MATTER)

    with pytest.raises(Refused, match="legal hold"):
        erase(d, leaver.person, by="dpo", reason="request", run_id="R-1")


def test_what_repeats_itself_changes_nothing(roster: Roster) -> None:
    """A double click must not leave a second hold that nobody lifts."""
    leaver, d = roster.add(), roster.deployment

    assert [True, False] == [
        set_hold(d, leaver.person, DPO, reason="claim", matter=MATTER) for _ in range(2)
    ]
    assert 1 == len(holds_of(d, leaver.person))
    assert [True, False] == [lift_hold(d, leaver.person, DPO, reason="ended") for _ in range(2)]
    set_hold(d, leaver.person, DPO, reason="authority", matter="another")
    assert ["authority", "claim"] == [one.reason for one in holds_of(d, leaver.person)]


@pytest.mark.parametrize(
    ("reason", "matter"),
    [("because", MATTER), ("", MATTER), ("claim", " "), ("claim", "m" * (MATTER_LENGTH + 1)),
     ("claim", "a\u202eb")],
)  # fmt: skip
def test_a_hold_needs_a_reason_and_a_matter(here: Roster, reason: str, matter: str) -> None:
    """A hold for nothing keeps data for nothing (GDPR Art. 5(1)(e))."""
    leaver = here.add()

    with pytest.raises(Refused):
        set_hold(here.deployment, leaver.person, DPO, reason=reason, matter=matter)
    assert not is_held(here, leaver)


def test_lifting_needs_a_reason(here: Roster) -> None:
    """What is let go then cannot be had back."""
    leaver, d = here.add(), here.deployment
    set_hold(d, leaver.person, DPO, reason="claim", matter=MATTER)

    with pytest.raises(Refused, match="ended, mistake, other"):
        lift_hold(d, leaver.person, DPO, reason="claim")
    assert is_held(here, leaver)


@pytest.mark.parametrize("user", ["de", "aud", "own", "stranger"])
def test_who_may_not(here: Roster, user: str) -> None:
    """Neither another company's privacy desk, nor the person whose file it is."""
    leaver, who = here.add(), Identity(user, verified=True)
    assert leaver.number == "10001"

    with pytest.raises(Refused):
        set_hold(here.deployment, leaver.person, who, reason="claim", matter=MATTER)
    set_hold(here.deployment, leaver.person, DPO, reason="claim", matter=MATTER)
    with pytest.raises(Refused):
        lift_hold(here.deployment, leaver.person, who, reason="ended")
    assert is_held(here, leaver)


def test_nobody_there(here: Roster) -> None:
    """A made-up person is refused, and nothing breaks."""
    with pytest.raises(Refused, match="no such person"):
        set_hold(here.deployment, "P-none", DPO, reason="claim", matter=MATTER)


def test_after_the_key_is_gone_the_matter_is(here: Roster) -> None:
    """The name of a dispute is about the person, too."""
    leaver, d = here.add(), here.deployment
    set_hold(d, leaver.person, DPO, reason="claim", matter=MATTER)
    d.ledger.vault.shred([leaver.person], [KeyKind.EVIDENCE])

    assert [("claim", "")] == [(one.reason, one.matter) for one in holds_of(d, leaver.person)]
    lift_hold(d, leaver.person, DPO, reason="mistake")
    set_hold(d, leaver.person, DPO, reason="other", matter=MATTER)
    assert "" == holds_of(d, leaver.person)[0].matter


@pytest.mark.parametrize("act", [restrict, lift])
def test_nobody_restricts_their_own_file(
    here: Roster, act: Callable[[Deployment, str, Identity], None]
) -> None:
    """Whoever works at the desk and has left would keep from retention what is theirs."""
    leaver = here.add()
    here.set_person(leaver, active_elsewhere=True)  # else the role is gone with the job
    own = Identity("own", verified=True)

    with pytest.raises(Refused, match="own file"):
        act(here.deployment, leaver.person, own)

    assert [] == here.ledger.vault.store.restricted()
