"""Community: profiles of who said yes, and the platform that holds exactly those.

`alumni_profiles` depends on `consent_requests` as well as on the external `consents`: alone, an
external asset cuts the order, and what follows would run beside the stage it depends on.
"""

from typing import Any

import dagster as dg

from alumni_sync.membership.standing import misplaced_members
from alumni_sync.membership.reconcile import reconcile
from alumni_sync.membership.sync import plan_members, sync_members
from assets.consent import consent_requests, consents
from assets.failures import harmless
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
    """Build the profiles that grants allow and compare them with what the platform holds."""
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
    """Write the plan to the platform; every gate is asked again at the moment of writing."""
    with stage(context, deployment, "community_members") as work:
        return work.done(sync_members(deployment, run_id=work.run.id))
