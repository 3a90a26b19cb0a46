"""The consent site's service over a real deployment: each question goes to the stage that knows."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alumni_sync.consent.answers import decisions
from alumni_sync.consent.answers.answer import Choice, Evidence, Outcome
from alumni_sync.consent.answers.view import ConsentView, view
from alumni_sync.consent.evidence.receipts import Receipt, receipt
from alumni_sync.consent.links.secrets import Link, resolve_link
from alumni_sync.consent.notices.editions import load_edition
from alumni_sync.consent.notices.rendering import render_notice
from alumni_sync.consent.terms import rules_folder, terms_for
from alumni_sync.eligibility.revisions.ruleset import load_ruleset
from alumni_sync.eligibility.wording.languages import WORDS
from alumni_sync.eligibility.wording.sentences import rule_sentence
from alumni_sync.eligibility.wording.words import ENGLISH
from alumni_sync.errors import ConfigError
from alumni_sync.ports import ProfileField, Purpose
from alumni_sync.sites.consent.service import PublicNotice, PublicText, RulesInForce

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment


@dataclass(frozen=True, slots=True)
class LedgerConsent:
    """Asks the stages of one deployment; see `ConsentService`."""

    d: "Deployment"

    def resolve(self, token: str) -> Link | None:
        """Look a mailed link up."""
        return resolve_link(self.d, token)

    def view(self, invitation_id: str, language: str | None) -> ConsentView | None:
        """Make the page of an invitation."""
        return view(self.d, invitation_id, language)

    def decide(self, invitation_id: str, choice: Choice, evidence: Evidence) -> Outcome:
        """Take an answer."""
        return decisions.decide(self.d, invitation_id, choice, evidence)

    def withdraw(
        self,
        invitation_id: str,
        purposes: frozenset[Purpose] | None,
        evidence: Evidence,
        nonce: str,
    ) -> Outcome:
        """Take back purposes, or everything."""
        return decisions.withdraw(self.d, invitation_id, purposes, evidence, nonce)

    def change_fields(
        self,
        invitation_id: str,
        fields: Mapping[ProfileField, bool],
        evidence: Evidence,
        nonce: str,
    ) -> Outcome:
        """Narrow what is stored and shown."""
        return decisions.change_fields(self.d, invitation_id, fields, evidence, nonce)

    def one_click(self, token: str) -> bool:
        """Obey an RFC 8058 unsubscribe."""
        return decisions.one_click(self.d, token)

    def receipt(self, invitation_id: str) -> Receipt | None:
        """Make the receipt of the last answer."""
        return receipt(self.d, invitation_id)

    def notice(self, notice_id: str, version: str, language: str) -> PublicNotice | None:
        """Render a notice as the leavers of each controller are shown it."""
        if notice_id != self.d.settings.consent.notice:
            return None
        try:
            edition = load_edition(rules_folder(self.d), notice_id, version)
        except ConfigError:  # no such version; the configured one was checked at the start
            return None
        if language not in edition.manifest.languages:
            return None
        texts: dict[str, PublicText] = {}
        for source in self.d.settings.sources:
            terms = terms_for(self.d, source)
            rendered = render_notice(edition, language, terms)
            texts[rendered.sha256] = PublicText(terms.controller, rendered.html, rendered.sha256)
        tag = hashlib.sha256("".join(texts).encode()).hexdigest()
        return PublicNotice(notice_id, version, language, tuple(texts.values()), tag)

    def rules(self, language: str) -> RulesInForce:
        """Let every rule that decides about anybody say itself."""
        words = WORDS.get(language, ENGLISH)
        sentences: dict[str, None] = {}
        revisions = []
        for source in self.d.settings.sources:
            ruleset = load_ruleset(self.d, source)
            revisions.append(ruleset.revision)
            sentences |= dict.fromkeys(rule_sentence(rule, words) for rule in ruleset.pack.rules)
        spoken = language if language in WORDS else "en"
        return RulesInForce("·".join(dict.fromkeys(revisions)), spoken, tuple(sentences))
