"""Community: profiles of who said yes, and the platform that holds exactly those.

`alumni_profiles` depends on `consent_requests` as well as on the external `consents`: alone, an
external asset cuts the order, and what follows would run beside the stage it depends on.
"""

from typing import Any

import dagster as dg

from alumni_sync.membership.late_removals import late_removals
from alumni_sync.membership.read_backs import verify_removed
from alumni_sync.membership.reconcile import reconcile
from alumni_sync.membership.standing import misplaced_members
from alumni_sync.membership.sync import plan_members, sync_members
from alumni_sync.privacy.overdue import late_requests
from assets.consent import consent_requests, consents
from assets.resources import Company
from assets.stage import stage


@dg.asset(
    group_name="community",
    deps=[consents, consent_requests],
    kinds={"ledger"},
    description="What is to be created, updated, hidden and removed, by the grants of this moment.",
)
def alumni_profiles(
    context: dg.AssetExecutionContext, deployment: Company
) -> dg.MaterializeResult[Any]:
    """Compare the profiles that grants allow with what the platform holds; write nothing."""
    with stage(context, deployment, "alumni_profiles") as work:
        return work.done(plan_members(deployment))


@dg.asset(
    group_name="community",
    deps=[alumni_profiles],
    kinds={"platform"},
    description="The members on the community platform.",
)
def community_members(
    context: dg.AssetExecutionContext, deployment: Company
) -> dg.MaterializeResult[Any]:
    """Write the difference to the platform, and look whether who was removed is really gone.

    Every gate is asked again at the moment of writing.
    """
    with stage(context, deployment, "community_members") as work:
        looked = verify_removed(deployment, work.run.id)
        return work.done(looked, sync_members(deployment, work.run.id))


@dg.asset_check(
    asset=community_members,
    description="Nobody who is excluded, held or undecided is visible on the platform.",
)
def nobody_excluded_is_a_member(
    context: dg.AssetCheckExecutionContext, deployment: Company
) -> dg.AssetCheckResult:
    """Count members whose exit bars them."""
    with stage(context, deployment, "nobody_excluded_is_a_member") as work:
        wrong = misplaced_members(deployment).adverse
        return work.checked(passed=not wrong, counts={"members": wrong})


@dg.asset_check(
    asset=community_members,
    description="Everybody who is visible on the platform said yes, and still does.",
)
def every_member_has_a_live_grant(
    context: dg.AssetCheckExecutionContext, deployment: Company
) -> dg.AssetCheckResult:
    """Count members whose consent does not stand."""
    with stage(context, deployment, "every_member_has_a_live_grant") as work:
        wrong = misplaced_members(deployment).without_grant
        return work.checked(passed=not wrong, counts={"members": wrong})


@dg.asset_check(
    asset=community_members,
    description="Whoever has to go is hidden within 15 minutes and gone within 4 hours.",
)
def removals_in_time(
    context: dg.AssetCheckExecutionContext, deployment: Company
) -> dg.AssetCheckResult:
    """Count removals and looks that are late; an error, since somebody is still shown."""
    with stage(context, deployment, "removals_in_time") as work:
        late = late_removals(deployment)
        return work.checked(passed=late.is_none, counts=late)


@dg.asset_check(
    asset=community_members,
    description="Whoever asks what is held of them, or for anything the law gives them, is answered"
    " within the deadline.",
)
def requests_in_time(
    context: dg.AssetCheckExecutionContext, deployment: Company
) -> dg.AssetCheckResult:
    """Count requests of people that nobody has answered in time."""
    with stage(context, deployment, "requests_in_time") as work:
        late = late_requests(deployment)
        return work.checked(passed=not late.overdue, counts=late)


@dg.asset_check(
    asset=community_members,
    description="The platform holds what the ledger says, member by member.",
)
def no_member_drift(
    context: dg.AssetCheckExecutionContext, deployment: Company
) -> dg.AssetCheckResult:
    """Read the whole platform, remove who came back, count what differs."""
    with stage(context, deployment, "no_member_drift") as work:
        drift = reconcile(deployment, work.run.id)
        return work.checked(passed=drift.is_none, counts=drift)
