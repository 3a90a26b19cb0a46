"""What membership may know: live grants, opened in bulk, and gates that closed.

A grant is never passed on without its version: whoever confirms a write asks the gate again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from alumni_sync.domain import ConsentState, OutreachHold
from alumni_sync.ports import ProfileField, Purpose, Removal, Shown

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Grant:
    """One person's live yes: what may leave for the platform, and what allows it.

    Attributes:
        seq: consent event that allows it (I6).
        valid_until: aware; from then on nothing may be processed.
        fields: ticked fields only, with the values the person was shown.
        purposes: `COMMUNITY` and whatever else was ticked.
        version: of the invitation; a write confirmed under another version is void.
        revision: rule revision that judged the spell (I6).
        holds: outreach holds of the verdict; a purpose with a hold in force is closed.
    """

    invitation_id: str
    spell_id: str
    person_id: str
    source: str
    seq: int
    state: ConsentState
    valid_until: datetime
    name: str
    email: str
    fields: Mapping[ProfileField, Shown]
    purposes: frozenset[Purpose]
    version: int
    revision: str
    holds: tuple[OutreachHold, ...]


@dataclass(frozen=True, slots=True)
class ClosedGate:
    """Someone who is, or may be, on the platform and must not be visible there any more.

    Attributes:
        how: `HIDE` where it may open again (paused, case reopened), else `ERASE`.
        cause: for the audit: `consent:SEQ`, `case:ID`, `rehire`, `rescinded`, `death`, `verdict`.
        since: when the gate closed; deadlines run from here.
    """

    invitation_id: str
    spell_id: str
    person_id: str
    how: Removal
    cause: str
    since: datetime


def live_grants(
    d: "Deployment", *, page: int = 500, only: Sequence[str] | None = None
) -> Iterator[Grant]:
    """Yield every live grant in the order of invitation ids; `only`: these invitations.

    Reads `page` rows and their keys at a time, so that memory does not grow with the number of
    members. No transaction is open while the caller holds a grant.
    """
    raise NotImplementedError


def closed_gates(d: "Deployment") -> Iterator[ClosedGate]:
    """Yield invitations that have a membership which is not gone, but no live grant."""
    raise NotImplementedError


def still_live(d: "Deployment", invitation_id: str, version: int) -> bool:
    """Say whether the grant a write was made for still stands, in that very version."""
    raise NotImplementedError
