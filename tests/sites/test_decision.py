"""The question, its answers, and what happens to answers that cannot be taken."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from starlette.types import ASGIApp

from alumni_sync.consent.answers.answer import (
    Answer,
    Channel,
    Conflict,
    Evidence,
    Invalid,
    Outcome,
)
from alumni_sync.consent.notices.editions import load_edition
from alumni_sync.domain import ConsentState
from alumni_sync.ports import ProfileField, Purpose
from alumni_sync.sites.forms import MAX_FIELDS
from tests.sites.browser import Browser, PageForm
from tests.sites.standin import DECIDE, RULES, StandIn


def the_form(browser: Browser) -> PageForm:
    """Open the invitation's link and return the form of the page it leads to."""
    return browser.follow(f"/c/{DECIDE}").forms[0]


def test_nothing_is_preselected(browser: Browser) -> None:
    """A ticked box is no consent (GDPR, recital 32)."""
    form = the_form(browser)

    assert [] == form.preselected
    assert {"answer", "field", "show", "purpose"} == {name for name, _ in form.offered}


def test_yes_and_no_have_equal_weight(browser: Browser) -> None:
    """A page that makes yes easier than no asks for nothing."""
    page = browser.follow(f"/c/{DECIDE}").text
    answers = [value for name, value in the_form(browser).offered if name == "answer"]

    assert ["yes", "no", "later", "not_me"] == answers
    assert 2 == page.partition('class="equal"')[2].partition('class="or"')[0].count('"choice"')


def test_the_page_shows_every_value_that_would_be_stored(browser: Browser) -> None:
    """Consent to something one was not shown is not informed."""
    page = browser.follow(f"/c/{DECIDE}").text

    for value in ("Acme sp. z o.o.", "Starsza specjalistka ds. logistyki", "+48 600 000 000"):
        assert value in page
    assert "a•••@p•••.example" in page


def test_a_submit_without_an_answer_writes_nothing(browser: Browser, stand_in: StandIn) -> None:
    """Silence, and a pressed button, are no decision."""
    form = the_form(browser)

    answer = browser.post(form.action, form.filled(("field", "city"), ("purpose", "events")))

    assert 422 == answer.status
    assert [] == stand_in.changes
    assert 'class="errors"' in answer.text
    assert [("field", "city"), ("purpose", "events")] == answer.forms[0].preselected


@pytest.mark.parametrize("value", ["maybe", "YES", "", "yes,no"])
def test_an_unknown_answer_is_none(browser: Browser, stand_in: StandIn, value: str) -> None:
    """A value that no page of ours offers must not be taken for one that it does."""
    form = the_form(browser)

    assert 422 == browser.post(form.action, [*form.filled(), ("answer", value)]).status
    assert [] == stand_in.changes


def test_two_answers_are_none(browser: Browser, stand_in: StandIn) -> None:
    """Whoever says yes and no has not decided."""
    form = the_form(browser)

    both = form.filled(("answer", "yes"), ("answer", "no"))

    assert 422 == browser.post(form.action, both).status
    assert [] == stand_in.changes


def test_a_yes_holds_exactly_what_was_ticked(browser: Browser, stand_in: StandIn) -> None:
    """One field more than was ticked would be processed without consent."""
    form = the_form(browser)
    ticked = form.filled(
        ("answer", "yes"),
        ("field", "city"),
        ("show", "city"),
        ("field", "join_year"),
        ("show", "phone"),
        ("purpose", "events"),
        name="Anna P.",
    )

    answer = browser.post(form.action, ticked)

    assert 303 == answer.status
    assert "/consent/done" == answer.headers["location"]
    choice = stand_in.choice
    assert choice is not None
    assert Answer.YES is choice.answer
    assert "Anna P." == choice.name
    assert {ProfileField.CITY: True, ProfileField.JOIN_YEAR: False} == choice.fields
    assert {Purpose.EVENTS} == choice.purposes
    assert "en" == choice.language
    shown = stand_in.view("I-0000000000000001", "en")
    assert shown is not None
    assert (shown.notice_sha256, shown.form_sha256) == (choice.notice_sha256, choice.form_sha256)


@pytest.mark.parametrize("given", list(Answer))
def test_every_answer_is_taken_and_confirmed(
    browser: Browser, stand_in: StandIn, woken: list[str], given: Answer
) -> None:
    """An answer that is not confirmed leaves a person in doubt."""
    form = the_form(browser)

    assert 303 == browser.post(form.action, form.filled(("answer", given.value))).status

    assert [f"decide:{given}"] == stand_in.changes
    assert ["wake"] == woken
    assert 200 == browser.get("/consent/done").status
    assert 200 == browser.get("/receipt").status


def test_a_replay_gives_the_same_receipt(browser: Browser, stand_in: StandIn) -> None:
    """A second click on a slow line must not become a second decision (T5)."""
    form = the_form(browser)
    filled = form.filled(("answer", "yes"))

    assert 303 == browser.post(form.action, filled).status
    first = browser.get("/receipt").text
    assert 303 == browser.post(form.action, filled).status

    assert ["decide:yes"] == stand_in.changes
    assert first == browser.get("/receipt").text


def test_a_second_tab_cannot_decide_otherwise(browser: Browser, stand_in: StandIn) -> None:
    """Two tabs, yes and no: one counts, and the other must be told (T6)."""
    one, two = the_form(browser), browser.follow("/consent").forms[0]

    assert 303 == browser.post(one.action, one.filled(("answer", "yes"))).status
    late = browser.post(two.action, two.filled(("answer", "no")))

    assert 409 == late.status
    assert "You are in" in late.text
    assert ["decide:yes"] == stand_in.changes


def test_a_changed_text_is_shown_again(browser: Browser, stand_in: StandIn) -> None:
    """An answer to a text that is no longer in force would prove the wrong thing."""
    form = the_form(browser)
    stand_in.version += 1

    stale = browser.post(form.action, form.filled(("answer", "yes"), ("field", "city")))

    assert 409 == stale.status
    assert [] == stand_in.changes
    assert [] == stale.forms[0].preselected, "ticks under another text are void"


def test_an_empty_name_is_explained(browser: Browser, stand_in: StandIn) -> None:
    """A form that fails without saying why is abandoned."""
    form = the_form(browser)

    answer = browser.post(form.action, form.filled(("answer", "yes"), name="   "))

    assert 422 == answer.status
    assert 'href="#name"' in answer.text
    assert [] == stand_in.changes


@pytest.mark.parametrize("field", [("field", "salary"), ("purpose", "resale")])
def test_what_no_page_offers_cannot_be_ticked(
    browser: Browser, stand_in: StandIn, field: tuple[str, str]
) -> None:
    """An invented field would be the way for a never-field onto the platform."""
    form = the_form(browser)

    assert 422 == browser.post(form.action, [*form.filled(("answer", "yes")), field]).status
    assert [] == stand_in.changes


def test_the_fullest_answer_fits(browser: Browser) -> None:
    """Whoever ticks everything must not be turned away as an attack."""
    edition = load_edition(RULES, "alumni-community")
    ticks = 2 * len(edition.manifest.fields) + len(edition.manifest.purposes)

    form = the_form(browser)
    assert ticks + len(form.hidden) + len(form.texts) + 1 <= MAX_FIELDS

    everything = [pair for pair in form.offered if pair[0] != "answer"]
    assert 303 == browser.post(form.action, form.filled(("answer", "yes"), *everything)).status


def test_who_already_answered_is_not_asked_again(browser: Browser, stand_in: StandIn) -> None:
    """The page after the answer must be the answer."""
    form = the_form(browser)
    browser.post(form.action, form.filled(("answer", "no")))

    assert "/consent/done" == browser.get("/consent").headers["location"]
    assert 404 == browser.get(f"/c/{DECIDE}").status
    assert ["decide:no"] == stand_in.changes


def test_who_has_not_answered_sees_the_question(browser: Browser) -> None:
    """A page that thanks for an answer nobody gave would be a lie."""
    browser.get(f"/c/{DECIDE}")

    assert "/consent" == browser.get("/consent/done").headers["location"]
    assert 404 == browser.get("/receipt").status


def test_the_page_keeps_to_one_language(browser: Browser, stand_in: StandIn) -> None:
    """Consent on a page of two languages is not informed; the one shown is what is recorded.

    This is T16 of docs/tests-of-consent.md.
    """
    browser.get(f"/c/{DECIDE}")
    page = browser.get("/consent?lang=pl")
    form = page.forms[0]

    assert '<html lang="pl">' in page.text
    assert 'lang="pl">' in browser.post(form.action, form.filled()).text
    browser.post(form.action, form.filled(("answer", "yes")))
    assert stand_in.choice is not None
    assert "pl" == stand_in.choice.language


def test_an_unknown_language_falls_back_to_the_persons(browser: Browser) -> None:
    """`?lang=` comes from outside and must not break the page."""
    browser.get(f"/c/{DECIDE}")

    assert '<html lang="en">' in browser.get("/consent?lang=xx").text


@pytest.mark.parametrize(
    ("client", "network"),
    [
        ("93.184.216.34", "93.184.216.0/24"),
        ("2606:2800:220:1:248:1893:25c8:1946", "2606:2800:220::/48"),
        ("127.0.0.1", ""),
        ("10.1.2.3", ""),
    ],
)
def test_evidence_is_cut_and_cannot_be_forged(
    build: Callable[[str], ASGIApp], stand_in: StandIn, client: str, network: str
) -> None:
    """A proof that anybody can write into a header proves nothing (T7)."""
    browser = Browser(build("http://127.0.0.1:8400"), client=client)
    form = the_form(browser)
    forged = {
        "Origin": browser.origin,
        "Sec-Fetch-Site": "same-origin",
        "X-Forwarded-For": "6.6.6.6",
        "Forwarded": "for=6.6.6.6",
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    }

    browser.post(form.action, form.filled(("answer", "yes")), headers=forged)

    assert [
        Evidence(Channel.MAIL_LINK, token_id="id-of-decide", network=network, agent="firefox")
    ] == stand_in.evidence


def test_a_renewal_can_be_answered_by_a_member(browser: Browser, stand_in: StandIn) -> None:
    """A member who is asked again must see the question, not the last answer."""
    stand_in.state = ConsentState.RENEWAL_DUE

    assert {"answer"} <= {name for name, _ in the_form(browser).offered}


@pytest.mark.parametrize(
    ("outcome", "status", "words"),
    [
        (Conflict(ConsentState.INVITED, "before_exit"), 409, "only after your last working day"),
        (Conflict(ConsentState.INVITED, "not_standing"), 409, "not open at the moment"),
        (Conflict(ConsentState.WITHDRAWN, "state"), 409, "You have left the community"),
        (Conflict(ConsentState.EXPIRED), 409, "This question is closed"),
        (Conflict(ConsentState.ERASED), 409, "This is how it stands now"),
        (Invalid((("answer", "only_once"),)), 422, "once before"),
        (Invalid((("email", "unusable"), ("name", "empty"))), 422, "Please check these things"),
        (Invalid((("stars", "unknown"),)), 422, "cannot be saved as it is"),
    ],
)
def test_every_refusal_is_explained(
    browser: Browser, stand_in: StandIn, outcome: Outcome, status: int, words: str
) -> None:
    """A person who is not told why nothing happened believes that something did."""
    form = the_form(browser)
    stand_in.refuses = outcome

    answer = browser.post(form.action, form.filled(("answer", "yes")))

    assert status == answer.status
    assert words in answer.text


def test_after_the_promised_end_the_question_is_closed(browser: Browser, stand_in: StandIn) -> None:
    """Before a timer has written the end down, the page must already know it."""
    browser.get(f"/c/{DECIDE}")
    stand_in.answerable = False
    stand_in.closes = stand_in.clock.now()

    assert "This question is closed" in browser.follow("/consent").text


def test_a_state_that_changed_meanwhile_is_shown(browser: Browser, stand_in: StandIn) -> None:
    """A bare submit after the state has moved on must not bring the question back."""
    form = the_form(browser)
    stand_in.state = ConsentState.REFUSED

    answer = browser.post(form.action, form.filled())

    assert 409 == answer.status
    assert "We have saved your no" in answer.text


def test_a_language_without_pages_is_not_offered(browser: Browser, stand_in: StandIn) -> None:
    """A Ukrainian notice between English buttons would not be informed consent."""
    stand_in.only_language = "uk"

    page = browser.follow(f"/c/{DECIDE}").text

    assert '<html lang="en">' in page
    assert "?lang=uk" not in page
    stand_in.spoken = ("uk",)
    assert 404 == browser.get("/consent").status


def test_a_person_without_a_first_name_is_greeted(browser: Browser, stand_in: StandIn) -> None:
    """“Hello ,” is how nobody is greeted."""
    stand_in.first_name = ""

    assert "Hello," in browser.follow(f"/c/{DECIDE}").text


def test_a_session_ends_after_half_an_hour(browser: Browser, stand_in: StandIn) -> None:
    """A page left open on a shared machine must not stay open for the next person."""
    form = the_form(browser)
    stand_in.clock.advance(timedelta(minutes=31))

    assert 404 == browser.post(form.action, form.filled(("answer", "yes"))).status
    assert [] == stand_in.changes
