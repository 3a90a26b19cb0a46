"""One ruling for several cases at the HR desk: what was ticked, a result for each, once."""

from pathlib import Path

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.ledger.store import Ledger
from alumni_sync.sites.desk.queue import PAGE_SIZE
from alumni_sync.sites.forms import MAX_FIELDS
from tests.roster import Leaver
from tests.sites.browser import PageForm, Response
from tests.sites.queue_desk import Company


@pytest.fixture
def company(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> Company:
    """A company whose desk is behind a proxy."""
    return Company(tmp_path, sqlite_ledger, clock, proxied=True)


def several(page: Response) -> PageForm:
    """Return the form under the list."""
    return next(form for form in page.forms if "/several" in form.action)


def ticks(form: PageForm) -> list[tuple[str, str]]:
    """Return every case that can be ticked."""
    return [(name, value) for name, value in form.offered if name == "case"]


def leavers(company: Company, *kinds: str) -> list[Leaver]:
    """Add people on whom somebody must rule."""
    return [company.leaver(kind) for kind in kinds]


def test_each_case_has_its_result(company: Company) -> None:
    """One that is refused keeps no other from being done, and is named."""
    light, grave, late = leavers(company, "performance", "misconduct", "performance")
    form = several(company.open("/", "rev"))
    company.press(late, "admit", "code_wrong", "rev2")

    done = company.send(
        form.action,
        form.filled(*ticks(form), ("what", "uphold:confirmed"), comment="By the file"),
        "rev",
    )

    assert 200 == done.status
    assert "2 of 3 done" in done.text
    number = company.queue.number(late)
    assert f"{number} has changed since: look at it again before ruling" in done.text
    assert ["upheld", "awaiting_second", "admitted"] == [
        company.status(each) for each in (light, grave, late)
    ]
    assert "By the file" in company.case(light, "rev").text
    assert "one of several" in company.case(light, "rev").text


def test_what_was_done_before_is_said_and_not_done_again(company: Company) -> None:
    """Whoever reloads the page of results must not rule twice."""
    (leaver,) = leavers(company, "performance")
    form = several(company.open("/", "rev"))
    filled = form.filled(*ticks(form), ("what", "uphold:confirmed"))
    company.send(form.action, filled, "rev")

    again = company.send(form.action, filled, "rev")

    assert "this was done before, nothing changed" in again.text
    assert 2 == company.queue.case(leaver).version


@pytest.mark.parametrize(
    ("tick", "what", "until", "said"),
    [
        ("", "uphold:confirmed", "", "Tick the cases that you mean."),
        ("ticked", "", "", "Choose what becomes of them, and why."),
        ("ticked", "uphold:confirmed", "2027-01-01", "only an admission has one"),
        ("ticked", "admit:code_wrong", "never", "A last day is a date"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_done(
    company: Company, tick: str, what: str, until: str, said: str
) -> None:
    """A bare press of the button must rule on nothing; what was ticked stays ticked."""
    (leaver,) = leavers(company, "performance")
    form = several(company.open("/", "rev"))

    sent = [*form.hidden.items(), *(ticks(form) if tick else []), ("what", what), ("until", until)]
    refused = company.send(form.action, sent, "rev")

    assert 422 == refused.status
    assert said in refused.text
    assert "open" == company.status(leaver)
    assert bool(tick) == (" checked" in refused.text)


@pytest.mark.parametrize("value", ["EX-000001", "EX-000001.x", "GU-000001.1", "EX-000001.1.1"])
def test_a_made_up_case_is_none(company: Company, value: str) -> None:
    """What stands in a form can be anything."""
    leavers(company, "performance")
    form = several(company.open("/", "rev"))

    sent = [*form.hidden.items(), ("case", value), ("what", "uphold:confirmed")]

    assert 422 == company.send(form.action, sent, "rev").status


def test_all_can_be_ticked_without_a_script(company: Company) -> None:
    """Fifty clicks are no way to confirm fifty plain cases."""
    leavers(company, "performance", "performance")

    form = several(company.open("/?tick=1", "rev"))

    assert ticks(form) == form.preselected
    assert 2 == len(ticks(form))


def test_a_whole_page_fits_into_a_form() -> None:
    """A page of cases that cannot be sent would lose what was ticked."""
    assert PAGE_SIZE + len(("form", "what", "comment", "until")) <= MAX_FIELDS


def test_whoever_only_looks_gets_no_boxes(company: Company) -> None:
    """An auditor's list is a list."""
    leavers(company, "performance")
    page = company.open("/", "aud")

    assert [] == [form for form in page.forms if form.method == "post"]
    assert "checkbox" not in page.text


def test_they_are_launched_with_tickets_and_a_reason(company: Company) -> None:
    """What is ruled on in bulk stands among the runs like every other ruling, without a word."""
    leavers(company, "performance", "performance")
    form = several(company.open("/", "rev"))

    company.send(
        form.action, form.filled(*ticks(form), ("what", "uphold:confirmed"), comment="Mine"), "rev"
    )

    assert [("confirmed", "rev")] * 2 == [(reason, user) for _, reason, user in company.launched]
    assert ["uphold-bulk"] * 2 == [ticket.split(".")[2] for ticket, _, _ in company.launched]
    assert "Mine" not in str(company.launched)


@pytest.mark.parametrize("wrong", [1, 7], ids=["as it stands", "as it never stood"])
def test_cases_of_other_sources_do_not_exist(company: Company, wrong: int) -> None:
    """Whoever writes numbers into the form must not learn where a case is, or how it stands."""
    leavers(company, "performance")
    german = company.leaver("performance", "acme-de")
    form = several(company.open("/", "rev"))
    number = company.queue.number(german)

    done = company.send(
        form.action,
        [
            *form.hidden.items(),
            *(("case", one) for one in (f"{number}.{wrong}", "EX-999999.1")),
            ("what", "uphold:confirmed"),
            ("comment", "So there."),
        ],
        "rev",
    )

    assert "0 of 2 done" in done.text
    for missing in (number, "EX-999999"):
        assert f"there is no case {missing}" in done.text
    assert "acme-de" not in done.text
    assert [("opened", "system", "")] == company.queue.events(german)
    assert [] == company.launched


def test_words_beside_a_refused_ruling_are_not_kept(company: Company) -> None:
    """A case that is as it was holds no opinion that nobody stands by."""
    light, grave = leavers(company, "performance", "misconduct")
    company.press(grave, "admit", "code_wrong", "both")
    form = several(company.open("/", "both"))

    done = company.send(
        form.action, form.filled(*ticks(form), ("what", "admit:other"), comment="Fine."), "both"
    )

    assert "1 of 2 done" in done.text
    assert "both proposed it: the second must be another person" in done.text
    assert "comment" in [event for event, _, _ in company.queue.events(light)]
    assert "comment" not in [event for event, _, _ in company.queue.events(grave)]
