"""What is due is asked for: once, in order, again if it failed, and never twice at once."""

import uuid
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import dagster as dg
import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.deployment import Deployment
from alumni_sync.domain import Identity
from alumni_sync.eligibility.judging.unjudged import unjudged_spells
from alumni_sync.intake.pull import pull_leavers
from alumni_sync.ledger.runs import RunOf, RunStatus, begin_run, end_stage
from alumni_sync.ledger.tables import Erasure, t
from alumni_sync.ledger.upsert import insert_rows
from alumni_sync.review.queue.inbox import inbox
from alumni_sync.review.rulings.ruling import rule_case
from assets.automation import community_work, payroll_close
from assets.counts import counts_of
from assets.definitions import defs
from assets.home import instance_of
from assets.in_process import run_community, run_intake, run_job
from assets.pacing import ATTEMPT_TAG
from assets.stage import PAYROLL_CLOSES
from tests.assets.small import mails_in

BY_SCHEDULE = {"dagster/schedule_name": "payroll_close"}
BY_SENSOR = {"dagster/sensor_name": "community_work"}


def _tick(deployment: Deployment, instance: dg.DagsterInstance) -> list[dg.RunRequest] | str:
    """Evaluate the schedule; return its requests, or why there is none."""
    with dg.build_schedule_context(
        instance=instance, resources={"deployment": deployment}
    ) as context:
        answer = payroll_close(context)
    if isinstance(answer, dg.SkipReason):
        return answer.skip_message or ""
    assert isinstance(answer, list)
    return answer


def _look(deployment: Deployment, instance: dg.DagsterInstance) -> list[dg.RunRequest] | str:
    """Evaluate the sensor; return its requests, or why there is none."""
    with dg.build_sensor_context(
        instance=instance, resources={"deployment": deployment}
    ) as context:
        answer = community_work(context)
    if isinstance(answer, dg.SkipReason):
        return answer.skip_message or ""
    assert isinstance(answer, dg.SensorResult)
    return list(answer.run_requests or [])


def _keys(requests: list[dg.RunRequest] | str) -> list[str | None]:
    assert isinstance(requests, list), requests
    return [request.partition_key for request in requests]


def _ran(
    instance: dg.DagsterInstance,
    job: str,
    request: dg.RunRequest,
    status: dg.DagsterRunStatus,
    automation: Mapping[str, str],
) -> None:
    """Write a requested run into Dagster's history, as its daemon leaves it."""
    partition = {"dagster/partition": request.partition_key} if request.partition_key else {}
    tags = {**request.tags, **automation, **partition}
    run = dg.DagsterRun(job_name=job, run_id=str(uuid.uuid4()), status=status, tags=tags)
    instance.add_run(run)


@pytest.fixture
def idle(fresh: Deployment) -> Iterator[dg.DagsterInstance]:
    """Yield Dagster's instance of a company in which nothing has happened yet."""
    with instance_of(fresh.root) as instance:
        yield instance


def test_a_close_that_is_due_is_asked_for(fresh: Deployment, idle: dg.DagsterInstance) -> None:
    """This is how leavers come in without anyone doing anything."""
    requests = _tick(fresh, idle)

    assert {"acme-pl|2026-10-29", "acme-de|2026-10-29"} == set(_keys(requests))
    made = idle.get_dynamic_partitions(str(PAYROLL_CLOSES.name))
    assert {"acme-pl|2026-10-29", "acme-de|2026-10-29"} == set(made)


def test_a_close_that_is_done_is_not(company: Deployment, instance: dg.DagsterInstance) -> None:
    """The ledger knows what is done, also where Dagster's history is gone."""
    assert "no payroll close is due" == _tick(company, instance)


def test_missed_closes_are_caught_up_once_and_in_order(
    company: Deployment, instance: dg.DagsterInstance
) -> None:
    """Two reads of one source at once would be in each other's way."""
    clock = company.clock
    assert isinstance(clock, FixedClock)
    clock.advance(timedelta(days=65))

    assert {"acme-pl|2026-11-27", "acme-de|2026-11-27"} == set(_keys(_tick(company, instance)))
    assert run_intake(company, "acme-pl", date(2026, 11, 27)).error is None
    assert {"acme-pl|2026-12-30", "acme-de|2026-11-27"} == set(_keys(_tick(company, instance)))


def test_a_close_is_not_asked_for_while_a_run_is_at_work_on_it(
    fresh: Deployment, idle: dg.DagsterInstance
) -> None:
    """The next tick comes long before the read of a large source is over."""
    first = _tick(fresh, idle)
    assert isinstance(first, list)
    for request in first:
        _ran(idle, "after_payroll_close", request, dg.DagsterRunStatus.STARTED, BY_SCHEDULE)

    second = _tick(fresh, idle)

    assert isinstance(second, str)
    assert "acme-pl|2026-10-29: a run is at work on it" in second


def test_a_close_that_failed_is_asked_for_again_under_another_key(
    fresh: Deployment, idle: dg.DagsterInstance
) -> None:
    """A vendor that was down must not cost a month, nor be called every minute."""
    first = _tick(fresh, idle)
    assert isinstance(first, list)
    for request in first:
        _ran(idle, "after_payroll_close", request, dg.DagsterRunStatus.FAILURE, BY_SCHEDULE)

    second = _tick(fresh, idle)

    assert isinstance(second, str)
    assert "acme-pl|2026-10-29: tried 1 times; again in" in second


def test_the_partition_is_there_when_the_daemon_resolves_the_request(
    fresh: Deployment, idle: dg.DagsterInstance
) -> None:
    """A request for a partition that is not there yet fails the whole tick."""
    with dg.build_schedule_context(
        instance=idle,
        resources={"deployment": fresh},
        repository_def=defs.get_repository_def(),
    ) as context:
        data = defs.resolve_schedule_def("payroll_close").evaluate_tick(context)
    keys = {request.partition_key for request in data.run_requests or []}

    assert {"acme-pl|2026-10-29", "acme-de|2026-10-29"} == keys


def test_nothing_is_asked_for_where_nothing_waits(
    company: Deployment, instance: dg.DagsterInstance
) -> None:
    """A run every ten seconds for nothing would fill the disk and hide the ones that matter."""
    assert "nothing is pending" == _look(company, instance)


def _admit_somebody(deployment: Deployment) -> None:
    entry = next(one for one in inbox(deployment) if one.verdict == "review")
    rule_case(
        deployment,
        ticket=entry.admit_ticket,
        reason="code_wrong",
        identity=Identity("unverified", verified=False),
        run_id="R-1",
    )


def test_who_was_admitted_is_invited_at_once(
    company: Deployment, instance: dg.DagsterInstance
) -> None:
    """Not next month: they have waited long enough for the ruling."""
    _admit_somebody(company)

    requests = _look(company, instance)

    assert isinstance(requests, list)
    assert ["sync_community"] == [request.job_name for request in requests]
    assert run_community(company).error is None
    assert "nothing is pending" == _look(company, instance)


def test_work_that_is_still_there_is_asked_for_again(
    company: Deployment, instance: dg.DagsterInstance
) -> None:
    """Level, not edge: an event that was missed is not missed for ever."""
    _admit_somebody(company)
    first = _look(company, instance)
    assert isinstance(first, list)
    _ran(instance, "sync_community", first[0], dg.DagsterRunStatus.STARTED, BY_SENSOR)
    assert "sync_community: a run is at work" == _look(company, instance)

    for run in instance.get_runs(dg.RunsFilter(job_name="sync_community")):
        instance.report_run_failed(run)
    waiting = _look(company, instance)
    assert isinstance(waiting, str)
    assert waiting.startswith("sync_community: tried 1 times")

    _admit_somebody(company)  # other work does not wait for what failed
    second = _look(company, instance)
    assert isinstance(second, list)
    assert first[0].run_key != second[0].run_key
    assert {ATTEMPT_TAG: "2"}.items() <= second[0].tags.items()


def _killed_after_reading(deployment: Deployment) -> None:
    """Take a source in as a run does that is killed before its rules have spoken."""
    run = RunOf("R-killed", "after_payroll_close", "acme-pl", date(2026, 10, 29))
    begin_run(deployment.ledger, deployment.clock, run)
    counts = pull_leavers(deployment, "acme-pl", close=run.close, run_id=run.id)
    end_stage(
        deployment.ledger, deployment.clock, run, "leavers", RunStatus.DONE, counts_of(counts)
    )


def test_leavers_whom_a_killed_run_took_in_are_judged_at_once(
    fresh: Deployment, idle: dg.DagsterInstance
) -> None:
    """Nobody reads them again, since nothing of them changes; they would wait until the morning."""
    assert "nothing is pending" == _look(fresh, idle)
    _killed_after_reading(fresh)

    requests = _look(fresh, idle)

    assert isinstance(requests, list)
    assert ["daily_round"] == [request.job_name for request in requests]
    assert run_job(fresh, "daily_round").error is None
    assert () == unjudged_spells(fresh, 500)
    assert mails_in(fresh.root)


def test_a_run_on_its_way_to_the_rules_is_left_alone(
    fresh: Deployment, idle: dg.DagsterInstance
) -> None:
    """Every intake has read people and not judged them yet; a second run would be in its way."""
    _killed_after_reading(fresh)
    request = dg.RunRequest(run_key="k", partition_key="acme-pl|2026-10-29")
    _ran(idle, "after_payroll_close", request, dg.DagsterRunStatus.STARTED, BY_SCHEDULE)
    assert "after_payroll_close: a run is at work" == _look(fresh, idle)

    for run in idle.get_runs(dg.RunsFilter(job_name="after_payroll_close")):
        idle.report_run_failed(run)
    requests = _look(fresh, idle)
    assert isinstance(requests, list)
    assert ["daily_round"] == [asked.job_name for asked in requests]


def test_an_erasure_clears_dagsters_history_at_once(
    company: Deployment, instance: dg.DagsterInstance
) -> None:
    """An erased person's case number must not stand there until the night, or for a month."""
    now = company.clock.now()
    row = {"person_id": "P-1", "reason": "request", "at": now, "by": "legal.weber"}
    with company.ledger.write() as connection:
        insert_rows(connection, t(Erasure), [row])
    requests = _look(company, instance)
    assert isinstance(requests, list)
    assert ["housekeeping"] == [request.job_name for request in requests]
    runs_before = instance.get_runs_count()

    assert run_job(company, "housekeeping").error is None

    assert "nothing is pending" == _look(company, instance)
    assert runs_before > instance.get_runs_count()
    event = instance.get_latest_materialization_event(dg.AssetKey("exclusion_queue"))
    assert event is not None  # made anew, from what is left
    assert instance.get_runs()[0].run_id == event.run_id

    # A run that was under way at the erasure may have shown the case once more: again next night.
    made_anew = event.run_id
    assert run_job(company, "housekeeping").error is None
    assert made_anew not in {run.run_id for run in instance.get_runs()}
    clock = company.clock
    assert isinstance(clock, FixedClock)
    clock.advance(timedelta(days=3))
    last = instance.get_runs()[0].run_id
    assert run_job(company, "housekeeping").error is None
    assert last in {run.run_id for run in instance.get_runs()}
