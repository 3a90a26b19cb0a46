"""The composition root: everything that Dagster loads, listed one by one."""

import dagster as dg

from assets.automation import SCHEDULES, SENSORS
from assets.community import (
    alumni_profiles,
    community_members,
    every_member_has_a_live_grant,
    no_member_drift,
    nobody_excluded_is_a_member,
    removals_in_time,
    requests_in_time,
)
from assets.consent import consent_requests, consents
from assets.eligibility import cases_not_overdue, eligibility, exclusion_queue
from assets.housekeeping import housekeeping
from assets.jobs import after_payroll_close, daily_round, reconcile, sync_community
from assets.leavers import leavers
from assets.reporting import programme_report
from assets.resources import deployment_resource, no_values
from assets.rulings import release_brake, review_exclusions


def build_defs() -> dg.Definitions:
    """Return both flows with what starts and shows them; nothing is opened or read yet."""
    return dg.Definitions(
        assets=[
            leavers,
            eligibility,
            exclusion_queue,
            consent_requests,
            consents,
            alumni_profiles,
            community_members,
            programme_report,
        ],
        asset_checks=[
            cases_not_overdue,
            nobody_excluded_is_a_member,
            every_member_has_a_live_grant,
            no_member_drift,
            removals_in_time,
            requests_in_time,
        ],
        jobs=[
            after_payroll_close,
            sync_community,
            daily_round,
            reconcile,
            housekeeping,
            review_exclusions,
            release_brake,
        ],
        schedules=SCHEDULES,
        sensors=SENSORS,
        resources={"deployment": deployment_resource, "io_manager": no_values},
        # One process a run: stages share one ledger, and starting a process takes longer than most.
        executor=dg.in_process_executor,
    )


defs = build_defs()
