"""The jobs made of assets: which stages run together. What each means is in docs/dagster.md."""

from typing import Final

import dagster as dg

from assets.community import alumni_profiles, community_members, no_member_drift
from assets.consent import consent_requests
from assets.eligibility import eligibility, exclusion_queue
from assets.leavers import leavers
from assets.reporting import programme_report

COMMUNITY: Final = (consent_requests, alumni_profiles, community_members, programme_report)

DRIFT: Final = dg.AssetSelection.checks(no_member_drift)
"""Reads the whole platform, so it is left to its own job."""

after_payroll_close = dg.define_asset_job(
    "after_payroll_close",
    selection=dg.AssetSelection.assets(leavers, eligibility, exclusion_queue, consent_requests),
    description="Intake of one source at one payroll close: leavers to consent requests.",
)

sync_community = dg.define_asset_job(
    "sync_community",
    selection=dg.AssetSelection.assets(*COMMUNITY) - DRIFT,
    description="Makes the platform hold exactly the people who said yes.",
)

daily_round = dg.define_asset_job(
    "daily_round",
    selection=dg.AssetSelection.assets(eligibility, exclusion_queue, *COMMUNITY) - DRIFT,
    description="Exits that became effective, overdue cases, reminders, expiry, mail that is due.",
)

reconcile = dg.define_asset_job(
    "reconcile",
    selection=DRIFT,
    description="Compares the platform with the ledger, member by member.",
)
