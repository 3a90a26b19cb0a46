"""Whoever left and asks to be asked again: what is left to do about the first time spares them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import Answer, Decided
from alumni_sync.consent.joining.matching import match_join
from alumni_sync.errors import Unavailable
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.store import Ledger
from alumni_sync.membership.read_backs import verify_removed
from alumni_sync.membership.removal import remove_closed
from tests.consent.joins import EMAIL, HR, PEOPLE, proven
from tests.membership.world import Community
from tests.roster import Leaver


@pytest.fixture
def community(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Community:
    """A company with people who match requests, on either database."""
    return Community(tmp_path, ledger, clock, people=PEOPLE)


def asked_back(community: Community) -> Leaver:
    """Let a member leave while the platform is down, regret it, and be matched in time."""
    leaver = community.joined()
    community.leave(leaver)
    standing = community.platform.remove

    def down(*_: object) -> object:
        raise Unavailable("platform", "remove", "down")

    community.platform.remove = down  # type: ignore[method-assign, assignment]  # a fault
    with pytest.raises(Unavailable):
        remove_closed(community.d, new_id("R"))
    community.platform.remove = standing  # type: ignore[method-assign]  # mended
    match_join(community.d, proven(community, email=EMAIL).id, leaver.spell, HR)
    return leaver


def removed(community: Community) -> None:
    """Take away whoever was to be taken away."""
    remove_closed(community.d, new_id("R"))


def synced(community: Community) -> None:
    """Do what a run does."""
    community.sync()


def looked(community: Community) -> None:
    """Take away, and find them again an hour later: the platform restored a backup."""
    held = dict(community.platform.held)
    removed(community)
    community.platform.held.update(held)
    community.later(hours=1)
    verify_removed(community.d, new_id("R"))


@pytest.mark.parametrize("finish", [removed, synced, looked])
def test_the_end_of_the_first_time_lets_go_nothing_of_the_second(
    community: Community, finish: Callable[[Community], None]
) -> None:
    """Their own request would be destroyed in silence, and the link in the mail would fail."""
    leaver = asked_back(community)
    community.later(minutes=10)
    finish(community)
    community.later(days=1)
    community.round()

    assert EMAIL == community.mails[-1].to
    assert isinstance(community.answer(leaver, Answer.YES, nonce="again"), Decided)
    community.sync()
    assert "visible" == community.on_platform(leaver)
