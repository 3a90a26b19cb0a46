"""Requests of people: each is answered in time, by somebody who may, and the person hears of it."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from alumni_sync.clock import FixedClock
from alumni_sync.consent.transitions import ALL_MAIL, suppress
from alumni_sync.domain import Identity
from alumni_sync.errors import Refused
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.request_tables import AccessLog, SubjectRequest, SubjectRequestEvent
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Person, t
from alumni_sync.privacy.erasure import erase
from alumni_sync.privacy.request_rows import (
    RequestChannel,
    RequestKind,
    RequestState,
    list_requests,
    request_id,
    request_number,
    show_request,
)
from alumni_sync.privacy.requests import (
    ask_on_site,
    close_request,
    extend_request,
    open_request,
)
from tests.membership.world import Community
from tests.privacy.office import AUDITOR, OUTSIDER, PEOPLE, REVIEWER, WEBER
from tests.roster import Leaver


@pytest.fixture
def office(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Community:
    """A company with people who may handle requests, on either database."""
    return Community(tmp_path, ledger, clock, people=PEOPLE)


def _by_letter(
    office: Community, leaver: Leaver, kind: RequestKind = RequestKind.RECTIFY, words: str = ""
) -> str:
    return open_request(
        office.d,
        person_id=leaver.person,
        kind=kind,
        channel=RequestChannel.LETTER,
        words=words,
        identity=WEBER,
    )


def _events(office: Community, number: str) -> list[tuple[str, str, str]]:
    shown = show_request(office.d, number, WEBER)
    return [(each.event, each.actor, each.reason) for each in shown.history]


def test_a_request_is_taken_down_with_its_deadline(office: Community) -> None:
    """A letter that lies in a drawer is answered late; the ledger knows until when."""
    leaver = office.joined()

    number = _by_letter(office, leaver, words="My name is spelt Żofia.")

    (listed,) = list_requests(office.d, WEBER)
    assert ("SR-000001", number) == (number, listed.number)
    assert (RequestKind.RECTIFY, RequestState.OPEN, False) == (
        listed.kind,
        listed.state,
        listed.overdue,
    )
    assert datetime(2026, 12, 3, 23, tzinfo=UTC) == listed.due_at  # received on 3 November
    shown = show_request(office.d, number, WEBER)
    assert "My name is spelt Żofia." == shown.words
    assert [("received", "k.weber", ""), ("acknowledged", "system", "")] == _events(office, number)


def test_the_words_of_a_request_are_sealed(office: Community) -> None:
    """What somebody writes about themselves is as personal as anything we hold."""
    number = _by_letter(office, office.joined(), words="I am ill, canary-7731")

    with office.d.ledger.read() as connection:
        rows = [connection.execute(select(t(SubjectRequest))).all()]
        rows += [connection.execute(select(t(SubjectRequestEvent))).all()]
    assert number
    assert "canary-7731" not in repr(rows)


def test_a_late_note_does_not_move_the_deadline(office: Community) -> None:
    """The month runs from the day the letter came, not from when somebody opened the envelope."""
    leaver = office.joined()
    open_request(
        office.d,
        person_id=leaver.person,
        kind=RequestKind.ACCESS,
        channel=RequestChannel.LETTER,
        identity=WEBER,
        received_on=date(2026, 10, 15),
    )

    (listed,) = list_requests(office.d, WEBER)
    assert datetime(2026, 11, 16, 23, tzinfo=UTC) == listed.due_at  # 15 November is a Sunday

    with pytest.raises(Refused, match="still to come"):
        open_request(
            office.d,
            person_id=leaver.person,
            kind=RequestKind.ACCESS,
            channel=RequestChannel.LETTER,
            identity=WEBER,
            received_on=date(2026, 11, 10),
        )


def test_the_person_hears_that_the_request_has_come(office: Community) -> None:
    """A request in somebody else's name is found out by whoever reads the mailbox."""
    leaver = office.joined()
    office.deliver()
    sent = len(office.mails)

    _by_letter(office, leaver)
    office.deliver()

    (mail,) = office.mails[sent:]
    assert "zofia@mail.example" == mail.to
    assert "We have your request SR-000001" == mail.subject
    assert "3 December 2026" in mail.text
    assert "If it was not you who asked" in mail.text
    assert "List-Unsubscribe" not in mail.headers


def test_an_answer_takes_longer_only_once_and_only_in_time(office: Community) -> None:
    """Art. 12(3): two further months, with the reason, told within the first one."""
    leaver = office.joined()
    number = _by_letter(office, leaver)

    due = extend_request(office.d, number, WEBER, reason="complex")
    office.deliver()

    assert datetime(2027, 2, 3, 23, tzinfo=UTC) == due
    assert "3 February 2027" in office.mails[-1].text
    assert "takes more work than usual" in office.mails[-1].text
    with pytest.raises(Refused, match="extended before"):
        extend_request(office.d, number, WEBER, reason="complex")

    late = _by_letter(office, leaver)
    office.later(days=40)
    with pytest.raises(Refused, match="deadline is over"):
        extend_request(office.d, late, WEBER, reason="complex")
    with pytest.raises(Refused, match="give one of"):
        extend_request(office.d, late, WEBER, reason="no time")


@pytest.mark.parametrize(
    ("outcome", "reason", "said"),
    [
        (RequestState.DONE, "", "We have done it."),
        (RequestState.REFUSED, "not_identified", "we could not make sure who was asking"),
    ],
)
def test_the_answer_reaches_the_person(
    office: Community, outcome: RequestState, reason: str, said: str
) -> None:
    """A request that is closed in our files only is not answered."""
    number = _by_letter(office, office.joined())

    closed = close_request(
        office.d, number, outcome, WEBER, reason=reason, answer="HR has your new name."
    )
    office.deliver()

    assert closed.mailed
    assert said in office.mails[-1].text
    assert "HR has your new name." in office.mails[-1].text
    assert "you can complain to" in office.mails[-1].text
    assert [] == list_requests(office.d, WEBER)
    assert (outcome.value, "k.weber", reason) == _events(office, number)[-1]
    with pytest.raises(Refused, match="already"):
        close_request(office.d, number, RequestState.DONE, WEBER)


def test_an_answer_may_have_paragraphs(office: Community) -> None:
    """What somebody wrote in three lines is not read as one."""
    number = _by_letter(office, office.joined())

    close_request(office.d, number, RequestState.DONE, WEBER, answer="One.\r\n\r\n<Two> & more.")
    office.deliver()

    assert "\n\nOne.\n\n<Two> & more.\n\n" in office.mails[-1].text
    assert "<p>One.</p>\n<p>&lt;Two&gt; &amp; more.</p>" in office.mails[-1].html


def test_whoever_objected_is_answered_by_letter(office: Community) -> None:
    """No mail means no mail; and nobody believes that an answer went out which did not."""
    leaver = office.invited()
    with office.d.ledger.write() as connection:
        address = office.d.ledger.hashes.address("zofia@mail.example")
        suppress(connection, address, ALL_MAIL, "objected", office.clock.now())
    sent = len(office.mails)

    closed = close_request(office.d, _by_letter(office, leaver), RequestState.DONE, WEBER)
    office.deliver()

    assert not closed.mailed
    assert sent == len(office.mails)


def test_a_refusal_gives_a_reason(office: Community) -> None:
    """Art. 12(4): whoever is refused is told why."""
    number = _by_letter(office, office.joined())

    with pytest.raises(Refused, match="give one of"):
        close_request(office.d, number, RequestState.REFUSED, WEBER, answer="No.")


@pytest.mark.parametrize("kind", [RequestKind.ERASE, RequestKind.RESTRICT])
def test_what_was_not_done_is_not_called_done(office: Community, kind: RequestKind) -> None:
    """A closed request for erasure beside a person who is still there is a false record."""
    number = _by_letter(office, office.joined(), kind)

    with pytest.raises(Refused, match="nothing"):
        close_request(office.d, number, RequestState.DONE, WEBER)

    assert 1 == len(list_requests(office.d, WEBER))


def test_somebody_who_was_never_invited_can_ask_too(office: Community) -> None:
    """An excluded leaver has no link and the same rights; the answer goes by letter."""
    leaver = office.leaver(exit_kind="misconduct")

    number = _by_letter(office, leaver, RequestKind.CONTEST, "The code is wrong.")
    closed = close_request(office.d, number, RequestState.DONE, WEBER, answer="Looked at again.")

    assert not closed.mailed
    assert ["received", "done"] == [event for event, _, _ in _events(office, number)]
    assert [] == office.outbox()


def test_words_that_can_no_longer_be_sealed_are_not_kept(office: Community) -> None:
    """Of somebody whose keys are gone the request counts all the same, without its words."""
    leaver = office.invited()
    erase(office.d, leaver.person, by="k.weber", reason="request", run_id="R-1")

    number = _by_letter(office, leaver, words="What do you still have?")

    assert ("received", "k.weber", "words_not_kept") == _events(office, number)[0]
    assert "" == show_request(office.d, number, WEBER).words


def test_only_whoever_may_handles_requests(office: Community) -> None:
    """A reviewer rules on cases; what people ask of us is not for everybody's eyes."""
    leaver = office.joined()
    number = _by_letter(office, leaver)

    for nobody in (REVIEWER, OUTSIDER, Identity("k.weber", verified=False)):
        with pytest.raises(Refused):
            list_requests(office.d, nobody)
        with pytest.raises(Refused):
            show_request(office.d, number, nobody)
        with pytest.raises(Refused):
            close_request(office.d, number, RequestState.DONE, nobody)
    assert [number] == [each.number for each in list_requests(office.d, AUDITOR)]
    assert number == show_request(office.d, number, AUDITOR).summary.number
    with pytest.raises(Refused):
        extend_request(office.d, number, AUDITOR, reason="complex")


def test_who_read_a_request_is_written_down(office: Community) -> None:
    """The words of a request are read for a reason, and by somebody with a name."""
    leaver = office.joined()
    number = _by_letter(office, leaver)

    show_request(office.d, number, AUDITOR)

    with office.d.ledger.read() as connection:
        rows = connection.execute(select(t(AccessLog))).all()
    assert [("a.auditor", leaver.person, number)] == [
        (row.actor, row.person_id, row.subject) for row in rows
    ]


def test_the_same_form_twice_is_one_request(office: Community) -> None:
    """T5: a doubled click must not make two files of one wish."""
    leaver = office.joined()
    invitation = office.invitation(leaver)["id"]

    first = ask_on_site(office.d, invitation, RequestKind.RECTIFY, "words", "nonce-1")
    again = ask_on_site(office.d, invitation, RequestKind.RECTIFY, "words", "nonce-1")
    other = ask_on_site(office.d, invitation, RequestKind.RECTIFY, "words", "nonce-2")

    assert first == again != other
    assert 2 == len(list_requests(office.d, WEBER))
    assert ("received", "subject", "") == _events(office, first)[0]


def test_words_are_kept_as_plain_text(office: Community) -> None:
    """T41: whoever reads them at the desk must see what was typed, and nothing that acts."""
    words = "<b>Zosia</b>\r\n=HYPERLINK()\x00\x1b[31m\u202egnp.exe " + "x" * 10_000
    number = _by_letter(office, office.joined(), words=words)

    shown = show_request(office.d, number, WEBER).words
    assert shown.startswith("<b>Zosia</b>\n=HYPERLINK()[31mgnp.exe")
    assert 4_000 == len(shown)


@pytest.mark.parametrize("text", ["", "SR-1", "EX-000001", "SR-0000000000000000000", "SR-000001x"])
def test_what_is_no_number_is_said_to_be_none(text: str) -> None:
    """A mistyped number must not open somebody else's request."""
    with pytest.raises(Refused, match="SR-000123"):
        request_id(text)


def test_numbers_are_read_as_they_are_written() -> None:
    """People type them from a mail, in small letters and with a blank."""
    assert 12 == request_id(" sr-000012 ")
    assert "SR-1234567" == request_number(1_234_567)


def test_asking_for_what_is_not_there_is_refused(office: Community) -> None:
    """Nobody may learn from us that a number exists."""
    with pytest.raises(Refused, match="there is no request SR-000099"):
        show_request(office.d, "SR-000099", WEBER)
    with pytest.raises(Refused, match="no such person"):
        open_request(
            office.d,
            person_id="P-nobody",
            kind=RequestKind.ACCESS,
            channel=RequestChannel.MAIL,
            identity=WEBER,
        )


def test_erasing_drops_the_words_and_keeps_the_fact(office: Community) -> None:
    """That somebody asked, and when we answered, is proof; what they wrote is theirs."""
    leaver = office.joined()
    number = _by_letter(office, leaver, RequestKind.ERASE, "Forget me.")

    erase(office.d, leaver.person, by="k.weber", reason="request", run_id="R-1")
    close_request(office.d, number, RequestState.DONE, WEBER)

    assert office.d.ledger.vault.load([leaver.person]).has(leaver.person, KeyKind.EVIDENCE)
    assert "" == show_request(office.d, number, WEBER).words
    assert "done" == _events(office, number)[-1][0]


def test_a_legal_hold_leaves_a_request_for_erasure_open(office: Community) -> None:
    """The desk refuses it with its reason; nothing is erased meanwhile."""
    leaver = office.joined()
    number = _by_letter(office, leaver, RequestKind.ERASE)
    with office.d.ledger.write() as connection:
        connection.execute(update(t(Person)).values(legal_hold=True))

    with pytest.raises(Refused, match="legal hold"):
        erase(office.d, leaver.person, by="k.weber", reason="request", run_id="R-1")
    close_request(office.d, number, RequestState.REFUSED, WEBER, reason="legal_hold")
    office.deliver()

    assert "needed for a legal claim" in office.mails[-1].text
    assert "visible" == office.on_platform(leaver)
