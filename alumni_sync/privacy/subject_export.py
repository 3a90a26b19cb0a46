"""Everything about one person, for that person: JSON for machines, a page for people, the texts.

For GDPR Art. 15 and 20. Made in memory from one read transaction; nothing of it is stored. In it is
what the ledger has about the person and can still read; what was destroyed is said to be so. Not in
it: keys and secrets, other people (colleagues stand by their role), and what a legal hold is for.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from alumni_sync.consent.terms import edition_of, language_for, terms_for
from alumni_sync.errors import Refused
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import Person, t
from alumni_sync.privacy import export_sections as sections
from alumni_sync.privacy.export_consents import Consents, consents
from alumni_sync.privacy.export_page import page_of
from alumni_sync.privacy.export_reader import Item, Reader, picked
from alumni_sync.privacy.export_texts import ExportTexts, texts_in

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

DATA: Final = "my-data.json"
PAGE: Final = "my-data.html"
_PERSON: Final = t(Person)
_PERSONAL: Final = 0o600


@dataclass(frozen=True, slots=True)
class SubjectExport:
    """One person's data, complete.

    Attributes:
        content: plain JSON values; every section, the texts included.
        language: of the page.
        made_at: aware.
        files: name → bytes of everything in the ZIP.
    """

    person_id: str
    content: Mapping[str, Any]
    language: str
    made_at: datetime
    files: Mapping[str, bytes]

    def zipped(self) -> bytes:
        """Return all files as one ZIP; the same export makes the same bytes."""
        stamp = self.made_at.timetuple()[:6]
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in self.files.items():
                entry = zipfile.ZipInfo(name, stamp)
                entry.external_attr = _PERSONAL << 16
                archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
        return buffer.getvalue()


def export_subject(d: "Deployment", person_id: str, language: str = "") -> SubjectExport:
    """Return everything about a person.

    Args:
        d: the deployment.
        person_id: `P-…`.
        language: of the page; "" for the person's own, as far as we know it.

    Raises:
        Refused: there is no such person.
    """
    ring = d.ledger.vault.load([person_id])
    with d.ledger.read() as connection:
        query = select(_PERSON).where(_PERSON.c.id == person_id)
        person = connection.execute(query).mappings().first()
        if person is None:
            raise Refused("there is no such person")
        reader = Reader(d, connection, ring, dict(person))
        said = consents(reader)
        spoken = language_for(d, edition_of(d), language, *_languages(said), _known(reader))
        texts = texts_in(spoken)
        content = _content(reader, said, texts.code)
    content = {"about": _about(reader, texts.code), "information": _law(reader, texts), **content}
    return SubjectExport(
        person_id, content, texts.code, d.clock.now(), _files(content, texts, said)
    )


def _known(reader: Reader) -> str:
    """Return the language that the HRIS last told us of; "" where it did not, or it is gone.

    Of whom the rules excluded, only the record of the decision still knows it.
    """
    known = [*sections.decisions(reader, ""), *sections.employments(reader)]
    told = [str(item.get("facts", {}).get("language") or "") for item in known]
    return next((one for one in reversed(told) if one), "")


def _content(reader: Reader, said: Consents, language: str) -> dict[str, Any]:
    return {
        "employments": sections.employments(reader),
        "decisions": sections.decisions(reader, language),
        "cases": sections.cases(reader),
        "consents": said.items,
        "memberships": sections.memberships(reader),
        "writes": sections.writes(reader),
        "mails": sections.mails(reader),
        "failures": sections.failures(reader),
        "links": sections.links(reader),
        "suppressions": sections.suppressions(reader, said.addresses),
        "requests": sections.requests(reader),
        "recorded": sections.recorded(reader),
        "joins": sections.joins(reader),
        "accesses": sections.accesses(reader),
        "erasures": sections.erasures(reader),
        "texts": said.texts,
    }


def _languages(said: Consents) -> list[str]:
    return [str(item["language"]) for item in reversed(said.items) if item["language"]]


def _about(reader: Reader, language: str) -> Item:
    """Return whose data it is, who is responsible, and what can still be read."""
    d, source = reader.d, reader.person["source"]
    section = d.settings.sources.get(source)
    known = reader.opened(KeyKind.PROFILE, "person", reader.person["sealed"])
    return {
        "person": reader.person_id,
        "source": source,
        "controller": section.controller.name if section else "",
        "contact": section.controller.contact if section else "",
        "made_at": d.clock.now().isoformat(),
        "language": language,
        "ids": known,
        **picked(reader.person, ("first_seen_at=created_at", "restricted_at", "erased_at")),
        "profile_key": sections.KEPT if reader.has(KeyKind.PROFILE) else sections.DESTROYED,
        "evidence_key": sections.KEPT if reader.has(KeyKind.EVIDENCE) else sections.DESTROYED,
    }


def _law(reader: Reader, texts: ExportTexts) -> dict[str, str]:
    """Return what Art. 15(1) wants said, in sentences; empty where the source is gone."""
    source = reader.person["source"]
    if source not in reader.d.settings.sources:
        return {}
    return texts.information(terms_for(reader.d, source))


def _files(content: Mapping[str, Any], texts: ExportTexts, said: Consents) -> dict[str, bytes]:
    document = json.dumps(content, ensure_ascii=False, indent=2)
    page = page_of(content, texts)
    found = {PAGE: page, DATA: document, **said.texts, **said.receipts}
    return {name: text.encode() for name, text in found.items()}
