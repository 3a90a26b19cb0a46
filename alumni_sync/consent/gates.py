"""The gates: may we write to this address at all, and may this be processed now. Pure.

All are closed by default, and all are asked at the moment of use, not when something is planned.
A closed gate is a value with its reason. Facts and sources: 4-consent; EDPB 05/2020; in Poland PKE
art. 398.
"""

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

import idna
from email_validator import EmailNotValidError, validate_email

from alumni_sync.consent.jurisdictions import JurisdictionPack
from alumni_sync.domain import (
    LIVE_STATES,
    NOT_SUPPORTED,
    NOT_VISIBLE,
    ConsentState,
    ContactBasis,
    Fact,
    Facts,
    OutreachHold,
)
from alumni_sync.ports import ProfileField, Purpose

ADULT_AGE: Final = 18
LATEST_ZONE: Final = timedelta(hours=12)
"""A day has ended everywhere when it has ended at UTC-12."""


class ClosedReason(StrEnum):
    """Why we may not write. The first group is about the deployment, the last about the day."""

    NO_AGREEMENT = "no_agreement"  # the platform's processor agreement is not on record
    NO_REGION = "no_region"  # the platform's region is not on record
    PACK_IS_DRAFT = "pack_is_draft"  # counsel has not accepted the jurisdiction pack
    BASIS_REFUSED = "basis_refused"  # the pack does not let this contact basis count
    NO_ASSESSMENT = "no_assessment"  # legitimate interest without its assessment

    LETTER = "letter"  # no basis for a mail: HR sends a letter
    NO_EVIDENCE = "no_evidence"  # nothing says that the address was given for this, before leaving
    DO_NOT_CONSIDER = "do_not_consider"
    MINOR = "minor"
    AGE_UNKNOWN = "age_unknown"
    NO_ADDRESS = "no_address"
    INVALID_ADDRESS = "invalid_address"
    COMPANY_ADDRESS = "company_address"
    SUPPRESSED = "suppressed"

    NOT_TODAY = "not_today"  # weekend or public holiday


OF_THE_DEPLOYMENT: Final = frozenset(
    {
        ClosedReason.NO_AGREEMENT,
        ClosedReason.NO_REGION,
        ClosedReason.PACK_IS_DRAFT,
        ClosedReason.BASIS_REFUSED,
        ClosedReason.NO_ASSESSMENT,
    }
)
"""Reasons that say nothing about a person: nothing is noted about anybody because of them."""


OF_THE_CONFIGURATION: Final = (
    ClosedReason.LETTER,
    ClosedReason.NO_EVIDENCE,
    ClosedReason.AGE_UNKNOWN,
    ClosedReason.COMPANY_ADDRESS,
)
"""Noted about a person, but mended in the configuration: the gate is asked again when it is."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Gate 0: what is on record about the platform that would receive the profile."""

    platform: str
    agreement: str
    region: str


@dataclass(frozen=True, slots=True)
class ContactTerms:
    """What a deployment says about writing to the leavers of one source.

    Attributes:
        assessment: reference of the legitimate-interest assessment, "" where there is none.
        company_domains: the company's mail domains; their subdomains count too.
    """

    recipient: Recipient
    pack: JurisdictionPack
    basis: ContactBasis
    assessment: str
    company_domains: Collection[str]


@dataclass(frozen=True, slots=True)
class Open:
    """We may write, to this address."""

    address: str


@dataclass(frozen=True, slots=True)
class Closed:
    """We may not."""

    reason: ClosedReason


Gate = Open | Closed


def recipient_gate(terms: ContactTerms) -> ClosedReason | None:
    """Return why nobody can agree to anything now, members included; None if nothing stands so."""
    if not terms.recipient.agreement.strip():
        return ClosedReason.NO_AGREEMENT
    if not terms.recipient.region.strip():
        return ClosedReason.NO_REGION
    return None if terms.pack.accepted else ClosedReason.PACK_IS_DRAFT


def deployment_gate(terms: ContactTerms) -> ClosedReason | None:
    """Return why nobody of this source can be invited, None if nothing of the sort stands."""
    if closed := recipient_gate(terms):
        return closed
    if terms.basis is not ContactBasis.NONE and not terms.pack.allows(terms.basis):
        return ClosedReason.BASIS_REFUSED
    if terms.basis is ContactBasis.LEGITIMATE_INTEREST and not terms.assessment.strip():
        return ClosedReason.NO_ASSESSMENT
    return None


def deciding_terms(terms: ContactTerms, reason: ClosedReason) -> str:
    """Return what the configuration says that a reason comes from, as text to be compared.

    "" for the reasons that lie in the person: those only another fact can change.
    """
    if reason in {ClosedReason.LETTER, ClosedReason.NO_EVIDENCE}:
        return terms.basis.value
    if reason is ClosedReason.AGE_UNKNOWN:
        return f"birth_date_needed={terms.pack.birth_date_needed}"
    if reason is ClosedReason.COMPANY_ADDRESS:
        return ",".join(sorted({_ascii(domain) for domain in terms.company_domains}))
    return ""


def contact_gate(
    terms: ContactTerms, facts: Facts, *, today: date, working_day: bool, suppressed: bool
) -> Gate:
    """Say whether a leaver may be written to now.

    Args:
        terms: of the leaver's source.
        facts: canonical facts of the spell.
        today: civil date at the leaver's site.
        working_day: whether `today` is neither weekend nor public holiday in the leaver's country.
        suppressed: whether the address is on the suppression list.
    """
    reason = deployment_gate(terms) or _basis(terms, facts) or _person(terms, facts, today)
    if reason:
        return Closed(reason)
    address = private_address(facts, terms.company_domains)
    if isinstance(address, Closed):
        return address
    if suppressed:
        return Closed(ClosedReason.SUPPRESSED)
    return address if working_day else Closed(ClosedReason.NOT_TODAY)


def by_own_request(
    terms: ContactTerms, facts: Facts, address: str, language: str
) -> tuple[ContactTerms, Facts]:
    """Return terms and facts for somebody who asked to be asked, at the address they have proven.

    Only how we may write changes, where to and in which language; every other reason not to stands.
    """
    asked = {"personal_email": address, "language": language}
    return replace(terms, basis=ContactBasis.SELF_JOINED), {**facts, **asked}


def letter_gate(
    terms: ContactTerms, facts: Facts, *, today: date, suppressed: bool
) -> ClosedReason | None:
    """Return why HR may not send a letter; None if nothing but a basis for a mail is missing.

    Only where there is no basis for a mail: elsewhere a mail asks. A letter may be read on any day,
    and by whom we have no address of: they name one with their yes.
    """
    if terms.basis is not ContactBasis.NONE:
        return ClosedReason.BASIS_REFUSED
    if reason := deployment_gate(terms) or _person(terms, facts, today):
        return reason
    return ClosedReason.SUPPRESSED if suppressed else None


def _basis(terms: ContactTerms, facts: Facts) -> ClosedReason | None:
    if terms.basis is ContactBasis.NONE:
        return ClosedReason.LETTER
    if terms.basis is ContactBasis.EXIT_FORM and not _given_before_leaving(facts):
        return ClosedReason.NO_EVIDENCE
    return None


def _given_before_leaving(facts: Facts) -> bool:
    """Say whether the record tells when, before the exit, and under which text it was given."""
    given, text = facts.get("contact_given_at"), facts.get("contact_text")
    left = facts.get("last_working_day")
    return (
        isinstance(given, date)
        and isinstance(left, date)
        and given <= left
        and isinstance(text, str)
        and bool(text.strip())
    )


def _person(terms: ContactTerms, facts: Facts, today: date) -> ClosedReason | None:
    # An empty "do not consider" says that the person did not object; a hidden one says nothing.
    if facts.get("do_not_consider") not in {"no", None, NOT_SUPPORTED}:
        return ClosedReason.DO_NOT_CONSIDER
    return _age(facts.get("birth_date", NOT_SUPPORTED), today, needed=terms.pack.birth_date_needed)


def _age(born: Fact, today: date, *, needed: bool) -> ClosedReason | None:
    if isinstance(born, date):
        return None if age_on(today, born) >= ADULT_AGE else ClosedReason.MINOR
    # Only for a source that has no birth dates at all may a pack do without: an empty one among
    # others is unknown, and unknown is never taken for harmless.
    return None if born is NOT_SUPPORTED and not needed else ClosedReason.AGE_UNKNOWN


def age_on(today: date, born: date) -> int:
    """Return the age in full years; who is born on 29 February has it on 1 March."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def private_address(facts: Facts, company_domains: Collection[str]) -> Open | Closed:
    """Return the private address as it may be written to, or why it may not."""
    given = facts.get("personal_email")
    if given in {None, NOT_SUPPORTED, NOT_VISIBLE, ""}:
        return Closed(ClosedReason.NO_ADDRESS)
    try:
        # Deliverability would ask DNS. Non-ASCII local parts need servers that speak SMTPUTF8.
        checked = validate_email(str(given), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return Closed(ClosedReason.INVALID_ADDRESS)
    work = facts.get("work_email")
    is_work = isinstance(work, str) and _one_case(work) == _one_case(checked.normalized)
    if is_work or is_company_domain(checked.ascii_domain, company_domains):
        # A company mailbox may be given to somebody else: the wrong person would consent.
        return Closed(ClosedReason.COMPANY_ADDRESS)
    return Open(f"{checked.local_part}@{checked.ascii_domain}")


def is_company_domain(domain: str, company_domains: Collection[str]) -> bool:
    """Say whether `domain` is one of the company's or below one of them."""
    wanted = _ascii(domain)
    return any(
        wanted == own or wanted.endswith(f".{own}") for own in map(_ascii, company_domains) if own
    )


def _one_case(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def _ascii(domain: str) -> str:
    """Return a domain as mails are sent to it (IDNA 2008, which knows ß); any case finds it."""
    plain = unicodedata.normalize("NFKC", domain).strip().strip(".").lower()
    if plain.isascii():  # nearly all are, and the codec is slow
        return plain
    try:
        return idna.encode(plain, uts46=True).decode("ascii")
    except UnicodeError:
        return plain


class Processable(Protocol):
    """What `may_process` looks at: a `grants.Grant`."""

    @property
    def state(self) -> ConsentState:
        """Return the state of the consent."""

    @property
    def valid_until(self) -> datetime:
        """Return when the yes ends."""

    @property
    def purposes(self) -> frozenset[Purpose]:
        """Return what was said yes to."""

    @property
    def fields(self) -> Mapping[ProfileField, object]:
        """Return the ticked fields."""

    @property
    def holds(self) -> tuple[OutreachHold, ...]:
        """Return the outreach holds of the verdict."""


def may_process(
    grant: Processable, purpose: Purpose, field: ProfileField | None, now: datetime
) -> bool:
    """Say whether one field (None: name and address) may be processed for a purpose at `now`."""
    return (
        grant.state in LIVE_STATES
        and now < grant.valid_until
        and Purpose.COMMUNITY in grant.purposes
        and purpose in grant.purposes
        and (field is None or field in grant.fields)
        and not (grant.holds and _is_held(grant.holds, purpose, now))
    )


def _is_held(holds: tuple[OutreachHold, ...], purpose: Purpose, now: datetime) -> bool:
    return any(hold.purpose == purpose and in_force(hold, now) for hold in holds)


def in_force(hold: OutreachHold, now: datetime) -> bool:
    """Say whether an outreach hold closes its purpose at `now`: to the end of its last day."""
    return hold.until is None or (now - LATEST_ZONE).date() <= hold.until
