"""What members wish for reaches the platform: not before a day, a break, another address."""

from datetime import UTC, date, datetime

from alumni_sync.consent.answers.addresses import change_address
from alumni_sync.consent.answers.answer import Answer, Channel, Decided, Evidence
from alumni_sync.consent.answers.breaks import end_pause, pause
from alumni_sync.consent.answers.changes import wait_until
from alumni_sync.consent.answers.proofs import prove_address
from alumni_sync.consent.links.secrets import resolve_link
from alumni_sync.membership.removal import remove_closed
from alumni_sync.membership.sync import MemberCounts
from alumni_sync.ports import Profile, Purpose
from tests.consent.world import RUN
from tests.membership.world import Community
from tests.roster import Leaver

HERE = Evidence(Channel.PREFERENCES)
JOBS = frozenset({Purpose.JOB_OFFERS})


def held(community: Community, leaver: Leaver) -> Profile:
    """Return what the platform holds of somebody."""
    return community.platform.held[community.membership(leaver)["alumni_id"]].profile


def shown(community: Community) -> int:
    """Return how many members the platform shows."""
    return len([member for member in community.platform.members() if member.visible])


def test_job_offers_open_on_their_day_by_themselves(community: Community) -> None:
    """Nobody gets one before it, and nobody has to come back and say that it has come."""
    leaver = community.invited()
    may = {Purpose.JOB_OFFERS: date(2027, 5, 1)}
    community.answer(leaver, Answer.YES, purposes=JOBS, not_before=may)
    community.sync()
    assert {Purpose.COMMUNITY} == held(community, leaver).purposes

    community.clock.set(datetime(2027, 5, 1, 11, 59, tzinfo=UTC))  # April at UTC-12
    assert MemberCounts(unchanged=1) == community.sync()
    community.clock.set(datetime(2027, 5, 1, 12, 0, tzinfo=UTC))
    assert MemberCounts(updated=1) == community.sync()

    assert Purpose.JOB_OFFERS in held(community, leaver).purposes


def test_a_wish_to_wait_closes_what_is_open_there(community: Community) -> None:
    """It works for what the platform already offers, too."""
    leaver = community.invited()
    community.answer(leaver, Answer.YES, purposes=JOBS)
    community.sync()
    assert Purpose.JOB_OFFERS in held(community, leaver).purposes
    day, invitation = date(2027, 5, 1), community.invitation(leaver)["id"]

    wait_until(community.d, invitation, {Purpose.JOB_OFFERS: day}, HERE, "w")
    community.sync()

    assert {Purpose.COMMUNITY} == held(community, leaver).purposes


def test_a_break_hides_and_comes_back(community: Community) -> None:
    """Hidden is not erased: who rests finds everything as it was."""
    leaver = community.joined()
    before, invitation = held(community, leaver), community.invitation(leaver)["id"]

    assert isinstance(pause(community.d, invitation, 3, HERE, "p"), Decided)
    remove_closed(community.d, RUN)
    assert 0 == shown(community)
    assert isinstance(end_pause(community.d, invitation, HERE, "b"), Decided)
    community.sync()

    assert 1 == shown(community)
    assert before == held(community, leaver)


def test_another_address_reaches_the_platform_once_it_is_proven(community: Community) -> None:
    """Before that, mails would go to whoever was mistyped."""
    leaver = community.joined()
    community.deliver()
    invitation = community.invitation(leaver)["id"]
    old = held(community, leaver).email
    change_address(community.d, invitation, "new@post.example", HERE, "c", "")
    community.deliver()
    community.sync()
    assert old == held(community, leaver).email
    link = resolve_link(community.d, community.mails[-1].link("/e/").rpartition("/")[2])
    assert link is not None

    prove_address(community.d, invitation, Evidence(Channel.MAIL_LINK, link.token_id), "p", "")
    community.sync()

    assert "new@post.example" == held(community, leaver).email
