"""What the law of a place forbids a configuration to say; read from the jurisdiction packs.

Only what can be known before anybody is asked, so that it stops the start, with its line: the
contact basis, where the ledger and the platform are, what one notice may ask for at once. How a
pack is written and what else it holds is `alumni_sync.consent.jurisdictions`; a pack or a notice
that cannot be read has its own message there and is passed over here.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from alumni_sync.errors import Problem
from alumni_sync.yaml_lines import Document, plain_yaml

NEVER_LEGITIMATE_INTEREST: Final = frozenset({"pl", "uk"})
"""Where asking counts as marketing: no pack can allow legitimate interest there.

Poland: PKE art. 398, since 10 November 2024. United Kingdom: PECR reg. 22 as the ICO applies it
(Flybe and Honda were fined for mails that merely asked for consent).
"""

EEA: Final = ("eu", "eea")
"""Regions that need no transfer basis, where a pack names no others."""

WORDED: Final = (
    ("platform", "processor", "agreement"),
    ("platform", "processor", "transfer"),
    ("consent", "arrangement"),
)
"""Settings whose words notices repeat: one text, or one for each language."""

_Packs = Mapping[str, tuple[str, Mapping[str, Any]]]
"""Source → its jurisdiction and what the pack says; only packs that can be read."""


def law_problems(value: Mapping[str, Any], document: Document, root: Path) -> Iterator[Problem]:
    """Yield what the packs of the sources do not allow a configuration to say.

    Args:
        value: the configuration as plain values.
        document: gives the lines.
        root: the folder of the configuration; `rules/` lies in it.
    """
    sections = value.get("sources")
    sources = sections if isinstance(sections, Mapping) else {}
    packs: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for name, section in sources.items():
        code = section.get("jurisdiction") if isinstance(section, Mapping) else None
        pack = _mapping(root / "rules" / "jurisdictions" / f"{code}.yaml")
        if isinstance(code, str) and pack:
            packs[str(name)] = code, pack
    yield from _bases(sources, packs, document)
    yield from _shared_ledgers(packs, document)
    yield from _transfers(value, packs, document)
    yield from _bundled_purposes(value, packs, document, root)
    yield from _missing_words(value, document, root)
    yield from _arrangement(value, sources, document)


def _bases(sources: Mapping[str, Any], packs: _Packs, document: Document) -> Iterator[Problem]:
    for name, (code, pack) in packs.items():
        contact, allowed = sources[name].get("contact"), pack.get("contact")
        basis = contact.get("basis") if isinstance(contact, Mapping) else None
        says = allowed.get("legitimate_interest") if isinstance(allowed, Mapping) else None
        refused = says is False or code in NEVER_LEGITIMATE_INTEREST
        if basis == "legitimate_interest" and refused:
            where = document.where(("sources", name, "contact", "basis"))
            what = f"legitimate_interest does not count in {code}: asking is marketing there"
            yield Problem(where, what, "use exit_form, or none (letters)")


def _shared_ledgers(packs: _Packs, document: Document) -> Iterator[Problem]:
    for name, (code, pack) in packs.items():
        others = sorted(other for other, (its, _) in packs.items() if its != code)
        if pack.get("own_deployment") is True and others:
            where = document.where(("sources", name, "jurisdiction"))
            what = f"{code} wants a ledger of its own, kept there; this one has {others[0]}, too"
            do = "give this source a deployment of its own, on a machine in that country"
            yield Problem(where, what, do)


def _transfers(value: Mapping[str, Any], packs: _Packs, document: Document) -> Iterator[Problem]:
    platform = value.get("platform")
    processor = platform.get("processor") if isinstance(platform, Mapping) else None
    region = processor.get("region") if isinstance(processor, Mapping) else None
    if not isinstance(region, str) or not isinstance(processor, Mapping):
        return
    if processor.get("transfer"):
        return
    homes = {_home(pack) for _, pack in packs.values()} or {EEA}
    for home in sorted(home for home in homes if region not in home):
        what = f"a region outside {' and '.join(home)} needs `transfer:`"
        yield Problem(document.where(("platform", "processor")), what, "the basis of it")


def _home(pack: Mapping[str, Any]) -> tuple[str, ...]:
    regions = pack.get("regions")
    return tuple(map(str, regions)) if isinstance(regions, list) and regions else EEA


def _bundled_purposes(
    value: Mapping[str, Any], packs: _Packs, document: Document, root: Path
) -> Iterator[Problem]:
    notice = _consent(value).get("notice")
    strict = sorted({code for code, pack in packs.values() if pack.get("one_purpose") is True})
    if not isinstance(notice, str) or not strict:
        return
    manifest = _newest(root / "rules" / "notices" / notice)
    purposes = manifest.get("purposes")
    if isinstance(purposes, Sequence) and purposes:
        what = (
            f"{strict[0]} wants one purpose a document; {notice} {manifest.get('version')} "
            f"asks for {len(purposes)} beside membership"
        )
        do = "copy the notice under another id, with `purposes: []` in its manifest"
        yield Problem(document.where(("consent", "notice")), what, do)


def _missing_words(value: Mapping[str, Any], document: Document, root: Path) -> Iterator[Problem]:
    """Yield words that notices repeat and that are not there in a language of the notice."""
    notice = _consent(value).get("notice")
    manifest = _newest(root / "rules" / "notices" / str(notice))
    spoken = manifest.get("languages")
    for path in WORDED:
        words: object = value
        for key in path:
            words = words.get(key) if isinstance(words, Mapping) else None
        if isinstance(words, Mapping) and isinstance(spoken, Mapping):
            for code in sorted(map(str, spoken.keys() - words.keys())):
                what = f"lacks {code}, which the notice has: a page would mix languages"
                yield Problem(document.where(path), what, "say it in every language")


def _arrangement(
    value: Mapping[str, Any], sources: Mapping[str, Any], document: Document
) -> Iterator[Problem]:
    """Yield an arrangement of joint controllers where there is only one."""
    sections = [each for each in sources.values() if isinstance(each, Mapping)]
    named = {str(each.get("controller")) for each in sections}
    if _consent(value).get("arrangement") and len(named) == 1:
        what = "is for several controllers (GDPR Art. 26); the sources have one"
        yield Problem(document.where(("consent", "arrangement")), what, "take it out")


def _consent(value: Mapping[str, Any]) -> Mapping[str, Any]:
    consent = value.get("consent")
    return consent if isinstance(consent, Mapping) else {}


def _newest(notice: Path) -> Mapping[str, Any]:
    """Return the manifest of the newest edition of a notice."""
    found = [path.parent for path in notice.glob("*/manifest.yaml")]
    numbered = [path for path in found if path.name.replace(".", "").isdecimal()]
    newest = max(numbered, key=lambda path: [*map(int, path.name.split("."))], default=None)
    return _mapping(newest / "manifest.yaml") if newest else {}


def _mapping(path: Path) -> Mapping[str, Any]:
    """Return what a YAML file says; nothing where it is missing or no mapping."""
    try:
        content = plain_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return content if isinstance(content, Mapping) else {}
