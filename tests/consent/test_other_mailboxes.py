"""A word from a mailbox speaks for that mailbox: not for whoever is asked at another one by now."""

from pathlib import Path

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import Answer
from alumni_sync.consent.answers.decisions import one_click, withdraw
from alumni_sync.consent.links.one_time import ask_code
from alumni_sync.consent.links.resending import answer_link_requests, ask_link
from alumni_sync.domain import ConsentState
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Suppression
from alumni_sync.privacy.retention import purge_due
from tests.consent.returned_mails import complaint
from tests.consent.test_addresses import OTHER, change, named, proof, prove
from tests.consent.test_returns import Postbox
from tests.consent.world import BY_MAIL, RUN
from tests.roster import Leaver

OLD, NEW = "zofia@mail.example", "zofia.j@mail.example"


@pytest.fixture
def postbox(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Postbox:
    """Return a company that reads what comes back, on either database."""
    return Postbox(tmp_path, ledger, clock)


def suppressed(postbox: Postbox) -> set[str]:
    """Return which of the addresses of these tests get no mail at all."""
    rows = {row["address_hash"] for row in postbox.named(Suppression) if row["scope"] == "all"}
    return {one for one in (OLD, NEW, OTHER) if postbox.d.ledger.hashes.address(one) in rows}


def corrected(postbox: Postbox) -> Leaver:
    """Invite somebody; the HRIS corrects the address, and the reminder goes there."""
    leaver = postbox.invited()
    postbox.roster.change(leaver, personal_email=NEW)
    postbox.judge()
    postbox.later(days=7)
    postbox.round()
    assert [OLD, NEW] == [mail.to for mail in postbox.mails]
    return leaver


def test_a_stranger_whom_a_typing_mistake_reached_objects_for_themselves_only(
    postbox: Postbox,
) -> None:
    """A wrong letter would cost the leaver their yes, and the stranger would hear from us again."""
    leaver = named(postbox)
    link = proof(postbox)
    postbox.comes_back(complaint(postbox.last_id("verify")))
    postbox.take()

    assert {OTHER} == suppressed(postbox)
    assert ConsentState.ADDRESS_PENDING == postbox.invitation(leaver)["state"]
    assert not hasattr(prove(postbox, leaver, link), "seq")


def test_a_member_who_mistypes_an_address_keeps_the_one_they_have(postbox: Postbox) -> None:
    """The stranger's complaint would end every mail about a membership that goes on."""
    leaver = postbox.member()
    change(postbox, leaver)
    postbox.deliver()
    postbox.comes_back(complaint(postbox.last_id("verify")))
    postbox.take()

    assert {OTHER} == suppressed(postbox)
    assert ConsentState.GIVEN == postbox.invitation(leaver)["state"]


def test_a_complaint_from_the_address_that_was_left_silences_not_the_new_one(
    postbox: Postbox,
) -> None:
    """Whoever reads the old mailbox now would cut a member off from their own membership."""
    leaver = postbox.member()
    change(postbox, leaver)
    postbox.deliver()
    prove(postbox, leaver, proof(postbox))
    postbox.deliver()
    postbox.comes_back(complaint(postbox.last_id("address_changed")))
    postbox.take()

    assert OTHER not in suppressed(postbox)


@pytest.mark.parametrize("way", ["one click", "complaint"])
def test_whoever_got_an_invitation_by_mistake_objects_for_their_own_mailbox(
    postbox: Postbox, way: str
) -> None:
    """The real leaver would never be asked, and the stranger who objected still would be."""
    leaver = corrected(postbox)

    if way == "one click":
        assert one_click(postbox.d, postbox.token("/u/", 0))
    else:
        postbox.comes_back(complaint(postbox.outbox()[0]["message_id"]))
        postbox.take()

    assert {OLD} == suppressed(postbox)
    assert ConsentState.INVITED == postbox.invitation(leaver)["state"]


@pytest.mark.parametrize("way", ["one click", "complaint"])
def test_whoever_is_asked_there_still_objects_for_good(postbox: Postbox, way: str) -> None:
    """A correction must not make anybody's objection worth less."""
    leaver = corrected(postbox)

    if way == "one click":
        assert one_click(postbox.d, postbox.token("/u/"))
    else:
        postbox.comes_back(complaint(postbox.outbox()[1]["message_id"]))
        postbox.take()

    assert {NEW} == suppressed(postbox)
    assert ConsentState.OBJECTED == postbox.invitation(leaver)["state"]


@pytest.mark.parametrize("kind", ["confirmation", "link", "code"])
def test_a_complaint_about_an_earlier_mail_speaks_for_the_address_it_went_to(
    postbox: Postbox, kind: str
) -> None:
    """A member would hear nothing of their own membership because of a mailbox that they left."""
    leaver = postbox.member()
    ask_link(postbox.d, OLD)
    answer_link_requests(postbox.d, RUN)
    ask_code(postbox.d, postbox.invitation(leaver)["id"])
    postbox.deliver()
    earlier = postbox.last_id(kind)
    postbox.later(minutes=1)
    change(postbox, leaver)
    postbox.deliver()
    prove(postbox, leaver, proof(postbox))
    postbox.comes_back(complaint(earlier))
    postbox.take()

    assert OTHER not in suppressed(postbox)
    assert (OLD in suppressed(postbox)) == (kind == "confirmation")
    assert ConsentState.GIVEN == postbox.invitation(leaver)["state"]


@pytest.mark.parametrize("way", ["one click", "complaint"])
def test_an_objection_counts_although_the_facts_were_let_go(postbox: Postbox, way: str) -> None:
    """The link in an old invitation still works; another source would write to them tomorrow."""
    leaver = postbox.invited()
    postbox.answer(leaver, Answer.NO)
    postbox.later(days=2)
    purge_due(postbox.d, dry_run=False)
    assert postbox.roster.spell(leaver).sealed is None

    if way == "one click":
        assert one_click(postbox.d, postbox.token("/u/"))
    else:
        postbox.comes_back(complaint(postbox.outbox()[0]["message_id"]))
        postbox.take()

    assert {OLD} == suppressed(postbox)
    assert ConsentState.OBJECTED == postbox.invitation(leaver)["state"]


def test_a_complaint_about_the_goodbye_is_heard(postbox: Postbox) -> None:
    """Whoever has left and wants no mail at all must not be written to by another source."""
    leaver = postbox.member()
    postbox.deliver()
    withdraw(postbox.d, postbox.invitation(leaver)["id"], None, BY_MAIL, "n")
    postbox.deliver()
    postbox.later(days=2)
    purge_due(postbox.d, dry_run=False)
    postbox.comes_back(complaint(postbox.last_id("goodbye")))
    postbox.take()

    assert {OLD} == suppressed(postbox)
