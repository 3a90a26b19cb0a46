"""T17: another recipient gets nothing of anybody who has not agreed to it."""

from typing import Any

import pytest

from alumni_sync.consent.answers.answer import Answer, Decided
from alumni_sync.errors import ConfigError
from alumni_sync.ledger.ids import new_id
from alumni_sync.membership.removal import remove_closed
from tests.membership.world import Community
from tests.roster import company

OTHERS: dict[str, Any] = {
    "connector": "directory",
    "processor": {"agreement": "DPA with somebody else", "region": "eu"},
}


def test_a_sync_sends_another_recipient_nothing(any_community: Community) -> None:
    """The configuration is changed, and the next thing that runs is the sync."""
    shown, waiting = any_community.joined("shown"), any_community.member("waiting")
    any_community.d.settings = company(any_community.root, platform=OTHERS)
    calls = len(any_community.platform.calls)

    any_community.sync()
    remove_closed(any_community.d, new_id("R"))

    assert ["hide"] == [verb for verb, _ in any_community.platform.calls[calls:]]
    assert "hidden" == any_community.on_platform(shown)
    assert "renewal_due" == any_community.invitation(waiting)["state"]
    assert "recipient" == any_community.writes(shown)[-1]["cause"]


def test_a_new_yes_brings_back_what_it_covers(community: Community) -> None:
    """They were asked again, and agreed to the new one."""
    leaver = community.joined()
    community.d.settings = company(community.root, platform=OTHERS)
    community.sync()
    remove_closed(community.d, new_id("R"))

    assert isinstance(community.answer(leaver, Answer.YES, nonce="again"), Decided)
    community.sync()

    assert "visible" == community.on_platform(leaver)


def test_a_notice_that_cannot_be_read_holds_no_removal_up(community: Community) -> None:
    """Whoever left is gone, whatever somebody has done to a file of texts."""
    leaver = community.joined()
    community.leave(leaver)
    (community.root / "rules" / "notices" / "alumni-community" / "1.0.0" / "en.md").unlink()

    with pytest.raises(ConfigError):
        community.sync()

    assert "absent" == community.on_platform(leaver)
