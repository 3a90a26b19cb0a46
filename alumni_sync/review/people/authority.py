"""Who may do what: the one role table, and what an identity that nobody vouches for may do.

Dagster has no roles and the desk is a page, so every act asks here, where it is carried out.
Pure: people and identity come as values, the answer is a value with its reason.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from alumni_sync.domain import Identity, Role
from alumni_sync.errors import Refused
from alumni_sync.sections import PersonSection, is_loopback
from alumni_sync.settings import Settings


class Act(StrEnum):
    """What somebody wants to do."""

    SEE_CASE = "see a case"
    RULE = "rule on a case"
    PROPOSE = "be the first of two on a case"
    CONFIRM = "be the second of two on a case"
    PROPOSE_RELEASE = "be the first of two on a release"
    CONFIRM_RELEASE = "be the second of two on a release"
    PROPOSE_RULES = "be the first of two on changed rules"
    RELEASE_RULES = "be the second of two on changed rules"
    PAUSE = "pause or resume"
    SEE_QUARANTINE = "see a row in quarantine"
    SEE_EVIDENCE = "see the evidence of a consent"
    RECORD_WITHDRAWAL = "record a withdrawal"
    ERASE = "erase a person"
    KEYS = "rotate or seal the deployment key"
    EXPORT_LETTERS = "export letters"
    DEAD_LETTERS = "retry or drop a dead letter"
    FIND_PERSON = "find a person"
    SEE_CONSENT = "see what a person was asked and answered"
    RECORD_CONSENT = "be the first of two on a consent that came on paper"
    CONFIRM_CONSENT = "be the second of two on a consent that came on paper"
    LEGAL_HOLD = "set or lift a legal hold"
    SEE_REQUEST = "see a request of a person"
    HANDLE_REQUEST = "handle a request of a person"
    MATCH_JOIN = "match or reject a request to join"
    JUSTIFY_SUPPRESSION = "keep or end a suppression"
    VOUCH_ANEW = "go on without lost checkpoints"


ROLES: Final[Mapping[Act, frozenset[Role]]] = {
    Act.SEE_CASE: frozenset({Role.REVIEWER, Role.SECOND, Role.PRIVACY, Role.AUDITOR}),
    Act.RULE: frozenset({Role.REVIEWER}),
    Act.PROPOSE: frozenset({Role.REVIEWER}),
    Act.CONFIRM: frozenset({Role.SECOND}),
    Act.PROPOSE_RELEASE: frozenset({Role.OPERATOR, Role.SECOND}),
    Act.CONFIRM_RELEASE: frozenset({Role.SECOND}),
    # HR owns the rules, so a reviewer of the source may ask for their release; it is given, as for
    # brakes, by a second only.
    Act.PROPOSE_RULES: frozenset({Role.REVIEWER, Role.OPERATOR, Role.SECOND}),
    Act.RELEASE_RULES: frozenset({Role.SECOND}),
    Act.PAUSE: frozenset({Role.OPERATOR}),
    Act.SEE_QUARANTINE: frozenset({Role.REVIEWER, Role.PRIVACY}),
    Act.SEE_EVIDENCE: frozenset({Role.PRIVACY, Role.AUDITOR}),
    Act.RECORD_WITHDRAWAL: frozenset({Role.PRIVACY}),
    Act.ERASE: frozenset({Role.PRIVACY}),
    Act.KEYS: frozenset({Role.PRIVACY}),
    Act.EXPORT_LETTERS: frozenset({Role.PRIVACY}),
    Act.DEAD_LETTERS: frozenset({Role.OPERATOR}),
    Act.FIND_PERSON: frozenset({Role.PRIVACY, Role.AUDITOR}),
    Act.SEE_CONSENT: frozenset({Role.PRIVACY, Role.AUDITOR}),
    Act.RECORD_CONSENT: frozenset({Role.PRIVACY}),
    Act.CONFIRM_CONSENT: frozenset({Role.PRIVACY, Role.SECOND}),
    Act.LEGAL_HOLD: frozenset({Role.PRIVACY}),
    Act.SEE_REQUEST: frozenset({Role.PRIVACY, Role.AUDITOR}),
    Act.HANDLE_REQUEST: frozenset({Role.PRIVACY}),
    Act.MATCH_JOIN: frozenset({Role.PRIVACY, Role.REVIEWER}),
    Act.JUSTIFY_SUPPRESSION: frozenset({Role.PRIVACY}),
    Act.VOUCH_ANEW: frozenset({Role.PRIVACY}),
}
"""Act → the roles that may do it; one of them is enough."""

UNVERIFIED_ACTS: Final = frozenset({Act.SEE_CASE, Act.RULE})
"""What may be done on this machine's loopback by somebody whose name nothing vouches for."""

VOUCHED: Final = "sign on through the proxy, or use the command line on your own login"
"""How somebody gets a name that is vouched for."""


def entry_of(people: Sequence[PersonSection], user: str) -> PersonSection | None:
    """Return the entry of a user in `people:`, None for a stranger; it says nothing of roles."""
    return next((person for person in people if person.user == user), None)


@dataclass(frozen=True, slots=True)
class Permit:
    """Whether something may be done, and if not, why.

    Attributes:
        outside: why, for what many can read; see `Refused`.
    """

    allowed: bool
    why: str = ""
    outside: str = ""


@dataclass(frozen=True, slots=True)
class Authority:
    """The people of a deployment and what they may do.

    Attributes:
        loopback: whether nothing but this machine can reach the deployment's pages and no proxy
            stands before them; only there may an unverified identity do anything.
        gone: users who have left the company, and their roles with it.
    """

    people: Sequence[PersonSection]
    loopback: bool
    gone: frozenset[str] = frozenset()

    @classmethod
    def of(cls, settings: Settings) -> "Authority":
        """Return the authority of a configuration, of whoever has left as well.

        For an act ask `authority_now`, which leaves those out; a test keeps others from this one.
        """
        local = is_loopback(settings.desk.url) and is_loopback(settings.dagster.url)
        return cls(settings.people, loopback=local and settings.proxy is None)

    def person(self, user: str) -> PersonSection | None:
        """Return the entry of a user, None for a stranger."""
        return entry_of(self.people, user)

    def may(self, identity: Identity, act: Act, source: str | None = None) -> Permit:
        """Say whether somebody may do something.

        Args:
            identity: who asks.
            act: what for.
            source: whose case it is; None for what belongs to no source.
        """
        if identity.user in self.gone:
            return Permit(
                allowed=False,
                why=f"{identity.user} has left, and has no role any more",
                outside=f"{identity.user} has no role any more",
            )
        if not identity.verified:
            if act in UNVERIFIED_ACTS and self.loopback:
                return Permit(allowed=True)
            return Permit(
                allowed=False,
                why=f"nothing vouches for who you are, so you may not {act} ({VOUCHED})",
            )
        return self._known_may(identity.user, act, source)

    def _known_may(self, user: str, act: Act, source: str | None) -> Permit:
        """Say what somebody may do whose name is vouched for."""
        person = self.person(user)
        if person is None:
            return Permit(allowed=False, why=f"{user} is not in `people:`")
        if not person.roles & ROLES[act]:
            wanted = " or ".join(sorted(ROLES[act]))
            return Permit(allowed=False, why=f"{user} may not {act}: that takes the role {wanted}")
        if source is not None and not person.covers(source):
            return Permit(allowed=False, why=f"{user} has no role for {source}")
        return Permit(allowed=True)

    def require(self, identity: Identity, act: Act, source: str | None = None) -> None:
        """Raise `Refused` with the reason where somebody may not do something."""
        permit = self.may(identity, act, source)
        if not permit.allowed:
            raise Refused(permit.why, outside=permit.outside)

    def sources_seen(self, identity: Identity, sources: Collection[str]) -> frozenset[str]:
        """Return the sources whose cases somebody may see."""
        return frozenset(s for s in sources if self.may(identity, Act.SEE_CASE, s).allowed)
