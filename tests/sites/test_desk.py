"""The HR desk: who may look, what is shown, and that nothing can be done here."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from starlette.types import ASGIApp
from structlog.testing import capture_logs

from alumni_sync.clock import FixedClock
from alumni_sync.domain import CaseStatus, Identity, Ruling
from alumni_sync.eligibility.evaluation.explain import ClauseSaid, RuleSaid
from alumni_sync.review.queue.listing import CaseFilter, CasePage, CaseSummary
from alumni_sync.review.record.dossier import Dossier
from alumni_sync.review.record.history import CaseHistory
from alumni_sync.review.rulings.offers import Offers
from alumni_sync.sections import Proxy
from alumni_sync.sites.desk.app import desk_app
from alumni_sync.sites.desk.queue import PAGE_SIZE
from alumni_sync.sites.desk.service import OpenedCase
from alumni_sync.sites.desk.shell import DeskSite
from tests.sites.browser import Browser, Response
from tests.sites.test_headers import ALWAYS

ORIGIN = "http://127.0.0.1:8401"
SECRET = "s3cret-of-the-proxy"
PROXY = Proxy(user_header="X-Forwarded-User", secret=SecretStr(SECRET))
THEN = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def line(number: int, status: str = "open") -> CaseSummary:
    """Return a case of the list."""
    return CaseSummary(
        case=f"EX-{number:06d}",
        source="acme-pl",
        verdict="excluded",
        rules=("conduct-exit",),
        opened_at=THEN,
        due_at=THEN + timedelta(days=7 * number),
        due_on=(THEN + timedelta(days=7 * number)).date(),
        status=status,
        version=1,
        two_person=True,
    )


@dataclass
class Cases:
    """A stand-in for the review stage that remembers who read what."""

    total: int = 3
    allowed: bool = True
    status: str = "open"
    sealed: str = ""
    read: list[tuple[str, str]] = field(default_factory=list)
    asked: list[CaseFilter] = field(default_factory=list)

    def may_open(self, identity: Identity) -> bool:
        """Say what the test says."""
        assert identity.user
        return self.allowed

    def sources(self, identity: Identity) -> list[str]:
        """Return the two sources."""
        assert identity.user
        return ["acme-pl", "acme-de"]

    def cases(self, identity: Identity, filters: CaseFilter, *, after: int, limit: int) -> CasePage:
        """Return cases from a position on."""
        assert identity.user
        self.asked.append(filters)
        numbers = range(after + 1, self.total + 1)[:limit]
        lines = [line(n, "open" if filters.waiting else "upheld") for n in numbers]
        more = numbers[-1] if numbers and numbers[-1] < self.total else None
        return CasePage(lines, more)

    def case(self, identity: Identity, number: str) -> OpenedCase | None:
        """Return the one case that there is."""
        if number != "EX-000001":
            return None
        self.read.append((identity.user, number))
        rule = RuleSaid(
            "conduct-exit",
            "Excluded when the exit kind is misconduct or dispute.",
            holds=True,
            clauses=(ClauseSaid("the exit kind is misconduct or dispute", holds=True),),
        )
        dossier = Dossier(
            summary=line(1, self.status),
            name="Jan <b>Próba</b>",
            employee="PL-1001",
            facts={"exit_kind": "misconduct", "department": "{{ 7 * 7 }}"},
            reasons=("Excluded because the exit kind is misconduct.",),
            unknown=("birth_date",),
            rules=() if self.sealed else (rule,),
            effects=("The person is invited in the next round.",),
            profile_url="https://hris.example/people/1",
            history=(CaseHistory(THEN, "opened", "system", verified=True, reason=""),),
            sealed=self.sealed,
        )
        return OpenedCase(dossier, Offers(refusals={Ruling.ADMIT: "you have no role for it"}))


def desk(cases: Cases, proxy: Proxy | None = None, url: str = ORIGIN) -> ASGIApp:
    """Return the desk over the stand-in."""
    site = DeskSite(url, "Acme", "http://127.0.0.1:3000", proxy)
    return desk_app(site, cases, FixedClock(THEN + timedelta(days=10)))


def from_proxy(
    app: ASGIApp, path: str, secret: str = SECRET, user: str = "hr.kowalska"
) -> Response:
    """Open a page as the proxy would ask for it."""
    return Browser(app, ORIGIN).get(path, X_Forwarded_User=user, X_Proxy_Secret=secret)


def test_a_case_shows_the_person_the_facts_and_the_rule() -> None:
    """Whoever rules on somebody must see what the rule saw."""
    page = Browser(desk(Cases()), ORIGIN).get("/case/EX-000001").text

    for text in (
        "EX-000001",
        "PL-1001",
        "misconduct",
        "Excluded when the exit kind is misconduct or dispute.",
        "Not known: birth date",
        "https://hris.example/people/1",
        "The person is invited in the next round.",
    ):
        assert text in page
    assert "This case takes two people" in page


def test_whoever_may_not_rule_is_told_why() -> None:
    """A button that ends in a refusal sends people round in circles."""
    page = Browser(desk(Cases()), ORIGIN).get("/case/EX-000001").text

    assert "<button" not in page
    assert "You have no role for it." in page
    assert "a reviewer, and a second" in page


def test_a_case_that_is_decided_is_only_told() -> None:
    """Doors on a closed case would invite a second ruling."""
    page = Browser(desk(Cases(status="upheld")), ORIGIN).get("/case/EX-000001").text

    assert "Rule on it" not in page


def test_what_is_gone_is_said() -> None:
    """An empty page about an erased person looks like a fault."""
    page = Browser(desk(Cases(sealed="the person was erased")), ORIGIN).get("/case/EX-000001").text

    assert "the person was erased" in page
    assert "The rules have changed since" in page


def test_what_is_late_is_marked() -> None:
    """A case that nobody looks at keeps somebody out by accident."""
    page = Browser(desk(Cases()), ORIGIN).get("/").text

    assert 1 == page.count("open, overdue")


def test_values_are_shown_as_text() -> None:
    """A name with markup would run in the browser of whoever rules (T41)."""
    page = Browser(desk(Cases()), ORIGIN).get("/case/EX-000001").text

    assert "Jan &lt;b&gt;Próba&lt;/b&gt;" in page
    assert "{{ 7 * 7 }}" in page


def test_a_page_is_changed_by_no_other_method() -> None:
    """What is only read must not be writable by a method that nobody thought of."""
    browser = Browser(desk(Cases()), ORIGIN)

    for path in ("/", "/case/EX-000001"):
        assert 'method="post"' not in browser.get(path).text
        for method in ("POST", "PUT", "DELETE"):
            assert 405 == browser.ask(method, path).status


def test_the_list_is_asked_for_by_its_address() -> None:
    """Whoever looks for late cases of one rule must not page through fifty thousand."""
    cases = Cases()
    browser = Browser(desk(cases), ORIGIN)

    browser.get("/?show=overdue&source=acme-de&rule=conduct-exit&older=14")
    browser.get("/?show=admitted")
    browser.get("/?show=all&source=other&older=15")

    assert [
        CaseFilter(
            sources=frozenset({"acme-de"}),
            rule="conduct-exit",
            overdue=True,
            older_than=timedelta(days=14),
        ),
        CaseFilter(status=CaseStatus.ADMITTED),
        CaseFilter(),
    ] == cases.asked


def test_the_next_page_asks_for_the_same() -> None:
    """A filter that is lost on the second page shows other people's cases as if they fitted."""
    browser = Browser(desk(Cases(total=PAGE_SIZE + 2)), ORIGIN)

    page = browser.get("/?show=all&rule=conduct%26exit").text

    assert f'href="/?show=all&amp;rule=conduct%26exit&amp;after={PAGE_SIZE}"' in page
    assert "No case is like that" in Browser(desk(Cases(total=0)), ORIGIN).get("/?rule=x").text


@pytest.mark.parametrize("path", ["/", "/case/EX-000001", "/case/EX-9", "/nothing", "/style.css"])
def test_every_response_of_the_desk_is_protected(path: str) -> None:
    """What is shown here must be framed, cached and indexed nowhere."""
    headers = Browser(desk(Cases()), ORIGIN).get(path).headers

    assert ALWAYS == {name: headers.get(name) for name in ALWAYS}


def test_without_a_proxy_everybody_is_unverified() -> None:
    """On loopback any program can name a user: the desk must not believe it."""
    cases = Cases()

    page = from_proxy(desk(cases), "/case/EX-000001")

    assert "Unverified identity" in page.text
    assert "hr.kowalska" not in page.text
    assert [("unverified", "EX-000001")] == cases.read


def test_the_proxys_user_counts_beside_its_secret() -> None:
    """The record of who read a case is worth what its identity is worth."""
    cases = Cases()

    page = from_proxy(desk(cases, PROXY), "/case/EX-000001")

    assert "Signed in as <strong>hr.kowalska</strong>" in page.text
    assert [("hr.kowalska", "EX-000001")] == cases.read


@pytest.mark.parametrize(
    ("secret", "user"),
    [("", "hr.kowalska"), ("wrong", "hr.kowalska"), (SECRET + "x", "hr.kowalska"), (SECRET, ""),
     ("ś", "hr.kowalska")],
)  # fmt: skip
def test_whoever_comes_around_the_proxy_sees_nothing(secret: str, user: str) -> None:
    """Behind a proxy an unknown visitor is somebody who found the port."""
    cases = Cases()
    app = desk(cases, PROXY)

    for path in ("/", "/case/EX-000001"):
        answer = from_proxy(app, path, secret, user)
        assert 403 == answer.status
        assert "did not come through it" in answer.text
    assert [] == cases.read


def test_a_user_without_a_role_sees_nothing() -> None:
    """A login is no permission."""
    cases = Cases(allowed=False)

    assert 403 == from_proxy(desk(cases, PROXY), "/case/EX-000001").status
    assert [] == cases.read


@pytest.mark.parametrize("number", ["EX-999999", "EX-1", "1", "EX-000001'", "..%2f"])
def test_there_are_no_other_cases(number: str) -> None:
    """A made-up number must not break the page."""
    assert 404 == Browser(desk(Cases()), ORIGIN).get(f"/case/{number}").status


def test_the_list_comes_in_pages() -> None:
    """Three thousand cases on one page are none that anybody reads."""
    browser = Browser(desk(Cases(total=PAGE_SIZE + 2)), ORIGIN)

    first, second = browser.get("/"), browser.get(f"/?after={PAGE_SIZE}")

    assert PAGE_SIZE == first.text.count('scope="row"')
    assert f"?after={PAGE_SIZE}" in first.text
    assert 2 == second.text.count('scope="row"')
    assert "Later cases" not in second.text


@pytest.mark.parametrize("after", ["x", "-1", "9" * 40, "9" * 5000, "٣", ""])
def test_a_made_up_position_is_the_beginning_or_the_end(after: str) -> None:
    """What stands in an address comes from anybody."""
    assert 200 == Browser(desk(Cases()), ORIGIN).get(f"/?after={after}").status


def test_an_empty_queue_says_so() -> None:
    """An empty table looks like a fault."""
    assert "Nothing waits for you." in Browser(desk(Cases(total=0)), ORIGIN).get("/").text


def test_another_host_cannot_be_pointed_at_the_desk() -> None:
    """DNS rebinding would let any web page read cases through the visitor's browser."""
    answer = Browser(desk(Cases()), ORIGIN).get("/case/EX-000001", Host="evil.example")

    assert 400 == answer.status
    assert "misconduct" not in answer.text


@pytest.mark.parametrize("mount", ["", "/desk"])
def test_the_desk_lives_under_a_prefix(mount: str) -> None:
    """Beside Dagster behind one proxy, links must lead back to the desk."""
    browser = Browser(desk(Cases(), url=ORIGIN + "/desk"), ORIGIN)

    assert 'href="/desk/case/EX-000001"' in browser.get(f"{mount}/").text
    assert 'href="/desk/style.css' in browser.get(f"{mount}/case/EX-000001").text


def test_the_log_names_no_person() -> None:
    """A log that names people on a queue of exclusions is worse than the queue."""
    with capture_logs() as lines:
        Browser(desk(Cases()), ORIGIN).get("/case/EX-000001")

    assert "Jan" not in repr(lines)
    assert "/case/{number}" in repr(lines)
