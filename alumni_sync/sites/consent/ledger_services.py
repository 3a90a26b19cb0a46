"""The features of the consent site over a real deployment: each asks the stage that knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from alumni_sync.consent.answers import addresses, breaks, changes, proofs, stopped_mails
from alumni_sync.consent.answers.answer import Choice, Evidence, Outcome
from alumni_sync.consent.links import resending
from alumni_sync.ports import Purpose
from alumni_sync.sites.consent.join_service import LedgerJoins
from alumni_sync.sites.consent.ledger_service import LedgerConsent
from alumni_sync.sites.consent.requests_service import LedgerRequests
from alumni_sync.sites.consent.services import ConsentServices

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment


def ledger_services(d: "Deployment") -> ConsentServices:
    """Return everything behind the pages of a deployment."""
    joins = LedgerJoins(d) if d.settings.consent.join else None
    return ConsentServices(
        LedgerConsent(d), LedgerPreferences(d), LedgerResending(d), LedgerRequests(d), joins
    )


@dataclass(frozen=True, slots=True)
class LedgerPreferences:
    """See `services.Preferences`."""

    d: "Deployment"

    def say_yes_anew(self, invitation_id: str, choice: Choice, evidence: Evidence) -> Outcome:
        """Take a new yes."""
        return changes.say_yes_anew(self.d, invitation_id, choice, evidence)

    def wait_until(
        self, invitation_id: str, days: Mapping[Purpose, date], evidence: Evidence, nonce: str
    ) -> Outcome:
        """Close purposes until a day."""
        return changes.wait_until(self.d, invitation_id, days, evidence, nonce)

    def pause(self, invitation_id: str, months: int, evidence: Evidence, nonce: str) -> Outcome:
        """Begin a pause."""
        return breaks.pause(self.d, invitation_id, months, evidence, nonce)

    def end_pause(self, invitation_id: str, evidence: Evidence, nonce: str) -> Outcome:
        """End it."""
        return breaks.end_pause(self.d, invitation_id, evidence, nonce)

    def change_address(
        self, invitation_id: str, typed: str, evidence: Evidence, nonce: str, language: str
    ) -> Outcome:
        """Take the wish for another address."""
        return addresses.change_address(self.d, invitation_id, typed, evidence, nonce, language)

    def prove_address(
        self, invitation_id: str, evidence: Evidence, nonce: str, language: str
    ) -> Outcome:
        """Take the proof of one."""
        return proofs.prove_address(self.d, invitation_id, evidence, nonce, language)

    def refuse_address(self, invitation_id: str, evidence: Evidence) -> bool:
        """Obey whoever was named by mistake."""
        return proofs.refuse_address(self.d, invitation_id, evidence)

    def are_renewals_stopped(self, invitation_id: str) -> bool:
        """Look whether they are."""
        return stopped_mails.are_renewals_stopped(self.d, invitation_id)

    def let_renewals_come(self, invitation_id: str, evidence: Evidence) -> bool:
        """Take the one click back."""
        return stopped_mails.let_renewals_come(self.d, invitation_id, evidence)


@dataclass(frozen=True, slots=True)
class LedgerResending:
    """See `services.Resending`."""

    d: "Deployment"

    def ask_link(self, typed: str) -> None:
        """Write the wish for a fresh link down."""
        resending.ask_link(self.d, typed)
