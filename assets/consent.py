"""Consent: who is asked, and what they decide. Last stage of intake, first of the community flow.

Between the two assets a person decides on the consent site, which Dagster neither runs nor sees:
`consents` is external, its events are in the ledger.
"""

from typing import Any

import dagster as dg

from alumni_sync.consent.invitations import plan_requests
from alumni_sync.consent.mail.delivery import deliver_mail
from alumni_sync.consent.rounds.renewals import ask_about_changes
from alumni_sync.consent.rounds.timers import react, run_timers
from assets.eligibility import exclusion_queue
from assets.resources import Company
from assets.stage import stage


@dg.asset(
    group_name="consent",
    deps=[exclusion_queue],
    kinds={"email"},
    description="Invitations, reminders and confirmations; each mail is sent at most once.",
)
def consent_requests(
    context: dg.AssetExecutionContext, deployment: Company
) -> dg.MaterializeResult[Any]:
    """Invite whom the rules and reviewers let in, run the timers, send what is due."""
    with stage(context, deployment, "consent_requests") as work:
        reactions = react(deployment, run_id=work.run.id)
        planned = plan_requests(deployment, run_id=work.run.id)
        changes = ask_about_changes(deployment, run_id=work.run.id)
        timers = run_timers(deployment, run_id=work.run.id)
        mails = deliver_mail(deployment, run_id=work.run.id)
        return work.done(reactions, planned, changes, timers, mails)


consents = dg.AssetSpec(
    "consents",
    deps=[consent_requests],
    group_name="consent",
    kinds={"ledger"},
    description="What leavers decided on the consent site: append-only, chained, in the ledger.",
)
