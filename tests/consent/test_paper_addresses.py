"""The address on a paper: read off handwriting, so another one than the known is proven first."""

import pytest

from alumni_sync.consent.answers.answer import Channel, Conflict, Decided, Evidence, Invalid
from alumni_sync.consent.answers.proofs import prove_address
from alumni_sync.consent.links.secrets import resolve_link
from alumni_sync.consent.paper.forms import print_form
from alumni_sync.consent.paper.letters import write_letter
from alumni_sync.consent.paper.recorded import confirm_consent, propose_consent
from alumni_sync.consent.transitions import ALL_MAIL, suppress
from alumni_sync.domain import ConsentState, ContactBasis
from alumni_sync.sections import Contact
from tests.consent.papers import DPO, SEC, form_of, keyed, printed, row
from tests.consent.world import World
from tests.roster import Leaver


def prove(desk_world: World, leaver: Leaver) -> object:
    """Open the link in the mail that went to the new address, and say that it is theirs."""
    desk_world.deliver()
    token = next(mail.link("/e/") for mail in reversed(desk_world.mails) if mail.link("/e/"))
    link = resolve_link(desk_world.d, token.rpartition("/")[2])
    assert link is not None
    evidence = Evidence(Channel.MAIL_LINK, token_id=link.token_id)
    invitation = desk_world.invitation(leaver)["id"]
    return prove_address(desk_world.d, invitation, evidence, "mine", "")


def test_the_known_address_in_another_spelling_is_no_other(here: World) -> None:
    """T25: handwriting has capitals; nobody has to prove their own address twice."""
    leaver = here.invited()
    number = printed(here, leaver)
    propose_consent(here.d, number, 1, keyed(here, number, email="ZOFIA@Mail.example"), DPO)

    confirm_consent(here.d, number, 2, SEC)

    assert ConsentState.GIVEN.value == here.invitation(leaver)["state"]


def test_another_address_counts_once_it_is_proven(desk_world: World) -> None:
    """An address read off a paper may be anybody's: no yes counts before its owner says so."""
    leaver = desk_world.invited()
    number = printed(desk_world, leaver)
    paper = keyed(desk_world, number, email="new@home.example")
    assert propose_consent(desk_world.d, number, 1, paper, DPO) is None

    outcome = confirm_consent(desk_world.d, number, 2, SEC)

    assert isinstance(outcome, Decided)
    row_now = desk_world.invitation(leaver)
    assert ("address_pending", False) == (row_now["state"], row_now["gate_open"])
    asked = desk_world.events(leaver)[-1]
    assert ("address_asked", number, "sec", "dpo") == (
        asked["event"],
        asked["body"]["evidence"]["recorded_answer"],
        asked["body"]["evidence"]["confirmed_by"],
        asked["body"]["evidence"]["recorded_by"],
    )
    assert isinstance(prove(desk_world, leaver), Decided)
    assert "given" == desk_world.invitation(leaver)["state"]


@pytest.mark.parametrize("email", ["z@acme.example", "no address", "a@b@c", "<x>@home.example"])
def test_an_address_that_nobody_may_write_to(here: World, email: str) -> None:
    """A mailbox at the company is read by whoever has the job now."""
    number = printed(here, here.invited())

    outcome = propose_consent(here.d, number, 1, keyed(here, number, email=email), DPO)

    assert isinstance(outcome, Invalid)
    assert ["email"] == [name for name, _ in outcome.problems]


def test_an_address_that_objects_meanwhile(here: World) -> None:
    """Its owner told us never to write there; nothing of the second's confirmation may stay."""
    leaver = here.invited()
    number = printed(here, leaver)
    propose_consent(here.d, number, 1, keyed(here, number, email="new@home.example"), DPO)
    digest = here.d.ledger.hashes.address("new@home.example")
    with here.d.ledger.write() as connection:
        suppress(connection, digest, ALL_MAIL, "objected", here.clock.now())

    outcome = confirm_consent(here.d, number, 2, SEC)

    assert isinstance(outcome, Invalid)
    assert ("awaiting_second", 2) == (row(here, number).state, row(here, number).version)
    assert "invited" == here.invitation(leaver)["state"]


def test_whom_only_a_letter_asked_writes_an_address(here: World) -> None:
    """The HRIS's address proves nothing: who has none on record names one, and proves it."""
    here.d.settings.sources["acme-pl"].__dict__["contact"] = Contact(basis=ContactBasis.NONE)
    leaver = here.leaver()
    here.plan()
    write_letter(here.d, here.invitation(leaver)["id"], "dpo")
    number = printed(here, leaver)
    assert "" == form_of(here, number).address

    without = propose_consent(here.d, number, 1, keyed(here, number), DPO)
    assert Invalid((("email", "unknown"),)) == without
    propose_consent(here.d, number, 1, keyed(here, number, email="zofia@mail.example"), DPO)
    confirm_consent(here.d, number, 2, SEC)

    assert "address_pending" == here.invitation(leaver)["state"]
    assert isinstance(prove(here, leaver), Decided)
    assert "given" == here.invitation(leaver)["state"]


def test_a_member_renews_by_mail_not_on_paper(here: World) -> None:
    """A form of today would silently drop what a member has added since."""
    leaver = here.member()

    outcome = print_form(here.d, here.invitation(leaver)["id"], "en", DPO)

    assert Conflict(ConsentState.GIVEN, "member") == outcome
