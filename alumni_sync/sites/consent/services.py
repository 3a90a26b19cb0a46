"""What the consent site asks of the stages behind it, feature by feature.

Each feature has a seam of its own, so that it can be tested and grow without the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from alumni_sync.consent.answers.answer import Choice, Evidence, Outcome
from alumni_sync.ports import Purpose
from alumni_sync.sites.consent.join_service import JoinService
from alumni_sync.sites.consent.requests_service import RequestService
from alumni_sync.sites.consent.service import ConsentService


class Preferences(Protocol):
    """What members change beside taking things back; `consent.answers` does it."""

    def say_yes_anew(self, invitation_id: str, choice: Choice, evidence: Evidence) -> Outcome:
        """Take a new yes: a renewal, or more."""

    def wait_until(
        self, invitation_id: str, days: Mapping[Purpose, date], evidence: Evidence, nonce: str
    ) -> Outcome:
        """Close purposes until a day."""

    def pause(self, invitation_id: str, months: int, evidence: Evidence, nonce: str) -> Outcome:
        """Begin a pause."""

    def end_pause(self, invitation_id: str, evidence: Evidence, nonce: str) -> Outcome:
        """End it."""

    def change_address(
        self, invitation_id: str, typed: str, evidence: Evidence, nonce: str, language: str
    ) -> Outcome:
        """Take the wish for another address."""

    def prove_address(
        self, invitation_id: str, evidence: Evidence, nonce: str, language: str
    ) -> Outcome:
        """Take the proof of one."""

    def refuse_address(self, invitation_id: str, evidence: Evidence) -> bool:
        """Obey whoever was named by mistake."""

    def are_renewals_stopped(self, invitation_id: str) -> bool:
        """Say whether one click has stopped the mails that ask if a yes goes on."""

    def let_renewals_come(self, invitation_id: str, evidence: Evidence) -> bool:
        """Let them come again."""


class Resending(Protocol):
    """A fresh link for whoever's is old; see `consent.links.resending`."""

    def ask_link(self, typed: str) -> None:
        """Write the wish down; says nothing about what is known."""


@dataclass(frozen=True, slots=True)
class ConsentServices:
    """Everything behind the pages."""

    consent: ConsentService
    preferences: Preferences
    resending: Resending
    requests: RequestService
    joins: JoinService | None = None  # None: joining is switched off
