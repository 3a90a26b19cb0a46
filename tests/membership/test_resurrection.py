"""T22: whoever has left stays away, whatever reads, retries or renewals come later."""

from collections.abc import Callable
from datetime import date

import pytest

from alumni_sync.ledger.ids import new_id
from alumni_sync.membership.letters import retry
from alumni_sync.membership.read_backs import verify_removed
from alumni_sync.membership.removal import remove_closed
from tests.membership.world import Community
from tests.roster import Leaver


def everything(community: Community) -> None:
    """Do all that a day does, for a quarter of a year."""
    for _ in range(12):
        community.later(days=7)
        community.judge()
        community.round()
        community.sync()
        remove_closed(community.d, new_id("R"))
        verify_removed(community.d, new_id("R"))


def corrected(community: Community, leaver: Leaver) -> None:
    """Let the source tell the record anew, with a fact that has changed."""
    community.roster.change(leaver, job_title="Head of Accounting")


def moved(community: Community, leaver: Leaver) -> None:
    """Let the source tell another private address."""
    community.roster.change(leaver, personal_email="zofia.new@mail.example")


def rehired_and_cancelled(community: Community, leaver: Leaver) -> None:
    """Let a job be agreed, and the hire be cancelled."""
    community.roster.set(leaver, rehire_on=date(2026, 12, 1))
    community.round()
    community.roster.set(leaver, rehire_on=None)


def read_again(community: Community, leaver: Leaver) -> None:
    """Let a full read say what it said before."""
    community.roster.change(leaver)


@pytest.mark.parametrize("news", [read_again, corrected, moved, rehired_and_cancelled])
def test_no_later_read_brings_back_who_has_left(
    any_community: Community, news: Callable[[Community, Leaver], None]
) -> None:
    """Also in the minutes in which their facts are still here; later a tombstone bars them."""
    leaver = any_community.joined()
    any_community.leave(leaver)
    any_community.deliver()
    mails = len(any_community.mails)

    news(any_community, leaver)
    everything(any_community)

    assert "withdrawn" == any_community.invitation(leaver)["state"]
    assert "absent" == any_community.on_platform(leaver)
    assert mails == len(any_community.mails)
    assert ["create", "hide", "erase"] == [verb for verb, _ in any_community.platform.calls]


def test_a_retried_dead_letter_creates_nobody_who_left(community: Community) -> None:
    """An operator who retries yesterday's failures must not undo today's withdrawal."""
    leaver = community.member()
    address = str(community.roster.facts[leaver.spell]["personal_email"])
    community.platform.poison[address] = "bad-title"
    community.sync()
    community.platform.poison.clear()
    community.leave(leaver)
    (letter,) = community.dead_letters()

    retry(community.d, letter["id"], by="ops")
    everything(community)

    assert "absent" == community.on_platform(leaver)
    assert "create" not in [verb for verb, _ in community.platform.calls]


def test_a_write_that_waits_for_the_platform_is_given_up(community: Community) -> None:
    """A platform in trouble tries for days; the person says no meanwhile."""
    leaver = community.member()
    address = str(community.roster.facts[leaver.spell]["personal_email"])
    community.platform.busy[address] = "http-500"
    community.sync()
    community.leave(leaver)
    community.platform.busy.clear()

    everything(community)

    assert "absent" == community.on_platform(leaver)
    assert "create" not in [verb for verb, _ in community.platform.calls]
