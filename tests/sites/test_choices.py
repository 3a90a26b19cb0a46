"""The choices of a member: leaving, stopping, removing, hiding; never more than before."""

from collections.abc import Callable

import pytest
from starlette.types import ASGIApp

from alumni_sync.consent.answers.answer import Channel, Invalid
from alumni_sync.domain import ConsentState
from alumni_sync.ports import ProfileField, Purpose
from tests.sites.browser import ORIGIN, Browser, PageForm
from tests.sites.standin import DECIDE, MANAGE, StandIn

YES = (
    ("answer", "yes"),
    ("field", "city"),
    ("show", "city"),
    ("field", "phone"),
    ("purpose", "events"),
    ("purpose", "newsletter"),
)


@pytest.fixture
def member(build: Callable[[str], ASGIApp], stand_in: StandIn) -> Browser:
    """Somebody who said yes elsewhere and now opens the link of the confirmation mail."""
    app = build(ORIGIN)
    first = Browser(app)
    form = first.follow(f"/c/{DECIDE}").forms[0]
    assert 303 == first.post(form.action, form.filled(*YES)).status
    stand_in.changes.clear()
    stand_in.evidence.clear()
    return Browser(app)


def form_of(browser: Browser, action: str, offers: str) -> PageForm:
    """Return the form of `/p` with that action which offers a control of that name."""
    return next(
        form
        for form in browser.follow(f"/p/{MANAGE}").forms
        if form.action == action and offers in dict(form.offered)
    )


def test_leaving_comes_first_and_takes_no_more_than_joining(member: Browser) -> None:
    """Withdrawal must be as easy as consent (GDPR, article 7(3)): one choice, one button."""
    page = member.follow(f"/p/{MANAGE}")
    leave = page.forms[0]

    assert "/p/withdraw" == leave.action
    assert [("leave", "everything")] == leave.offered
    assert 1 == len(leave.buttons)
    assert all([] == form.preselected for form in page.forms)


def test_who_leaves_has_left(member: Browser, stand_in: StandIn, woken: list[str]) -> None:
    """A withdrawal that is only noted is none."""
    woken.clear()
    leave = form_of(member, "/p/withdraw", "leave")

    answer = member.post(leave.action, leave.filled(("leave", "everything")))

    assert "/consent/done" == answer.headers["location"]
    assert ["withdraw:all"] == stand_in.changes
    assert [Channel.PREFERENCES] == [evidence.channel for evidence in stand_in.evidence]
    assert ["wake"] == woken
    assert "You have left the community" in member.get("/consent/done").text


def test_leaving_twice_is_leaving_once(member: Browser, stand_in: StandIn) -> None:
    """A second press, and a second tab, must end in the same state without an error page."""
    leave = form_of(member, "/p/withdraw", "leave")
    other = form_of(member, "/p/withdraw", "leave")
    chosen = ("leave", "everything")

    assert 303 == member.post(leave.action, leave.filled(chosen)).status
    assert 303 == member.post(leave.action, leave.filled(chosen)).status
    late = member.post(other.action, other.filled(chosen))

    assert 409 == late.status
    assert "You have left the community" in late.text
    assert ["withdraw:all"] == stand_in.changes


def test_one_purpose_can_be_stopped_alone(member: Browser, stand_in: StandIn) -> None:
    """All or nothing would make people put up with mails they do not want."""
    form = form_of(member, "/p/withdraw", "purpose")
    assert {("purpose", "events"), ("purpose", "newsletter")} == set(form.offered)

    answer = member.post(form.action, form.filled(("purpose", "events")))

    assert "/p?saved=1&lang=en" == answer.headers["location"]
    assert "Your choices are saved" in member.follow(answer.headers["location"]).text
    assert stand_in.current is not None
    assert {Purpose.COMMUNITY, Purpose.NEWSLETTER} == stand_in.current.purposes


def test_a_detail_can_be_removed_and_another_hidden(member: Browser, stand_in: StandIn) -> None:
    """What somebody takes back must be gone, and nothing else."""
    form = form_of(member, "/p/fields", "remove")
    assert {("remove", "city"), ("hide", "city"), ("remove", "phone")} == set(form.offered)

    assert (
        303 == member.post(form.action, form.filled(("remove", "phone"), ("hide", "city"))).status
    )

    assert stand_in.current is not None
    assert {ProfileField.CITY: ("Warszawa", False)} == stand_in.current.fields


def test_nothing_can_be_added(member: Browser, stand_in: StandIn) -> None:
    """More than before is a new yes: a form that widens would widen without consent."""
    form = form_of(member, "/p/fields", "remove")

    member.post(
        form.action,
        [*form.filled(("hide", "city")), ("field", "job_title"), ("show", "phone"), ("add", "x")],
    )

    assert stand_in.current is not None
    assert {ProfileField.CITY, ProfileField.PHONE} == set(stand_in.current.fields)
    assert not any(to_members for _, to_members in stand_in.current.fields.values())


@pytest.mark.parametrize(("action", "offers"), [("/p/withdraw", "leave"), ("/p/fields", "remove")])
def test_a_bare_submit_changes_nothing(
    member: Browser, stand_in: StandIn, action: str, offers: str
) -> None:
    """A scanner's press on *Leave* must not remove a member."""
    form = form_of(member, action, offers)

    answer = member.post(form.action, form.filled())

    assert 422 == answer.status
    assert 'class="errors"' in answer.text
    assert [] == stand_in.changes


@pytest.mark.parametrize("chosen", [("leave", "yes"), ("purpose", "community"), ("purpose", "x")])
def test_an_unknown_choice_is_none(
    member: Browser, stand_in: StandIn, chosen: tuple[str, str]
) -> None:
    """Membership ends by *leave* alone, not by a purpose that happens to carry its name."""
    form = form_of(member, "/p/withdraw", "leave")

    assert 422 == member.post(form.action, [*form.filled(), chosen]).status
    assert [] == stand_in.changes


def test_details_of_somebody_who_left_cannot_be_changed(member: Browser, stand_in: StandIn) -> None:
    """A late tab must be told how it stands."""
    form = form_of(member, "/p/fields", "remove")
    stand_in.current, stand_in.state = None, ConsentState.WITHDRAWN

    assert 409 == member.post(form.action, form.filled(("remove", "city"))).status
    assert [] == stand_in.changes


def test_a_refusal_of_the_stage_is_shown(member: Browser, stand_in: StandIn) -> None:
    """What could not be saved must not look saved."""
    form = form_of(member, "/p/withdraw", "purpose")
    stand_in.refuses = Invalid((("purposes", "not_given"),))

    answer = member.post(form.action, form.filled(("purpose", "events")))

    assert 422 == answer.status
    assert "tick only what the page offers" in answer.text


def test_who_is_paused_can_leave(member: Browser, stand_in: StandIn) -> None:
    """Hidden for a coming rehire is still stored: the way out must stay open."""
    stand_in.current, stand_in.state = None, ConsentState.PAUSED

    forms = member.follow(f"/p/{MANAGE}").forms

    assert [[("leave", "everything")]] == [form.offered for form in forms]


def test_the_page_keeps_its_language(member: Browser) -> None:
    """After a Polish page an English one would be an error of ours."""
    member.follow(f"/p/{MANAGE}")
    form = next(f for f in member.get("/p?lang=pl").forms if f.action == "/p/fields")

    assert '<html lang="pl">' in member.post(form.action, form.filled()).text
    saved = member.post(form.action, form.filled(("remove", "city")))
    assert "/p?saved=1&lang=pl" == saved.headers["location"]


def test_who_is_no_member_is_told_so(build: Callable[[str], ASGIApp], stand_in: StandIn) -> None:
    """The link of an old mail must not show forms that cannot do anything."""
    stand_in.state = ConsentState.WITHDRAWN

    page = Browser(build(ORIGIN)).follow(f"/p/{MANAGE}")

    assert [] == page.forms
    assert "You are not a member" in page.text


def test_the_decision_link_opens_no_choices(browser: Browser) -> None:
    """Until the question is answered there is nothing to manage, whoever holds the link."""
    browser.follow(f"/c/{DECIDE}")

    assert 404 == browser.get("/p").status


def test_right_after_a_yes_the_choices_are_open(browser: Browser) -> None:
    """Who has just said yes can change their mind without waiting for a mail."""
    form = browser.follow(f"/c/{DECIDE}").forms[0]
    browser.post(form.action, form.filled(*YES))

    assert "/p?lang=en" in browser.get("/consent/done").text
    assert 200 == browser.get("/p").status


def test_the_receipt_is_a_page_and_a_file(member: Browser) -> None:
    """A proof that only the company holds is half a proof."""
    member.follow(f"/p/{MANAGE}")

    page, file = member.get("/receipt"), member.get("/receipt.json")

    assert "CR-0000000000000001" in page.text
    assert "As it was shown." in page.text
    assert "application/ld+json" == file.headers["content-type"]
    assert '"identifier": "CR-0000000000000001"' in file.text
