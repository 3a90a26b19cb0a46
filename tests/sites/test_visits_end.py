"""A visit ends with what ended the links it could have come from, not half an hour later."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import Decided
from alumni_sync.consent.answers.decisions import one_click
from alumni_sync.ledger.store import Ledger
from tests.consent.test_addresses import OTHER, change
from tests.consent.world import World
from tests.sites.browser import Browser, PageForm
from tests.sites.test_over_ledger import Site

PAGES = ("/p", "/consent", "/consent/done", "/receipt", "/receipt.json", "/p/requests")


@pytest.fixture
def site(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Site:
    """A site on either database."""
    return Site(World(tmp_path, ledger, clock))


def _visiting(site: Site) -> tuple[Browser, list[PageForm]]:
    """Return a browser in which the choices of the last member are open, and its forms."""
    site.world.deliver()
    browser = site.browser()
    page = browser.follow(site.link("/p/"))
    assert 200 == page.status
    return browser, page.forms


def _post_all(browser: Browser, forms: list[PageForm]) -> set[int]:
    """Return what every form leads to, submitted with something chosen."""
    return {
        browser.post(form.action, form.filled(*form.offered[:1])).status
        for form in forms
        if form.action.startswith("/p/")
    }


def test_who_reads_the_mailbox_that_was_left_is_out_at_once(site: Site) -> None:
    """A tab open on the old mailbox's machine could end the membership for half an hour more."""
    leaver = site.world.member()
    old, forms = _visiting(site)
    assert isinstance(change(site.world, leaver), Decided)
    site.world.deliver()
    site.world.later(minutes=1)
    new = site.browser()
    proof = new.follow(site.link("/e/")).forms[0]
    before = site.world.history(leaver)

    assert 303 == new.post(proof.action, proof.filled(("act", "mine"))).status

    assert {404} == {old.get(path).status for path in PAGES}
    assert {404} == _post_all(old, forms)
    assert [*before, "address_proven"] == site.world.history(leaver)
    assert 200 == new.get("/p").status
    site.world.deliver()
    site.world.later(minutes=1)
    told = [mail.link("/p/") for mail in site.world.mails if mail.to == OTHER]
    again = urlsplit(told[-1]).path
    assert 200 == old.follow(again).status  # the same browser, by a link that is good now


def test_an_objection_ends_every_other_visit(site: Site) -> None:
    """Whoever objected is done with us: no open tab of theirs shows name and address any more."""
    leaver = site.world.invited()
    stop, browser = site.world.token("/u/"), site.browser()
    form = site.question(browser)
    site.world.later(minutes=1)

    assert one_click(site.world.d, stop)

    assert {404} == {browser.get(path).status for path in PAGES}
    assert 404 == browser.post(form.action, form.filled(("answer", "yes"))).status
    assert "objected" == site.world.invitation(leaver)["state"]


def test_what_is_done_in_a_visit_does_not_end_it(site: Site) -> None:
    """Whoever says "this is not me" would be told that their link is not good."""
    leaver = site.world.invited()
    browser = site.browser()
    form = site.question(browser)
    site.world.later(minutes=1)

    answer = browser.post(form.action, form.filled(("answer", "not_me")))

    assert 200 == browser.get(answer.headers["location"]).status
    assert "invalidated" == site.world.invitation(leaver)["state"]
