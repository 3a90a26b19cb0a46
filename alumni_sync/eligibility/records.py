"""The sealed record of a decision: everything that led to a verdict, as it was at the time.

Enough to show, for as long as it is kept, why somebody was left out: rules, sentences, the facts
that rules looked at, the day, the revision. Sealed with the person's evidence key.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from json.encoder import encode_basestring
from typing import Any, Final

from alumni_sync.domain import Judgement, OutreachHold, Verdict

TABLE: Final = "decision"
"""What decision records are sealed for."""

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)


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
    """Return JSON of facts in the order given.

    By hand: a thousand times a page, the encoder's set-up would cost more than the encoding.
    """
    return "{" + ",".join([f'"{name}":{_cell(value)}' for name, value in facts.items()]) + "}"


def _cell(value: object) -> str:
    """Return JSON of text, a whole number, a list of texts, or nothing."""
    if type(value) is str:
        return encode_basestring(value)
    if value is None:
        return "null"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_cell, value))}]"
    return str(value)


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
    return _ENCODER.encode(head)[:-1]


def dump_record(head: str, judged_on: date, facts: str) -> bytes:
    """Return the bytes to seal: `record_head`, the day, and facts as `dump_facts_used` has them."""
    return f'{head},"on":"{judged_on.isoformat()}","facts":{facts}}}'.encode()


def load_record(content: bytes) -> DecisionRecord:
    """Return the decision that `dump_record` wrote."""
    raw = json.loads(content)
    judgement = Judgement(
        verdict=Verdict(raw["verdict"]),
        rules=tuple(raw["rules"]),
        reasons=tuple(raw["reasons"]),
        flags=frozenset(raw["flags"]),
        holds=tuple(
            OutreachHold(purpose, date.fromisoformat(until) if until else None, rule)
            for purpose, until, rule in raw["holds"]
        ),
        unknown=tuple(raw["unknown"]),
        revision=raw["revision"],
    )
    day = date.fromisoformat(raw["on"])
    return DecisionRecord(judgement, raw["facts"], day, tuple(raw["topics"]))


def closed_purposes(holds: Iterable[OutreachHold], on: date) -> frozenset[str]:
    """Return the purposes that outreach holds keep closed on a day; the last day is included."""
    return frozenset(hold.purpose for hold in holds if hold.until is None or on <= hold.until)
