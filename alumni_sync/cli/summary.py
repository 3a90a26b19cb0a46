"""What `run --json` prints, put together from what the stages recorded in the ledger. Pure.

Its keys are a contract (docs/cli.md). Every count is there, zero or not, so that who reads it needs
no defaults of their own.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from alumni_sync.domain import Flag, Verdict

StageCounts = Mapping[str, Mapping[str, Any]]
"""Stage → what it counted, of one run of a flow."""

LEAVERS: Final = ("new", "changed", "unchanged", "not_leavers", "rejected")
INVITATIONS: Final = ("due", "sent", "no_contact", "failed", "unknown")
MEMBERS: Final = (
    "created",
    "updated",
    "hidden",
    "removed",
    "unchanged",
    "failed",
    "dead_letters",
)

RULES: Final = ("rules_waiting", "rules_broken")
"""Sources that were judged by the rules of before: a change waits, or its files are broken."""

_WHY: Final = {
    "rules_waiting": "a change waits for its release",
    "rules_broken": "the files cannot be used",
}


def summarise(
    stages: Iterable[StageCounts],
    *,
    run_id: str,
    closes: Sequence[str],
    queue: Mapping[str, int],
    stops: Sequence[str],
    duration_seconds: float,
) -> dict[str, Any]:
    """Return the object that `run --json` prints.

    Args:
        stages: of each flow that ran.
        run_id: of the last flow.
        closes: the partition keys that were taken in.
        queue: open and overdue cases now.
        stops: ids of brakes and guards that stopped something.
        duration_seconds: of the whole command.
    """
    total: dict[str, Counter[str]] = {}
    verdicts, flags = Counter[str](), Counter[str]()
    for flow in stages:
        for stage, counts in flow.items():
            numbers = {name: n for name, n in counts.items() if isinstance(n, int)}
            total.setdefault(stage, Counter()).update(numbers)
        verdicts.update(flow.get("eligibility", {}).get("verdicts", {}))
        flags.update(flow.get("eligibility", {}).get("flags", {}))
    read, judged = total.get("leavers", Counter()), total.get("eligibility", Counter())
    return {
        "run_id": run_id,
        "closes": sorted(closes),
        "read": read["read"],
        "leavers": _named(LEAVERS, read),
        "verdicts": _named([verdict.value for verdict in reversed(Verdict)], verdicts),
        "flags": _named(sorted({*Flag, *flags}), flags),
        "rules": _named(RULES, judged),
        "queue": dict(queue),
        "invitations": _named(INVITATIONS, total.get("consent_requests", Counter())),
        "members": _named(MEMBERS, total.get("community_members", Counter())),
        "brakes": sorted(stop for stop in stops if not stop.startswith("GU-")),
        "guards": sorted(stop for stop in stops if stop.startswith("GU-")),
        "duration_seconds": round(duration_seconds, 1),
    }


def newly_rejected(stages: Iterable[StageCounts]) -> int:
    """Return how many records were rejected or dead-lettered that were not before."""
    return sum(
        flow.get("leavers", {}).get("newly_rejected", 0)
        + flow.get("community_members", {}).get("dead_letters", 0)
        + flow.get("consent_requests", {}).get("dead_letters", 0)
        for flow in stages
    )


def _named(names: Iterable[str], counts: Counter[str]) -> dict[str, int]:
    return {str(name): counts[name] for name in names}


def blocked_requests(stages: Iterable[StageCounts]) -> dict[str, int]:
    """Return why people could not be asked although nothing is wrong with them: reason → people."""
    blocked: dict[str, int] = {}
    for flow in stages:
        blocked |= flow.get("consent_requests", {}).get("blocked", {})
    return blocked


def lines_of(summary: Mapping[str, Any], blocked: Mapping[str, int]) -> list[str]:
    """Return the summary for people; `blocked` is that of `blocked_requests`."""
    read, members = summary["read"], summary["members"]
    lines = [
        f"Payroll closes  {', '.join(summary['closes']) or 'none was taken in'}",
        f"Read            {read} rows: {_said(summary['leavers'])}",
        f"Verdicts        {_said(summary['verdicts'])}",
        f"Queue           {_said(summary['queue'])}",
        f"Invitations     {_said(summary['invitations'])}",
        f"Members         {_said(members)}",
    ]
    lines += [
        f"Blocked         {number} wait: {reason.replace('_', ' ')}; see alumni-sync doctor"
        for reason, number in blocked.items()
    ]
    lines += [
        f"Rules           {number} source(s) judged by those of before: {_WHY[name]}; see "
        "alumni-sync doctor"
        for name, number in summary["rules"].items()
        if number
    ]
    lines += [f"Stopped         {stop}: alumni-sync brakes list" for stop in summary["brakes"]]
    lines += [f"Stopped         {stop}: alumni-sync guards list" for stop in summary["guards"]]
    return [*lines, f"Took            {summary['duration_seconds']} s"]


def _said(counts: Mapping[str, int]) -> str:
    """Return `3 new, 1 rejected`; what is zero is left out."""
    words = [f"{number} {name.replace('_', ' ')}" for name, number in counts.items() if number]
    return ", ".join(words) or "nothing"
