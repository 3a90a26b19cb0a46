"""What `serve` is made of, for one deployment: the sites with their services, the worker's chores.

The one place of the sites that knows all stages; everything else here asks through a seam.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from alumni_sync.consent.links.resending import answer_link_requests
from alumni_sync.consent.mail.delivery import deliver_mail
from alumni_sync.consent.returns.taking import take_returns
from alumni_sync.consent.returns.wrong_mailboxes import alert_wrong_mailboxes
from alumni_sync.consent.rounds.timers import run_timers
from alumni_sync.ledger.leases import hold
from alumni_sync.membership.closings import closings, is_due
from alumni_sync.membership.late_removals import alert_late_removals
from alumni_sync.membership.read_backs import verify_removed
from alumni_sync.membership.removal import remove_closed
from alumni_sync.ports import Launcher
from alumni_sync.privacy.overdue import alert_late_requests
from alumni_sync.privacy.suppressed import note_suppressions
from alumni_sync.review.rulings.launching import LedgerLauncher
from alumni_sync.review.telling.mails import tell_deciders
from alumni_sync.sites.consent.app import ConsentSite, consent_app
from alumni_sync.sites.consent.ledger_services import ledger_services
from alumni_sync.sites.consent.mail_hook import LedgerMailHook, hook_route
from alumni_sync.sites.desk.app import desk_app
from alumni_sync.sites.desk.service import LedgerDesk
from alumni_sync.sites.desk.shell import DeskSite, Office
from alumni_sync.sites.forms import FormTokens
from alumni_sync.sites.headers import Address
from alumni_sync.sites.serve import Site, refuse_open_doors
from alumni_sync.sites.worker import Chore, Worker

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

REMOVALS_EVERY: Final = 5.0  # seconds; hidden within seconds, also when another process withdrew
MAILS_EVERY: Final = 30.0  # seconds
LINKS_EVERY: Final = 30.0  # seconds; woken at once in the process that was asked
ABSENCES_EVERY: Final = 60.0  # seconds; the first look is due an hour after a removal
TIMERS_EVERY: Final = 60.0  # seconds; pauses and proofs of an address end within the day
RETURNS_EVERY: Final = 60.0  # seconds
ALERTS_EVERY: Final = 300.0  # seconds; the first alert is due four hours after a gate closed


def sites_of(
    d: "Deployment",
    *,
    host: str,
    port: int,
    desk_port: int,
    wake: Callable[[], None],
    launcher: Launcher | None = None,
) -> list[Site]:
    """Return the consent site and the HR desk of a deployment.

    Args:
        d: the open deployment.
        host: address to listen on.
        port: of the consent site.
        desk_port: of the HR desk.
        wake: called when the worker has something to do at once.
        launcher: by which the desk rules; None: in the ledger, without Dagster.

    Raises:
        ConfigError: this host would open them to the network without TLS or a login.
    """
    settings = d.settings
    address = Address.of(settings.consent.public_url)
    refuse_open_doors(host, public_https=address.https, proxied=settings.proxy is not None)
    consent = consent_app(
        consent_site(d),
        ledger_services(d),
        hashes=d.ledger.hashes,
        clock=d.clock,
        wake=wake,
        beside=[hook_route(LedgerMailHook(d), d.clock)],
    )
    desk = desk_app(
        DeskSite(
            url=settings.desk.url,
            company=settings.company.name,
            dagster_url=settings.dagster.url,
            proxy=settings.proxy,
        ),
        LedgerDesk(d),
        d.clock,
        Office(d, FormTokens(d.ledger.hashes, d.clock), wake, launcher or LedgerLauncher(d)),
    )
    return [
        Site("Consent site", consent, host, port),
        Site("HR desk", desk, host, desk_port),
    ]


def consent_site(d: "Deployment") -> ConsentSite:
    """Return what the consent site is told by the configuration."""
    controllers = [source.controller for source in d.settings.sources.values()]
    return ConsentSite(
        public_url=d.settings.consent.public_url,
        company=d.settings.company.name,
        languages=d.settings.company.languages,
        contacts=tuple(dict.fromkeys((c.name, c.contact) for c in controllers)),
    )


def worker_of(d: "Deployment") -> Worker:
    """Return the worker; removals stand first, since they may wait for nothing."""
    return Worker(
        [
            Chore("removals", lambda run_id: removals(d, run_id), REMOVALS_EVERY),
            Chore("fresh links", lambda run_id: answer_link_requests(d, run_id), LINKS_EVERY),
            Chore("confirmations", lambda run_id: confirmations(d, run_id), MAILS_EVERY),
            Chore("absences", lambda run_id: verify_removed(d, run_id), ABSENCES_EVERY),
            Chore("returns", lambda run_id: take_returns(d, run_id), RETURNS_EVERY),
            Chore("timers", lambda run_id: run_timers(d, run_id), TIMERS_EVERY),
            Chore("alerts", lambda _run_id: alert_late_removals(d), ALERTS_EVERY),
            Chore("wrong mailboxes", lambda _run_id: alert_wrong_mailboxes(d), ALERTS_EVERY),
            Chore("suppressions", lambda _run_id: note_suppressions(d), MAILS_EVERY),
            Chore("deadlines", lambda _run_id: alert_late_requests(d), ALERTS_EVERY),
            Chore("waiting cases", lambda _run_id: tell_deciders(d), ALERTS_EVERY),
        ],
        time.monotonic,
    )


def removals(d: "Deployment", run_id: str) -> None:
    """Hide and erase members whose gate is closed; where nothing is due, not even a lease is."""
    now = d.clock.now()
    if not any(is_due(closing, now) for closing in closings(d)):
        return
    with hold(d.ledger, d.clock, f"removals:{d.platform_name}"):
        remove_closed(d, run_id)


def confirmations(d: "Deployment", run_id: str) -> None:
    """Send the mails that somebody waits for; what asks is sent by the runs, at its own pace."""
    deliver_mail(d, run_id, asking=False)
