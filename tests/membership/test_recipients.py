"""T17: another recipient gets nothing of anybody who has not agreed to it."""

from typing import Any

import pytest

from alumni_sync.consent.answers.answer import Answer, Decided
from alumni_sync.errors import ConfigError
from alumni_sync.ledger.ids import new_id
from alumni_sync.membership.plan import MembershipPlan
from alumni_sync.membership.removal import remove_closed
from alumni_sync.membership.sync import plan_members
from tests.membership.world import Community
from tests.roster import company

OTHERS: dict[str, Any] = {
    "connector": "directory",
    "processor": {"agreement": "DPA with somebody else", "region": "eu"},
}


def test_a_sync_sends_another_recipient_nothing(any_community: Community) -> None:
    """R9: the configuration is changed, and the next thing that runs is the sync."""
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


def test_a_plan_says_what_another_recipient_means(any_community: Community) -> None:
    """Whoever confirms the change by the plan would believe that everybody just stays."""
    any_community.joined("shown")
    any_community.member("waiting")
    assert MembershipPlan(create=1, unchanged=1) == plan_members(any_community.d)
    any_community.d.settings = company(any_community.root, platform=OTHERS)

    assert MembershipPlan(hide=1) == plan_members(any_community.d)


def test_a_recipient_that_was_changed_back_brings_everybody_back(
    any_community: Community,
) -> None:
    """Their yes covers exactly this one; an operator's typing error would cost them a month."""
    shown, waiting = any_community.joined("shown"), any_community.member("waiting")
    first = any_community.d.settings
    any_community.d.settings = company(any_community.root, platform=OTHERS)
    any_community.sync()
    assert "hidden" == any_community.on_platform(shown)
    any_community.d.settings = first
    assert MembershipPlan(create=1, update=1) == plan_members(any_community.d)

    any_community.sync()

    assert {"visible"} == {any_community.on_platform(one) for one in (shown, waiting)}
    assert MembershipPlan(unchanged=2) == plan_members(any_community.d)
    again = any_community.invitation(shown)
    any_community.sync()
    assert again == any_community.invitation(shown)


def test_a_recipient_changed_once_more_withholds_again(community: Community) -> None:
    """Back and forth: what was lifted must not stay lifted for somebody else."""
    leaver, first = community.joined(), community.d.settings
    others = company(community.root, platform=OTHERS)
    for settings in (others, first, others):
        community.d.settings = settings
        community.sync()

    assert "hidden" == community.on_platform(leaver)
