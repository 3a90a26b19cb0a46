"""The HR desk over a real queue: who sees what, what is written down, where links lead."""

from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml

from alumni_sync.clock import FixedClock
from alumni_sync.ledger.store import Ledger
from alumni_sync.review.people.identity import UNVERIFIED
from alumni_sync.review.queue.listing import CaseFilter
from alumni_sync.review.rulings.launchpad import RULING_JOB, RULING_OP, launchpad
from alumni_sync.sites.desk.service import LedgerDesk
from tests.sites.queue_desk import Company, buttons


@pytest.fixture
def proxied(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> Company:
    """A company whose desk is behind a proxy."""
    return Company(tmp_path, sqlite_ledger, clock, proxied=True)


@pytest.fixture
def local(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> Company:
    """A company whose desk is on loopback, as in the sample."""
    return Company(tmp_path, sqlite_ledger, clock, proxied=False)


def test_a_reviewer_sees_the_case_and_may_rule(proxied: Company) -> None:
    """Facts, rule and buttons of one case, as its reviewer gets them."""
    leaver = proxied.leaver("performance")

    page = proxied.case(leaver, "rev")

    assert 200 == page.status
    for text in ("Zofia Jaworowska", "performance", "Signed in as", "What admitting would do"):
        assert text in page.text
    assert ["uphold", "admit"] == buttons(page)


@pytest.mark.parametrize(
    ("user", "shown"), [("aud", []), ("sec", []), ("rev", ["uphold", "admit"])]
)
def test_who_may_only_look_gets_no_button(proxied: Company, user: str, shown: list[str]) -> None:
    """The desk and the job must not disagree about who may rule."""
    page = proxied.case(proxied.leaver("misconduct"), user)

    assert 200 == page.status
    assert shown == buttons(page)


@pytest.mark.parametrize("user", ["ops", "stranger"])
def test_a_login_without_a_role_sees_nothing(proxied: Company, user: str) -> None:
    """Everybody in the company can log in; few may see why somebody left."""
    leaver = proxied.leaver("misconduct")

    for page in (proxied.case(leaver, user), proxied.open("/", user)):
        assert 403 == page.status
        assert "misconduct" not in page.text


def test_a_reviewer_sees_the_cases_of_their_sources(proxied: Company) -> None:
    """The list, and a case that is somebody else's: it does not exist."""
    mine, other = proxied.leaver("performance"), proxied.leaver("performance", "acme-de")

    listed = proxied.open("/", "rev").text

    assert proxied.queue.number(mine) in listed
    assert proxied.queue.number(other) not in listed
    assert 404 == proxied.case(other, "rev").status
    assert 200 == proxied.case(other, "both").status


def test_reading_is_written_down_once(proxied: Company) -> None:
    """Who looked at whose misconduct is the first question after a leak."""
    leaver = proxied.leaver("misconduct")
    proxied.open("/", "rev")
    for _ in range(3):
        proxied.case(leaver, "rev")
    proxied.case(leaver, "aud")
    proxied.case(leaver, "stranger")

    seen = [actor for event, actor, _ in proxied.queue.events(leaver) if event == "seen"]
    assert ["rev", "aud"] == seen


def test_on_loopback_everybody_is_unverified(local: Company) -> None:
    """The sample has no login: it must show, say so, and let nobody be one of two."""
    grave, light = local.leaver("misconduct"), local.leaver("performance")

    assert "Unverified identity" in local.case(grave).text
    assert [] == buttons(local.case(grave, "both"))
    assert ["uphold", "admit"] == buttons(local.case(light))


def test_a_ruling_leaves_the_list_of_those_that_wait(local: Company) -> None:
    """A case that is done must not be ruled on again by mistake."""
    leaver = local.leaver("performance")
    number = local.queue.number(leaver)
    assert number in local.open("/").text

    local.queue.rule(leaver, "uphold", reason="confirmed")

    assert number not in local.open("/").text
    assert number in local.open("/?show=all").text
    page = local.case(leaver)
    assert [] == buttons(page)
    assert "confirmed" in page.text


def test_pages_follow_one_another(local: Company) -> None:
    """The case after the last of a page must be the first of the next."""
    numbers = [local.queue.number(local.leaver("performance")) for _ in range(3)]
    service = LedgerDesk(local.queue.d)

    first = service.cases(UNVERIFIED, CaseFilter(waiting=True), after=0, limit=2)
    assert first.after is not None
    second = service.cases(UNVERIFIED, CaseFilter(waiting=True), after=first.after, limit=2)

    assert numbers == [line.case for line in (*first.cases, *second.cases)]
    assert second.after is None


@pytest.mark.parametrize(
    "path", ["/case/EX-000099", "/case/EX-1", "/case/x", "/case/EX-9999999999"]
)
def test_a_made_up_case_does_not_exist(local: Company, path: str) -> None:
    """Numbers can be guessed; what is not there must not fail differently."""
    assert 404 == local.open(path).status


def test_the_launchpad_opens_with_everything_but_the_reason() -> None:
    """A link that Dagster does not understand, or that has a reason already, decides for people."""
    link = launchpad("https://hr.example/dagster", RULING_JOB, RULING_OP, "T")

    address, _, config = link.partition("?config=")
    jobs = "https://hr.example/dagster/locations/alumni_sync/jobs"
    assert f"{jobs}/review_exclusions/playground/setup" == address
    assert {"ops": {"rule": {"config": {"ticket": "T", "reason": "CHOOSE"}}}} == yaml.safe_load(
        unquote(config)
    )
