"""`/resend`: who lost a link gets a fresh one, and nobody learns whom we know (T43)."""

from pathlib import Path

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import Answer, Channel, Evidence
from alumni_sync.consent.answers.decisions import withdraw
from alumni_sync.consent.links.resending import answer_link_requests
from alumni_sync.consent.links.secrets import LinkKind, resolve_link
from alumni_sync.consent.mail.delivery import deliver_mail
from alumni_sync.consent.transitions import suppress
from alumni_sync.ledger.request_tables import LinkRequest
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import t
from alumni_sync.sites import composition
from tests.consent.world import RUN, World
from tests.sites.browser import ORIGIN, Browser, Response
from tests.sites.test_over_ledger import Site
from tests.statements import statements

HERE = Evidence(Channel.PREFERENCES)
ZOFIA = "zofia@mail.example"


@pytest.fixture
def site(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> Site:
    """A site on SQLite."""
    return Site(World(tmp_path, sqlite_ledger, clock))


@pytest.fixture
def any_site(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Site:
    """A site on either database."""
    return Site(World(tmp_path, ledger, clock))


def ask(site: Site, address: str, browser: Browser | None = None) -> Response:
    """Ask for a fresh link, as a browser does from our page."""
    return (browser or site.browser()).post("/resend", [("address", address)])


def work(site: Site) -> list[str]:
    """Do what the worker does; return to whom mails went, oldest first."""
    before = len(site.world.mails)
    answer_link_requests(site.world.d, RUN)
    deliver_mail(site.world.d, RUN, asking=False)
    return [mail.to for mail in site.world.mails[before:]]


def kind_of_last_link(site: Site) -> LinkKind:
    """Return what the link of the last mail opens."""
    link = resolve_link(site.world.d, site.world.mails[-1].links[0].rpartition("/")[2])
    assert link is not None
    return link.kind


def test_the_answer_is_the_same_for_everybody(any_site: Site) -> None:
    """T43: a page that tells who was asked tells who was dismissed."""
    world = any_site.world
    world.invited()
    world.deliver()
    world.member("jan")
    objected = world.member("olga")
    address = world.d.ledger.hashes.address("olga@mail.example")
    with world.d.ledger.write() as connection:
        suppress(connection, address, "all", "objected", world.clock.now())
    withdraw(world.d, world.invitation(objected)["id"], None, HERE, "w")
    seen = []
    for who in (
        ZOFIA,
        "jan@mail.example",
        "olga@mail.example",
        "nobody@mail.example",
        "a@b",
        ZOFIA,
    ):
        with statements(world.d.ledger) as queries:
            answer = ask(any_site, who)
        headers = {name: value for name, value in answer.headers.items() if name != "date"}
        seen.append((answer.status, answer.text, headers, tuple(queries)))

    assert 202 == seen[0][0]
    assert [seen[0]] * len(seen) == seen


def test_known_people_get_the_link_that_fits_and_nobody_else_a_mail(any_site: Site) -> None:
    """Whoever was asked can answer, whoever is a member can manage, strangers get nothing."""
    world = any_site.world
    world.invited()
    world.member("jan")
    world.deliver()

    ask(any_site, " Zofia@MAIL.example")
    assert [ZOFIA] == work(any_site)
    assert LinkKind.DECIDE is kind_of_last_link(any_site)
    page = any_site.browser().follow(any_site.link("/c/"))
    assert "Would you like to stay in touch?" in page.text

    ask(any_site, "jan@mail.example")
    assert ["jan@mail.example"] == work(any_site)
    assert LinkKind.MANAGE is kind_of_last_link(any_site)

    for stranger in ("nobody@mail.example", "jan@other.example", "x@y"):
        ask(any_site, stranger)
    assert [] == work(any_site)


def test_the_question_stays_as_often_asked_as_it_was(site: Site) -> None:
    """A mail that somebody asks for must cost nobody a reminder, nor ask once more."""
    leaver = site.world.invited()
    before = site.world.invitation(leaver)

    ask(site, ZOFIA)
    work(site)

    assert before == site.world.invitation(leaver)


@pytest.mark.parametrize("answer", [Answer.NO, Answer.NOT_ME])
def test_who_said_no_is_not_written_to(site: Site, answer: Answer) -> None:
    """A fresh link would be the question once more."""
    leaver = site.world.invited()
    site.world.answer(leaver, answer)

    ask(site, ZOFIA)

    assert [] == work(site)


def test_who_was_never_asked_is_not_asked_this_way(site: Site) -> None:
    """The way around the caps, the calendar and the contact gate must stay closed."""
    site.world.leaver()
    site.world.plan()

    ask(site, ZOFIA)

    assert [] == work(site)


def test_who_put_it_off_may_answer_earlier(site: Site) -> None:
    """They ask us; that is no question of ours."""
    leaver = site.world.invited()
    site.world.answer(leaver, Answer.LATER)

    ask(site, ZOFIA)

    assert [ZOFIA] == work(site)
    assert LinkKind.DECIDE is kind_of_last_link(site)


@pytest.mark.parametrize("act", ["objected", "withdrawn"])
def test_who_left_or_objected_gets_no_mail(site: Site, act: str) -> None:
    """No mail means no mail, whoever types the address."""
    leaver = site.world.member()
    site.world.deliver()
    if act == "withdrawn":
        withdraw(site.world.d, site.world.invitation(leaver)["id"], None, HERE, "w")
        site.world.deliver()
    else:
        hashed = site.world.d.ledger.hashes.address(ZOFIA)
        with site.world.d.ledger.write() as connection:
            suppress(connection, hashed, "all", "objected", site.world.clock.now())

    ask(site, ZOFIA)

    assert [] == work(site)


def test_three_an_hour_and_no_more(any_site: Site) -> None:
    """Who knows an address must not be able to fill the mailbox behind it."""
    any_site.world.invited()
    for _ in range(5):
        ask(any_site, ZOFIA)

    assert [ZOFIA] * 3 == work(any_site)
    any_site.world.later(minutes=59)
    ask(any_site, ZOFIA)
    assert [] == work(any_site)
    any_site.world.later(minutes=2)
    ask(any_site, ZOFIA)
    assert [ZOFIA] == work(any_site)


def test_ten_a_day_and_no_more(any_site: Site) -> None:
    """Three an hour, day and night, are seventy-two: nobody opens such a mailbox any more."""
    any_site.world.invited()
    sent = []
    for _ in range(8):
        for _ in range(3):
            ask(any_site, ZOFIA)
        sent += work(any_site)
        any_site.world.later(hours=1, seconds=1)

    assert [ZOFIA] * 10 == sent
    any_site.world.later(days=1)
    ask(any_site, ZOFIA)
    assert [ZOFIA] == work(any_site)


def test_older_links_stay_good(site: Site) -> None:
    """Or whoever knows an address could shut its owner out."""
    site.world.invited()
    older = site.world.token()

    ask(site, ZOFIA)
    work(site)

    assert site.world.opens(older)


def test_nothing_of_what_was_typed_is_kept_and_the_rest_for_an_hour(site: Site) -> None:
    """A list of addresses that strangers typed in is a list of people."""
    ask(site, "somebody@post.example")
    assert "somebody" not in repr(site.world.everything())
    site.world.later(hours=1)
    work(site)

    with site.world.d.ledger.read() as connection:
        assert [] == connection.execute(t(LinkRequest).select()).all()


def test_without_requests_the_worker_writes_nothing(site: Site) -> None:
    """A chore that writes every few seconds keeps a ledger busy for nothing."""
    with statements(site.world.d.ledger) as seen:
        answer_link_requests(site.world.d, RUN)

    assert not any(one.startswith(("INSERT", "UPDATE", "DELETE", "BEGIN IMM")) for one in seen)


@pytest.mark.parametrize(
    "typed", ["", "zofia", "@mail.example", "a@", "a@b\x00", "x" * 300 + "@b.de"]
)
def test_what_is_no_address_is_told_so_and_kept_nowhere(site: Site, typed: str) -> None:
    """The same for everybody: it says something about what was typed, and about nobody."""
    before = site.world.everything()

    answer = ask(site, typed)

    assert 422 == answer.status
    assert "Please type a whole e-mail address." in answer.text
    assert before == site.world.everything()


def test_another_site_cannot_ask_for_people(site: Site) -> None:
    """T8: a page somewhere could otherwise have its visitors send mails to whomever it likes."""
    for headers in (
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null"},
        {},
    ):
        answer = site.browser().post("/resend", [("address", ZOFIA)], headers=headers)
        assert 403 == answer.status


def test_a_network_that_tries_addresses_is_slowed_down(site: Site) -> None:
    """Sixty a minute are a list being tried, not a person."""
    browser = Browser(site.app, ORIGIN)

    statuses = [ask(site, f"x{n}@mail.example", browser).status for n in range(61)]

    assert [202] * 60 + [429] == statuses


def test_the_page_of_a_dead_link_offers_the_way(site: Site) -> None:
    """That is where people stand who need it; its form works as it stands there."""
    site.world.invited()
    browser = site.browser()
    page = browser.get("/c/" + "x" * 43)
    (form,) = page.forms

    answer = browser.post(form.action, form.filled(address=ZOFIA))

    assert (404, 202) == (page.status, answer.status)
    assert [ZOFIA] == work(site)
    assert 200 == browser.get("/resend").status


def test_the_worker_beside_the_site_sends_it(site: Site) -> None:
    """Nobody waits for a nightly run to get back in."""
    site.world.invited()
    worker = composition.worker_of(site.world.d)
    ask(site, ZOFIA)

    worker.look(woken=True)

    assert "Your new link" in site.world.mails[-1].subject
