"""What differs between the profiles that grants allow and the memberships we have. Pure.

Planned page by page, so that memory does not grow with the number of members. A plan says what to
do and counts it; brakes look at the counts before anything is written.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Act(StrEnum):
    """What is to be done about one person."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    HIDE = "hide"
    REMOVE = "erase"


class MemberState(StrEnum):
    """Where a membership stands."""

    PENDING = "pending"  # claimed, not confirmed: may or may not be there
    ACTIVE = "active"
    HIDING = "hiding"
    HIDDEN = "hidden"
    REMOVING = "removing"
    REMOVED = "removed"  # erased, and looked for once without a find
    VERIFIED_ABSENT = "verified_absent"  # looked for until the last read-back
    STUCK = "stuck"  # a removal that is over its deadline; still tried


GONE: Final = frozenset({MemberState.REMOVED, MemberState.VERIFIED_ABSENT})
"""States in which nobody is on the platform, as far as we know."""

UNDER_WAY: Final = frozenset({MemberState.HIDING, MemberState.REMOVING, MemberState.STUCK})
"""States in which a removal was begun."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows of a membership.

    Attributes:
        content: keyed hash of the profile confirmed last.
        claimed: a write was begun and never confirmed.
    """

    state: MemberState
    content: str
    claimed: bool = False


def act_of_state(state: str | None) -> Act:
    """Return what a write for somebody in this state is, whatever it says."""
    if state is None or state == MemberState.PENDING or MemberState(state) in GONE:
        return Act.CREATE
    return Act.UPDATE


def act_for(content: str, known: Known | None) -> Act:
    """Return what to do about somebody whose profile (by its hash) may be on the platform."""
    act = act_of_state(known.state if known else None)
    if act is Act.CREATE or known is None:
        return act
    same = known.state is MemberState.ACTIVE and known.content == content and not known.claimed
    return Act.UNCHANGED if same else act


@dataclass(frozen=True, slots=True)
class MembershipPlan:
    """How many writes the ledger and the grants of this moment lead to."""

    create: int = 0
    update: int = 0
    hide: int = 0
    remove: int = 0
    unchanged: int = 0
