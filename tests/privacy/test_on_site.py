"""What a person asks for on the site: nothing without the code, everything at once with it."""

import re
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import Answer
from alumni_sync.consent.links.one_time import CodeAsked, ask_code
from alumni_sync.errors import Refused, Unavailable
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.request_tables import SubjectRequest
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Person, t
from alumni_sync.membership.removal import remove_closed
from alumni_sync.privacy.on_site import Asked, Wish, carry_out, data_for, standing
from alumni_sync.privacy.request_rows import list_requests, show_request
from alumni_sync.privacy.restriction import lift, restrict
from tests.membership.world import Community
from tests.privacy.office import PEOPLE, WEBER
from tests.roster import Leaver

CODE = re.compile(r"^\s*(\d{4} \d{4})\s*$", re.MULTILINE)


@pytest.fixture
def office(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Community:
    """A company with people who may handle requests, on either database."""
    return Community(tmp_path, ledger, clock, people=PEOPLE)


def _code(office: Community, leaver: Leaver) -> str:
    """Return the code that is mailed to a leaver."""
    ask_code(office.d, office.invitation(leaver)["id"])
    office.deliver()
    found = CODE.search(office.mails[-1].text)
    assert found, office.mails[-1].text
    return found[1]


def _wish(
    office: Community, leaver: Leaver, wish: Wish, words: str = "", nonce: str = "nonce"
) -> Asked:
    code = _code(office, leaver)
    asked = carry_out(office.d, office.invitation(leaver)["id"], wish, words, code, nonce)
    assert asked is not None
    return asked


def _requests(office: Community) -> int:
    with office.d.ledger.read() as connection:
        query = select(func.count()).select_from(t(SubjectRequest))
        return int(connection.execute(query).scalar_one())


@pytest.mark.parametrize("wish", list(Wish))
def test_without_the_code_nothing_happens(office: Community, wish: Wish) -> None:
    """A link in an old mailbox must not hand somebody's life out, or delete it."""
    leaver = office.joined()
    invitation = office.invitation(leaver)["id"]
    if wish is Wish.LIFT:
        office.roster.set_person(leaver, restricted_at=office.clock.now())
    right = _code(office, leaver)
    wrong = right[:-1] + str((int(right[-1]) + 1) % 10)

    assert None is carry_out(office.d, invitation, wish, "", wrong, "nonce")

    assert 0 == _requests(office)
    assert "visible" == office.on_platform(leaver)
    assert (wish is Wish.LIFT) == bool(standing(office.d, invitation).restricted_at)


@pytest.mark.parametrize("wish", [Wish.ACCESS, Wish.EXPORT])
def test_the_data_are_there_at_once(office: Community, wish: Wish) -> None:
    """Art. 15 and 20: whoever has shown who they are waits for nobody."""
    leaver = office.joined()
    invitation = office.invitation(leaver)["id"]

    asked = _wish(office, leaver, wish)

    assert (wish, "SR-000001", True) == (asked.wish, asked.number, asked.done)
    made = data_for(office.d, invitation, asked.number, "pl")
    assert "zofia@mail.example" in made.files["my-data.html"].decode()
    assert "pl" == made.language
    office.deliver()
    assert "It was done at once" in office.mails[-1].text


def test_nobody_downloads_what_is_somebody_elses(office: Community) -> None:
    """The number of a request is easily guessed; the data behind it must not follow from it."""
    leaver, other = office.joined(), office.joined("adam")
    theirs = _wish(office, other, Wish.ACCESS)
    mine = _wish(office, leaver, Wish.RECTIFY, "words")
    invitation = office.invitation(leaver)["id"]

    for number in (theirs.number, mine.number):
        with pytest.raises(Refused):
            data_for(office.d, invitation, number, "en")


def test_a_code_opens_one_thing_once(office: Community) -> None:
    """T5: the second press of a button repeats the answer; another form needs another code."""
    leaver = office.joined()
    invitation = office.invitation(leaver)["id"]
    code = _code(office, leaver)

    first = carry_out(office.d, invitation, Wish.RECTIFY, "a", code, "form-1")
    again = carry_out(office.d, invitation, Wish.RECTIFY, "a", code, "form-1")
    other = carry_out(office.d, invitation, Wish.ERASE, "", code, "form-2")

    assert first == again
    assert None is other
    assert 1 == _requests(office)


def test_a_correction_waits_for_hr(office: Community) -> None:
    """Our facts come from the HRIS: put right here alone, they would be wrong again tomorrow."""
    leaver = office.joined()

    asked = _wish(office, leaver, Wish.RECTIFY, "I am Żofia.")

    assert not asked.done
    assert "2026-12-03" == str(asked.due)
    (waiting,) = standing(office.d, office.invitation(leaver)["id"]).waiting
    assert (asked.number, "rectify", asked.due) == (waiting.number, waiting.kind, waiting.due)
    assert "I am Żofia." == show_request(office.d, asked.number, WEBER).words


def test_restricted_means_hidden_and_left_alone(office: Community) -> None:
    """Art. 18: kept, and used for nothing else, from this moment on."""
    leaver = office.joined()
    office.deliver()

    asked = _wish(office, leaver, Wish.RESTRICT)
    remove_closed(office.d, "R-1")

    assert asked.done
    assert "hidden" == office.on_platform(leaver)
    shown = standing(office.d, office.invitation(leaver)["id"])
    assert office.clock.now() == shown.restricted_at
    assert Wish.LIFT in shown.wishes
    assert Wish.RESTRICT not in shown.wishes
    office.sync()
    office.later(days=30)
    office.round()
    office.sync()
    assert "hidden" == office.on_platform(leaver)
    assert [leaver.person] == office.d.ledger.vault.store.restricted()


def test_lifted_means_back(office: Community) -> None:
    """What they had agreed to was never withdrawn."""
    leaver = office.joined()
    _wish(office, leaver, Wish.RESTRICT)
    remove_closed(office.d, "R-1")
    office.round()
    office.later(hours=2)

    asked = _wish(office, leaver, Wish.LIFT, nonce="lift")
    office.round()
    office.sync()

    assert (True, "") == (asked.done, asked.number)
    assert "visible" == office.on_platform(leaver)
    assert [] == office.d.ledger.vault.store.restricted()
    history = show_request(office.d, "SR-000001", WEBER).history
    assert ["received", "acknowledged", "done", "lifted"] == [each.event for each in history]
    again = carry_out(office.d, office.invitation(leaver)["id"], Wish.LIFT, "", "x", "lift")
    assert asked == again


def test_whoever_left_can_ask_what_is_left_of_them(office: Community) -> None:
    """Their profile is gone; the proof that is kept of them still knows where they read."""
    leaver = office.joined()
    office.leave(leaver)
    office.sync()
    office.deliver()
    assert not office.d.ledger.vault.load([leaver.person]).has(leaver.person, KeyKind.PROFILE)

    asked = _wish(office, leaver, Wish.ACCESS)

    assert "zofia@mail.example" == office.mails[-1].to
    made = data_for(office.d, office.invitation(leaver)["id"], asked.number, "en")
    assert "withdrew" in {event["event"] for event in made.content["consents"][0]["history"]}


def test_a_strangers_mailbox_is_sent_no_code(office: Community) -> None:
    """Whoever said "this is not me" reads a mailbox that is not the person's."""
    leaver = office.invited()
    office.answer(leaver, Answer.NOT_ME)
    sent = len(office.mails)

    asked = ask_code(office.d, office.invitation(leaver)["id"])
    office.deliver()

    assert CodeAsked.NO_ADDRESS is asked
    assert sent == len(office.mails)


def test_somebody_who_is_restricted_is_not_asked(office: Community) -> None:
    """An invited person who restricts must not be reminded a week later."""
    leaver = office.invited()
    _wish(office, leaver, Wish.RESTRICT)
    office.deliver()
    sent = len(office.mails)

    office.later(days=8)
    office.round()

    assert sent == len(office.mails)


def test_what_the_desk_restricted_the_person_may_lift(office: Community) -> None:
    """By letter it began; whose right it is ends it where they like."""
    leaver = office.joined()
    restrict(office.d, leaver.person, WEBER)

    assert _wish(office, leaver, Wish.LIFT).done

    assert None is standing(office.d, office.invitation(leaver)["id"]).restricted_at


def test_nobody_restricts_whom_there_is_not(office: Community) -> None:
    """A mistyped id, and somebody of whom nothing is left."""
    with pytest.raises(Refused, match="no such person"):
        restrict(office.d, "P-nobody", WEBER)
    leaver = office.invited()
    _wish(office, leaver, Wish.ERASE)
    for act in (restrict, lift):
        with pytest.raises(Refused, match="erased"):
            act(office.d, leaver.person, WEBER)


def test_erased_at_once(office: Community) -> None:
    """Art. 17: the gate and the keys now, the platform within seconds, even if it is down."""
    leaver = office.joined()
    office.platform.failure = Unavailable("fake", "write", "down")
    office.platform.fail_after = 0

    asked = _wish(office, leaver, Wish.ERASE)

    assert asked.done
    assert not office.d.ledger.vault.load([leaver.person]).has(leaver.person, KeyKind.PROFILE)
    office.platform.fail_after = None
    remove_closed(office.d, "R-1")
    assert "absent" == office.on_platform(leaver)
    assert [] == list_requests(office.d, WEBER)


def test_under_a_legal_hold_the_page_says_no_more_than_it_may(office: Community) -> None:
    """Nothing is erased, nothing is promised, and the reason comes with the answer."""
    leaver = office.joined()
    with office.d.ledger.write() as connection:
        connection.execute(update(t(Person)).values(legal_hold=True))

    asked = _wish(office, leaver, Wish.ERASE)
    office.deliver()

    assert not asked.done
    assert "visible" == office.on_platform(leaver)
    assert [asked.number] == [each.number for each in list_requests(office.d, WEBER)]
    assert "You will have our answer by 3 December 2026" in office.mails[-1].text
    assert "hold" not in office.mails[-1].text
