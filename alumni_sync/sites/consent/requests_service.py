"""What the pages about a person's rights ask of the stage behind them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from alumni_sync.consent.links.one_time import CodeAsked, ask_code
from alumni_sync.privacy import on_site
from alumni_sync.privacy.subject_export import SubjectExport

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment


class RequestService(Protocol):
    """Requests of people under GDPR Art. 15-18 and 20; see `privacy.on_site`."""

    def standing(self, invitation_id: str) -> on_site.Standing:
        """Return what the person has asked for so far."""

    def ask_code(self, invitation_id: str) -> CodeAsked:
        """Have a code mailed to the address on record."""

    def carry_out(
        self, invitation_id: str, wish: on_site.Wish, words: str, code: str, nonce: str
    ) -> on_site.Asked | None:
        """Do what is asked for; None where the code is not right."""

    def data_for(self, invitation_id: str, number: str, language: str) -> SubjectExport:
        """Return the data that a proven request is for."""


@dataclass(frozen=True, slots=True)
class LedgerRequests:
    """Asks the stage of one deployment."""

    d: "Deployment"

    def standing(self, invitation_id: str) -> on_site.Standing:
        """Return what the person has asked for so far."""
        return on_site.standing(self.d, invitation_id)

    def ask_code(self, invitation_id: str) -> CodeAsked:
        """Queue a mail with a code."""
        return ask_code(self.d, invitation_id)

    def carry_out(
        self, invitation_id: str, wish: on_site.Wish, words: str, code: str, nonce: str
    ) -> on_site.Asked | None:
        """Check the code and do it."""
        return on_site.carry_out(self.d, invitation_id, wish, words, code, nonce)

    def data_for(self, invitation_id: str, number: str, language: str) -> SubjectExport:
        """Make the export, in memory."""
        return on_site.data_for(self.d, invitation_id, number, language)
