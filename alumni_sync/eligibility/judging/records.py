"""The sealed record of a decision: everything that led to a verdict, as it was at the time.

Enough to show, for as long as it is kept, why somebody was left out: rules, sentences, the facts
that rules looked at, the day, the revision. Sealed with the person's evidence key.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import orjson

from alumni_sync.domain import Judgement, OutreachHold, Verdict

TABLE: Final = "decision"
"""What decision records are sealed for."""


_NO_HOLDS: Final = b'"holds":[]'


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One decision, opened.

    Attributes:
        facts: what rules looked at, as the ledger's JSON has it (dates as ISO text).
        judged_on: civil day at the source's site.
        topics: what HR's list of experts says of the person.
    """

    judgement: Judgement
    facts: Mapping[str, Any]
    judged_on: date
    topics: tuple[str, ...] = ()


def dump_facts_used(facts: Mapping[str, Any]) -> str:
    """Return JSON of facts in the order given; `facts` is a plain dictionary."""
    return orjson.dumps(facts).decode()


def record_head(judgement: Judgement, topics: Iterable[str]) -> str:
    """Return the part of a record that people share about whom the rules say the same."""
    head = {
        "verdict": judgement.verdict,
        "rules": judgement.rules,
        "reasons": judgement.reasons,
        "flags": sorted(judgement.flags),
        "holds": [
            [hold.purpose, hold.until.isoformat() if hold.until else None, hold.rule]
            for hold in judgement.holds
        ],
        "unknown": judgement.unknown,
        "revision": judgement.revision,
        "topics": list(topics),
    }
    return orjson.dumps(head, option=orjson.OPT_SORT_KEYS).decode()[:-1]


def dump_record(head: str, judged_on: date, facts: str) -> bytes:
    """Return the bytes to seal: `record_head`, the day, and facts as `dump_facts_used` has them."""
    return f'{head},"on":"{judged_on.isoformat()}","facts":{facts}}}'.encode()


def load_record(content: bytes) -> DecisionRecord:
    """Return the decision that `dump_record` wrote."""
    raw = orjson.loads(content)
    judgement = Judgement(
        verdict=Verdict(raw["verdict"]),
        rules=tuple(raw["rules"]),
        reasons=tuple(raw["reasons"]),
        flags=frozenset(raw["flags"]),
        holds=_holds(raw),
        unknown=tuple(raw["unknown"]),
        revision=raw["revision"],
    )
    day = date.fromisoformat(raw["on"])
    return DecisionRecord(judgement, raw["facts"], day, tuple(raw["topics"]))


def load_holds(content: bytes) -> tuple[OutreachHold, ...]:
    """Return only the outreach holds of what `dump_record` wrote.

    Few have any. The name in quotes is a key of the record: in a text, quotes are escaped.
    """
    return () if _NO_HOLDS in content else _holds(orjson.loads(content))


def _holds(raw: Mapping[str, Any]) -> tuple[OutreachHold, ...]:
    return tuple(
        OutreachHold(purpose, date.fromisoformat(until) if until else None, rule)
        for purpose, until, rule in raw["holds"]
    )


def closed_purposes(holds: Iterable[OutreachHold], on: date) -> frozenset[str]:
    """Return the purposes that outreach holds keep closed on a day; the last day is included."""
    return frozenset(hold.purpose for hold in holds if hold.until is None or on <= hold.until)
