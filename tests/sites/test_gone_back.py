"""Going back to a page and saying something else: a form that comes twice is one act, only as is.

Browsers keep a page that was left, with its token. What is chosen on it then is another act: it is
judged as it stands, and never answered with what was said before.
"""

from pathlib import Path

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import Answer
from alumni_sync.domain import ConsentState
from alumni_sync.ledger.store import Ledger
from tests.consent.world import World
from tests.sites.join_site import JoinSite
from tests.sites.test_over_ledger import Site, history


@pytest.fixture
def site(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Site:
    """A site on either database."""
    return Site(World(tmp_path, ledger, clock))


def test_leaving_altogether_from_a_page_that_took_back_less_before_is_leaving(site: Site) -> None:
    """Told "saved" and still shown to everybody: nothing is worse than a withdrawal that is not."""
    leaver = site.world.member()
    site.world.deliver()
    browser = site.browser()
    page = browser.follow(site.link("/p/")).forms
    leave, stop = page[0], next(one for one in page if ("purpose", "newsletter") in one.offered)
    less = browser.post(stop.action, stop.filled(("purpose", "newsletter")))
    assert "/p?saved=1&lang=en" == less.headers["location"]

    gone = browser.post(leave.action, leave.filled(("leave", "everything")))

    assert "/consent/done" == gone.headers["location"]
    assert ConsentState.WITHDRAWN == site.world.invitation(leaver)["state"]
    assert ["said_yes", "narrowed", "withdrew"] == history(site, leaver)


def test_the_same_leaving_twice_is_one(site: Site) -> None:
    """A double click must not leave a second withdrawal in the proof."""
    leaver = site.world.member()
    site.world.deliver()
    browser = site.browser()
    leave = browser.follow(site.link("/p/")).forms[0]
    sent = leave.filled(("leave", "everything"))

    answers = [browser.post(leave.action, sent) for _ in range(2)]

    assert [303, 303] == [one.status for one in answers]
    assert ["said_yes", "withdrew"] == history(site, leaver)


def test_a_no_from_the_page_of_the_yes_is_not_answered_as_that_yes(site: Site) -> None:
    """Whoever goes back to say no must not read that all is well: they are shown what stands."""
    leaver, browser = site.world.invited(), site.browser()
    form = site.question(browser)
    assert 303 == browser.post(form.action, form.filled(("answer", "yes"))).status

    other = browser.post(form.action, form.filled(("answer", "no")))

    assert 409 == other.status
    assert ["said_yes"] == history(site, leaver)


def test_a_yes_from_the_page_of_the_later_is_asked_anew(site: Site) -> None:
    """The page says when it closes, which a deferral has changed: it is shown again, as it is."""
    leaver, browser = site.world.invited(), site.browser()
    form = site.question(browser)
    assert 303 == browser.post(form.action, form.filled(("answer", Answer.LATER.value))).status

    again = browser.post(form.action, form.filled(("answer", "yes")))

    assert 409 == again.status
    assert "answer" in dict(again.forms[0].offered)
    assert ["said_later"] == history(site, leaver)


def test_a_corrected_address_on_the_join_page_gets_its_mail(site: Site) -> None:
    """Told to look into their mailbox, they would wait for a mail that nobody ever queued."""
    joins = JoinSite(site.world)
    browser = joins.browser()
    form = browser.get("/join").forms[0]

    for email in ("galna@mail.example", "galina@mail.example", "galina@mail.example"):
        assert 303 == browser.post(form.action, joins.filled(form, email=email)).status

    site.world.deliver()
    mailed = [mail.to for mail in site.world.mails]
    assert ["galna@mail.example", "galina@mail.example"] == mailed
