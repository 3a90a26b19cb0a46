"""What judges the leavers of one source: pack, audience, pilot, experts, and their revision."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from alumni_sync.deployment import Deployment
from alumni_sync.eligibility.experts import load_experts
from alumni_sync.eligibility.pack import RulePack, revision_of
from alumni_sync.eligibility.reading import load_pack
from alumni_sync.eligibility.scope import audience_rules, pilot_rules
from alumni_sync.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Everything that decides about the leavers of one source.

    Attributes:
        pack: the rule pack with built-in rules, audience and pilot.
        revision: hash of pack, mapping, audience, pilot and experts; a decision names it.
        topics: hash of a person's employee number → what HR's list of experts says.
        share: the pilot's share of people; None where there is no pilot.
    """

    source: str
    pack: RulePack
    revision: str
    timezone: ZoneInfo
    topics: Mapping[str, tuple[str, ...]]
    share: float | None = None

    def today(self, now: datetime) -> date:
        """Return the civil day at the source's site."""
        return now.astimezone(self.timezone).date()


def load_ruleset(d: Deployment, source: str) -> Ruleset:
    """Return what judges the leavers of `source`.

    Raises:
        ConfigError: the pack, the list of experts, or the audience cannot be used.
    """
    settings = d.settings
    experts = load_experts(settings.experts, settings.sources).get(source, {})
    hashes = d.ledger.hashes
    topics = {hashes.digest("employee", source, number): said for number, said in experts.items()}
    pilot = settings.pilot
    extra = audience_rules(settings.audience)
    if pilot is not None:
        extra += pilot_rules(pilot.segments)
    jurisdiction = settings.sources[source].jurisdiction
    pack = load_pack(settings.rules).for_source(source, jurisdiction, *extra)
    share = pilot.share if pilot is not None else None
    revision = revision_of(
        {
            "pack": pack.revision,
            "mapping": _fingerprint(d, settings.sources[source].plugin.get("mapping")),
            "experts": hashes.digest("experts", repr(sorted(topics.items()))),
            "share": share,
        }
    )
    return Ruleset(source, pack, revision, settings.sources[source].timezone, topics, share)


def _fingerprint(d: Deployment, mapping: object) -> str:
    """Return a hash of the source's mapping file; "" for a source that has none."""
    if not isinstance(mapping, str):
        return ""
    try:
        content = (d.root / Path(mapping).expanduser()).read_bytes()
    except OSError as error:
        raise ConfigError.of(mapping, f"cannot be read: {error.strerror}") from None
    return hashlib.sha256(content).hexdigest()
