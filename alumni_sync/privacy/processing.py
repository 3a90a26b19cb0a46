"""The record of processing (GDPR Art. 30(1)), written from what is in force.

Settings, jurisdiction packs, the newest notice and the terms of retention say it themselves: a page
that somebody keeps beside them would one day say something else. Names nobody and reads no ledger.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from alumni_sync.consent.notices.editions import Edition, in_language
from alumni_sync.consent.notices.rendering import render_plain
from alumni_sync.consent.terms import (
    controllers,
    edition_of,
    language_for,
    pack_of,
    terms_for,
)
from alumni_sync.domain import LEAVER_FIELDS, ContactBasis
from alumni_sync.privacy.processing_page import Activity, Controller, ProcessingRecord
from alumni_sync.privacy.request_retention import READS, REJECTED_JOINS, REQUESTS
from alumni_sync.privacy.retention import AUDIT, MAIL_METADATA, TOKENS, UNASKED

if TYPE_CHECKING:
    from alumni_sync.deployment import Plugins

BASES: Final = {
    ContactBasis.EXIT_FORM: "consent, given with the address before the exit (6(1)(a))",
    ContactBasis.LEGITIMATE_INTEREST: "legitimate interest in asking (6(1)(f))",
    ContactBasis.NONE: "legitimate interest in asking by letter (6(1)(f)); no mail asks",
}
MEASURES: Final = (
    "personal values sealed with AES-256-GCM, two keys a person in a store of its own",
    "erasure by destroying keys; a restored backup erases again before it serves",
    "evidence chained by SHA-256 and signed into a second place",
    "a database role for the programs that cannot change evidence (PostgreSQL)",
    "one role table for every act, four eyes for grave ones, reads of people written down",
    "no personal value in logs, metadata, exceptions and addresses",
    "the site has no accounts and no scripts; links are secrets kept as hashes",
)
"""Art. 32, in short; where each is shown: docs/privacy.md."""


def record_of_processing(d: "Plugins", language: str | None = None) -> ProcessingRecord:
    """Return the record; raises `ConfigError` where a pack or the notice cannot be read.

    Args:
        d: the deployment.
        language: of the notice's own words; None takes the company's first.
    """
    edition = edition_of(d)
    code = language_for(d, edition, language)
    manifest = edition.manifest
    return ProcessingRecord(
        controllers=tuple(_controllers(d)),
        arrangement=in_language(d.settings.consent.arrangement or "", code),
        notice=f"{manifest.id} {manifest.version}",
        activities=(_asking(d), _community(d, edition, code), _proof(d)),
        measures=MEASURES,
    )


def _controllers(d: "Plugins") -> Iterator[Controller]:
    for name in controllers(d):
        theirs = {
            key: source
            for key, source in d.settings.sources.items()
            if source.controller.name == name
        }
        contacts = dict.fromkeys(source.controller.contact for source in theirs.values())
        laws = dict.fromkeys(source.jurisdiction for source in theirs.values())
        yield Controller(name, ", ".join(contacts), tuple(theirs), tuple(laws))


def _asking(d: "Plugins") -> Activity:
    bases = {
        name: BASES[ContactBasis(source.contact.basis)]
        + (f", assessment {source.contact.assessment}" if source.contact.assessment else "")
        for name, source in d.settings.sources.items()
    }
    claims = {name: pack_of(d, name).claim_years for name in d.settings.sources}
    return Activity(
        name="Choosing and asking former employees",
        purposes=("choose by written rules who is asked", "ask them whether they want to join"),
        bases=(
            "choosing: legitimate interest in asking only where it fits (6(1)(f))",
            *(f"asking, {name}: {basis}" for name, basis in bases.items()),
            "asking whoever asked to be asked: legitimate interest in answering (6(1)(f))",
        ),
        people=("people whose employment has ended, or will",),
        data=tuple(LEAVER_FIELDS),
        recipients=(f"mail server ({d.settings.mail.connector})", "HR desk, by role"),
        transfers=(),
        kept=(
            f"without an answer: {UNASKED.days} days after the question is closed",
            "after a no: 24 hours",
            *(f"upheld exclusion, {name}: {each} years, sealed" for name, each in claims.items()),
            f"a request to join that led nowhere: {REJECTED_JOINS.days} days",
        ),
    )


def _community(d: "Plugins", edition: Edition, language: str) -> Activity:
    form, manifest = edition.forms[language], edition.manifest
    said = terms_for(d, next(iter(d.settings.sources))).said_in(language)
    processor = d.settings.platform.processor
    months = dict.fromkeys(pack_of(d, n).timers.validity_months for n in d.settings.sources)
    agreement = in_language(processor.agreement, language)
    transfer = in_language(processor.transfer or "", language)
    return Activity(
        name="Alumni community",
        purposes=(
            render_plain(form.labels["community"], said),
            *(form.purposes[purpose].label for purpose in manifest.purposes),
        ),
        bases=("consent, for each purpose and field by itself (6(1)(a))",),
        people=("people who said yes",),
        data=(
            render_plain(form.labels["name"], said),
            "E-mail",
            *(form.fields[field].label for field in manifest.fields),
        ),
        recipients=(
            f"platform {d.settings.platform.connector}: {agreement} (region {processor.region})",
            "members, as far as each person shows a detail to them",
        ),
        transfers=(f"{processor.region}: {transfer}",) if transfer else (),
        kept=(
            f"while the yes stands, at most {', '.join(map(str, months))} months",
            "after its end: hidden within 15 minutes, deleted within 24 hours",
        ),
    )


def _proof(d: "Plugins") -> Activity:
    years = {name: pack_of(d, name).proof_years for name in d.settings.sources}
    return Activity(
        name="Proof, requests and objections",
        purposes=("prove what was agreed", "answer requests", "write to nobody who objected"),
        bases=("legal obligation (6(1)(c), with Art. 5(2), 7(1), 12 to 22)", "claims (17(3)(e))"),
        people=("people who were asked", "people who made a request"),
        data=(
            "answer, text and form shown, time, channel, network cut to /24 or /48",
            "requests with their history",
            "keyed hash of an address that objected",
        ),
        recipients=("roles privacy and auditor",),
        transfers=(),
        kept=(
            *(f"proof, {name}: {each} years after the yes ended" for name, each in years.items()),
            f"requests: {REQUESTS.days // 365} years",
            "objections: while the programme runs, justified anew every 36 months",
            f"links of mails: {TOKENS.days} days after they expired",
            f"mail metadata: {MAIL_METADATA.days} days",
            f"who looked at whom: {READS.days} days; platform writes: {AUDIT.days} days",
        ),
    )
