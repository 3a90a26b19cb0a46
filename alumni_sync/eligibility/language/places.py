"""Rules that speak about one source or jurisdiction only: does the configuration have it?

A name that nobody has would switch its rule off without a word.
"""

from collections.abc import Collection, Iterator

from alumni_sync.eligibility.language.pack import RulePack
from alumni_sync.errors import ConfigError, Problem
from alumni_sync.settings import Settings
from alumni_sync.yaml_lines import suggest


def check_places(pack: RulePack, settings: Settings) -> None:
    """Check every source and jurisdiction that a rule names.

    Args:
        pack: as it was read, not yet as it judges one source.
        settings: the configuration; a jurisdiction may be one that no source is in today.

    Raises:
        ConfigError: each rule that names one that is not there.
    """
    packs = (settings.root / "rules" / "jurisdictions").glob("*.yaml")
    jurisdictions = {source.jurisdiction for source in settings.sources.values()}
    known = {
        "source": set(settings.sources),
        "jurisdiction": {p.stem for p in packs} | jurisdictions,
    }
    problems = [problem for kind, names in known.items() for problem in _unknown(pack, kind, names)]
    if problems:
        raise ConfigError(problems)


def _unknown(pack: RulePack, kind: str, known: Collection[str]) -> Iterator[Problem]:
    for rule in pack.rules:
        wanted = rule.sources if kind == "source" else rule.jurisdictions
        for name in sorted(wanted - set(known)):
            yield Problem(
                f"{rule.where} {rule.id}", f"there is no {kind} {name}", suggest(name, known)
            )
