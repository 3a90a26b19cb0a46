"""What is done at the HR desk: holds, answers that were told, and whose forms are taken at all."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.domain import ConsentState, ContactBasis
from alumni_sync.ledger.store import Ledger
from alumni_sync.privacy.holds import holds_of, lift_hold, set_hold
from alumni_sync.sites.forms import MAX_FIELDS
from tests.consent.papers import DPO, DPO2
from tests.roster import Leaver
from tests.sites.browser import Browser, Response
from tests.sites.office import ORIGIN, SECRET, Company

SAME = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def company(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> Company:
    """A company whose desk is behind a proxy."""
    return Company(tmp_path, sqlite_ledger, clock)


def state(company: Company, leaver: Leaver) -> str:
    """Return where a consent stands."""
    return str(company.world.invitation(leaver)["state"])


def answer_page(company: Company, leaver: Leaver) -> str:
    """Return the path of the page on which an answer is recorded."""
    return f"/person/{leaver.person}/answer/{company.world.invitation(leaver)['id']}"


def tell(
    company: Company, leaver: Leaver, *chosen: tuple[str, str], user: str = "dpo", **texts: str
) -> Response:
    """Record what somebody told us today."""
    today = company.d.clock.now().date().isoformat()
    typed = {"received_on": today, "kept": "Call note 118", **texts}
    return company.submit(answer_page(company, leaver), *chosen, user=user, **typed)


PHONE, EVERYTHING = ("channel", "phone"), ("what", "withdraw")


# --- a withdrawal that was told -------------------------------------------------------------------


def test_leaving_by_phone_works_at_once(company: Company) -> None:
    """T20: the gate is shut before the call is over, and the worker is woken to remove."""
    leaver = company.world.member()

    done = tell(company, leaver, PHONE, EVERYTHING)

    assert (303, f"/person/{leaver.person}?done=withdrawn") == (
        done.status, done.headers["location"]
    )  # fmt: skip
    assert "It is taken back." in company.open(done.headers["location"]).text
    assert ConsentState.WITHDRAWN.value == state(company, leaver)
    assert not company.world.invitation(leaver)["gate_open"]
    assert ["wake"] == company.woken


def test_one_purpose_ends_and_the_rest_stays(company: Company) -> None:
    """Whoever wants no newsletter has not left."""
    leaver = company.world.member()

    tell(company, leaver, PHONE, ("what", "purposes"), ("purpose", "newsletter"))

    assert ConsentState.GIVEN.value == state(company, leaver)
    assert "narrowed" == company.world.history(leaver)[-1]


def test_a_no_by_letter_stops_the_reminders(company: Company) -> None:
    """Whoever writes no must not be asked twice more."""
    leaver = company.world.invited()

    tell(company, leaver, ("channel", "letter"), ("what", "no"))

    assert ConsentState.REFUSED.value == state(company, leaver)
    assert "letter" == company.world.events(leaver)[-1]["channel"]


@pytest.mark.parametrize(
    ("chosen", "texts", "words"),
    [
        ((), {}, "Choose how the person told us."),
        ((PHONE,), {}, "Choose what the person told us."),
        ((EVERYTHING,), {}, "Choose how the person told us."),
        ((PHONE, ("what", "purposes")), {}, "Choose which purposes end."),
        ((PHONE, EVERYTHING), {"kept": " "}, "Write where the paper or the note is kept."),
        ((PHONE, EVERYTHING), {"received_on": "2026-13-40"}, "Write the day on which"),
        ((PHONE, EVERYTHING), {"received_on": "2031-01-01"}, "after today"),
    ],
)
def test_an_incomplete_note_changes_nothing(
    company: Company, chosen: tuple[tuple[str, str], ...], texts: dict[str, str], words: str
) -> None:
    """A bare submit must not end somebody's membership."""
    leaver = company.world.member()

    again = tell(company, leaver, *chosen, **texts)

    assert 422 == again.status
    assert words in again.text
    assert ConsentState.GIVEN.value == state(company, leaver)
    assert [] == company.woken


def test_a_double_click_is_one_withdrawal(company: Company) -> None:
    """T5: the same form twice is the same act; the page says the same."""
    leaver = company.world.member()
    form = company.form(answer_page(company, leaver))
    today = company.d.clock.now().date().isoformat()
    fields = form.filled(PHONE, EVERYTHING, received_on=today, kept="note")

    first, again = (company.send(form.action, fields) for _ in range(2))

    assert (303, 303) == (first.status, again.status)
    assert 1 == company.world.history(leaver).count("withdrew")


def test_what_is_over_is_shown_as_it_stands(company: Company) -> None:
    """A page that was open while the person left by themselves must not write a second leaving."""
    leaver = company.world.member()
    form = company.form(answer_page(company, leaver))
    tell(company, leaver, PHONE, EVERYTHING)
    today = company.d.clock.now().date().isoformat()

    late = company.send(form.action, form.filled(PHONE, EVERYTHING, received_on=today, kept="note"))

    assert 409 == late.status
    assert "It stands otherwise by now" in late.text
    assert "Took it back." in late.text


def test_there_is_no_yes_on_this_page(company: Company) -> None:
    """By phone nobody could show a yes later; on paper it takes two."""
    leaver = company.world.invited()
    form = company.form(answer_page(company, leaver))
    assert {"no", "not_me"} == {value for name, value in form.offered if name == "what"}
    today = company.d.clock.now().date().isoformat()
    told = {"channel": "phone", "what": "yes", "received_on": today, "kept": "note"}

    forged = company.send(form.action, [*form.hidden.items(), *told.items()])

    assert 422 == forged.status
    assert ConsentState.INVITED.value == state(company, leaver)


# --- legal hold -----------------------------------------------------------------------------------


def test_a_hold_is_set_and_lifted(company: Company) -> None:
    """Somebody in a dispute must be kept, and let go when it is over."""
    leaver = company.world.member()
    file = f"/person/{leaver.person}"

    done = company.submit(file, ("reason", "dispute"), to="/hold", matter="7 P 118/26")
    assert 422 == done.status  # neither button was pressed

    form = company.form(file, "/hold")
    fields = form.filled(("reason", "dispute"), matter="7 P 118/26")
    done = company.send(form.action, [*fields, ("act", "set")])
    page = company.open(done.headers["location"]).text
    assert "The legal hold stands" in page
    assert "7 P 118/26" in page

    form = company.form(file, "/hold")
    done = company.send(form.action, [*form.filled(("reason", "ended")), ("act", "lift")])
    assert "is lifted" in company.open(done.headers["location"]).text
    assert [("dpo", "dpo")] == [
        (one.set_by, one.lifted_by) for one in holds_of(company.d, leaver.person)
    ]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ([("act", "set"), ("matter", "x")], "Choose why it is set."),
        ([("act", "set"), ("reason", "claim")], "The matter is missing."),
        ([("act", "set"), ("reason", "ended"), ("matter", "x")], "Choose why it is set."),
        ([("reason", "claim"), ("matter", "x")], "Choose what to do."),
        ([("act", "lift")], "Choose why it is lifted."),
        ([], "Choose what to do."),
    ],
)
def test_a_hold_without_reason_is_none(
    company: Company, fields: list[tuple[str, str]], words: str
) -> None:
    """What is kept without a reason is kept without a right."""
    leaver = company.world.member()
    form = company.form(f"/person/{leaver.person}", "/hold")

    again = company.send(form.action, [*form.hidden.items(), *fields])

    assert 422 == again.status
    assert words in again.text
    assert [] == holds_of(company.d, leaver.person)


def test_a_stale_hold_page_sets_nothing(company: Company) -> None:
    """Two people at two desks: the second must see that a hold stands."""
    leaver = company.world.member()
    file = f"/person/{leaver.person}"
    fields = [("act", "set"), ("reason", "claim"), ("matter", "x")]
    first, second = company.form(file, "/hold"), company.form(file, "/hold", "dpo2")
    company.send(first.action, [*first.hidden.items(), *fields])

    late = company.send(second.action, [*second.hidden.items(), *fields], "dpo2")

    assert 409 == late.status
    assert "This has changed" in late.text
    assert ["dpo"] == [one.set_by for one in holds_of(company.d, leaver.person)]


def test_a_page_about_an_earlier_hold_lifts_no_other(company: Company) -> None:
    """A tab that stayed open for a week must not let go what a new dispute needs."""
    leaver = company.world.member()
    set_hold(company.d, leaver.person, DPO, reason="claim", matter="7 P 118/26")
    stale = company.form(f"/person/{leaver.person}", "/hold")
    lift_hold(company.d, leaver.person, DPO, reason="ended")
    set_hold(company.d, leaver.person, DPO2, reason="dispute", matter="8 P 2/26")

    late = company.send(stale.action, [*stale.hidden.items(), ("act", "lift"), ("reason", "ended")])

    assert 409 == late.status
    assert [None] == [
        one.lifted_at for one in holds_of(company.d, leaver.person) if one.reason == "dispute"
    ]


def test_an_auditor_sees_no_form(company: Company) -> None:
    """Whoever audits must not be able to change what they audit."""
    leaver = company.world.member()
    file = company.open(f"/person/{leaver.person}", "aud")
    mine = company.form(f"/person/{leaver.person}", "/hold")

    forged = company.send(
        mine.action, [*mine.hidden.items(), ("act", "set"), ("reason", "claim"), ("matter", "x")],
        "aud",
    )  # fmt: skip

    assert [] == file.forms
    assert "Record an answer" not in file.text
    assert 403 == forged.status
    assert 403 == company.open(answer_page(company, leaver), "aud").status


# --- whose forms are taken ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": ORIGIN},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    ],
)
def test_a_form_from_elsewhere_is_not_taken(company: Company, headers: Mapping[str, str]) -> None:
    """T8: any web page could otherwise act with the session that the proxy keeps."""
    leaver = company.world.member()
    form = company.form(answer_page(company, leaver))
    today = company.d.clock.now().date().isoformat()
    fields = form.filled(PHONE, EVERYTHING, received_on=today, kept="note")

    answer = company.send(form.action, fields, headers=dict(headers))

    assert 403 == answer.status
    assert "Nothing was saved" in answer.text
    assert ConsentState.GIVEN.value == state(company, leaver)


@pytest.mark.parametrize(
    "forged",
    [
        {},
        {"X-Forwarded-User": "dpo"},
        {"X-Forwarded-User": "dpo", "X-Proxy-Secret": "wrong"},
        {"X-Proxy-Secret": SECRET},
        {"X-Forwarded-User": "nobody", "X-Proxy-Secret": SECRET},
        {"X-Forwarded-User": "rev", "X-Proxy-Secret": SECRET},
    ],
)
def test_a_forged_name_acts_on_nothing(company: Company, forged: dict[str, str]) -> None:
    """T7: a header that anybody can write is no identity, and a login is no role."""
    leaver = company.world.member()
    today = company.d.clock.now().date().isoformat()
    before = len(company.log())
    forms = {
        form.action: form.filled(PHONE, EVERYTHING, received_on=today, kept="note")
        if form.action.endswith(company.world.invitation(leaver)["id"])
        else list(form.hidden.items())
        for page in (answer_page(company, leaver), f"/person/{leaver.person}", "/find")
        for form in company.open(page).forms
    }
    seen = len(company.log())

    for path, fields in forms.items():
        answer = company.send(path, fields, user="", headers={**SAME, **forged})
        assert 403 == answer.status, path
        assert "Zofia" not in answer.text

    assert before < seen == len(company.log())
    assert ConsentState.GIVEN.value == state(company, leaver)
    assert [] == holds_of(company.d, leaver.person)


def test_a_token_is_for_one_person_one_form_one_subject(company: Company) -> None:
    """A token that was seen elsewhere must open nothing here."""
    leaver, other = company.world.member("anna"), company.world.member("ewa")
    form = company.form(answer_page(company, leaver))
    today = company.d.clock.now().date().isoformat()
    fields = form.filled(PHONE, EVERYTHING, received_on=today, kept="note")
    typed = fields[1:]
    of_hold = company.form(f"/person/{leaver.person}", "/hold").hidden["form"]
    of_other = company.form(answer_page(company, other)).hidden["form"]

    assert 403 == company.send(form.action, fields, "dpo2").status
    for token in ("", "x", of_hold, of_other, form.hidden["form"] + "0", "ś.ś"):
        assert 403 == company.send(form.action, [("form", token), *typed]).status, token
    assert 403 == company.send(form.action, [*fields, fields[0]]).status  # given twice
    for leaver_ in (leaver, other):
        assert ConsentState.GIVEN.value == state(company, leaver_)


def test_a_page_that_was_open_all_day_is_opened_anew(company: Company) -> None:
    """What somebody left on their screen must not be pressed by whoever comes by at night."""
    leaver = company.world.member()
    form = company.form(answer_page(company, leaver))
    today = company.d.clock.now().date().isoformat()
    fields = form.filled(PHONE, EVERYTHING, received_on=today, kept="note")
    company.world.clock.advance(timedelta(hours=3))

    assert 403 == company.send(form.action, fields).status
    assert ConsentState.GIVEN.value == state(company, leaver)


def test_nobody_vouched_for_acts_at_all(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """On loopback without a proxy there is no form to forge, and none is taken."""
    company = Company(tmp_path, sqlite_ledger, clock, proxied=False)
    leaver = company.world.member()
    paths = ("/find", f"/person/{leaver.person}/hold", answer_page(company, leaver),
             answer_page(company, leaver) + "/form", f"/person/{leaver.person}/request",
             "/answer/RA-000001", "/request/SR-000001", "/join/J-1")  # fmt: skip

    for path in paths:
        assert 403 == company.send(path, [("act", "set")], user="dpo").status, path
    assert ConsentState.GIVEN.value == state(company, leaver)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"a=" + b"x" * 20000, "application/x-www-form-urlencoded", 413),
        (
            b"&".join(b"f=1" for _ in range(MAX_FIELDS + 1)),
            "application/x-www-form-urlencoded",
            413,
        ),
        (b"{}", "application/json", 415),
        (b"a=%ff", "application/x-www-form-urlencoded", 400),
        (b"\xff", "application/x-www-form-urlencoded", 400),
    ],
)
def test_what_is_no_form_is_refused(company: Company, body: bytes, kind: str, status: int) -> None:
    """Malformed and oversized input must not reach a handler."""
    browser = Browser(company.app, ORIGIN)
    sent = {**SAME, **company.headers("dpo")}

    assert status == browser.post("/find", body=body, kind=kind, headers=sent).status


@pytest.mark.parametrize("path", ["/person/P-1", "/requests", "/joins", "/letters", "/answers"])
def test_a_page_that_only_shows_takes_nothing(company: Company, path: str) -> None:
    """A second way to act would be one that nobody tests."""
    assert 405 == company.send(path, []).status


# --- letters --------------------------------------------------------------------------------------


def test_who_waits_for_a_letter_is_counted_not_named(company: Company) -> None:
    """A list of names on a screen is read by whoever walks by."""
    assert "No source asks by letter" in company.open("/letters").text

    company.d.settings.sources["acme-pl"].contact.__dict__["basis"] = ContactBasis.NONE
    company.world.leaver("karin")
    company.world.plan()
    page = company.open("/letters")

    assert 200 == page.status
    assert "<td>1</td><td>0</td>" in page.text
    assert "alumni-sync letters export" in page.text
    assert "karin" not in page.text.casefold()
