"""What the join page asks of the stage behind it, and the service that asks the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from alumni_sync.consent.joining.asking_back import take_no_back
from alumni_sync.consent.joining.join_requests import (
    Company,
    Entered,
    OpenJoin,
    Wanted,
    companies,
    disown_join,
    find_join,
    keep_objection,
    prove_join,
    read_wanted,
    request_join,
)
from alumni_sync.consent.joining.taking_back import lift_objection
from alumni_sync.consent.terms import edition_of

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment


class JoinService(Protocol):
    """Everything behind `/join` and `/j`; see `alumni_sync.consent.joining.join_requests`."""

    def companies(self) -> Sequence[Company]:
        """Return what can be chosen."""

    def languages(self) -> Mapping[str, str]:
        """Return code → name of the languages of our mails."""

    def read(self, entered: Entered) -> Wanted | tuple[tuple[str, str], ...]:
        """Return the request, or (field, problem) for everything that is wrong with it."""

    def request(self, wanted: Wanted, nonce: str) -> None:
        """Keep a request; the same work for every address."""

    def find(self, token: str) -> OpenJoin | None:
        """Return what a mailed link opens now."""

    def prove(self, token: str) -> OpenJoin | None:
        """Take a confirmation from the mailbox."""

    def disown(self, token: str) -> bool:
        """Let go a request that its mailbox never made."""

    def take_back(self, token: str) -> bool:
        """Let the person take an earlier no back."""

    def keep(self, token: str) -> bool:
        """Let an earlier no stand."""


@dataclass(frozen=True, slots=True)
class LedgerJoins:
    """Asks one deployment; see `JoinService`."""

    d: "Deployment"

    def companies(self) -> Sequence[Company]:
        """Name the controllers."""
        return companies(self.d)

    def languages(self) -> Mapping[str, str]:
        """Name the languages of the notice."""
        return edition_of(self.d).manifest.languages

    def read(self, entered: Entered) -> Wanted | tuple[tuple[str, str], ...]:
        """Check what was entered."""
        return read_wanted(
            entered,
            companies(self.d),
            languages=tuple(self.languages()),
            company_domains=self.d.settings.company.domains,
            year=self.d.clock.now().year,
        )

    def request(self, wanted: Wanted, nonce: str) -> None:
        """Keep it."""
        request_join(self.d, wanted, nonce)

    def find(self, token: str) -> OpenJoin | None:
        """Look a link up."""
        return find_join(self.d, token)

    def prove(self, token: str) -> OpenJoin | None:
        """Confirm it."""
        return prove_join(self.d, token)

    def disown(self, token: str) -> bool:
        """Let it go."""
        return disown_join(self.d, token)

    def take_back(self, token: str) -> bool:
        """Take back an objection, or what stood against a match."""
        return take_no_back(self.d, token) or lift_objection(self.d, token)

    def keep(self, token: str) -> bool:
        """Keep to it."""
        return keep_objection(self.d, token)
