"""The two-person mechanism itself, whatever it is used for."""

import pytest

from alumni_sync.domain import Identity
from alumni_sync.errors import Refused
from alumni_sync.review.rulings.approvals import confirm, pending, propose
from tests.review.queue_of import NOBODY, Desk, who


def _propose(desk: Desk, by: Identity, version: int = 2, act: str = "admit") -> None:
    with desk.d.ledger.write() as connection:
        at = desk.d.clock.now()
        propose(connection, "EX-000001", version, act, by, reason="other", at=at)


def _confirm(desk: Desk, by: Identity, version: int = 2, act: str = "admit") -> None:
    with desk.d.ledger.write() as connection:
        confirm(connection, "EX-000001", version, act, by, at=desk.d.clock.now())


def _waits(desk: Desk, version: int = 2) -> bool:
    with desk.d.ledger.read() as connection:
        return pending(connection, "EX-000001", version) is not None


def test_two_names_settle_it(desk: Desk) -> None:
    """One waits for the other, and then nobody does."""
    _propose(desk, who("one"))
    assert _waits(desk)

    _confirm(desk, who("other"))

    assert not _waits(desk)


@pytest.mark.parametrize(("version", "act"), [(3, "admit"), (1, "admit"), (2, "uphold")])
def test_a_second_for_something_else_is_none(desk: Desk, version: int, act: str) -> None:
    """Whoever confirms must have seen what the first proposed."""
    _propose(desk, who("one"))

    with pytest.raises(Refused, match="nobody has proposed"):
        _confirm(desk, who("other"), version, act)

    assert _waits(desk)


def test_a_confirmed_proposal_is_used_up(desk: Desk) -> None:
    """It must not settle a second act."""
    _propose(desk, who("one"))
    _confirm(desk, who("other"))

    with pytest.raises(Refused, match="nobody has proposed"):
        _confirm(desk, who("third"))


def test_neither_may_be_unverified(desk: Desk) -> None:
    """Two names that the same caller chose are one caller."""
    with pytest.raises(Refused, match="nothing vouches"):
        _propose(desk, NOBODY)
    _propose(desk, who("one"))
    with pytest.raises(Refused, match="nothing vouches"):
        _confirm(desk, Identity("other", verified=False))

    assert _waits(desk)
