"""A renewal through the site: the mail's link, the page behind it, and each answer to it."""

from datetime import timedelta
from pathlib import Path

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.breaks import pause
from alumni_sync.consent.calendars import is_working_day
from alumni_sync.consent.grants import live_grants
from alumni_sync.ledger.store import Ledger
from tests.consent.world import BY_MAIL, World
from tests.roster import Leaver
from tests.sites.test_over_ledger import Site


@pytest.fixture
def site(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> Site:
    """A company with its site."""
    return Site(World(tmp_path, sqlite_ledger, clock))


def asked(site: Site, *, paused: bool = False) -> Leaver:
    """Add a member who has just been asked whether their yes goes on."""
    world = site.world
    leaver = world.member()
    world.deliver()
    row = world.invitation(leaver)
    world.clock.advance(row["valid_until"] - timedelta(days=60) - world.clock.now())
    if paused:
        pause(world.d, row["id"], 3, BY_MAIL, "p")
    while not is_working_day(world.clock.now().date(), "PL"):
        world.later(days=1)
    world.round()
    assert "stay in the alumni community" in world.mails[-1].subject
    return leaver


def test_the_link_asks_and_ticks_nothing(site: Site) -> None:
    """A renewal with everything ticked would be silence with a button."""
    leaver = asked(site)
    browser = site.browser()
    before = site.world.everything()
    form = browser.follow(site.link("/c/")).forms[0]

    assert {("answer", "yes"), ("answer", "no")} <= set(form.offered)
    assert ("answer", "later") not in form.offered
    assert [] == form.preselected
    assert 422 == browser.post(form.action, form.filled()).status
    assert before["invitation"] == site.world.everything()["invitation"]
    assert "renewal_due" == site.world.invitation(leaver)["state"]


def test_a_yes_is_a_new_yes_with_its_own_receipt(site: Site) -> None:
    """It goes on as agreed, with what was ticked beside it, and the link is used up."""
    leaver = asked(site)
    browser = site.browser()
    form = browser.follow(site.link("/c/")).forms[0]

    answer = browser.post(form.action, form.filled(("answer", "yes"), ("purpose", "events")))

    assert 303 == answer.status
    assert "renewed" == site.world.invitation(leaver)["state"]
    (grant,) = live_grants(site.world.d)
    assert {"job_title", "city"} == {str(name) for name in grant.fields}
    assert {"community", "events", "newsletter"} == {str(name) for name in grant.purposes}
    assert 200 == browser.get("/receipt").status
    assert 404 == site.browser().get(site.link("/c/")).status


def test_a_no_leaves_the_community(site: Site) -> None:
    """And the page says so, in the words of leaving."""
    leaver = asked(site)
    browser = site.browser()
    form = browser.follow(site.link("/c/")).forms[0]

    answer = browser.post(form.action, form.filled(("answer", "no")))

    assert 303 == answer.status
    assert "withdrawn" == site.world.invitation(leaver)["state"]
    assert "You have left the community" in browser.get("/consent/done").text
    assert [] == list(live_grants(site.world.d))


def test_who_rests_answers_there_too(site: Site) -> None:
    """A pause must not shut the only door through which a yes is renewed."""
    leaver = asked(site, paused=True)
    browser = site.browser()
    form = browser.follow(site.link("/c/")).forms[0]

    assert 303 == browser.post(form.action, form.filled(("answer", "yes"))).status

    row = site.world.invitation(leaver)
    assert ("paused", "renewed") == (row["state"], row["paused_from"])
    assert 200 == browser.get("/consent/done").status


def test_the_one_click_page_promises_only_what_it_does(site: Site) -> None:
    """Nobody objects to everything by stopping one kind of mail."""
    leaver = asked(site)
    browser = site.browser()
    page = browser.follow(site.link("/u/"))

    assert "It then ends on its last day, unless you renew it" in page.text
    form = page.forms[0]
    assert 200 == browser.post(form.action, form.filled(("act", "stop"))).status
    assert "renewal_due" == site.world.invitation(leaver)["state"]
    assert 1 == len(list(live_grants(site.world.d)))
