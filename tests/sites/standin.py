"""A stand-in for the stages behind the consent site: one invitation, kept in memory.

It answers as the contracts of `alumni_sync.consent` say, shows the real sample notice, and records
every change, so that a test can say "nothing was decided" and mean it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import (
    Answer,
    Choice,
    Conflict,
    Decided,
    Evidence,
    Invalid,
    NothingChosen,
    Outcome,
    Stale,
)
from alumni_sync.consent.answers.offers import masked
from alumni_sync.consent.answers.view import (
    AnewForm,
    ConsentView,
    CurrentChoices,
    OfferedField,
    OfferedPurpose,
    Resting,
)
from alumni_sync.consent.evidence.receipts import Receipt
from alumni_sync.consent.lifecycle import HELD_ONTO
from alumni_sync.consent.links.secrets import Link, LinkKind
from alumni_sync.consent.notices.editions import load_edition
from alumni_sync.consent.notices.rendering import render_form, render_notice
from alumni_sync.domain import ConsentState
from alumni_sync.ports import ProfileField, Purpose
from alumni_sync.sites.consent.service import PublicNotice, PublicText, RulesInForce
from alumni_sync.sites.consent.services import ConsentServices
from tests.sites.request_standin import RequestStandIn
from tests.terms import TERMS

RULES = Path(__file__).resolve().parents[2] / "rules"
NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
DECIDE, MANAGE, STOP, STOP_NEWS = "d" * 43, "m" * 43, "u" * 43, "n" * 43
STOP_ASKING_AGAIN = "r" * 43
PROVE = "e" * 43
INVITATION = "I-0000000000000001"
VALUES = {
    ProfileField.LEGAL_ENTITY: "Acme sp. z o.o.",
    ProfileField.JOIN_YEAR: "2014",
    ProfileField.LEAVE_YEAR: "2026",
    ProfileField.JOB_TITLE: "Starsza specjalistka ds. logistyki",
    ProfileField.DEPARTMENT: "Logistyka",
    ProfileField.CITY: "Warszawa",
    ProfileField.COUNTRY: "PL",
    ProfileField.PHONE: "+48 600 000 000",
    ProfileField.MENTOR_BADGE: "Mentor",
    ProfileField.RETIREE_BADGE: "Emerytka",
}
_AFTER = {
    Answer.YES: ConsentState.GIVEN,
    Answer.NO: ConsentState.REFUSED,
    Answer.LATER: ConsentState.DEFERRED,
    Answer.NOT_ME: ConsentState.INVALIDATED,
}


_ANSWERABLE = {ConsentState.INVITED, ConsentState.RENEWAL_DUE}


@dataclass
class StandIn:
    """One invited person; `changes` lists every act that would have been written down."""

    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))
    state: ConsentState = ConsentState.INVITED
    language: str = "en"
    version: int = 1
    changes: list[str] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    choice: Choice | None = None
    current: CurrentChoices | None = None
    seen: dict[str, Decided] = field(default_factory=dict)
    links: dict[str, LinkKind] = field(
        default_factory=lambda: {
            DECIDE: LinkKind.DECIDE,
            MANAGE: LinkKind.MANAGE,
            STOP: LinkKind.UNSUBSCRIBE,
            STOP_NEWS: LinkKind.UNSUBSCRIBE,
            STOP_ASKING_AGAIN: LinkKind.UNSUBSCRIBE,
            PROVE: LinkKind.VERIFY,
        }
    )
    requests: RequestStandIn = field(default_factory=RequestStandIn)
    broken: bool = False
    resting: Resting = field(default_factory=lambda: Resting(pause_months=3))
    refuses: Outcome | None = None
    stopped: bool = False
    answerable: bool = True
    closes: datetime = NOW + timedelta(days=30)
    first_name: str = "Anna"
    only_language: str = ""
    spoken: tuple[str, ...] = ("uk", "en", "pl")

    def resolve(self, token: str) -> Link | None:
        """Return the link; a used one is gone."""
        if self.broken:
            raise RuntimeError("canary.person@example.org")
        kind = self.links.get(token)
        if kind is None:
            return None
        mails = {STOP_NEWS: "confirmation", STOP_ASKING_AGAIN: "renewal"}
        mail = mails.get(token, "invitation")
        return Link(kind, INVITATION, "P-1", f"id-of-{kind}", mail)

    def view(self, invitation_id: str, language: str | None) -> ConsentView | None:
        """Return the real sample notice for our one person."""
        assert invitation_id == INVITATION
        edition = load_edition(RULES, "alumni-community")
        code = edition.language(language or self.language, self.language)
        notice = render_notice(edition, code, TERMS)
        form = render_form(edition, code, TERMS, tuple(VALUES))
        shown = ConsentView(
            invitation_id=INVITATION,
            state=self.state,
            version=self.version,
            language=code,
            languages=edition.manifest.languages,
            notice_id=edition.manifest.id,
            notice_version=edition.manifest.version,
            notice_html=notice.html,
            notice_sha256=notice.sha256,
            form_sha256=form.sha256,
            labels=form.labels,
            first_name=self.first_name,
            full_name="Anna Wiśniewska-Przykładowa",
            masked_email="a•••@p•••.example",
            controller=TERMS.controller,
            controller_contact=TERMS.contact,
            fields=tuple(
                OfferedField(name, label.label, VALUES[name], label.help)
                for name, label in form.fields.items()
            ),
            purposes=tuple(
                OfferedPurpose(name, label.label, label.help)
                for name, label in form.purposes.items()
            ),
            closes_at=self.closes,
            can_decide=self.answerable
            and self.state in {ConsentState.INVITED, ConsentState.RENEWAL_DUE},
            can_defer=self.state is ConsentState.INVITED,
            current=self.current,
        )
        shown = replace(shown, anew=self._anew(shown), resting=self.resting)
        if self.only_language and not language:
            names = dict.fromkeys(self.spoken, "Language")
            return replace(shown, language=self.only_language, languages=names)
        return shown

    def decide(self, invitation_id: str, choice: Choice, evidence: Evidence) -> Outcome:
        """Take the answer as the real service would."""
        shown = self.view(invitation_id, choice.language)
        assert shown is not None
        if self.refuses or choice.nonce in self.seen:
            return self.refuses or replace(self.seen[choice.nonce], replay=True)
        if choice.answer is None:
            return NothingChosen()
        if not shown.can_decide:
            return Conflict(self.state)
        if (choice.notice_sha256, choice.form_sha256, choice.version) != (
            shown.notice_sha256,
            shown.anew.form_sha256 if shown.anew else shown.form_sha256,
            self.version,
        ):
            return Stale()
        return self._answered(choice, evidence)

    def _answered(self, choice: Choice, evidence: Evidence) -> Outcome:
        if choice.answer is Answer.YES and not choice.name:
            return Invalid((("name", "empty"),))
        assert choice.answer is not None
        self.choice = choice
        if choice.answer is Answer.YES:
            self.current = CurrentChoices(
                choice.name,
                "a@p.example",
                choice.purposes | {Purpose.COMMUNITY},
                {name: (VALUES[name], to) for name, to in choice.fields.items()},
                NOW + timedelta(days=730),
            )
        else:
            self.current = None
        self.links.pop(DECIDE, None)
        return self._record(
            f"decide:{choice.answer}", _AFTER[choice.answer], evidence, choice.nonce
        )

    def withdraw(
        self,
        invitation_id: str,
        purposes: frozenset[Purpose] | None,
        evidence: Evidence,
        nonce: str,
    ) -> Outcome:
        """Take back purposes or everything."""
        assert invitation_id == INVITATION
        if nonce in self.seen:
            return replace(self.seen[nonce], replay=True)
        if self.refuses:
            return self.refuses
        if self.current is None:
            return Conflict(self.state)
        if purposes is None:
            self.current = None
            return self._record("withdraw:all", ConsentState.WITHDRAWN, evidence, nonce)
        self.current = replace(self.current, purposes=self.current.purposes - purposes)
        return self._record(f"withdraw:{sorted(purposes)}", self.state, evidence, nonce)

    def change_fields(
        self,
        invitation_id: str,
        fields: Mapping[ProfileField, bool],
        evidence: Evidence,
        nonce: str,
    ) -> Outcome:
        """Narrow the fields."""
        assert invitation_id == INVITATION
        assert self.current is not None
        kept = {name: (self.current.fields[name][0], to) for name, to in fields.items()}
        self.current = replace(self.current, fields=kept)
        return self._record("fields", self.state, evidence, nonce)

    def one_click(self, token: str) -> bool:
        """Obey a one-click unsubscribe."""
        if self.links.get(token) is not LinkKind.UNSUBSCRIBE:
            return False
        self.changes.append(f"one_click:{token[0]}")
        return True

    def receipt(self, invitation_id: str) -> Receipt | None:
        """Return a receipt of the last answer."""
        assert invitation_id == INVITATION
        if not self.seen:
            return None
        shown = self.view(invitation_id, None)
        assert shown is not None
        last = list(self.seen.values())[-1]
        current = self.current
        return Receipt(
            seq=last.seq,
            receipt_id=last.receipt_id,
            event="said_yes",
            state=self.state,
            occurred_at=NOW,
            language=shown.language,
            controller=shown.controller,
            controller_contact=shown.controller_contact,
            notice_id=shown.notice_id,
            notice_version=shown.notice_version,
            notice_sha256=shown.notice_sha256,
            notice_text="# The text\n\nAs it was shown.\n",
            form_sha256=shown.form_sha256,
            name=current.name if current else "",
            email=current.email if current else "",
            purposes=tuple(sorted(current.purposes)) if current else (),
            fields=current.fields if current else {},
            valid_until=current.valid_until if current else None,
            labels={f.field.value: f.label for f in shown.fields}
            | {p.purpose.value: p.label for p in shown.purposes}
            | {"community": "Membership"},
            jsonld={"@context": "https://w3id.org/dpv", "identifier": last.receipt_id},
        )

    def notice(self, notice_id: str, version: str, language: str) -> PublicNotice | None:
        """Return the sample notice."""
        if (notice_id, version) != ("alumni-community", "1.0.0"):
            return None
        notice = render_notice(load_edition(RULES, notice_id, version), language, TERMS)
        text = PublicText(TERMS.controller, notice.html, notice.sha256)
        return PublicNotice(notice_id, version, language, (text,), notice.sha256)

    def rules(self, language: str) -> RulesInForce:
        """Return two rules, whatever the language."""
        assert language
        return RulesInForce("r" * 64, "en", ("If A, then a person looks at it.", "If B, then yes."))

    # --- what members change ---

    @property
    def services(self) -> ConsentServices:
        """Return everything behind the pages: this one person."""
        return ConsentServices(self, self, self, self.requests)

    def say_yes_anew(self, invitation_id: str, choice: Choice, evidence: Evidence) -> Outcome:
        """Take a new yes, on top of what stands."""
        assert invitation_id == INVITATION
        if choice.nonce in self.seen:
            return replace(self.seen[choice.nonce], replay=True)
        if self.refuses or self.current is None:
            return self.refuses or Conflict(self.state)
        self.choice = choice
        self.current = replace(
            self.current, name=choice.name, purposes=self.current.purposes | choice.purposes
        )
        return self._record("anew", ConsentState.RENEWED, evidence, choice.nonce)

    def wait_until(
        self, invitation_id: str, days: Mapping[Purpose, date], evidence: Evidence, nonce: str
    ) -> Outcome:
        """Close a purpose until a day."""
        assert invitation_id == INVITATION
        if self.refuses or self.current is None:
            return self.refuses or Conflict(self.state)
        self.current = replace(self.current, not_before=days)
        return self._record("wait", self.state, evidence, nonce)

    def pause(self, invitation_id: str, months: int, evidence: Evidence, nonce: str) -> Outcome:
        """Rest."""
        assert invitation_id == INVITATION
        if self.refuses or self.current is None:
            return self.refuses or Conflict(self.state)
        self.resting = replace(self.resting, paused_until=NOW + timedelta(days=30 * months))
        return self._record(f"pause:{months}", ConsentState.PAUSED, evidence, nonce)

    def end_pause(self, invitation_id: str, evidence: Evidence, nonce: str) -> Outcome:
        """Come back."""
        assert invitation_id == INVITATION
        self.resting = replace(self.resting, paused_until=None)
        return self._record("continue", ConsentState.GIVEN, evidence, nonce)

    def change_address(
        self, invitation_id: str, typed: str, evidence: Evidence, nonce: str, language: str
    ) -> Outcome:
        """Wait for the proof of another address."""
        assert (invitation_id, bool(language)) == (INVITATION, True)
        if self.refuses:
            return self.refuses
        self.resting = replace(
            self.resting, pending_email=masked(typed), pending_until=NOW + timedelta(days=2)
        )
        return self._record(f"address:{typed}", self.state, evidence, nonce)

    def prove_address(
        self, invitation_id: str, evidence: Evidence, nonce: str, language: str
    ) -> Outcome:
        """Take the proof."""
        assert (invitation_id, bool(language)) == (INVITATION, True)
        if nonce in self.seen:
            return replace(self.seen[nonce], replay=True)
        if self.refuses:
            return self.refuses
        self.resting = Resting()
        return self._record("proven", ConsentState.GIVEN, evidence, nonce)

    def refuse_address(self, invitation_id: str, evidence: Evidence) -> bool:
        """Forget an address."""
        assert invitation_id == INVITATION
        self.changes.append("refused_address")
        self.evidence.append(evidence)
        return self.links.pop(PROVE, None) is not None

    def are_renewals_stopped(self, invitation_id: str) -> bool:
        """Say what a test has set."""
        assert invitation_id == INVITATION
        return self.stopped

    def let_renewals_come(self, invitation_id: str, evidence: Evidence) -> bool:
        """Let them come."""
        assert invitation_id == INVITATION
        self.changes.append("mails")
        self.evidence.append(evidence)
        self.stopped = False
        return True

    def ask_link(self, typed: str) -> None:
        """Note who asked for a fresh link."""
        self.changes.append(f"link:{typed}")

    def _anew(self, shown: ConsentView) -> AnewForm | None:
        if self.current is None:
            return None
        stored = self.current.fields
        return AnewForm(
            form_sha256="a" * 64,
            label="Yes, from today",
            label_no="No, end it" if self.state is ConsentState.RENEWAL_DUE else "",
            fields=tuple(one for one in shown.fields if one.field not in stored),
            hidden=tuple(one for one in shown.fields if not stored.get(one.field, ("", True))[1]),
            purposes=tuple(p for p in shown.purposes if p.purpose not in self.current.purposes),
        )

    def _record(self, change: str, state: ConsentState, evidence: Evidence, nonce: str) -> Decided:
        assert state in HELD_ONTO or self.current is None
        self.changes.append(change)
        self.evidence.append(evidence)
        self.state = state
        self.version += 1
        decided = Decided(len(self.seen) + 1, f"CR-{len(self.seen) + 1:016d}", state)
        self.seen[nonce] = decided
        return decided
