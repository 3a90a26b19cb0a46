"""The desk's launches in Dagster: a run like any other, signed for whoever pressed the button."""

import threading
from collections.abc import Sequence

import dagster as dg
import pytest

from alumni_sync.cli.launching import DeskLauncher, has_dagster
from alumni_sync.deployment import Deployment
from alumni_sync.domain import Identity, LaunchResult
from alumni_sync.review.queue.following import count_waiting
from alumni_sync.review.queue.inbox import InboxEntry, inbox
from alumni_sync.review.record.dossier import show_case
from assets.home import instance_of
from assets.launcher import DagsterLauncher
from assets.rulings import review_exclusions
from assets.run_coordinator import launched_by
from tests.assets.test_rulings import BY_PROXY

KOWALSKA = Identity("hr.kowalska", verified=True)
SCHMIDT = Identity("hr.schmidt", verified=True)
WEBER = Identity("legal.weber", verified=True)


@pytest.fixture
def proxied(company: Deployment) -> Deployment:
    """Return the company behind a proxy that knows its people."""
    config = company.root / "alumni_sync.yaml"
    config.write_text(config.read_text(encoding="utf-8") + BY_PROXY, encoding="utf-8")
    return Deployment.open(config, clock=company.clock)


def only(results: Sequence[LaunchResult]) -> LaunchResult:
    """Return what became of the one case that was launched."""
    (result,) = results
    return result


def entry_of(d: Deployment, verdict: str, case: str = "") -> InboxEntry:
    """Return a case that waits."""
    return next(e for e in inbox(d) if e.verdict == verdict and case in e.case)


def reviewer_of(d: Deployment, case: str) -> Identity:
    """Return who rules first at the source of a case."""
    shown = show_case(d, case, WEBER)
    assert shown is not None
    return {"acme-pl": KOWALSKA, "acme-de": SCHMIDT}[shown.summary.source]


def run_of(d: Deployment, result: LaunchResult) -> dg.DagsterRun:
    """Return the run that a launch left in Dagster."""
    assert result.run_id is not None
    with instance_of(d.root) as instance:
        run = instance.get_run_by_id(result.run_id)
    assert run is not None
    return run


def status_of(d: Deployment, case: str) -> str:
    """Return how a case stands."""
    shown = show_case(d, case, WEBER)
    assert shown is not None
    return shown.summary.status


def test_two_people_admit_from_the_desk(proxied: Deployment) -> None:
    """A button that does less than the link beside it would leave half of the rulings undone."""
    launcher, entry = DagsterLauncher(proxied), entry_of(proxied, "excluded")
    first = reviewer_of(proxied, entry.case)

    proposed = only(launcher.launch([entry.admit_ticket], "code_wrong", first))
    assert f"{entry.case} waits for a second person to admit it" == proposed.sentence
    waiting = entry_of(proxied, "excluded", entry.case)
    own = only(launcher.launch([waiting.admit_ticket], "code_wrong", first))
    assert own.refused
    assert "awaiting_second" == status_of(proxied, entry.case)
    done = only(launcher.launch([waiting.admit_ticket], "code_wrong", WEBER))

    assert done.sentence.startswith(f"{entry.case} is admitted: in the next round the person")
    assert "admitted" == status_of(proxied, entry.case)


def test_a_launch_is_a_run_that_is_signed_for_its_user(proxied: Deployment) -> None:
    """Dagster's history must name who ruled, and nobody may copy it to a run of their own."""
    entry = entry_of(proxied, "review")
    user = reviewer_of(proxied, entry.case)
    result = only(DagsterLauncher(proxied).launch([entry.uphold_ticket], "confirmed", user))
    run = run_of(proxied, result)

    hashes = proxied.ledger.hashes
    assert (review_exclusions.name, dg.DagsterRunStatus.SUCCESS) == (run.job_name, run.status)
    assert user == launched_by(hashes, run.run_id, run.tags)
    assert not launched_by(hashes, "another run", run.tags).verified
    config = {"ticket": entry.uphold_ticket, "reason": "confirmed"}
    assert {"rule": {"config": config}} == run.run_config["ops"]


@pytest.mark.parametrize("ticket", ["", "EX-000001.1.admit.99999999999.." + "0" * 64])
def test_without_a_ticket_nothing_is_decided(proxied: Deployment, ticket: str) -> None:
    """The port takes text; whoever reaches it with another must get nowhere."""
    before = count_waiting(proxied)

    result = only(DagsterLauncher(proxied).launch([ticket], "code_wrong", WEBER))

    assert "the ticket is not one of ours: follow the link of the case again" == result.sentence
    assert result.refused
    assert dg.DagsterRunStatus.FAILURE == run_of(proxied, result).status
    assert before == count_waiting(proxied)


def test_two_who_rule_at_once_get_an_answer_each(proxied: Deployment) -> None:
    """One wins; the other must be told so, and not find an error."""
    entry = entry_of(proxied, "review")
    user, launcher = reviewer_of(proxied, entry.case), DagsterLauncher(proxied)
    said: list[LaunchResult] = []

    def press(ticket: str, reason: str) -> None:
        said.append(only(launcher.launch([ticket], reason, user)))

    threads = [
        threading.Thread(target=press, args=pressed)
        for pressed in ((entry.admit_ticket, "code_wrong"), (entry.uphold_ticket, "confirmed"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    assert [False, True] == sorted(result.refused for result in said)
    (told,) = [result.sentence for result in said if result.refused]
    assert f"{entry.case} has changed since: look at it again before ruling" == told


def test_without_dagster_the_same_ruling_is_made(proxied: Deployment) -> None:
    """`serve` alone is a whole desk: a withdrawal of HR's own decision cannot wait for Dagster."""
    home = proxied.root / "var" / "dagster" / "dagster.yaml"
    launcher = DeskLauncher(proxied)
    entry = entry_of(proxied, "review")
    user = reviewer_of(proxied, entry.case)
    assert has_dagster(proxied.root)
    home.unlink()
    assert not has_dagster(proxied.root)

    refused = only(launcher.launch([entry.admit_ticket], "confirmed", user))
    done = only(launcher.launch([entry.admit_ticket], "context_known", user))

    assert (None, True) == (refused.run_id, refused.refused)
    assert "to admit, give one of: code_wrong" in refused.sentence
    assert (None, False) == (done.run_id, done.refused)
    assert "admitted" == status_of(proxied, entry.case)
    home.touch()
    again = only(launcher.launch([entry.admit_ticket], "context_known", user))
    assert again.run_id is not None
    assert f"{entry.case}: this was done before, nothing changed" == again.sentence


def test_several_are_one_run_with_a_result_a_case(proxied: Deployment) -> None:
    """What is ruled on in bulk must be found among the runs, one line a case, and hold no word."""
    light, grave = entry_of(proxied, "review"), entry_of(proxied, "excluded")
    user, launcher = reviewer_of(proxied, light.case), DeskLauncher(proxied)
    other = KOWALSKA if user == SCHMIDT else SCHMIDT
    tickets = [light.uphold_ticket, grave.uphold_ticket, light.admit_ticket]
    theirs = user == reviewer_of(proxied, grave.case)

    results = launcher.launch(tickets, "confirmed", user)

    assert [False, not theirs, True] == [one.refused for one in results]
    assert f"{light.case} is upheld: the person stays out" == results[0].sentence
    assert "to admit, give one of" in results[2].sentence
    (run_id,) = {one.run_id for one in results}
    run = run_of(proxied, results[0])
    first, *others = tickets
    config = {"ticket": first, "reason": "confirmed", "others": others}
    assert {"rule": {"config": config}} == run.run_config["ops"]
    assert (run_id, user) == (
        run.run_id,
        launched_by(proxied.ledger.hashes, run.run_id, run.tags),
    )
    with instance_of(proxied.root) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey("exclusion_queue"))
    assert event is not None
    assert event.asset_materialization is not None
    said = str(event.asset_materialization.metadata["ruling"].value)
    assert f"{1 + theirs} of 3 cases ruled on by one act" == said
    again = launcher.launch(tickets[:1], "confirmed", other)
    assert [True] == [one.refused for one in again]
