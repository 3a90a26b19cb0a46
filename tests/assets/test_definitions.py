"""What Dagster loads: complete, without a warning, and running from the first start."""

import subprocess
import sys

import dagster as dg

from assets.definitions import build_defs, defs

EXTERNAL = {"consents"}
ASSETS = {
    "leavers",
    "eligibility",
    "exclusion_queue",
    "consent_requests",
    "alumni_profiles",
    "community_members",
    "programme_report",
}
CHECKS = {
    "leavers:source_is_plausible",
    "exclusion_queue:cases_not_overdue",
    "community_members:nobody_excluded_is_a_member",
    "community_members:every_member_has_a_live_grant",
    "community_members:no_member_drift",
    "community_members:removals_in_time",
    "community_members:requests_in_time",
}
STAGES = {
    "after_payroll_close": {"leavers", "eligibility", "exclusion_queue", "consent_requests"},
    "sync_community": {
        "consent_requests",
        "alumni_profiles",
        "community_members",
        "programme_report",
    },
    "daily_round": ASSETS - {"leavers"},
}


def _steps(job: str) -> set[str]:
    return {
        key.to_user_string() for key in defs.resolve_job_def(job).asset_layer.selected_asset_keys
    }


def test_everything_loads_without_a_warning() -> None:
    """A deprecation or beta warning today is a broken daemon after the next upgrade."""
    dg.Definitions.validate_loadable(build_defs())  # pytest turns warnings into errors


def test_the_flows_are_complete() -> None:
    """An asset that is not loaded is a stage that never runs."""
    graph = defs.resolve_asset_graph()
    keys = {key.to_user_string() for key in graph.executable_asset_keys}
    external = {key.to_user_string() for key in graph.external_asset_keys}
    checks = {f"{key.asset_key.to_user_string()}:{key.name}" for key in graph.asset_check_keys}

    assert (ASSETS, EXTERNAL, CHECKS) == (keys, external, checks)
    for job, stages in STAGES.items():
        assert stages == _steps(job)


def test_reading_the_whole_platform_is_left_to_its_own_job() -> None:
    """Unchanged people cost no call: every sync would list all members."""
    drift = "community_members_no_member_drift"

    def steps(job: str) -> set[str]:
        return {node.name for node in defs.resolve_job_def(job).nodes}

    assert drift not in steps("sync_community") | steps("daily_round")
    assert {drift} == steps("reconcile")


def test_members_never_overtake_the_stage_they_depend_on() -> None:
    """An external asset alone cuts the order: members would be written beside the requests."""
    profiles = defs.resolve_asset_graph().get(dg.AssetKey("alumni_profiles"))

    assert {"consents", "consent_requests"} == {
        key.to_user_string() for key in profiles.parent_keys
    }


def test_everything_runs_from_the_first_start() -> None:
    """A schedule that somebody has to switch on is one that nobody switched on."""
    repository = defs.get_repository_def()
    schedules = {s.name: s.default_status for s in repository.schedule_defs}
    names = {"payroll_close", "daily_round", "reconcile", "housekeeping"}

    assert dict.fromkeys(names, dg.DefaultScheduleStatus.RUNNING) == schedules
    (sensor,) = repository.sensor_defs
    assert ("community_work", dg.DefaultSensorStatus.RUNNING) == (
        sensor.name,
        sensor.default_status,
    )


def test_a_yes_is_looked_for_often_enough() -> None:
    """An answer on the site is on the platform within a minute, a run's start included."""
    (sensor,) = defs.get_repository_def().sensor_defs

    assert sensor.minimum_interval_seconds is not None
    assert 15 >= sensor.minimum_interval_seconds


def test_no_stage_takes_a_pool() -> None:
    """A killed host leaves its slot taken, and the vendor's stage would wait for ever."""
    graph = defs.resolve_asset_graph()

    pools = [graph.get(key).pools or set() for key in graph.executable_asset_keys]
    assert set() == set().union(*pools)


def test_what_only_shows_the_flow_does_not_import_pandas() -> None:
    """Each code server and each run of a job begins with this import; few of them judge anybody."""
    asked = "import sys, assets.definitions; print('pandas' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert "False\n" == done.stdout
