"""A yes on paper, through the desk's own pages: printed, keyed in, compared by somebody else."""

from pathlib import Path

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import Answer
from alumni_sync.domain import ConsentState
from alumni_sync.ledger.store import Ledger
from tests.consent.papers import form_of, proposed
from tests.roster import Leaver
from tests.sites.browser import Response
from tests.sites.office import Company

FIELDS = (("field", "job_title"), ("show", "job_title"), ("field", "department"))
YES = (*FIELDS, ("purpose", "newsletter"), ("act", "yes"))


@pytest.fixture
def company(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> Company:
    """A company whose desk is behind a proxy."""
    return Company(tmp_path, sqlite_ledger, clock)


def made(company: Company, leaver: Leaver, language: str = "en") -> str:
    """Make a form; return its number."""
    page = f"/person/{leaver.person}/answer/{company.world.invitation(leaver)['id']}"
    done = company.submit(page, ("language", language), to="/form")
    assert 303 == done.status
    return done.headers["location"].rpartition("/")[2]


def key_in(
    company: Company, number: str, *chosen: tuple[str, str], user: str = "dpo", **texts: str
) -> Response:
    """Key in a paper that was signed and came today."""
    today = company.d.clock.now().date().isoformat()
    typed = {
        "foot": form_of(company.world, number).foot,
        "name": "Zofia Jaworowska",
        "signed_on": today,
        "received_on": today,
        "kept": "Binder 7",
        **texts,
    }
    return company.submit(f"/answer/{number}", *(chosen or YES), user=user, **typed)


def decide(company: Company, number: str, act: str, user: str) -> Response:
    """Say what the paper says, as the second person."""
    return company.submit(f"/answer/{number}", ("act", act), user=user)


def state(company: Company, leaver: Leaver) -> str:
    """Return where a consent stands."""
    return str(company.world.invitation(leaver)["state"])


def test_from_the_printer_to_the_membership(company: Company) -> None:
    """The whole way of a yes on paper, each step by whom it is for."""
    leaver = company.world.invited()
    number = made(company, leaver)
    assert "the post" in company.open("/answers").text

    assert 303 == key_in(company, number).status
    assert ConsentState.INVITED.value == state(company, leaver)
    assert "a second person" in company.open("/answers", "sec").text
    page = company.open(f"/answer/{number}", "sec").text
    for words in ("Binder 7", "Zofia Jaworowska", "Your last job title", "shown to members"):
        assert words in page, words

    assert 303 == decide(company, number, "confirm", "sec").status
    assert ConsentState.GIVEN.value == state(company, leaver)
    assert f"{number} is recorded" in company.open(f"/answer/{number}", "sec").text
    file = company.open(f"/person/{leaver.person}").text
    assert f"{number}</a> (consent, recorded)" in file
    event = company.open(f"/person/{leaver.person}/event/2").text
    for words in ("Written down by", "Second person", number, "Signed on"):
        assert words in event, words


@pytest.mark.parametrize("language", ["en", "pl", "de", "ru"])
def test_the_paper_is_the_form_of_the_site(company: Company, language: str) -> None:
    """What somebody signs must be what the site would have shown them, box by box."""
    leaver = company.world.invited()

    number = made(company, leaver, language)
    page = company.open(f"/form/{number}").text
    shown = company.world.shown(leaver, language)

    assert f'<html lang="{language}">' in page
    asked = {"question", "yes", "no", "later", "not_me", "name"}
    words = [label for name, label in shown.labels.items() if name in asked]
    words += [one.label for one in shown.fields] + [one.label for one in shown.purposes]
    assert [] == [each for each in words if each not in page]
    assert form_of(company.world, number).foot in page
    assert "☒" not in page
    assert "zofia@mail.example" not in page


def test_one_person_cannot_be_both(company: Company) -> None:
    """Whoever keyed it in is not offered to confirm it, and is refused if they try."""
    leaver = company.world.invited()
    number = made(company, leaver)
    key_in(company, number)
    form = company.form(f"/answer/{number}")

    forged = company.send(form.action, [*form.hidden.items(), ("act", "confirm")])

    assert {"send_back"} == {value for _, value in form.offered}
    assert 409 == forged.status
    assert "the second must be another person" in forged.text
    assert ConsentState.INVITED.value == state(company, leaver)


def test_a_second_cannot_be_the_first(company: Company) -> None:
    """Whoever only compares keys nothing in."""
    number = made(company, company.world.invited())

    page = company.open(f"/answer/{number}", "sec")

    assert 200 == page.status
    assert [] == page.forms
    assert 403 == company.open(f"/form/{number}", "sec").status


def test_what_was_typed_stays_when_something_is_wrong(company: Company) -> None:
    """Forty boxes are not ticked twice because of one date."""
    number = made(company, company.world.invited())

    again = key_in(company, number, signed_on="", foot="1.0.0/en/000000-000000-000000")

    assert 422 == again.status
    for words in ("The code at the foot is of another form", "Write the date beside the signature"):
        assert words in again.text
    (form,) = again.forms
    assert set(YES) - {("act", "yes")} == set(form.preselected)  # an act is chosen each time
    assert "Binder 7" == form.texts["kept"]


def test_nothing_chosen_is_nothing(company: Company) -> None:
    """A bare submit decides nothing, on either page."""
    leaver = company.world.invited()
    number = made(company, leaver)

    assert 422 == key_in(company, number, *FIELDS).status
    key_in(company, number)
    form = company.form(f"/answer/{number}", user="sec")
    bare = company.send(form.action, list(form.hidden.items()), "sec")

    assert 422 == bare.status
    assert "Choose what the paper says." in bare.text
    assert ConsentState.INVITED.value == state(company, leaver)


def test_a_second_who_reads_something_else_sends_it_back(company: Company) -> None:
    """A tick that is not on the paper must not be confirmed because it is already typed."""
    leaver = company.world.invited()
    number = made(company, leaver)
    key_in(company, number)
    stale = company.form(f"/answer/{number}", user="sec")

    decide(company, number, "send_back", "sec")
    late = company.send(stale.action, [*stale.hidden.items(), ("act", "confirm")], "sec")

    assert 409 == late.status
    assert "Somebody was here before you" in late.text
    assert "it has come back" in company.open(f"/answer/{number}").text
    assert ConsentState.INVITED.value == state(company, leaver)


def test_a_double_click_confirms_once(company: Company) -> None:
    """T5: the same form twice is the same consent."""
    leaver = company.world.invited()
    number = made(company, leaver)
    key_in(company, number)
    form = company.form(f"/answer/{number}", user="sec")
    fields = [*form.hidden.items(), ("act", "confirm")]

    assert [303, 303] == [company.send(form.action, fields, "sec").status for _ in range(2)]
    assert 1 == company.world.history(leaver).count("said_yes")


def test_a_no_meanwhile_is_shown(company: Company) -> None:
    """Whoever said no on the site has said no, whatever is on its way."""
    leaver = company.world.invited()
    number = proposed(company.world, leaver)
    company.world.answer(leaver, Answer.NO)

    late = decide(company, number, "confirm", "sec")

    assert 409 == late.status
    assert "no yes can be taken" in late.text
    assert ConsentState.REFUSED.value == state(company, leaver)


def test_who_said_no_gets_no_form(company: Company) -> None:
    """A form for somebody who said no would ask them again."""
    leaver = company.world.invited()
    page = f"/person/{leaver.person}/answer/{company.world.invitation(leaver)['id']}"
    form = company.form(page, "/form")
    company.world.answer(leaver, Answer.NO)

    late = company.send(form.action, form.filled(("language", "en")))

    assert 409 == late.status
    assert "no yes can be taken" in late.text
    assert all(not one.action.endswith("/form") for one in company.open(page).forms)


def test_a_language_that_nobody_offers(company: Company) -> None:
    """A made-up language must not print a form that mixes two."""
    leaver = company.world.invited()
    page = f"/person/{leaver.person}/answer/{company.world.invitation(leaver)['id']}"
    form = company.form(page, "/form")

    for language in ("", "xx", "../en"):
        answer = company.send(form.action, [*form.hidden.items(), ("language", language)])
        assert 422 == answer.status
    assert "Nothing waits." in company.open("/answers").text
