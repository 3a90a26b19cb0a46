"""What the consent site asks of the stages behind it, and the service that asks the ledger.

A seam of its own, so that the rules of the web (who may post what, what a stranger sees) are tested
without a database, and the stages without a browser.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from alumni_sync.consent.answers import view as views
from alumni_sync.consent.answers.answer import Choice, Evidence, Outcome
from alumni_sync.consent.evidence import receipts
from alumni_sync.consent.links import secrets as mailed_links
from alumni_sync.ports import ProfileField, Purpose


@dataclass(frozen=True, slots=True)
class PublicText:
    """A notice as the leavers of one controller are shown it; `sha256` is of exactly this text."""

    controller: str
    html: str
    sha256: str


@dataclass(frozen=True, slots=True)
class PublicNotice:
    """A version of a notice as anybody may read it: without any person.

    Attributes:
        texts: one a controller; texts that are the same stand there once.
        tag: hash over all of them.
    """

    id: str
    version: str
    language: str
    texts: tuple[PublicText, ...]
    tag: str


@dataclass(frozen=True, slots=True)
class RulesInForce:
    """The rules that decide now, each as the sentence that it says of itself in `language`."""

    revision: str
    language: str
    sentences: tuple[str, ...]


class ConsentService(Protocol):
    """Everything behind the pages; see `alumni_sync.consent` for the meaning of each."""

    def resolve(self, token: str) -> mailed_links.Link | None:
        """Return what a mailed link opens now; None for everything that is not good now."""

    def view(self, invitation_id: str, language: str | None) -> views.ConsentView | None:
        """Return what to show for an invitation."""

    def decide(self, invitation_id: str, choice: Choice, evidence: Evidence) -> Outcome:
        """Take an answer."""

    def withdraw(
        self,
        invitation_id: str,
        purposes: frozenset[Purpose] | None,
        evidence: Evidence,
        nonce: str,
    ) -> Outcome:
        """Take back purposes; None takes back everything."""

    def change_fields(
        self,
        invitation_id: str,
        fields: Mapping[ProfileField, bool],
        evidence: Evidence,
        nonce: str,
    ) -> Outcome:
        """Narrow what is stored and shown."""

    def one_click(self, token: str) -> bool:
        """Obey an RFC 8058 unsubscribe."""

    def receipt(self, invitation_id: str) -> receipts.Receipt | None:
        """Return the receipt of an invitation's last answer."""

    def notice(self, notice_id: str, version: str, language: str) -> PublicNotice | None:
        """Return a public notice; None if there is no such one."""

    def rules(self, language: str) -> RulesInForce:
        """Return the rules in force, in `language` where they can speak it."""
