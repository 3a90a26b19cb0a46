"""The consent site over a real ledger: from the mail to the receipt, and what GET never does."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import event

from alumni_sync.clock import FixedClock
from alumni_sync.ledger.store import Ledger
from alumni_sync.sites.consent.app import ConsentSite, consent_app
from alumni_sync.sites.consent.ledger_services import ledger_services
from tests.consent.world import World
from tests.roster import Leaver
from tests.sites.browser import Browser, PageForm

CHANGES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "BEGIN IMMEDIATE")


class Site:
    """A company with its site and the browsers of its leavers."""

    def __init__(self, world: World) -> None:
        """Serve the world's deployment."""
        self.world = world
        self.origin = world.d.settings.consent.public_url
        self.app = consent_app(
            ConsentSite(self.origin, "Acme", ("en", "pl"), (("Acme", "privacy@acme.example"),)),
            ledger_services(world.d),
            hashes=world.d.ledger.hashes,
            clock=world.clock,
            wake=lambda: None,
        )

    def browser(self) -> Browser:
        """Return a new visitor."""
        return Browser(self.app, self.origin)

    def link(self, path: str, mail: int = -1) -> str:
        """Return the path of a link in a mail."""
        return urlsplit(self.world.mails[mail].link(path)).path

    def question(self, browser: Browser) -> PageForm:
        """Open the newest invitation."""
        return browser.follow(self.link("/c/")).forms[0]


@pytest.fixture
def site(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Site:
    """A site on either database."""
    return Site(World(tmp_path, ledger, clock))


@contextmanager
def statements(world: World) -> Iterator[list[str]]:
    """Collect every statement that reaches the ledger."""
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement.lstrip().upper())

    engine = world.d.ledger.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def history(site: Site, leaver: Leaver) -> list[str]:
    """Return the events of a leaver after the asking."""
    return [name for name in site.world.history(leaver) if name != "asked"]


def test_from_the_mail_to_the_receipt_and_out_again(site: Site) -> None:
    """The way every member goes; each page must say what the ledger says."""
    leaver, browser = site.world.invited(), site.browser()
    form = site.question(browser)

    answer = browser.post(
        form.action,
        form.filled(
            ("answer", "yes"), ("field", "job_title"), ("show", "job_title"), ("purpose", "events")
        ),
    )
    assert 303 == answer.status
    done = browser.get(answer.headers["location"])
    assert "Accountant" in done.text
    receipt = browser.get("/receipt")
    assert 200 == receipt.status
    assert "You no longer work at Acme" in receipt.text
    assert "application/ld+json" == browser.get("/receipt.json").headers["content-type"]

    site.world.deliver()
    later = site.browser()
    leave = later.follow(site.link("/p/")).forms[0]
    gone = later.post(leave.action, leave.filled(("leave", "everything")))
    assert "/consent/done" == gone.headers["location"]
    assert "You have left the community" in later.get("/consent/done").text
    assert ["said_yes", "withdrew"] == history(site, leaver)
    assert 404 == site.browser().get(site.link("/c/", 0)).status


def test_no_get_writes(site: Site) -> None:
    """A page that writes when it is read is moved by scanners, prefetchers and previews (T1)."""
    site.world.invited()
    unsubscribe = site.link("/u/")
    browser = site.browser()
    form = site.question(browser)
    browser.post(form.action, form.filled(("answer", "yes"), ("field", "job_title")))
    site.world.deliver()
    site.world.invited("maria")

    with statements(site.world) as seen:
        for path in (site.link("/c/"), site.link("/p/", 1), unsubscribe, "/c/unknown"):
            visitor = site.browser()
            visitor.ask("HEAD", path)
            visitor.follow(path)
            for page in ("/consent", "/consent/done", "/p", "/u", "/receipt", "/how-we-decide"):
                visitor.get(page)
                visitor.ask("HEAD", page)

    assert seen, "the pages were not made from the ledger"
    assert [] == [statement for statement in seen if statement.startswith(CHANGES)]


def test_a_scanner_that_submits_everything_changes_nothing(site: Site) -> None:
    """Every form of every link, submitted as it stands, against the real stages (T2)."""
    leaver = site.world.invited()
    before = site.world.invitation(leaver)

    for path in (site.link("/c/"), site.link("/u/")):
        browser = site.browser()
        for form in browser.follow(path).forms:
            assert 422 == browser.post(form.action, form.filled()).status

    assert [] == history(site, leaver)
    assert before == site.world.invitation(leaver)


def test_a_replay_and_a_second_tab(site: Site) -> None:
    """The real lifecycle behind a doubled click, and behind a changed mind in another tab (T5).

    This is T6 of docs/tests-of-consent.md.
    """
    leaver, browser = site.world.invited(), site.browser()
    first, second = site.question(browser), browser.follow("/consent").forms[0]
    yes = first.filled(("answer", "yes"))

    assert 303 == browser.post(first.action, yes).status
    assert 303 == browser.post(first.action, yes).status
    assert 409 == browser.post(second.action, second.filled(("answer", "no"))).status

    assert ["said_yes"] == history(site, leaver)


def test_less_can_be_stored_without_leaving(site: Site) -> None:
    """Taking one thing back must keep the rest."""
    leaver, browser = site.world.invited(), site.browser()
    form = site.question(browser)
    chosen = [
        *[("field", "job_title"), ("show", "job_title"), ("field", "legal_entity")],
        *[("purpose", "events"), ("purpose", "newsletter")],
    ]
    browser.post(form.action, form.filled(("answer", "yes"), *chosen))
    forms = {f.action + f.offered[0][0]: f for f in browser.get("/p").forms if f.offered}

    fields = forms["/p/fieldsremove"]
    narrowed = fields.filled(("remove", "legal_entity"), ("hide", "job_title"))
    assert 303 == browser.post(fields.action, narrowed).status
    stop = forms["/p/withdrawpurpose"]
    assert 303 == browser.post(stop.action, stop.filled(("purpose", "events"))).status

    current = site.world.shown(leaver).current
    assert current is not None
    assert {"job_title": ("Accountant", False)} == dict(current.fields)
    assert {"community", "newsletter"} == set(current.purposes)
    assert ["said_yes", "narrowed", "narrowed"] == history(site, leaver)


@pytest.mark.parametrize("answer", ["no", "later", "not_me"])
def test_every_other_answer_ends_the_asking(site: Site, answer: str) -> None:
    """A no that is not heard is the worst mail of all."""
    leaver, browser = site.world.invited(), site.browser()
    form = site.question(browser)

    assert 303 == browser.post(form.action, form.filled(("answer", answer))).status

    assert [f"said_{answer}"] == history(site, leaver)
    assert 200 == browser.get("/consent/done").status
    site.world.later(days=7)
    assert 0 == site.world.round().sent


def test_one_click_objects(site: Site) -> None:
    """The button of the mail program, against the real suppression list."""
    leaver = site.world.invited()

    answer = site.browser().post(site.link("/u/"), body=b"List-Unsubscribe=One-Click", headers={})

    assert 200 == answer.status
    assert ["objected"] == history(site, leaver)


def test_after_the_close_there_is_no_answer(site: Site) -> None:
    """A yes after the promised end would be a yes to another text: the page says it is over."""
    leaver, browser = site.world.invited(), site.browser()
    site.question(browser)
    site.world.later(days=30, hours=20)
    late = site.browser().follow(site.link("/c/"))

    assert "Save my answer" not in late.text
    assert [] == history(site, leaver)


def test_a_notice_and_the_rules_are_public(site: Site) -> None:
    """The pages that need no person, from the deployment's own files."""
    browser = site.browser()

    notice = browser.get("/n/alumni-community/1.0.0/pl")
    assert 200 == notice.status
    assert "Nie pracujesz już w firmie Acme" in notice.text
    assert 404 == browser.get("/n/alumni-community/9.9.9/en").status
    assert 404 == browser.get("/n/other/1.0.0/en").status
    rules = browser.get("/how-we-decide")
    assert 200 == rules.status
    assert "misconduct" in rules.text


def test_a_yes_with_another_address_from_the_page_to_the_proof(site: Site) -> None:
    """One more step, and no membership before it: as its person goes through it."""
    leaver, browser = site.world.invited(), site.browser()
    form = site.question(browser)
    chosen = (("answer", "yes"), ("field", "job_title"), ("purpose", "job_offers"))
    texts = {"email": "z.nowa@post.example", "not_before": "2027-05-01"}

    answer = browser.post(form.action, form.filled(*chosen, **texts))

    assert "/consent/done" == answer.headers["location"]
    page = browser.get("/consent/done").text
    for words in (
        "One more step",
        "We have written to z•••@p•••.example",
        "Was the address wrong?",
    ):
        assert words in page
    assert 404 == browser.get("/p").status  # there is nothing to manage yet
    assert "We have written to z•••@p•••.example" in browser.get("/consent").text
    site.world.deliver()
    other = site.browser()
    proof = other.follow(site.link("/e/")).forms[0]
    assert 303 == other.post(proof.action, proof.filled(("act", "mine"))).status
    done = other.get("/consent/done").text
    for words in ("Thank you. You are in.", "Accountant", "(not before 1"):
        assert words in done
    assert 200 == other.get("/p").status
    assert ["address_asked", "address_proven"] == history(site, leaver)
    assert 404 == site.browser().get(site.link("/e/")).status
