"""Cases worked where people work them: the real Dagster UI and desk, behind a proxy with sign-on.

One company for all of it. Two people rule in the UI, two at the desk; then who was admitted is
invited in the next round, and nobody else. What must decide nothing ends with a sentence.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from alumni_sync.clock import clock_from
from alumni_sync.deployment import Deployment
from alumni_sync.domain import Ruling
from alumni_sync.review.queue.numbering import case_number
from alumni_sync.review.rulings.tickets import issue
from tests.e2e.dagster.live import STARTS, Live
from tests.reverse_proxy import COOKIE

pytestmark = [pytest.mark.slow, pytest.mark.browser]
PATIENCE = 60_000  # milliseconds; the machine may be busy
FIRST, SECOND = "hr.kowalska", "legal.weber"
AUDITOR = "ops.nowak"


@dataclass
class Office:
    """A company that is up behind its proxy, and a browser for each of its people."""

    live: Live
    chromium: Browser
    open: list[BrowserContext] = field(default_factory=list)

    @property
    def origin(self) -> str:
        """Return where desk and UI are reached."""
        return f"http://127.0.0.1:{self.live.proxy}"

    def tab(self, user: str, width: int = 1500) -> Page:
        """Return a tab of somebody who is signed on."""
        context = self.chromium.new_context(viewport={"width": width, "height": 1000})
        context.add_cookies([{"name": COOKIE, "value": user, "url": self.origin}])
        self.open.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        return page

    def close_tabs(self) -> None:
        """Close all tabs: Dagster's pages ask and draw for as long as they are open."""
        while self.open:
            self.open.pop().close()

    def cases(self, *, two_person: bool) -> list[int]:
        """Return the open cases of the first person's source."""
        query = (
            "select id from exclusion_case where source = 'acme-pl' and status = 'open'"
            " and two_person = ? order by id"
        )
        return [int(row[0]) for row in self.live._rows(query, str(int(two_person)))]

    def becomes(self, case: int, status: str) -> None:
        """Wait until a case stands so."""
        self.live.eventually(
            lambda: self.live.statuses()[case] == status, 90, f"{case} did not become {status}"
        )

    def ticket(self, case: int, ruling: Ruling, version: int, user: str = "") -> str:
        """Return a ticket as a link of the deployment has it."""
        config = self.live.folder / "alumni_sync.yaml"
        clock = clock_from(f"{STARTS}@{self.live.began}")
        with Deployment.open(config, clock=clock) as d:
            hashes, now = d.ledger.hashes, d.clock.now()
            return issue(hashes, case_number(case), version, ruling, now=now, user=user)

    def launch(self, user: str, ticket: str, reason: str) -> str:
        """Launch by GraphQL as somebody who is signed on; return the run's id."""
        config = {"ops": {"rule": {"config": {"ticket": ticket, "reason": reason}}}}
        return self.live.launch("review_exclusions", config, **signed_on(user))

    def said(self, run_id: str) -> str:
        """Return what a run said of its failure."""
        query = """query($id: ID!) { logsForRun(runId: $id) { ... on EventConnection { events {
            ... on ExecutionStepFailureEvent { failureMetadata { description } } } } } }"""
        events = self.live.graphql(query, {"id": run_id}, **signed_on(FIRST))
        found = events["data"]["logsForRun"]["events"]
        return " ".join(
            one["failureMetadata"]["description"] for one in found if one.get("failureMetadata")
        )


def signed_on(user: str) -> dict[str, str]:
    """Return the header of a browser in which somebody is signed on."""
    return {"Cookie": f"{COOKIE}={user}"}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Office]:
    """Yield a company with its leavers taken in, up, behind its proxy."""
    live = Live.make_proxied(tmp_path_factory.mktemp("queue") / "acme")
    live.take_in()
    live.start()
    try:
        with live.behind_proxy():
            yield Office(live, chromium)
    finally:
        live.stop()


@pytest.fixture(autouse=True)
def _tabs(office: Office) -> Iterator[None]:
    """Close what a test has opened: see `Office.close_tabs`."""
    yield
    office.close_tabs()


def row_of(page: Page, case: int) -> Locator:
    """Return the entry of a case on the asset page."""
    return page.locator("tr", has_text=re.compile(f"^{case_number(case)}"))


def launched(page: Page, office: Office, case: int, verb: str, reason: str) -> None:
    """Find a case on the asset page, follow a link, choose a reason, launch."""
    page.goto(f"{office.origin}/dagster/assets/exclusion_queue")
    row = row_of(page, case)
    expect(row).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("@")).to_have_count(0)
    link = row.get_by_role("link", name=verb).get_attribute("href")
    assert link is not None
    assert link.startswith(f"{office.origin}/dagster/locations/")
    page.goto(link)
    launch = page.get_by_role("button", name=re.compile("Launch run", re.IGNORECASE))
    expect(page.get_by_text("not in enum type Reason got CHOOSE")).to_be_visible(timeout=PATIENCE)
    expect(launch).to_be_disabled()
    page.locator(".CodeMirror").get_by_text("CHOOSE", exact=True).dblclick()
    page.keyboard.type(reason)
    page.keyboard.press("Escape")
    expect(launch).to_be_enabled(timeout=PATIENCE)
    launch.click()


def pressed(page: Page, office: Office, case: int, button: str, why: str) -> None:
    """Open a case at the desk, choose why, press its button."""
    page.goto(f"{office.origin}/desk/case/{case_number(case)}")
    form = page.locator("form", has=page.get_by_role("button", name=button))
    form.get_by_label(why).check()
    form.get_by_label("Comment").fill("As we said on the phone.")
    form.get_by_role("button").click()
    expect(page.get_by_role("status")).to_be_visible(timeout=PATIENCE)


def test_two_people_rule_in_the_ui_and_at_the_desk(office: Office) -> None:
    """From the entry of a case to the invitation of whom two admitted, and of nobody else."""
    live = office.live
    invited = {letter.to for letter in live.invitations()}
    by_ui, upheld, by_desk = office.cases(two_person=True)[:3]
    first, second = office.tab(FIRST), office.tab(SECOND)

    launched(first, office, by_ui, "admit", "code_wrong")
    launched(first, office, upheld, "uphold", "confirmed")
    pressed(first, office, by_desk, "Admit", "I know what the rule does not")
    assert "awaiting_second" == live.statuses()[by_desk]
    pressed(second, office, by_desk, "Admit", "I know what the rule does not")
    expect(second.get_by_role("status")).to_contain_text("The case is admitted")
    assert second.url.startswith(f"{office.origin}/desk/case/")
    for case in (by_ui, upheld):
        office.becomes(case, "awaiting_second")

    second.goto(f"{office.origin}/dagster/assets/exclusion_queue")
    waits = row_of(second, by_ui).get_by_text("awaits a second person")
    expect(waits).to_be_visible(timeout=PATIENCE)
    launched(second, office, by_ui, "admit", "code_wrong")
    launched(second, office, upheld, "uphold", "confirmed")
    office.becomes(by_ui, "admitted")
    office.becomes(upheld, "upheld")

    office.close_tabs()
    live.eventually(
        lambda: len({letter.to for letter in live.invitations()} - invited) >= 2,
        120,
        "who was admitted was not invited",
    )
    assert 2 == len({letter.to for letter in live.invitations()} - invited)
    second = office.tab(SECOND)
    second.goto(f"{office.origin}/dagster/assets/exclusion_queue")
    expect(second.get_by_text(re.compile("EX-[0-9]+ is (admitted|upheld)"))).to_be_visible(
        timeout=PATIENCE
    )
    for case in (by_ui, upheld, by_desk):
        expect(row_of(second, case)).to_have_count(0)


def test_what_decides_nothing_says_why(office: Office) -> None:
    """A stale ticket, a forged one, a wrong role, a re-execution: a sentence, and no change."""
    case, other = office.cases(two_person=False)[:2]
    done = office.launch(FIRST, office.ticket(case, Ruling.UPHOLD, 1), "confirmed")
    assert "SUCCESS" == office.live.ends(done)
    office.becomes(case, "upheld")
    before = office.live.statuses()
    forged = f"{office.ticket(other, Ruling.ADMIT, 1)[:-1]}z"

    runs = {
        "stale": office.launch(FIRST, office.ticket(case, Ruling.ADMIT, 1), "code_wrong"),
        "forged": office.launch(FIRST, forged, "code_wrong"),
        "role": office.launch(AUDITOR, office.ticket(other, Ruling.ADMIT, 1), "code_wrong"),
        "not theirs": office.launch(
            SECOND, office.ticket(other, Ruling.ADMIT, 1, user=FIRST), "code_wrong"
        ),
    }
    sentences = {
        "stale": f"{case_number(case)} has changed since: look at it again before ruling",
        "forged": "the ticket is not one of ours: follow the link of the case again",
        "role": f"{AUDITOR} may not rule on a case: that takes the role reviewer",
        "not theirs": "the ticket was made for somebody else",
    }
    page = office.tab(FIRST)
    for what, run_id in runs.items():
        assert "FAILURE" == office.live.ends(run_id)
        assert sentences[what] == office.said(run_id)
        page.goto(f"{office.origin}/dagster/runs/{run_id}")
        expect(page.get_by_text(sentences[what]).first).to_be_visible(timeout=PATIENCE)
    page.goto(f"{office.origin}/dagster/runs/{done}")
    page.get_by_role("button", name=re.compile("Re-execute", re.IGNORECASE)).first.click()
    page.wait_for_url(lambda url: "/runs/" in url and done not in url)
    assert "SUCCESS" == office.live.ends(page.url.rpartition("/runs/")[2].partition("?")[0])
    assert before == office.live.statuses()
    page.goto(f"{office.origin}/dagster/assets/exclusion_queue")
    sentence = f"{case_number(case)}: this was done before, nothing changed"
    expect(page.get_by_text(sentence)).to_be_visible(timeout=PATIENCE)


def test_under_a_prefix_nothing_leads_around_the_proxy(office: Office) -> None:
    """An address that was made without the prefix, or by a header, would lead into nowhere."""
    page = office.tab(FIRST)
    seen: list[str] = []
    page.on("response", lambda one: seen.append(f"{one.status} {one.url}"))
    (case, *_) = office.cases(two_person=False)

    page.goto(f"{office.origin}/dagster/assets/exclusion_queue")
    row_of(page, case).get_by_role("link", name="case").click(modifiers=[])
    page.wait_for_url(re.compile("/desk/case/"))
    page.get_by_role("link", name="Exclusion queue").click()
    page.get_by_label("Opened").select_option("")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Exclusion queue")

    assert page.url.startswith(f"{office.origin}/desk/")
    assert [] == [one for one in seen if f" {office.origin}/d" not in one]
    assert [] == [one for one in seen if one.startswith(("4", "5"))]
    assert {COOKIE} == {one["name"] for one in page.context.cookies()}


def test_whoever_is_not_signed_on_gets_nowhere(office: Office, chromium: Browser) -> None:
    """Nor does a header that a browser sends by itself name anybody."""
    forged = {"X-Forwarded-User": FIRST, "X-Proxy-Secret": "guessed"}
    visitor = chromium.new_context(extra_http_headers=forged).request

    for path in ("/desk/", "/dagster/assets/exclusion_queue"):
        assert 401 == visitor.get(office.origin + path).status
    assert 403 == visitor.get(f"http://127.0.0.1:{office.live.desk_port}/").status


def test_at_the_desk_several_are_one_run_and_the_stale_are_told(office: Office) -> None:
    """From the list as from a case; and who comes late, or may not, reads why, on either page."""
    late, other = office.cases(two_person=False)[-2:]
    first, auditor = office.tab(FIRST), office.tab(AUDITOR)
    first.goto(f"{office.origin}/desk/case/{case_number(late)}")
    auditor.goto(f"{office.origin}/desk/case/{case_number(late)}")
    expect(auditor.get_by_role("button", name="Uphold")).to_have_count(0)
    expect(auditor.get_by_text(f"{AUDITOR} may not rule on a case").first).to_be_visible()

    desk = office.tab(FIRST)
    desk.goto(f"{office.origin}/desk/")
    for case in (late, other):
        desk.get_by_label(case_number(case), exact=True).check()
    desk.get_by_label("What, and why").select_option("uphold:confirmed")
    desk.get_by_role("button", name="Rule on the ticked cases").click()
    expect(desk.get_by_role("heading", level=1)).to_have_text("2 of 2 done", timeout=PATIENCE)
    assert ["upheld"] * 2 == [office.live.statuses()[case] for case in (late, other)]
    desk.get_by_role("link", name="run in Dagster").click()
    desk.wait_for_url(re.compile("/dagster/runs/"))
    expect(desk.get_by_text("Success").first).to_be_visible(timeout=PATIENCE)

    before = office.live.statuses()
    form = first.locator("form", has=first.get_by_role("button", name="Admit"))
    form.get_by_label("I know what the rule does not").check()
    form.get_by_label("Comment").fill("Too late.")
    form.get_by_role("button").click()
    said = f"{case_number(late)} has changed since: look at it again before ruling."
    expect(first.get_by_text(said)).to_be_visible(timeout=PATIENCE)
    first.get_by_role("link", name="run in Dagster").click()
    expect(first.get_by_text(said[:-1]).first).to_be_visible(timeout=PATIENCE)
    assert before == office.live.statuses()
