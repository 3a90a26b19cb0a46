"""What the HR desk asks of the review stage, and the service that asks the ledger.

Each call is made by somebody, and decides what they may see.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from alumni_sync.domain import Identity
from alumni_sync.errors import Refused
from alumni_sync.review.people.authority import Act, Authority
from alumni_sync.review.people.interests import authority_now
from alumni_sync.review.queue.listing import CaseFilter, CasePage, list_cases
from alumni_sync.review.record.dossier import Dossier, show_case
from alumni_sync.review.rulings.offers import Offers, offers

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment


@dataclass(frozen=True, slots=True)
class OpenedCase:
    """A case with its person, and what this visitor may do with it."""

    dossier: Dossier
    offers: Offers


class DeskService(Protocol):
    """The exclusion queue, as the desk reads it."""

    def may_open(self, identity: Identity) -> bool:
        """Say whether somebody may see the desk at all."""

    def sources(self, identity: Identity) -> list[str]:
        """Return the sources whose cases somebody may see."""

    def cases(self, identity: Identity, filters: CaseFilter, *, after: int, limit: int) -> CasePage:
        """Return cases of the sources that somebody may see, from a position on."""

    def case(self, identity: Identity, number: str) -> OpenedCase | None:
        """Return a case, and write down who read it; None if there is none that they may see."""


@dataclass(frozen=True, slots=True)
class LedgerDesk:
    """Asks the review stage of one deployment; see `DeskService`."""

    d: "Deployment"

    def may_open(self, identity: Identity) -> bool:
        """Ask the role table."""
        return self._authority.may(identity, Act.SEE_CASE).allowed

    def sources(self, identity: Identity) -> list[str]:
        """Ask the role table for each source, in the order of the configuration."""
        seen = self._authority.sources_seen(identity, self.d.settings.sources)
        return [source for source in self.d.settings.sources if source in seen]

    def cases(self, identity: Identity, filters: CaseFilter, *, after: int, limit: int) -> CasePage:
        """Read one page; a source that is not theirs has no cases for them."""
        seen = frozenset(self.sources(identity))
        wanted = seen if filters.sources is None else seen & filters.sources
        return list_cases(
            self.d, filters=replace(filters, sources=wanted), after=after, limit=limit
        )

    def case(self, identity: Identity, number: str) -> OpenedCase | None:
        """Open a case; one that this visitor may not see does not exist for them."""
        try:
            dossier = show_case(self.d, number, identity)
        except Refused:
            return None
        if dossier is None:
            return None
        return OpenedCase(dossier, offers(self.d, dossier.summary.case, identity))

    @property
    def _authority(self) -> Authority:
        return authority_now(self.d)
