"""How cases are ruled on: overrides, bulk, one click, and how long it takes. Never per reviewer.

A queue in which everything is upheld by one click is evidence against whoever runs it: a person's
part in the decision would be a token gesture (GDPR Art. 22). So these figures stand in the report,
and small cells of them are hidden like all others.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median
from typing import Any, Final

from sqlalchemy import Connection, exists, func, select

from alumni_sync.ledger.tables import CaseEvent, t
from alumni_sync.reporting.suppression import SMALLEST_SHOWN, Count, Published, publish
from alumni_sync.review.record.history import SEEN
from alumni_sync.review.rulings.steps import OPENINGS, RULINGS

LOOKED: Final = "looked"
ONE_CLICK: Final = "one_click"
BULK: Final = "bulk"
WAYS: Final = (LOOKED, ONE_CLICK, BULK)
"""How somebody ruled: alone after opening the facts, alone without, or several by one act."""
RAN_OUT: Final = "expired"

_EVENTS: Final = t(CaseEvent)


@dataclass(frozen=True, slots=True)
class RuledCases:
    """How cases ended; None stands for a figure that may not be shown.

    Attributes:
        ended: `admitted`, `upheld` and `expired` (nobody ruled in time) → cases.
        ways: `admitted` and `upheld` → `looked`, `one_click`, `bulk` → cases.
        median_days: from the opening of a case, or its last reopening, to the ruling.
    """

    total: int | None = None
    ended: Mapping[str, int | None] = field(default_factory=dict)
    ways: Mapping[str, Mapping[str, int | None]] = field(default_factory=dict)
    median_days: float | None = None

    @property
    def override_rate(self) -> float | None:
        """Return the share of rulings that were not what the rules proposed."""
        admitted, upheld = self.ended.get("admitted"), self.ended.get("upheld")
        if admitted is None or upheld is None:
            return None
        return admitted / (admitted + upheld)

    @property
    def bulk_share(self) -> float | None:
        """Return the share of rulings that were made on several cases by one act."""
        wholes = [self.ended.get(ruling) for ruling in RULINGS]
        parts = [self.ways.get(ruling, {}).get(BULK) for ruling in RULINGS]
        if None in {*wholes, *parts}:
            return None
        return sum(filter(None, parts)) / sum(filter(None, wholes))

    def share(self, ruling: str, way: str) -> float | None:
        """Return the share of a way among the rulings of one kind."""
        part, whole = self.ways.get(ruling, {}).get(way), self.ended.get(ruling)
        return part / whole if part is not None and whole else None

    def numbers(self) -> dict[str, Any]:
        """Return the figures as plain values."""
        return {
            "total": self.total,
            "ended": dict(self.ended),
            "ways": {ruling: dict(ways) for ruling, ways in self.ways.items()},
            "override_rate": _rounded(self.override_rate),
            "bulk_share": _rounded(self.bulk_share),
            "bulk_share_of_upheld": _rounded(self.share("upheld", BULK)),
            "one_click_share_of_upheld": _rounded(self.share("upheld", ONE_CLICK)),
            "median_days_to_ruling": self.median_days,
        }


NOTHING_RULED: Final = RuledCases()


def read_ruled_cases(connection: Connection) -> RuledCases:
    """Count every ruling that the ledger knows, those of cases that opened again included."""
    ways: Counter[tuple[str, str]] = Counter()
    days: list[float] = []
    for event, way, took in _rulings(connection):
        ways[event, way] += 1
        if took is not None:
            days.append(took)
    ran_out = _ran_out(connection)
    if not ways and not ran_out:
        return NOTHING_RULED
    tree = publish(
        Count.of(
            "",
            [
                *(
                    Count.of(event, [Count(way, ways[event, way]) for way in WAYS])
                    for event in RULINGS
                ),
                Count(RAN_OUT, ran_out),
            ],
        )
    )
    return RuledCases(
        total=tree.value,
        ended={part.name: part.value for part in tree.parts},
        ways={part.name: _values(part) for part in tree.parts if part.parts},
        median_days=round(median(days), 1) if len(days) >= SMALLEST_SHOWN else None,
    )


def _values(part: Published) -> dict[str, int | None]:
    return {each.name: each.value for each in part.parts}


def _rulings(connection: Connection) -> Iterator[tuple[str, str, float | None]]:
    """Yield the kind of each ruling, how it was made, and after how many days."""
    before, looked = _EVENTS.alias("before"), _EVENTS.alias("looked")
    opened_at = (
        select(func.max(before.c.at))
        .where(
            before.c.case_id == _EVENTS.c.case_id,
            before.c.id < _EVENTS.c.id,
            before.c.event.in_(OPENINGS),
        )
        .scalar_subquery()
    )
    opened = exists().where(
        looked.c.case_id == _EVENTS.c.case_id,
        looked.c.version == _EVENTS.c.version - 1,
        looked.c.actor == _EVENTS.c.actor,
        looked.c.event == SEEN,
    )
    query = select(
        _EVENTS.c.event,
        _EVENTS.c.at,
        _EVENTS.c.bulk,
        opened_at.label("opened_at"),
        opened.label("opened"),
    ).where(_EVENTS.c.event.in_(RULINGS))
    for row in connection.execute(query):
        way = BULK if row.bulk else LOOKED if row.opened else ONE_CLICK
        took = (row.at - row.opened_at) / timedelta(days=1) if row.opened_at else None
        yield row.event, way, took


def _ran_out(connection: Connection) -> int:
    query = select(func.count()).where(_EVENTS.c.event == RAN_OUT)
    return int(connection.execute(query).scalar_one())


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 3)
