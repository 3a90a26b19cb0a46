"""Requests of people and requests to join, at the desk: seen by deadline, handled, recorded."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import Answer
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Person, t
from alumni_sync.privacy.request_rows import (
    RequestChannel,
    RequestKind,
    list_requests,
    show_request,
)
from alumni_sync.privacy.requests import open_request
from alumni_sync.privacy.restriction import lift, restrict
from alumni_sync.sites.desk.requests import ON_A_PAGE
from tests.consent.joins import EMAIL, proven
from tests.consent.papers import DPO
from tests.roster import Leaver
from tests.sites.browser import Response
from tests.sites.office import Company


@pytest.fixture
def company(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> Company:
    """A company whose desk is behind a proxy."""
    return Company(tmp_path, sqlite_ledger, clock)


def opened(company: Company, leaver: Leaver, kind: RequestKind = RequestKind.ACCESS,
           received_on: date | None = None) -> str:  # fmt: skip
    """Take a request down; return its number."""
    return open_request(
        company.d, kind=kind, channel=RequestChannel.MAIL, identity=DPO, person_id=leaver.person,
        words="What do you have about me?", received_on=received_on,
    )  # fmt: skip


def handle(
    company: Company, number: str, *chosen: tuple[str, str], user: str = "dpo", answer: str = ""
) -> Response:
    """Submit the form of a request."""
    return company.submit(f"/request/{number}", *chosen, user=user, answer=answer)


DONE, REFUSED = ("act", "done"), ("act", "refused")


def test_a_request_is_taken_down_and_closed(company: Company) -> None:
    """The way of a request that came by phone, up to its answer by mail."""
    leaver = company.world.member()
    today = company.d.clock.now().date().isoformat()

    done = company.submit(
        f"/person/{leaver.person}/request", ("kind", "access"), ("channel", "phone"),
        received_on=today, words="Everything, please",
    )  # fmt: skip
    page = company.open(done.headers["location"])
    assert "The request is taken down." in page.text
    assert "Everything, please" in page.text
    assert "alumni-sync privacy export" in page.text
    (line,) = list_requests(company.d, DPO)
    assert line.number in company.open("/requests").text

    done = handle(company, line.number, DONE, answer="Here it is.")

    assert "the answer goes out by mail" in company.open(done.headers["location"]).text
    assert [] == list_requests(company.d, DPO)
    assert line.number not in company.open("/requests").text
    assert line.number in company.open("/requests?all=1").text
    assert line.number in company.open(f"/person/{leaver.person}").text


def test_what_is_overdue_is_marked(company: Company) -> None:
    """A deadline that passed unseen is a breach of its own."""
    leaver = company.world.member()
    late = opened(company, leaver, received_on=company.d.clock.now().date() - timedelta(days=60))

    for path in ("/requests", f"/request/{late}", f"/person/{leaver.person}"):
        assert "overdue" in company.open(path).text, path
    assert "It takes longer" not in company.open(f"/request/{late}").text


def test_extended_once_with_a_reason(company: Company) -> None:
    """GDPR Art. 12(3): two more months, once, before the first is over, and the person is told."""
    number = opened(company, company.world.member())

    assert 422 == handle(company, number, ("act", "extend")).status
    done = handle(company, number, ("act", "extend"), ("extension", "complex"))
    page = company.open(done.headers["location"]).text

    assert "The deadline is extended" in page
    assert show_request(company.d, number, DPO).summary.extended
    assert "It takes longer" not in page


@pytest.mark.parametrize(
    ("chosen", "answer", "words"),
    [
        ((), "x", "Choose what to do."),
        ((DONE,), "", "Write the answer"),
        ((DONE,), " ", "Write the answer"),
        ((REFUSED,), "No.", "To refuse, give one of"),
    ],
)
def test_nothing_is_closed_by_half(
    company: Company, chosen: tuple[tuple[str, str], ...], answer: str, words: str
) -> None:
    """A bare submit, an answer without words, a refusal without reason: none is an answer."""
    number = opened(company, company.world.member())

    again = handle(company, number, *chosen, answer=answer)

    assert 422 == again.status
    assert words in again.text
    assert [number] == [one.number for one in list_requests(company.d, DPO)]


def test_a_refusal_says_why(company: Company) -> None:
    """GDPR Art. 12(4): reason and answer are kept with the request."""
    number = opened(company, company.world.member())

    handle(company, number, REFUSED, ("refusal", "excessive"), answer="The fifth time this month.")

    page = company.open(f"/request/{number}").text
    for words in ("refused", "excessive", "The fifth time this month."):
        assert words in page


def test_a_stale_page_is_shown_anew(company: Company) -> None:
    """Two people on one request: the second must not answer what was answered."""
    number = opened(company, company.world.member())
    form = company.form(f"/request/{number}", user="dpo2")
    handle(company, number, DONE, answer="Here it is.")

    late = company.send(form.action, form.filled(DONE, answer="And again."), "dpo2")

    assert 409 == late.status
    assert "This request has changed since" in late.text
    assert "And again." not in late.text


def test_restricting_is_done_here(company: Company) -> None:
    """GDPR Art. 18: from the moment of the click nothing is used any more."""
    leaver = company.world.member()
    number = opened(company, leaver, RequestKind.RESTRICT)

    assert 422 == handle(company, number, DONE, answer="It is.").status  # it is not, yet
    done = handle(company, number, ("act", "restrict"))

    assert "used for nothing else" in company.open(done.headers["location"]).text
    with company.d.ledger.read() as connection:
        query = select(t(Person).c.restricted_at).where(t(Person).c.id == leaver.person)
        assert connection.execute(query).scalar() is not None
    file = f"/person/{leaver.person}"
    assert ">restricted</span>" in company.open(file).text

    assert 422 == company.submit(file, to="/restriction").status
    lifted = company.submit(file, ("told", "yes"), to="/restriction")

    assert "may be used again" in company.open(lifted.headers["location"]).text
    assert ">restricted</span>" not in company.open(file).text


def test_a_page_about_an_earlier_restriction_lifts_no_other(company: Company) -> None:
    """A tab that stayed open must not make usable what somebody restricted anew meanwhile."""
    leaver = company.world.member()
    restrict(company.d, leaver.person, DPO)
    stale = company.form(f"/person/{leaver.person}", "/restriction")
    lift(company.d, leaver.person, DPO)
    company.world.later(hours=1)
    restrict(company.d, leaver.person, DPO)

    late = company.send(stale.action, stale.filled(("told", "yes")))

    assert 409 == late.status
    assert ">restricted</span>" in company.open(f"/person/{leaver.person}").text


def test_another_wish_of_the_same_kind_is_not_lost(company: Company) -> None:
    """A second letter about another mistake would otherwise be answered by the first one's."""
    leaver = company.world.member()
    today = company.d.clock.now().date().isoformat()
    page, letter = f"/person/{leaver.person}/request", (("kind", "rectify"), ("channel", "letter"))

    for words in ("My name is spelt wrong.", "And the year, too.", "And the year, too."):
        company.submit(page, *letter, received_on=today, words=words)

    numbers = [one.number for one in list_requests(company.d, DPO)]
    assert ["My name is spelt wrong.", "And the year, too."] == [
        show_request(company.d, number, DPO).words for number in numbers
    ]


def test_the_same_request_twice_is_one(company: Company) -> None:
    """T5: a double click must not start two deadlines."""
    leaver = company.world.member()
    form = company.form(f"/person/{leaver.person}/request")
    today = company.d.clock.now().date().isoformat()
    fields = form.filled(("kind", "erase"), ("channel", "letter"), received_on=today)

    first, again = (company.send(form.action, fields) for _ in range(2))

    assert (303, 303) == (first.status, again.status)
    assert 1 == len(list_requests(company.d, DPO))


@pytest.mark.parametrize(
    ("chosen", "received", "words"),
    [
        ((("channel", "mail"),), "2026-11-01", "Choose what they ask for."),
        ((("kind", "access"),), "2026-11-01", "Choose how it came."),
        ((("kind", "access"), ("channel", "mail")), "", "Write the day"),
        ((("kind", "access"), ("channel", "mail")), "2031-01-01", "still to come"),
    ],
)
def test_an_incomplete_request_is_not_taken_down(
    company: Company, chosen: tuple[tuple[str, str], ...], received: str, words: str
) -> None:
    """A request without its day has no deadline."""
    leaver = company.world.member()

    again = company.submit(f"/person/{leaver.person}/request", *chosen, received_on=received)

    assert 422 == again.status
    assert words in again.text
    assert [] == list_requests(company.d, DPO)


def test_an_auditor_reads_requests_and_handles_none(company: Company) -> None:
    """Whoever audits must not be able to answer in the company's name."""
    leaver = company.world.member()
    number = opened(company, leaver)
    mine = company.form(f"/request/{number}")

    page = company.open(f"/request/{number}", "aud")
    forged = company.send(mine.action, mine.filled(DONE, answer="x"), "aud")

    assert "What do you have about me?" in page.text
    assert [] == page.forms
    assert 403 == forged.status
    assert 403 == company.open(f"/person/{leaver.person}/request", "aud").status
    assert [number] == [one.number for one in list_requests(company.d, DPO)]


# --- requests to join -----------------------------------------------------------------------------


def test_somebody_is_matched(company: Company) -> None:
    """From the list to the invitation: whoever asks and worked here is asked."""
    leaver = company.world.invited()
    company.world.answer(leaver, Answer.NO)
    join = proven(company.world, number=leaver.number).id
    listed = company.open("/joins").text
    assert join in listed
    assert "Zofia" not in listed
    page = company.open(f"/join/{join}", "rev").text
    for words in ("Zofia Jaworowska", leaver.number, "the number they typed", "refused"):
        assert words in page, words
    assert EMAIL not in page

    form = next(one for one in company.open(f"/join/{join}", "rev").forms if one.offered)
    fields = [*form.hidden.items(), ("spell", leaver.spell), ("act", "match")]
    done = company.send(form.action, fields, "rev")

    assert (303, "/joins?done=matched") == (done.status, done.headers["location"])
    assert "It is matched" in company.open(done.headers["location"], "rev").text
    assert "asked_back" == company.world.history(leaver)[-1]
    assert 404 == company.send(form.action, fields, "rev").status  # a double click: it is gone


def test_a_number_that_hr_found_leads_to_somebody(company: Company) -> None:
    """Few people remember their number; HR has it. It stands in no address."""
    leaver = company.world.invited()
    join = proven(company.world).id
    page = f"/join/{join}"
    assert "leads to anybody" in company.open(page).text
    (look, *_) = [one for one in company.open(page).forms if "number" in one.texts]

    found = company.send(look.action, [*look.filled(number=leaver.number), ("act", "look_up")])

    assert 200 == found.status
    assert "your number" in found.text
    assert leaver.spell in found.text
    assert ("dpo", leaver.person) in [(row[0], row[2]) for row in company.log()]


def test_a_rejection_has_a_reason_and_says_nothing(company: Company) -> None:
    """Nobody is told; what was typed is gone."""
    join = proven(company.world).id
    token = company.open(f"/join/{join}").forms[0].hidden["form"]
    sent = len(company.world.mails)

    bare = company.send(f"/join/{join}", [("form", token), ("act", "reject")])
    done = company.send(
        f"/join/{join}", [("form", token), ("act", "reject"), ("reason", "not_found")]
    )

    assert 422 == bare.status
    assert "/joins?done=rejected" == done.headers["location"]
    company.world.round()
    assert sent == len(company.world.mails)
    assert 404 == company.open(f"/join/{join}").status


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ([], "Choose what to do."),
        ([("act", "match")], "Choose the employment"),
        ([("act", "match"), ("spell", "S-none")], "no employment"),
        ([("act", "look_up")], "Write the number"),
        ([("act", "confirm"), ("source", "acme-pl")], "Choose how the employment ended"),
        ([("act", "confirm"), ("source", "x"), ("exit_kind", "unknown")], "no source x"),
        ([("act", "confirm"), ("source", "acme-pl"), ("exit_kind", "unknown")], "person"),
    ],
)
def test_an_incomplete_match_is_none(
    company: Company, fields: list[tuple[str, str]], words: str
) -> None:
    """A bare submit lets nobody be asked."""
    join = proven(company.world).id
    token = company.open(f"/join/{join}").forms[0].hidden["form"]

    again = company.send(f"/join/{join}", [("form", token), *fields])

    assert 422 == again.status
    assert words in again.text
    assert join in company.open("/joins").text


def test_facts_that_hr_confirms(company: Company) -> None:
    """Whoever was let go long ago, or was never read, can be asked when they ask."""
    join = proven(company.world).id
    (form,) = [one for one in company.open(f"/join/{join}").forms if "person_id" in one.texts]
    fields = form.filled(
        ("source", "acme-pl"), ("exit_kind", "resignation"), person_id="E9", employee_number="9",
        given_name="Zofia", family_name="Jaworowska", hire_date="2019-03-01",
        last_working_day="2026-09-30", birth_date="1984-05-17",
    )  # fmt: skip

    done = company.send(form.action, [*fields, ("act", "confirm")])
    company.world.judge()
    company.world.later(days=1)
    company.world.round()

    assert "/joins?done=matched" == done.headers.get("location", done.text)
    assert EMAIL == company.world.mails[-1].to


@pytest.mark.parametrize("user", ["sec", "aud", "nobody"])
def test_who_matches_nobody(company: Company, user: str) -> None:
    """A request to join names somebody; it is for privacy and reviewers."""
    join = proven(company.world).id

    assert 403 == company.open("/joins", user).status
    assert 403 == company.open(f"/join/{join}", user).status
    assert 403 == company.send(f"/join/{join}", [("act", "reject")], user).status


@pytest.mark.parametrize(
    ("form", "media", "begins"),
    [
        ("zip", "application/zip", b"pk"),
        ("html", "text/html; charset=utf-8", b"<!doctype html>"),
        ("json", "application/json", b"{"),
    ],
)
def test_what_was_asked_for_is_taken_at_the_desk(
    company: Company, form: str, media: str, begins: bytes
) -> None:
    """Whoever has no shell would have to ask an engineer, who has no business to read it."""
    leaver = company.world.member()
    number = opened(company, leaver)

    taken = company.submit(f"/request/{number}", ("as", form), to="/data")

    assert (200, media) == (taken.status, taken.headers["content-type"])
    assert "no-store" == taken.headers["cache-control"]
    assert f'attachment; filename="{number}.{form}"' == taken.headers["content-disposition"]
    assert taken.content[:20].lower().startswith(begins)
    assert ("dpo", "handle a request of a person", leaver.person, "export") in company.log()
    assert leaver.person.encode() not in taken.headers["content-disposition"].encode()


def test_data_is_handed_out_for_a_request_that_asks_for_it_only(company: Company) -> None:
    """An erased, closed or other request must not be a way to take a person's file along."""
    leaver = company.world.member()
    access, other = opened(company, leaver), opened(company, leaver, RequestKind.RECTIFY)
    form = company.form(f"/request/{access}", "/data")
    chosen = form.filled(("as", "json"))

    nothing = company.send(form.action, form.filled())
    assert (422, True) == (nothing.status, "Choose how you want the data." in nothing.text)
    assert 403 == company.send(f"/request/{other}/data", chosen).status
    assert 403 == company.send(form.action, chosen, user="reviewer").status
    assert (
        403 == company.send(form.action, chosen, headers={"Origin": "https://evil.example"}).status
    )
    assert "/data" not in [one.action[-5:] for one in company.open(f"/request/{other}").forms]
    handle(company, access, DONE, answer="Here it is.")
    assert 409 == company.send(form.action, chosen).status
    assert [] == [line for line in company.log() if line[3] == "export"]


def test_many_requests_stand_on_several_pages(company: Company) -> None:
    """A page of a whole year is one on which nobody finds what is due today."""
    leaver = company.world.member()
    numbers = [opened(company, leaver, RequestKind.RECTIFY) for _ in range(ON_A_PAGE + 1)]

    first = company.open("/requests")
    assert numbers[-2] in first.text
    assert numbers[-1] not in first.text
    assert f"after={numbers[-2]}" in first.text
    second = company.open(f"/requests?after={numbers[-2]}").text
    assert (True, False) == (numbers[-1] in second, numbers[0] in second)
    assert "Later requests" not in second
    assert numbers[-1] in company.open(f"/requests?all=1&after={numbers[-2]}").text
    assert 404 == company.open("/requests?after=SR-999999").status
