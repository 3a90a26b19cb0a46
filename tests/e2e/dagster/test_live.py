"""A live company: what a person does is seen soon after, and nothing else decides anything."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.dagster.live import Live

pytestmark = pytest.mark.slow
PATIENCE = 60_000  # milliseconds; the machine may be busy
A_YES = 150
"""Seconds until a yes has to be on the platform. The product promises a minute: the sensor looks
every 10 s, and a run takes about as long to start on an idle machine. One that runs other tests
beside this one needs a multiple of that. What the bound is there to catch takes longer still: a yes
that the sensor passes over waits for the next `daily_round`.
"""


def test_a_yes_is_on_the_platform_by_itself_and_a_no_within_seconds(live: Live) -> None:
    """Without anyone doing anything: an answer that waits for tomorrow is a broken promise."""
    letter = live.invitations()[0]

    live.becomes_member(letter, within=A_YES)
    live.eventually(lambda: live.can_leave(letter), 60, "no confirmation was sent")
    live.withdraws(letter)
    live.eventually(lambda: not live.is_on_platform(letter), 20, "a withdrawal had no effect")
    assert [] == live.mailed_twice()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_launch_without_a_ticket_decides_nothing(live: Live, method: str) -> None:
    """Any page in a reviewer's browser can have Dagster's webserver launch any job, by GET too."""
    before = live.statuses()
    config = {"ops": {"rule": {"config": {"ticket": "EX-000001", "reason": "code_wrong"}}}}

    run_id = live.launch(
        "review_exclusions",
        config,
        method=method,
        **{"X-Forwarded-User": "legal.weber", "Origin": "http://evil.example"},
    )

    assert "FAILURE" == live.ends(run_id)
    assert before == live.statuses()


def test_a_failed_run_can_be_executed_again(live: Live) -> None:
    """Workers that died are tried again by the daemon, and by whoever presses the button."""
    config = {"ops": {"rule": {"config": {"ticket": "none", "reason": "code_wrong"}}}}
    failed = live.launch("review_exclusions", config)
    assert "FAILURE" == live.ends(failed)

    again = live.execute_again(failed)

    assert "FAILURE" == live.ends(again)
    assert ["rule"] == live.steps_begun(again)


def test_the_user_that_a_caller_chose_is_overwritten(live: Live) -> None:
    """Tags are the caller's to choose; who launched it is not."""
    config = {"ops": {"rule": {"config": {"ticket": "none", "reason": "code_wrong"}}}}
    run_id = live.launch("review_exclusions", config, **{"X-Forwarded-User": "legal.weber"})
    query = "query($id: ID!) { runOrError(runId: $id) { ... on Run { tags { key value } } } }"

    answer = live.graphql(query, {"id": run_id})["data"]["runOrError"]["tags"]

    tags = {tag["key"]: tag["value"] for tag in answer}
    assert ("unverified", "unverified") == (
        tags["alumni_sync/user"],
        tags["alumni_sync/user_signature"],
    )


def test_a_second_up_refuses_to_start(live: Live) -> None:
    """Two daemons on one home would launch everything twice."""
    second = Live(live.folder, live.dagster_port, live.site_port, live.desk_port, live.began)
    with pytest.raises(AssertionError, match="already running for this deployment"):
        second.start()
    assert second.process is not None
    assert 2 == second.process.returncode


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """Yield a tab wide enough for Dagster, whose pages ask and draw as long as they are open."""
    page = chromium.new_page(viewport={"width": 1500, "height": 1000})
    page.set_default_timeout(PATIENCE)
    yield page
    page.close()


@pytest.mark.browser
def test_a_case_is_admitted_from_the_queue(page: Page, live: Live) -> None:
    """This is where HR sees what waits, and decides."""
    number = live.case_of("review")
    case = f"EX-{number:06d}"
    page.goto(f"http://127.0.0.1:{live.dagster_port}/assets/exclusion_queue")
    row = page.locator("tr", has_text=case)
    expect(row).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("@")).to_have_count(0)
    link = row.get_by_role("link", name="admit").get_attribute("href")
    assert link is not None

    page.goto(link)
    launch = page.get_by_role("button", name=re.compile("Launch run", re.IGNORECASE))
    expect(launch).to_be_disabled(timeout=PATIENCE)
    expect(page.get_by_text("not in enum type Reason got CHOOSE")).to_be_visible(timeout=PATIENCE)

    page.locator(".CodeMirror").get_by_text("CHOOSE", exact=True).dblclick()
    page.keyboard.type("code_wrong")
    page.keyboard.press("Escape")
    expect(launch).to_be_enabled(timeout=PATIENCE)
    launch.click()

    live.eventually(lambda: live.statuses()[number] == "admitted", 90, "nothing was decided")
    page.goto(f"http://127.0.0.1:{live.dagster_port}/assets/exclusion_queue")
    said = page.get_by_text(re.compile(f"{case} is admitted"))
    expect(said).to_be_visible(timeout=PATIENCE)
    expect(page.locator("tr", has_text=re.compile(f"^{case}"))).to_have_count(0)
