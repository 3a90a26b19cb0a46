"""The join page: the same for every address, and nothing happens that its reader did not choose."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import Answer
from alumni_sync.consent.answers.decisions import one_click
from alumni_sync.consent.joining.matching import list_joins, match_join
from alumni_sync.ledger.request_tables import JoinRequest
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Suppression, t
from alumni_sync.privacy.erasure import OBJECTION, erase
from alumni_sync.privacy.retention import purge_due
from tests.consent.joins import HR, PEOPLE
from tests.consent.world import RUN, World
from tests.sites.join_site import JoinSite
from tests.statements import statements

KNOWN = "zofia@mail.example"


@pytest.fixture
def site(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> JoinSite:
    """A site."""
    return JoinSite(World(tmp_path, sqlite_ledger, clock, people=PEOPLE))


def states(site: JoinSite) -> list[str]:
    """Return the states of all requests, oldest first."""
    table = t(JoinRequest)
    with site.world.d.ledger.read() as connection:
        return list(
            connection.execute(select(table.c.state).order_by(table.c.created_at)).scalars()
        )


def test_from_the_page_to_the_desk(site: JoinSite) -> None:
    """The way of everybody whom no read lists."""
    answer = site.ask(site.browser())
    assert (303, "/join/sent?lang=en") == (answer.status, answer.headers["location"])
    assert ["wake"] == site.woken
    site.world.deliver()

    browser = site.browser()
    page = site.mailed(browser)
    assert "Zofia Jaworowska" in page.text
    assert ["unproven"] == states(site)
    form = page.forms[0]
    done = browser.post(form.action, form.filled(("act", "confirm")))
    assert "Your request counts" in done.text
    assert ["proven"] == states(site)
    assert "Your request counts" in site.mailed().text
    assert [] == site.mailed().forms


def _nobody(_site: JoinSite) -> None:
    """Nothing is known of the address."""


def _invited(site: JoinSite) -> None:
    site.world.invited()


def _refused(site: JoinSite) -> None:
    site.world.answer(site.world.invited(), Answer.NO)


def _member(site: JoinSite) -> None:
    site.world.member()


def _objected(site: JoinSite) -> None:
    site.world.invited()
    assert one_click(site.world.d, site.world.token("/u/"))


def _erased(site: JoinSite) -> None:
    leaver = site.world.invited()
    erase(site.world.d, leaver.person, by="hr", reason=OBJECTION, run_id=RUN)


def _asked_often(site: JoinSite) -> None:
    for _ in range(5):
        site.ask(site.browser("198.51.100.1"), email=KNOWN)
    site.world.deliver()


@pytest.mark.parametrize(
    "before", [_nobody, _invited, _refused, _member, _objected, _erased, _asked_often]
)
def test_the_answer_is_the_same_whoever_is_known(
    site: JoinSite, before: Callable[[JoinSite], None]
) -> None:
    """A page that answers differently tells who worked here, and who objected.

    This is T43 of docs/tests-of-consent.md.
    """
    before(site)
    browser = site.browser()
    form = browser.get("/join").forms[0]
    with statements(site.world.d.ledger) as seen:
        answer = browser.post(form.action, site.filled(form, email=KNOWN))

    assert (303, "/join/sent?lang=en", b"") == (
        answer.status,
        answer.headers["location"],
        answer.content,
    )
    told = {name for name in answer.headers if name != "content-length"}
    assert "set-cookie" not in told
    assert ["BEGIN", "INSERT", "INSERT"] == [one.split()[0] for one in seen]


def test_opening_and_submitting_everything_empty_sends_nothing(site: JoinSite) -> None:
    """Mail scanners and crawlers submit whatever forms they find."""
    browser = site.browser()
    form = browser.get("/join").forms[0]
    assert 422 == browser.post(form.action, list(form.hidden.items())).status
    assert [] == form.preselected
    assert 422 == browser.post(form.action, site.filled(form, act="")).status
    assert 422 == browser.post(form.action, site.filled(form, act="yes")).status

    assert [] == states(site)
    assert [] == site.woken


def test_a_scanner_behind_the_mailed_link_decides_nothing(site: JoinSite) -> None:
    """Fifty looks and a bare submit later the person still decides (T1, T2)."""
    site.ask(site.browser())
    site.world.deliver()
    path = site.world.mails[-1].link("/j/").removeprefix(site.origin)
    for method in ("HEAD", "GET") * 25:
        site.browser().ask(method, path)
    scanner = site.browser()
    form = scanner.follow(path).forms[0]
    assert [] == form.preselected
    for fields in (form.filled(), [*form.filled(), ("act", "")], form.filled(*form.offered)):
        assert 422 == scanner.post(form.action, fields).status

    assert ["unproven"] == states(site)
    assert "set-cookie" not in site.browser().ask("HEAD", path).headers


def test_no_page_writes_when_it_is_read(site: JoinSite) -> None:
    """Reading must leave nothing behind."""
    site.ask(site.browser())
    site.world.deliver()
    path = site.world.mails[-1].link("/j/").removeprefix(site.origin)
    with statements(site.world.d.ledger) as seen:
        for page in ("/join", "/join/sent", path):
            site.browser().follow(page)

    assert [] == [one for one in seen if one.startswith(("INSERT", "UPDATE", "DELETE"))]


def test_who_never_asked_stops_it(site: JoinSite) -> None:
    """The owner of a mailbox that somebody typed must not have to hope that it ends."""
    site.ask(site.browser())
    site.world.deliver()
    browser = site.browser()
    form = site.mailed(browser).forms[0]
    done = browser.post(form.action, form.filled(("act", "not_me")))
    assert "gets no such mail again" in done.text
    assert ["rejected"] == states(site)

    site.ask(site.browser())
    site.world.deliver()
    assert 1 == len(site.world.mails)


@pytest.mark.parametrize(
    ("act", "left"), [("take_back", []), ("keep", ["all"])], ids=["taken back", "kept"]
)
def test_an_objection_is_told_of_behind_the_link_only(
    site: JoinSite, act: str, left: list[str]
) -> None:
    """Its owner may take it back; nobody else may even learn that there is one."""
    _objected(site)
    sent = site.browser()
    site.ask(sent, email=KNOWN)
    assert "do-not-write" not in sent.get("/join/sent").text
    site.world.deliver()
    browser = site.browser()
    page = site.mailed(browser)
    assert "do-not-write" not in page.text
    form = page.forms[0]
    page = browser.post(form.action, form.filled(("act", "confirm")))
    assert "do-not-write" in page.text
    form = page.forms[0]
    assert [] == form.preselected
    assert 422 == browser.post(form.action, form.filled()).status
    done = browser.post(form.action, form.filled(("act", act)))
    assert 200 == done.status

    with site.world.d.ledger.read() as connection:
        assert left == list(connection.execute(select(t(Suppression).c.scope)).scalars())


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"name": ""}, "write your name"),
        ({"name": "\u202e\u200b"}, "write your name"),
        ({"name": "x" * 121}, "write your name"),
        ({"company": ""}, "choose the company"),
        ({"company": "acme-pl"}, "choose the company"),
        ({"since": "19"}, "two years"),
        ({"since": "2026", "until": "2019"}, "two years"),
        ({"since": "2019", "until": "2999"}, "two years"),
        ({"since": "٢٠١٩"}, "two years"),
        ({"number": "7" * 41}, "employee number"),
        ({"number": "zofia@mail.example"}, "employee number"),
        ({"email": "zofia"}, "private e-mail"),
        ({"email": "zofia@acme.example"}, "private e-mail"),
        ({"email": "zofia@mail.ACME.example."}, "private e-mail"),
        ({"email": "a@b.example\r\nBcc: c@d.example"}, "private e-mail"),
        ({"email": f"{'a' * 260}@mail.example"}, "private e-mail"),
        ({"language": ""}, "choose the language"),
        ({"language": "xx"}, "choose the language"),
    ],
)
def test_what_cannot_be_used_is_said_and_not_kept(
    site: JoinSite, changed: dict[str, str], message: str
) -> None:
    """Whoever mistypes must learn where, and lose nothing of what they typed."""
    answer = site.ask(site.browser(), **changed)
    assert 422 == answer.status
    assert message in answer.text
    if "name" not in changed:
        assert 'value="Zofia Jaworowska"' in answer.text
    assert [] == states(site)


def test_hostile_names_are_plain_text_and_in_no_mail(site: JoinSite) -> None:
    """What a stranger types must not speak in our name (T41)."""
    name = "<script>x</script>{{7*7}}=HYPERLINK()"
    site.ask(site.browser(), name=name)
    site.world.deliver()
    (mail,) = site.world.mails
    assert "script" not in mail.text + mail.html + mail.subject
    page = site.mailed()
    assert "<script>" not in page.text
    assert "&lt;script&gt;" in page.text


@pytest.mark.parametrize("case", ["foreign", "no-token", "other-session", "old", "no-session"])
def test_forged_and_old_forms_are_refused(site: JoinSite, case: str) -> None:
    """Another site must not be able to have anybody written to (T8)."""
    browser = site.browser()
    form = browser.get("/join").forms[0]
    fields, headers, visitor = site.filled(form), None, browser
    if case == "foreign":
        headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    elif case == "no-token":
        fields = [pair for pair in fields if pair[0] != "form"]
    elif case == "other-session":
        visitor = site.browser()
        visitor.get("/join")
    elif case == "no-session":
        visitor = site.browser()
    else:
        site.world.later(hours=3)
    assert 403 == visitor.post(form.action, fields, headers=headers).status
    assert [] == states(site)


def test_the_same_form_twice_sends_one_mail(site: JoinSite) -> None:
    """A double click, or a reload of what was sent."""
    browser = site.browser()
    form = browser.get("/join").forms[0]
    fields = site.filled(form)
    assert [303, 303] == [browser.post(form.action, fields).status for _ in range(2)]
    site.world.deliver()

    assert 1 == len(site.world.mails)


def test_one_address_gets_three_mails_an_hour_and_ten_in_two_weeks(site: JoinSite) -> None:
    """Nobody's mailbox is filled through our page, from however many networks."""
    for day in range(8):
        for number in range(5):
            site.ask(site.browser(f"198.51.{day}.{number}"))
        site.world.deliver()
        assert min(3 * (day + 1), 10) == len(site.world.mails)
        site.world.later(days=1)
        purge_due(site.world.d, dry_run=False)  # what was typed goes, not how often we wrote


def test_one_network_is_stopped_whatever_it_types(site: JoinSite) -> None:
    """Sixty a minute are no people; the answer says nothing about any address."""
    statuses = []
    for number in range(65):
        browser = site.browser("198.51.100.9")
        statuses.append(site.ask(browser, email=f"a{number}@mail.example").status)
    assert [303] * 60 + [429] * 5 == statuses
    assert 303 == site.ask(site.browser()).status


@pytest.mark.parametrize("path", ["/j/unknown", "/j/" + "a" * 43, "/j/" + "a" * 5000, "/j"])
def test_links_that_open_nothing_are_all_the_same(site: JoinSite, path: str) -> None:
    """Unknown, used and expired look alike (T4)."""
    site.ask(site.browser())
    site.world.deliver()
    old = site.world.mails[-1].link("/j/").removeprefix(site.origin)
    site.world.later(hours=49)

    unknown, expired = site.browser().get(path), site.browser().get(old)
    assert (404, 404) == (unknown.status, expired.status)
    assert unknown.content == expired.content


def test_switched_off_there_is_no_page(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """A company that does not want it must not have it."""
    consent = {"public_url": "http://127.0.0.1:8400", "notice": "alumni-community", "join": False}
    site = JoinSite(World(tmp_path, sqlite_ledger, clock, consent=consent))
    browser = site.browser()
    assert [404] * 4 == [
        browser.get("/join").status,
        browser.get("/join/sent").status,
        browser.get("/j/x").status,
        browser.post("/join", []).status,
    ]
    assert "/join" not in browser.get("/how-we-decide").text


def test_the_unsubscribe_visit_of_another_tab_goes_on(site: JoinSite) -> None:
    """Looking at the join page must not close the page that somebody is answering on."""
    site.world.invited()
    browser = site.browser()
    question = browser.follow(site.world.mails[-1].link("/c/").removeprefix(site.origin)).forms[0]
    browser.get("/join")
    assert 303 == browser.post(question.action, question.filled(("answer", "no"))).status


@pytest.mark.parametrize("language", ["en", "pl", "de", "ru"])
def test_every_page_speaks_every_language(site: JoinSite, language: str) -> None:
    """A missing word would stop somebody half-way."""
    browser = site.browser()
    form = browser.get(f"/join?lang={language}").forms[0]
    answer = browser.post(form.action, site.filled(form, language=language))
    assert f'lang="{language}"' in browser.get(answer.headers["location"]).text
    site.world.deliver()
    page = site.mailed(browser)
    assert f'<html lang="{language}">' in page.text


def count(site: JoinSite) -> int:
    """Count the requests."""
    with site.world.d.ledger.read() as connection:
        query = select(func.count()).select_from(t(JoinRequest))
        return int(connection.execute(query).scalar_one())


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"x" * 20_000, "application/x-www-form-urlencoded", 413),
        (b"name=%ff", "application/x-www-form-urlencoded", 400),
        (b"{}", "application/json", 415),
        (b"&".join(b"a%d=1" % n for n in range(99)), "application/x-www-form-urlencoded", 413),
    ],
)
def test_what_is_no_form_of_ours_is_refused(
    site: JoinSite, body: bytes, kind: str, status: int
) -> None:
    """Nothing that large or strange comes from our page."""
    browser = site.browser()
    browser.get("/join")
    assert status == browser.post("/join", body=body, kind=kind).status
    assert 0 == count(site)


def test_one_mailbox_in_many_spellings_is_one_mailbox(site: JoinSite) -> None:
    """For the limit as for an objection; and a mail goes where the address leads (T25)."""
    spellings = ["Jan@straße.example", "JAN@STRAßE.EXAMPLE", "jan@xn--strae-oqa.example"]
    for number, email in enumerate([*spellings, *spellings]):
        site.ask(site.browser(f"198.51.{number}.1"), email=email)
    site.ask(site.browser(), email="jan@strasse.example")
    site.world.deliver()

    sent = [mail.to.lower() for mail in site.world.mails]
    assert (3, 1) == (sent.count("jan@xn--strae-oqa.example"), sent.count("jan@strasse.example"))


def test_whoever_guesses_links_is_stopped(site: JoinSite) -> None:
    """A network that tries secrets is not served for free (T4)."""
    browser = site.browser("198.51.100.77")
    statuses = [browser.get(f"/j/{number}").status for number in range(62)]
    assert [404] * 60 + [429] * 2 == statuses


@pytest.mark.parametrize("act", ["confirm", "not_me"])
def test_a_form_whose_request_is_gone_meanwhile_is_a_strangers(site: JoinSite, act: str) -> None:
    """Two tabs, two answers: the second finds nothing to answer, and nothing comes back (T6)."""
    site.ask(site.browser())
    site.world.deliver()
    one, two = site.browser(), site.browser()
    first, second = site.mailed(one).forms[0], site.mailed(two).forms[0]
    assert 200 == one.post(first.action, first.filled(("act", "not_me"))).status
    assert 404 == two.post(second.action, second.filled(("act", act))).status
    assert ["rejected"] == states(site)


def test_a_question_about_an_earlier_no_is_answered_on_the_page(site: JoinSite) -> None:
    """The word that counts is the person's own, in their language."""
    leaver = site.world.leaver(do_not_consider="yes")
    browser = site.browser()
    site.ask(browser, language="pl")
    site.world.deliver()
    form = site.mailed(browser).forms[0]
    browser.post(form.action, form.filled(("act", "confirm")))
    (line,) = list_joins(site.world.d, HR)
    match_join(site.world.d, line.id, leaver.spell, HR)
    site.world.deliver()

    page = site.mailed(browser)
    assert "nie brać Cię pod uwagę" in page.text
    form = page.forms[0]
    assert [("act", "take_back"), ("act", "keep")] == form.offered
    assert 422 == browser.post(form.action, form.filled()).status
    assert 200 == browser.post(form.action, form.filled(("act", "take_back"))).status
    assert ["matched"] == states(site)
