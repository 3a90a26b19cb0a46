"""What a deployment says about asking: packs, editions and terms, put together per source.

The seam between settings and the pure parts; reads files of `rules/`, never the ledger.
"""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from alumni_sync.consent.gates import ContactTerms, Recipient
from alumni_sync.consent.jurisdictions import JurisdictionPack, load_pack, pack_path
from alumni_sync.consent.notices.editions import Edition, Terms, in_language, load_edition
from alumni_sync.errors import ConfigError

if TYPE_CHECKING:
    from alumni_sync.deployment import Plugins


def rules_folder(d: "Plugins") -> Path:
    """Return the deployment's `rules` folder, beside its configuration."""
    return _rules_below(d.settings.root)


@lru_cache(maxsize=32)  # a page asks four times
def _rules_below(root: Path) -> Path:
    return root / "rules"


def pack_of(d: "Plugins", source: str) -> JurisdictionPack:
    """Return the jurisdiction pack of a source; raises `ConfigError`."""
    jurisdiction = d.settings.sources[source].jurisdiction
    rules = rules_folder(d)
    try:
        found = pack_path(rules, jurisdiction).stat()
    except OSError:  # what is wrong with it, reading it says
        return load_pack(rules, jurisdiction)
    return _pack(rules, jurisdiction, (found.st_mtime_ns, found.st_size))


@lru_cache(maxsize=32)
def _pack(rules: Path, jurisdiction: str, _state: tuple[int, int]) -> JurisdictionPack:
    """Read a pack once per state of its file: pages and mails ask for it all the time."""
    return load_pack(rules, jurisdiction)


_SHOWN: Final[dict[tuple[Path, str], JurisdictionPack]] = {}
"""The pack by which a page was shown last; see `pack_shown`."""


def pack_shown(d: "Plugins", source: str) -> JurisdictionPack:
    """Return the pack of a source; one that cannot be used gives way to the one shown before.

    As with `edition_shown`: nobody is asked on it, and nobody is kept in by it.

    Raises:
        ConfigError: there is none from before, since this process began.
    """
    which = (rules_folder(d), d.settings.sources[source].jurisdiction)
    try:
        _SHOWN[which] = pack_of(d, source)
    except ConfigError:
        if which not in _SHOWN:
            raise
    return _SHOWN[which]


def edition_of(d: "Plugins", version: str | None = None) -> Edition:
    """Return an edition of the configured notice; None takes the newest. Raises `ConfigError`."""
    return load_edition(rules_folder(d), d.settings.consent.notice, version)


def edition_shown(d: "Plugins", known: str) -> Edition:
    """Return the newest edition; one that cannot be used gives way to the `known` one.

    Somebody may be on their way out: a file that legal has just broken must not keep them in.

    Raises:
        ConfigError: the known one cannot be used either.
    """
    try:
        return edition_of(d)
    except ConfigError:
        if not known:
            raise
        return edition_of(d, known)


def language_for(d: "Plugins", edition: Edition, *wanted: object) -> str:
    """Return the language to speak: the first wanted one that is complete, else the company's."""
    known = [code for code in wanted if isinstance(code, str) and code]
    return edition.language(*known, *d.settings.company.languages)


def contact_terms(d: "Plugins", source: str) -> ContactTerms:
    """Return what the contact gate must know about a source."""
    section, processor = d.settings.sources[source], d.settings.platform.processor
    return ContactTerms(
        recipient=Recipient(
            d.platform_name, in_language(processor.agreement, ""), processor.region
        ),
        pack=pack_of(d, source),
        basis=section.contact.basis,
        assessment=section.contact.assessment or "",
        company_domains=d.settings.company.domains,
    )


def terms_for(
    d: "Plugins", source: str, basis: str = "", pack: JurisdictionPack | None = None
) -> Terms:
    """Return what a notice says for the leavers of a source.

    Args:
        d: the deployment.
        source: where they left.
        basis: contact basis by which the reader is asked; "" means the source's own.
        pack: by which it is said; None reads the source's.
    """
    section, processor = d.settings.sources[source], d.settings.platform.processor
    pack, arrangement = pack or pack_of(d, source), d.settings.consent.arrangement or ""
    return Terms(
        company=d.settings.company.name,
        controller=section.controller.name,
        contact=section.controller.contact,
        recipient=processor.agreement,
        region=processor.region.upper(),
        transfer="" if processor.region in pack.regions else processor.transfer or "",
        basis=basis or section.contact.basis.value,
        mails=pack.timers.asking_mails,
        close_days=pack.timers.close_days,
        defer_days=pack.timers.defer_days,
        validity_months=pack.timers.validity_months,
        proof_years=pack.proof_years,
        authority=pack.authority.name,
        authority_url=pack.authority.url,
        rules_url=f"{d.settings.consent.public_url}/how-we-decide",
        jurisdiction=pack.jurisdiction,
        pause_months=pack.timers.pause_months,
        notice_days=pack.timers.notice_days,
        reply_days=pack.requests.working_days or 0,
        controllers=", ".join(controllers(d)) if arrangement else "",
        arrangement=arrangement,
    )


def controllers(d: "Plugins") -> list[str]:
    """Return the names of all controllers, in the order of the sources."""
    return list(dict.fromkeys(each.controller.name for each in d.settings.sources.values()))
