"""What members change on `/p` beside taking things back, and what a form there must never do."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from starlette.types import ASGIApp

from alumni_sync.consent.answers.answer import Channel, Conflict, Invalid, Outcome, Stale
from alumni_sync.domain import ConsentState
from alumni_sync.ports import ProfileField, Purpose
from alumni_sync.sites.forms import MAX_FIELDS
from tests.sites.browser import ORIGIN, Browser, PageForm, Response
from tests.sites.standin import DECIDE, MANAGE, NOW, PROVE, StandIn

ACTIONS = ("/p/not-before", "/p/anew", "/p/pause", "/p/email")
FORMS = (*ACTIONS, "/p/mails")
"""The last one changes no consent: nothing can refuse it, and twice is once."""
FILLED = {
    "/p/not-before": ((), {"not_before": "2027-05-01"}),
    "/p/anew": ((("answer", "yes"), ("purpose", "trainings")), {}),
    "/p/pause": ((("months", "2"),), {}),
    "/p/email": ((), {"email": "anna@post.example"}),
    "/p/mails": ((("act", "again"),), {}),
}
"""What makes each form do something: choices, and texts."""


@pytest.fixture
def app(build: Callable[[str], ASGIApp]) -> ASGIApp:
    """The site."""
    return build(ORIGIN)


@pytest.fixture
def member(app: ASGIApp, stand_in: StandIn) -> Browser:
    """Somebody who said yes to three things, and has stopped a kind of mail by one click since."""
    first = Browser(app)
    form = first.follow(f"/c/{DECIDE}").forms[0]
    chosen = (
        *(("answer", "yes"), ("field", "city"), ("show", "city"), ("field", "phone")),
        *(("purpose", "job_offers"), ("purpose", "events")),
    )
    assert 303 == first.post(form.action, form.filled(*chosen)).status
    stand_in.changes.clear()
    stand_in.evidence.clear()
    stand_in.stopped = True
    return Browser(app)


def form_of(browser: Browser, action: str) -> PageForm:
    """Return the form of `/p` that goes to `action`."""
    forms = browser.follow(f"/p/{MANAGE}").forms
    return next(form for form in forms if form.action == action)


def submit(browser: Browser, action: str, form: PageForm | None = None) -> Response:
    """Fill a form in as a person would, and send it."""
    form = form or form_of(browser, action)
    chosen, texts = FILLED[action]
    return browser.post(action, form.filled(*chosen, **texts))


@pytest.mark.parametrize("action", FORMS)
def test_each_form_does_what_it_says(
    member: Browser, stand_in: StandIn, woken: list[str], action: str
) -> None:
    """And the worker learns of it at once: somebody waits for a mail, or for being hidden."""
    woken.clear()

    answer = submit(member, action)

    assert 303 == answer.status
    assert "/p?saved=1&lang=en" == answer.headers["location"]
    done = {
        "/p/not-before": "wait",
        "/p/anew": "anew",
        "/p/pause": "pause:2",
        "/p/email": "address:anna@post.example",
        "/p/mails": "mails",
    }
    assert [done[action]] == stand_in.changes
    assert ["wake"] == woken
    assert [Channel.PREFERENCES] == [evidence.channel for evidence in stand_in.evidence]
    assert "Your choices are saved." in member.get(answer.headers["location"]).text


@pytest.mark.parametrize("action", FORMS)
def test_a_form_that_nobody_filled_in_does_nothing(
    member: Browser, stand_in: StandIn, action: str
) -> None:
    """T2: a scanner that submits whatever it finds must decide nothing."""
    form = form_of(member, action)

    answer = member.post(action, form.filled())

    assert (422, []) == (answer.status, stand_in.changes)
    assert "Nothing has been changed" in answer.text


@pytest.mark.parametrize("action", FORMS)
def test_nothing_is_chosen_beforehand(member: Browser, action: str) -> None:
    """A box that is ticked for somebody is no consent (Planet49)."""
    form = form_of(member, action)

    assert [] == form.preselected
    assert {"form"} == set(form.hidden)


@pytest.mark.parametrize("action", [*FORMS, "/p/continue"])
def test_only_our_own_page_in_this_very_visit_counts(
    member: Browser, app: ASGIApp, stand_in: StandIn, action: str
) -> None:
    """T8: another site, another session or a kept token must change nothing."""
    member.follow(f"/p/{MANAGE}")
    own = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
    forged: list[Response] = [
        member.post(action, [("form", "x.y"), ("act", "continue")]),
        member.post(action, []),
        member.post(action, [], headers={"Origin": "https://evil.example"}),
        member.post(action, [], headers={"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN}),
        member.post(action, [], headers={**own, "Origin": "null", "Sec-Fetch-Site": "none"}),
    ]
    stranger = Browser(app).post(action, [("form", "x")])

    assert {403} == {answer.status for answer in forged}
    assert 404 == stranger.status
    assert [] == stand_in.changes


@pytest.mark.parametrize("action", ACTIONS)
def test_a_form_of_one_kind_does_not_fit_another(
    member: Browser, stand_in: StandIn, action: str
) -> None:
    """Or a pause could be turned into a new yes by whoever rewrites a page."""
    other = form_of(member, "/p/withdraw")
    chosen, texts = FILLED[action]

    answer = member.post(action, [*other.hidden.items(), *chosen, *texts.items()])

    assert (403, []) == (answer.status, stand_in.changes)


@pytest.mark.parametrize("action", [*ACTIONS, "/p/continue", "/e", "/resend"])
def test_what_is_too_much_or_no_form_is_refused_before_it_is_read(
    member: Browser, stand_in: StandIn, action: str
) -> None:
    """A body of any size would fill the memory of the site."""
    member.follow(f"/p/{MANAGE}")

    answers = [
        member.post(action, body=b"x=" + b"a" * 20_000),
        member.post(action, body=b"&".join(b"x=1" for _ in range(MAX_FIELDS + 1))),
        member.post(action, body=b"{}", kind="application/json"),
    ]

    assert [413, 413, 415] == [answer.status for answer in answers]
    assert [] == stand_in.changes


@pytest.mark.parametrize("action", ACTIONS)
def test_the_same_form_twice_is_one_act(member: Browser, stand_in: StandIn, action: str) -> None:
    """T5: a reload sends the same form with the same nonce."""
    form = form_of(member, action)

    answers = [submit(member, action, form) for _ in range(2)]

    assert {303} == {answer.status for answer in answers}
    nonces = set(stand_in.seen)
    assert 2 == len(nonces)  # of the first yes, and of this


@pytest.mark.parametrize(
    ("outcome", "status", "words"),
    [
        (Conflict(ConsentState.WITHDRAWN), 409, "something else was decided"),
        (Conflict(ConsentState.GIVEN, "not_standing"), 409, "is not open at the moment"),
        (Stale(), 409, "has changed since you opened it"),
        (Invalid((("name", "empty"),)), 422, "write the name"),
        (Invalid((("email", "unusable"),)), 422, "We cannot write to this address."),
        (Invalid((("email", "too_many"),)), 422, "Several addresses"),
        (Invalid((("not_before", "not_offered"),)), 422, "a day after today"),
        (Invalid((("not_before", "more_than_before"),)), 422, "Sooner is a new yes"),
        (Invalid((("months", "not_offered"),)), 422, "cannot be saved as it is"),
    ],
)
@pytest.mark.parametrize("action", ACTIONS)
def test_a_refusal_of_the_stage_is_told_in_words(
    member: Browser, stand_in: StandIn, action: str, outcome: Outcome, status: int, words: str
) -> None:
    """What could not be saved must not look saved."""
    form = form_of(member, action)
    stand_in.refuses = outcome

    answer = submit(member, action, form)

    assert (status, []) == (answer.status, stand_in.changes)
    assert words in answer.text


# --- more -----------------------------------------------------------------------------------------


def test_the_form_for_more_shows_the_text_and_only_what_is_not_agreed_yet(member: Browser) -> None:
    """More is a yes: its text is at hand, and what stands is not asked again."""
    page = member.follow(f"/p/{MANAGE}")
    form = next(form for form in page.forms if form.action == "/p/anew")

    assert "You no longer work at Acme" in page.text
    offered = set(form.offered)
    assert {("field", "job_title"), ("reveal", "phone"), ("purpose", "trainings")} <= offered
    assert not {("field", "city"), ("reveal", "city"), ("purpose", "events")} & offered
    assert ("answer", "yes") in offered
    assert "Anna Wiśniewska-Przykładowa" == form.texts["name"]


def test_what_is_ticked_arrives_as_it_was_meant(member: Browser, stand_in: StandIn) -> None:
    """Shown is not stored, and stored is not shown, before somebody ticks it."""
    form = form_of(member, "/p/anew")
    chosen = (
        *(("answer", "yes"), ("field", "job_title"), ("field", "department")),
        *(("show", "department"), ("show", "legal_entity"), ("reveal", "phone")),
        ("purpose", "trainings"),
    )

    member.post("/p/anew", form.filled(*chosen, name="Anna Nowa", not_before="01.05.2027"))

    choice = stand_in.choice
    assert choice is not None
    assert {
        ProfileField.JOB_TITLE: False,
        ProfileField.DEPARTMENT: True,
        ProfileField.PHONE: True,
    } == dict(choice.fields)
    assert ("Anna Nowa", frozenset({Purpose.TRAININGS})) == (choice.name, choice.purposes)
    assert {Purpose.JOB_OFFERS: date(2027, 5, 1)} == dict(choice.not_before)
    assert ("a" * 64, "") == (choice.form_sha256, choice.email)


@pytest.mark.parametrize("posted", [("field", "pay"), ("purpose", "sell"), ("reveal", "exit_kind")])
def test_what_no_page_offers_is_refused(
    member: Browser, stand_in: StandIn, posted: tuple[str, str]
) -> None:
    """T44: never-fields have no way in, whatever is posted."""
    form = form_of(member, "/p/anew")

    answer = member.post("/p/anew", [*form.filled(("answer", "yes")), posted])

    assert (422, []) == (answer.status, stand_in.changes)


@pytest.mark.parametrize("day", ["soon", "2027-13-01", "31.02.2027", "1.1", "9" * 50, "0000-00-00"])
@pytest.mark.parametrize("action", ["/p/anew", "/p/not-before"])
def test_a_day_that_is_none_is_told_so(
    member: Browser, stand_in: StandIn, action: str, day: str
) -> None:
    """Some browsers offer a line of text where others show a calendar."""
    form = form_of(member, action)
    chosen = (("answer", "yes"),) if action == "/p/anew" else ()

    answer = member.post(action, form.filled(*chosen, not_before=day))

    assert (422, []) == (answer.status, stand_in.changes)
    assert "a day after today" in answer.text


def test_an_entry_that_could_not_be_saved_is_not_lost(member: Browser, stand_in: StandIn) -> None:
    """Who has to tick twelve boxes again gives up."""
    form = form_of(member, "/p/anew")
    stand_in.refuses = Invalid((("name", "characters"),))

    answer = member.post(
        "/p/anew", form.filled(("answer", "yes"), ("field", "job_title"), name="Anna <b>")
    )

    again = next(form for form in answer.forms if form.action == "/p/anew")
    assert [("field", "job_title")] == again.preselected
    assert "Anna <b>" == again.texts["name"]
    assert '<details class="panel" id="anew" open>' in answer.text


def test_who_is_asked_whether_it_goes_on_sees_what_stands_and_both_doors(
    member: Browser, stand_in: StandIn
) -> None:
    """A renewal must neither be a form to fill in again, nor hide its no."""
    stand_in.state = ConsentState.RENEWAL_DUE
    member.follow(f"/p/{MANAGE}")

    page = member.get("/consent")

    (form,) = page.forms
    assert [("answer", "yes"), ("answer", "no"), ("answer", "not_me")] == [
        one for one in form.offered if one[0] == "answer"
    ]
    assert [] == form.preselected
    for words in ("Your yes ends on", "Warszawa", "You no longer work at Acme"):
        assert words in page.text
    assert 422 == member.post(form.action, form.filled()).status
    answer = member.post(form.action, form.filled(("answer", "no")))
    assert (303, ["decide:no"]) == (answer.status, stand_in.changes)


# --- rest -----------------------------------------------------------------------------------------


def test_a_break_is_shown_and_can_be_ended_from_the_same_page(
    member: Browser, stand_in: StandIn
) -> None:
    """Whoever rests must see until when, and find the way back without a mail."""
    submit(member, "/p/pause")

    page = member.get("/p")
    assert "You are taking a break until" in page.text
    assert "/p/withdraw" == page.forms[0].action
    back = next(form for form in page.forms if form.action == "/p/continue")
    assert 422 == member.post("/p/continue", back.filled()).status
    assert 303 == member.post("/p/continue", back.filled(("act", "continue"))).status
    assert ["pause:2", "continue"] == stand_in.changes


def test_what_was_never_stopped_is_not_offered_back(member: Browser, stand_in: StandIn) -> None:
    """A page with forms for what nobody did is read by nobody."""
    assert "Mails that you stopped" in member.follow(f"/p/{MANAGE}").text
    stand_in.stopped = False

    assert "Mails that you stopped" not in member.get("/p").text


def test_what_rests_by_the_company_cannot_be_ended_by_its_member(
    member: Browser, stand_in: StandIn
) -> None:
    """A button that does nothing would be a promise that is not kept."""
    stand_in.state = ConsentState.PAUSED
    stand_in.resting = replace(stand_in.resting, suspended=True)

    page = member.follow(f"/p/{MANAGE}")

    assert "/p/continue" not in {form.action for form in page.forms}
    assert "rests at the moment" in page.text


# --- another address ------------------------------------------------------------------------------


def test_the_page_says_that_a_proof_is_waited_for(member: Browser) -> None:
    """Otherwise people look for their change, and name the address again."""
    submit(member, "/p/email")

    page = member.get("/p").text
    assert "We have written to a•••@p•••.example" in page
    assert "anna@post.example" not in page


def test_opening_the_proof_changes_nothing_and_shows_nobody(
    app: ASGIApp, stand_in: StandIn
) -> None:
    """T1: the mail may have reached a stranger, and scanners open every link."""
    stand_in.resting = replace(stand_in.resting, pending_until=NOW + timedelta(days=2))
    browser = Browser(app)
    for _ in range(50):
        browser.ask("HEAD", f"/e/{PROVE}")
        page = browser.follow(f"/e/{PROVE}")

    assert (200, []) == (page.status, stand_in.changes)
    for personal in ("Anna", "Wiśniewska", "a•••@", "Warszawa"):
        assert personal not in page.text
    assert [] == page.forms[0].preselected


def test_the_proof_takes_one_explicit_word(
    app: ASGIApp, stand_in: StandIn, woken: list[str]
) -> None:
    """T2: a bare submit proves nothing."""
    stand_in.resting = replace(stand_in.resting, pending_until=NOW + timedelta(days=2))
    browser = Browser(app)
    form = browser.follow(f"/e/{PROVE}").forms[0]

    assert 422 == browser.post("/e", form.filled()).status
    assert [] == stand_in.changes
    answer = browser.post("/e", form.filled(("act", "mine")))

    assert (303, "/consent/done") == (answer.status, answer.headers["location"])
    assert (["proven"], ["wake"]) == (stand_in.changes, woken)
    assert "id-of-verify" == stand_in.evidence[-1].token_id


def test_somebody_else_can_say_so(app: ASGIApp, stand_in: StandIn) -> None:
    """Whom a wrong letter has named must be able to end it, and learn nothing."""
    stand_in.resting = replace(stand_in.resting, pending_until=NOW + timedelta(days=2))
    browser = Browser(app)
    form = browser.follow(f"/e/{PROVE}").forms[0]

    answer = browser.post("/e", form.filled(("act", "not_mine")))

    assert (200, ["refused_address"]) == (answer.status, stand_in.changes)
    assert "Nothing is stored under this address" in answer.text
    assert 404 == browser.post("/e", form.filled(("act", "not_mine"))).status


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Conflict(ConsentState.GIVEN, "used"), 404),
        (Conflict(ConsentState.EXPIRED), 409),
        (Stale(), 409),
        (Invalid((("email", "unusable"),)), 409),
    ],
)
def test_a_proof_that_comes_too_late_is_told_so(
    app: ASGIApp, stand_in: StandIn, outcome: Outcome, status: int
) -> None:
    """Nobody should believe that their address is used when it is not."""
    stand_in.resting = replace(stand_in.resting, pending_until=NOW + timedelta(days=2))
    browser = Browser(app)
    form = browser.follow(f"/e/{PROVE}").forms[0]
    stand_in.refuses = outcome

    assert status == browser.post("/e", form.filled(("act", "mine"))).status
    assert [] == stand_in.changes


def test_a_proof_that_nobody_waits_for_is_a_link_like_any_unknown_one(
    app: ASGIApp, stand_in: StandIn
) -> None:
    """T4: answered meanwhile, or lapsed: the same page as for a made-up link."""
    made_up = Browser(app).get("/e/" + "x" * 43)
    stand_in.links.pop(PROVE)

    gone = Browser(app).get(f"/e/{PROVE}")

    assert (404, made_up.text) == (gone.status, gone.text)


def test_other_links_open_no_proof_and_a_proof_opens_nothing_else(app: ASGIApp) -> None:
    """A link is good for one thing."""
    browser = Browser(app)

    assert [404] * 4 == [
        browser.get(path).status
        for path in (f"/e/{MANAGE}", f"/e/{DECIDE}", f"/p/{PROVE}", f"/c/{PROVE}")
    ]
    assert 404 == browser.get("/e").status
