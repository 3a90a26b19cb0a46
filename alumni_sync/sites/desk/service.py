"""What the HR desk asks of the review stage, and the service that asks the ledger.

Each call is made by somebody, and decides what they may see.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol

from alumni_sync.domain import Identity, Ruling
from alumni_sync.errors import Refused
from alumni_sync.review.authority import Act, Authority
from alumni_sync.review.dossier import Dossier, show_case
from alumni_sync.review.launchpad import RULING_JOB, RULING_OP, launchpad
from alumni_sync.review.listing import CaseSummary, list_cases
from alumni_sync.review.numbering import case_id
from alumni_sync.review.tickets import issue

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_ONE_PERSON: Final = (Act.RULE,)
_TWO_PEOPLE: Final = (Act.PROPOSE, Act.CONFIRM)


@dataclass(frozen=True, slots=True)
class CasePage:
    """Some cases, oldest first.

    Attributes:
        after: where the next page starts; None on the last one.
    """

    lines: Sequence[CaseSummary]
    after: int | None


@dataclass(frozen=True, slots=True)
class OpenedCase:
    """A case with its person, and where this visitor may rule on it.

    Attributes:
        admit_url: and `uphold_url`: launchpads in Dagster with a ticket for this visitor; "" where
            they may not rule, or nobody has to.
    """

    dossier: Dossier
    admit_url: str = ""
    uphold_url: str = ""


class DeskService(Protocol):
    """Everything behind the desk."""

    def may_open(self, identity: Identity) -> bool:
        """Say whether somebody may see the desk at all."""

    def cases(self, identity: Identity, *, waiting: bool, after: int, limit: int) -> CasePage:
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

    def cases(self, identity: Identity, *, waiting: bool, after: int, limit: int) -> CasePage:
        """Read one page, and one case more to know whether there is another page."""
        seen = self._authority.sources_seen(identity, self.d.settings.sources)
        found = list(
            islice(list_cases(self.d, sources=seen, waiting=waiting, after=after), limit + 1)
        )
        shown = found[:limit]
        return CasePage(shown, case_id(shown[-1].case) if len(found) > limit else None)

    def case(self, identity: Identity, number: str) -> OpenedCase | None:
        """Open a case; one that this visitor may not see does not exist for them."""
        try:
            dossier = show_case(self.d, number, identity)
        except Refused:
            return None
        if dossier is None or not self._may_rule(identity, dossier.summary):
            return OpenedCase(dossier) if dossier else None
        return OpenedCase(
            dossier,
            admit_url=self._launchpad(identity, dossier.summary, Ruling.ADMIT),
            uphold_url=self._launchpad(identity, dossier.summary, Ruling.UPHOLD),
        )

    @property
    def _authority(self) -> Authority:
        return Authority.of(self.d.settings)

    def _may_rule(self, identity: Identity, case: CaseSummary) -> bool:
        acts = _TWO_PEOPLE if case.two_person else _ONE_PERSON
        may = (self._authority.may(identity, act, case.source).allowed for act in acts)
        return case.waits and any(may)

    def _launchpad(self, identity: Identity, case: CaseSummary, ruling: Ruling) -> str:
        ticket = issue(
            self.d.ledger.hashes,
            case.case,
            case.version,
            ruling.value,
            now=self.d.clock.now(),
            user=identity.user if identity.verified else "",
        )
        return launchpad(self.d.settings.dagster.url, RULING_JOB, RULING_OP, ticket)
