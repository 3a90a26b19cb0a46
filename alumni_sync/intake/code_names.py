"""Which codes the guards of code drift are about: the mapping tells, the ledger has hashes."""

from typing import TYPE_CHECKING, Final

from alumni_sync.errors import AlumniSyncError
from alumni_sync.intake.code_watch import code_hash, doubted_guards

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment
    from alumni_sync.domain import MappingSaid

WHY: Final = {
    "label": "the source has other words for it",
    "share": "far more people leave with it than ever did",
    "pause": "it came back after a long pause",
}
"""Kind of doubt → what is told of it."""


def codes_of_guards(d: "Deployment") -> dict[str, str]:
    """Return guard → exit code, for the codes that a mapping names one by one."""
    found: dict[str, str] = {}
    for guard in doubted_guards(d.ledger, d.settings.sources):
        source = guard["source"]
        for code in _codes(d, source):
            if code_hash(d.ledger.hashes, source, code) == guard["code_hash"]:
                found[guard["guard_id"]] = code
    return found


def drift_sentences(d: "Deployment") -> list[str]:
    """Return which codes are not trusted, a sentence a code."""
    names = codes_of_guards(d)
    return [
        f"{guard['source']}: exit code {names.get(guard['guard_id'], '(by a pattern)')} is not "
        f"trusted ({WHY[guard['doubt']]}): its new exits go to review; if it still means what the "
        f"mapping says: alumni-sync guards release {guard['guard_id']} --reason expected"
        for guard in doubted_guards(d.ledger, d.settings.sources)
    ]


def _codes(d: "Deployment", source: str) -> list[str]:
    try:
        said = getattr(d.connector(source), "mapping_said", None)
        mapping: MappingSaid | None = said() if said is not None else None
    except AlumniSyncError:  # what is wrong with it is told elsewhere
        return []
    return [] if mapping is None else list(mapping.codes)
