"""What waits for the community flow is seen in the ledger, and is gone once it is done."""

from alumni_sync.consent.mail.delivery import deliver_mail
from alumni_sync.membership.pending import PendingWork, pending_work
from tests.membership.world import Community


def _send_mail(community: Community) -> None:
    deliver_mail(community.d, "R-mail")


def test_nothing_waits_in_an_empty_company(any_community: Community) -> None:
    """Else a run would be asked for at every look, for ever."""
    assert PendingWork() == pending_work(any_community.d)
    assert not pending_work(any_community.d)


def test_a_yes_waits_until_the_platform_holds_it(any_community: Community) -> None:
    """A yes must be on the platform within a minute, without anyone doing anything."""
    any_community.member()
    assert 1 == len(pending_work(any_community.d).grants)

    any_community.sync()
    assert () == pending_work(any_community.d).grants


def test_a_withdrawal_waits_until_it_is_carried_out(any_community: Community) -> None:
    """Where the withdrawal worker is down, a run must do its work."""
    leaver = any_community.joined()
    any_community.leave(leaver)
    assert 1 == len(pending_work(any_community.d).closed)

    any_community.sync()
    assert () == pending_work(any_community.d).closed


def test_a_mail_that_is_due_waits_until_it_is_sent(community: Community) -> None:
    """Who said yes is told so at once, not by the next daily round."""
    community.member()
    _send_mail(community)
    community.leave(community.member("jan"))
    assert 0 < len(pending_work(community.d).mails)

    _send_mail(community)
    assert () == pending_work(community.d).mails


def test_other_work_has_another_digest(community: Community) -> None:
    """Work that failed waits ever longer; new work must not wait with it."""
    community.member()
    before = pending_work(community.d).digest
    assert before == pending_work(community.d).digest

    community.member("jan")
    assert before != pending_work(community.d).digest
