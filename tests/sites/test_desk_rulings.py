"""The two buttons of the HR desk: what is launched, by whom, and what comes back."""

from datetime import timedelta
from pathlib import Path

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.ledger.store import Ledger
from alumni_sync.review.rulings.tickets import verify
from tests.roster import Leaver
from tests.sites.queue_desk import ORIGIN, SECRET, Company, buttons


@pytest.fixture
def company(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> Company:
    """A company whose desk is behind a proxy."""
    return Company(tmp_path, sqlite_ledger, clock, proxied=True)


@pytest.fixture
def local(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> Company:
    """A company whose desk is on loopback, as in the sample."""
    return Company(tmp_path, sqlite_ledger, clock, proxied=False)


def words_of(company: Company, leaver: Leaver) -> list[str]:
    """Return the events of a case but the looks at it."""
    return [event for event, _, _ in company.queue.events(leaver) if event != "seen"]


def test_admitted_by_one_who_says_why(company: Company) -> None:
    """The most usual way out of the queue: a reason, a comment, one button."""
    leaver = company.leaver("performance")

    done = company.press(
        leaver, "admit", "context_known", "rev", comment="Moved town.", until="2027-03-31"
    )

    number = company.queue.number(leaver)
    assert (303, f"/case/{number}?done=admitted") == (done.status, done.headers["location"])
    assert ("admitted", 2) == (company.status(leaver), company.queue.case(leaver).version)
    assert ["opened", "comment", "admitted"] == words_of(company, leaver)
    page = company.open(done.headers["location"], "rev").text
    for text in ("The case is admitted", "Moved town.", "Admitted until", ">31 Mar 2027</time>",
                 ": I know what the rule does not", "context_known</span>, until <"):  # fmt: skip
        assert text in page


def test_a_launch_is_handed_a_ticket_and_a_reason_and_nothing_else(company: Company) -> None:
    """Dagster keeps what a run was launched with: a comment there would be there for good."""
    leaver = company.leaver("performance")

    company.press(leaver, "uphold", "confirmed", "rev", comment="A secret opinion")

    ((text, reason, user),) = company.launched
    assert ("confirmed", "rev") == (reason, user)
    d = company.queue.d
    ticket = verify(d.ledger.hashes, text, now=d.clock.now(), user="rev")
    assert (company.queue.number(leaver), 1, "uphold", "rev") == (
        ticket.subject, ticket.version, ticket.act, ticket.user,
    )  # fmt: skip
    assert ticket.expires_at <= d.clock.now() + timedelta(minutes=5)
    assert "secret" not in text
    with pytest.raises(Exception, match="somebody else"):
        verify(d.ledger.hashes, text, now=d.clock.now(), user="rev2")


def test_misconduct_takes_two_of_whom_the_second_only_confirms(company: Company) -> None:
    """Four eyes: whoever proposed is offered nothing more, and the second sees what was said."""
    leaver = company.leaver("misconduct")

    company.press(leaver, "admit", "code_wrong", "rev", until="2027-03-31", comment="See 4711")
    first, second = company.case(leaver, "rev"), company.case(leaver, "sec")

    assert "awaiting_second" == company.status(leaver)
    assert ["uphold"] == buttons(first)  # another ruling would be a new proposal
    assert "rev proposed it: the second must be another person." in first.text
    assert ["admit"] == buttons(second)
    for text in ("<strong>rev</strong> said on", "admit</strong> until <time", ">31 Mar 2027<",
                 "the exit was coded wrongly", "See 4711"):  # fmt: skip
        assert text in second.text
    done = company.press(leaver, "admit", "code_wrong", "sec", page=second)
    assert 303 == done.status
    assert "admitted" == company.status(leaver)


@pytest.mark.parametrize(
    ("button", "reason", "until", "said"),
    [
        ("uphold", "", "", "Choose why."),
        ("admit", "", "2027-03-31", "Choose why."),
        ("admit", "code_wrong", "soon", "Write the last day as a date"),
    ],
)
def test_without_a_reason_nothing_is_ruled(
    company: Company, button: str, reason: str, until: str, said: str
) -> None:
    """A bare press, or a mail scanner, must decide nothing; what was typed stays."""
    leaver = company.leaver("performance")

    refused = company.press(leaver, button, reason, "rev", comment="As typed", until=until)

    assert 422 == refused.status
    assert said in refused.text
    assert ("open", []) == (company.status(leaver), company.launched)
    for typed in ("As typed", until):
        assert typed in refused.text


def test_a_reason_of_the_other_ruling_is_none(company: Company) -> None:
    """A form that was put together by hand must not mix the two lists."""
    leaver = company.leaver("performance")
    form = company.case(leaver, "rev").forms[0]

    sent = [*form.hidden.items(), ("act", "admit"), ("reason", "confirmed")]

    assert 422 == company.send(form.action, sent, "rev").status
    assert 422 == company.send(form.action, [*form.hidden.items(), ("act", "erase")], "rev").status
    assert "open" == company.status(leaver)


def test_a_page_that_is_out_of_date_changes_nothing(company: Company) -> None:
    """Two reviewers at once: one wins, the other reads why, and finds the case as it stands."""
    leaver = company.leaver("performance")
    old = company.case(leaver, "rev2")
    company.press(leaver, "admit", "code_wrong", "rev")

    late = company.press(leaver, "uphold", "confirmed", "rev2", page=old, comment="No!")

    assert 409 == late.status
    assert f"{company.queue.number(leaver)} has changed since: look at it again" in late.text
    assert "admitted" == company.status(leaver)
    assert ["opened", "admitted"] == words_of(company, leaver)


def test_pressed_twice_is_once(company: Company) -> None:
    """A double click is one ruling, and no error."""
    leaver = company.leaver("performance")
    page = company.case(leaver, "rev")

    first = company.press(leaver, "admit", "code_wrong", "rev", page=page, comment="Once")
    second = company.press(leaver, "admit", "code_wrong", "rev", page=page, comment="Once")

    assert [303, 303] == [first.status, second.status]
    assert ["opened", "comment", "admitted"] == words_of(company, leaver)


def test_a_form_of_somebody_else_or_of_another_page_is_not_taken(company: Company) -> None:
    """A forged or borrowed form would rule in somebody's name."""
    leaver = company.leaver("performance")
    page = company.case(leaver, "rev")
    form = page.forms[0]
    filled = [*form.filled(("reason", "confirmed")), ("act", "uphold")]
    named = {"X-Forwarded-User": "rev", "X-Proxy-Secret": SECRET}

    assert 403 == company.press(leaver, "uphold", "confirmed", "rev2", page=page).status
    assert 403 == company.press(leaver, "uphold", "confirmed", page=page).status
    other = company.leaver("performance")
    elsewhere = f"/case/{company.queue.number(other)}/rule"
    assert 403 == company.send(elsewhere, filled, "rev").status
    foreign = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site", **named}
    assert 403 == company.visitor().post(form.action, filled, headers=foreign).status
    forged = [("form", "x.y"), *filled[1:]]
    assert 403 == company.send(form.action, forged, "rev").status
    assert ["open", "open"] == [company.status(leaver), company.status(other)]
    assert [] == company.launched


def test_a_wrong_role_is_told_so(company: Company) -> None:
    """An auditor who sends the form of a page that they were shown gets a sentence, no ruling."""
    leaver = company.leaver("performance")
    form = company.case(leaver, "rev").forms[0]
    hidden = company.token(leaver, "aud")

    refused = company.send(
        form.action, [("form", hidden), ("act", "uphold"), ("reason", "confirmed")], "aud"
    )

    assert 409 == refused.status
    assert "aud may not rule on a case: that takes the role reviewer." in refused.text
    assert "open" == company.status(leaver)


def test_on_loopback_one_person_cases_can_be_ruled_on(local: Company) -> None:
    """The sample company has no sign-on: it must be tried out, and say what it is."""
    light, grave = local.leaver("performance"), local.leaver("misconduct")

    done = local.press(light, "uphold", "confirmed")

    assert 303 == done.status
    assert "upheld" == local.status(light)
    assert "unverified" == local.queue.events(light)[-1][1]
    page = local.case(grave)
    assert [] == buttons(page)
    assert "Nothing vouches for who you are" in page.text


def test_a_code_stands_there_in_words(local: Company) -> None:
    """`internal_transfer` is how the machine spells it, and breaks in the middle on a phone."""
    page = local.case(local.leaver("internal_transfer")).text

    assert "internal transfer</dd>" in page
    assert "exit kind: internal transfer<" in page
    assert "internal_transfer" not in page


def test_whoever_nothing_vouches_for_is_named_once(local: Company) -> None:
    """“unverified (unverified)” on a page to print looks like a fault of the page."""
    leaver = local.leaver("performance")
    local.press(leaver, "admit", "code_wrong", until="2027-03-31")

    page = local.open(f"/case/{local.queue.number(leaver)}/record").text

    assert "for unverified. Who reads" in page
    assert "unverified (" not in page
    assert "31 Mar 2027</time>, the last day" in page


def test_a_contested_case_is_taken_up_again(company: Company) -> None:
    """Whoever is left out may ask a person to look again (Art. 22); a member is hidden at once."""
    leaver = company.leaver("performance")
    company.press(leaver, "uphold", "confirmed", "rev")
    old = company.case(leaver, "rev")
    form = next(one for one in old.forms if one.action.endswith("/reopen"))

    empty = company.send(form.action, form.filled(), "rev")
    said = form.filled(("again", "contest"), words="It was the other Zofia")
    done = company.send(form.action, said, "rev")
    late = company.send(form.action, said, "rev")

    assert [422, 303, 409] == [empty.status, done.status, late.status]
    assert "Choose why it is taken up again." in empty.text
    assert ("reopened", ["wake"]) == (company.status(leaver), company.woken)
    page = company.open(done.headers["location"], "rev").text
    assert "The case is open again" in page
    assert "It was the other Zofia" in page
    assert not any(f.action.endswith("/reopen") for f in company.case(leaver, "aud").forms)


def test_the_record_is_printed_for_whoever_may_see_the_case(company: Company) -> None:
    """Why somebody was left out must be shown for as long as it is kept, on one page."""
    leaver = company.leaver("misconduct")
    company.press(leaver, "uphold", "confirmed", "rev", comment="As the file says")
    company.press(leaver, "uphold", "confirmed", "sec")
    address = f"/case/{company.queue.number(leaver)}/record"

    page = company.open(address, "aud")

    assert 200 == page.status
    for text in ("Decision record", "Zofia Jaworowska", "Proposed to uphold", "As the file says",
                 "having opened the case", "the exit kind is misconduct or dispute",
                 "for aud."):  # fmt: skip
        assert text in page.text
    assert "<form" not in page.text
    assert 403 == company.open(address, "ops").status
    other = company.leaver("misconduct", "acme-de")
    assert 404 == company.open(f"/case/{company.queue.number(other)}/record", "rev").status
    assert 404 == company.open("/case/EX-999999/record", "aud").status
    assert "aud" in [actor for event, actor, _ in company.queue.events(leaver) if event == "seen"]


def test_the_message_is_what_happened_and_no_link_can_make_one_up(company: Company) -> None:
    """A link from outside must not let the desk say that a case was admitted."""
    leaver = company.leaver("performance")
    number = company.queue.number(leaver)

    page = company.open(f"/case/{number}?done=admitted&run=javascript:alert(1)", "rev").text

    assert "is admitted" not in page
    assert "javascript" not in page
    run = "0a1b2c3d-0000-4000-8000-000000000000"
    dagster = company.queue.d.settings.dagster.url
    assert f'href="{dagster}/runs/{run}"' in company.open(f"/case/{number}?run={run}", "rev").text
    assert ORIGIN not in page


def test_words_beside_a_refused_ruling_are_taken_back(company: Company) -> None:
    """Refused means that nothing was changed, not even the history of the case."""
    leaver = company.leaver("misconduct")
    company.press(leaver, "admit", "code_wrong", "both")
    forms = [("form", company.token(leaver, "both")), ("act", "admit"), ("reason", "other")]

    path = f"/case/{company.queue.number(leaver)}/rule"
    refused = company.send(path, [*forms, ("comment", "And I confirm it.")], "both")

    assert 409 == refused.status
    assert "the second must be another person" in refused.text
    assert "And I confirm it." not in company.case(leaver, "sec").text
    assert ["opened", "first_admit"] == words_of(company, leaver)
