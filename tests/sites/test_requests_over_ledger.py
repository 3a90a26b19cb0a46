"""A person's rights over a real ledger: from the mail with the code to the file, or to nothing."""

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import select

from alumni_sync.clock import FixedClock
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.request_tables import SubjectRequest
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Person, t
from tests.consent.world import World
from tests.roster import Leaver
from tests.sites.browser import Browser, Response
from tests.sites.test_over_ledger import CHANGES, Site, statements

CODE = re.compile(r"^\s*(\d{4} \d{4})\s*$", re.MULTILINE)


@pytest.fixture
def site(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Site:
    """A site on either database."""
    return Site(World(tmp_path, ledger, clock))


def _ask(site: Site, browser: Browser, wish: str, words: str = "") -> Response:
    """Wish for something, and type in the code that was mailed."""
    form = browser.get("/p/requests").forms[0]
    page = browser.post(form.action, form.filled(("wish", wish), words=words))
    assert 200 == page.status, page.text
    site.world.deliver()
    found = CODE.search(site.world.mails[-1].text)
    assert found
    (form,) = page.forms
    return browser.post(form.action, form.filled(code=found[1]))


def _states(site: Site) -> list[tuple[str, str]]:
    with site.world.d.ledger.read() as connection:
        table = t(SubjectRequest)
        rows = connection.execute(select(table.c.kind, table.c.state).order_by(table.c.id)).all()
    return [(row.kind, row.state) for row in rows]


def _invited(site: Site) -> tuple[Leaver, Browser]:
    leaver, browser = site.world.invited(), site.browser()
    browser.follow(site.link("/c/"))
    return leaver, browser


def test_who_was_only_asked_can_see_and_delete_everything(site: Site) -> None:
    """The rights do not wait for a yes: here from the link of the very first mail."""
    leaver, browser = _invited(site)

    (form,) = _ask(site, browser, "access").forms
    file = browser.post(form.action, form.filled(("as", "json")))
    assert "zofia@mail.example" in json.dumps(json.loads(file.content)["employments"])

    gone = _ask(site, browser, "erase")

    assert "Everything is deleted" in gone.text
    assert [("access", "done"), ("erase", "done")] == _states(site)
    ring = site.world.d.ledger.vault.load([leaver.person])
    assert not any(ring.has(leaver.person, kind) for kind in KeyKind)
    assert 403 != browser.get("/p/requests").status
    assert 404 == site.browser().get(site.link("/c/", 0)).status


def test_who_said_no_still_has_rights(site: Site) -> None:
    """The visit goes on after the answer; so does the right to see what is kept of it."""
    leaver, browser = _invited(site)
    form = browser.get("/consent").forms[0]
    assert 303 == browser.post(form.action, form.filled(("answer", "no"))).status
    assert 'href="/p/requests' in browser.get("/consent/done").text

    done = _ask(site, browser, "rectify", "I left in May.")

    assert "We have your request" in done.text
    assert [("rectify", "open")] == _states(site)
    assert "refused" == site.world.invitation(leaver)["state"]


def test_restricting_reaches_the_ledger_and_back(site: Site) -> None:
    """The page says since when, and offers the way back."""
    _, browser = _invited(site)

    _ask(site, browser, "restrict")

    with site.world.d.ledger.read() as connection:
        assert connection.execute(select(t(Person).c.restricted_at)).scalar_one() is not None
    assert "your data are kept and not used" in browser.get("/p/requests").text
    site.world.later(minutes=20)
    assert "used again" in _ask(site, browser, "lift").text
    with site.world.d.ledger.read() as connection:
        assert connection.execute(select(t(Person).c.restricted_at)).scalar_one() is None


def test_no_look_writes(site: Site) -> None:
    """T1: fifty scanners that look at the page leave no trace, and have no code mailed."""
    _, browser = _invited(site)

    with statements(site.world) as seen:
        for _ in range(10):
            browser.get("/p/requests")
            browser.ask("HEAD", "/p/requests")
            browser.get("/p/requests/code")

    assert seen, "the pages were not made from the ledger"
    assert [] == [statement for statement in seen if statement.startswith(CHANGES)]


def test_a_scanner_that_submits_every_form_changes_nothing(site: Site) -> None:
    """T2: as they stand, the forms ask for nothing, and no mail goes out."""
    _, browser = _invited(site)
    before = site.world.everything()

    for form in browser.get("/p/requests").forms:
        assert 422 == browser.post(form.action, form.filled()).status

    assert before == site.world.everything()


def test_a_wrong_code_five_times_is_the_end_of_it(site: Site) -> None:
    """Nobody guesses eight digits in five tries; the right one comes too late then."""
    _, browser = _invited(site)
    form = browser.get("/p/requests").forms[0]
    page = browser.post(form.action, form.filled(("wish", "erase")))
    site.world.deliver()
    found = CODE.search(site.world.mails[-1].text)
    assert found
    for _ in range(5):
        (form,) = page.forms
        page = browser.post(form.action, form.filled(code="00000000"))
        assert 422 == page.status

    (form,) = page.forms
    assert 422 == browser.post(form.action, form.filled(code=found[1])).status
    assert [] == _states(site)


def test_an_old_code_opens_nothing(site: Site) -> None:
    """Ten minutes; a mailbox that is left open over lunch is not enough."""
    _, browser = _invited(site)
    form = browser.get("/p/requests").forms[0]
    page = browser.post(form.action, form.filled(("wish", "erase")))
    site.world.deliver()
    found = CODE.search(site.world.mails[-1].text)
    assert found
    site.world.later(minutes=11)

    (form,) = page.forms
    assert 422 == browser.post(form.action, form.filled(code=found[1])).status
    assert [] == _states(site)
