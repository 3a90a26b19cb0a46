"""Which cases of the queue somebody looks for: what stands in the address of the list.

What cannot be read in it is left out, since anybody can write an address.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Self
from urllib.parse import urlencode

from alumni_sync.domain import CaseStatus
from alumni_sync.review.queue.inbox import AGES
from alumni_sync.review.queue.listing import CaseFilter

WAITING: Final = ""
OVERDUE: Final = "overdue"
EVERYTHING: Final = "all"
SHOWS: Final[Mapping[str, str]] = {
    WAITING: "Waiting",
    OVERDUE: "Overdue",
    CaseStatus.AWAITING_SECOND.value: "Waiting for a second person",
    CaseStatus.REOPENED.value: "Reopened",
    CaseStatus.ADMITTED.value: "Admitted",
    CaseStatus.UPHELD.value: "Upheld",
    CaseStatus.EXPIRED.value: "Expired",
    CaseStatus.CLOSED.value: "Closed",
    EVERYTHING: "All",
}
"""What may be shown → its name in the list."""

_LARGEST: Final = 2**31
_LONGEST: Final = 100


@dataclass(frozen=True, slots=True)
class Wished:
    """What somebody asked the list for.

    Attributes:
        show: a key of `SHOWS`.
        older: days, one of `AGES`; 0 for any.
        after: where the page before this one ended; 0 for the first.
        tick: whether every case of the page comes ticked.
    """

    show: str = WAITING
    source: str = ""
    rule: str = ""
    older: int = 0
    after: int = 0
    tick: bool = False

    @classmethod
    def read(cls, query: Mapping[str, str], sources: Sequence[str]) -> Self:
        """Read an address; `sources` are those that may be named in it."""
        show, source = query.get("show", ""), query.get("source", "")
        older = _number(query.get("older", ""))
        return cls(
            show=show if show in SHOWS else WAITING,
            source=source if source in sources else "",
            rule=query.get("rule", "").strip()[:_LONGEST],
            older=older if older in AGES else 0,
            after=min(_number(query.get("after", "")), _LARGEST),
            tick=query.get("tick") == "1",
        )

    @property
    def filters(self) -> CaseFilter:
        """Return the same for the review stage."""
        statuses = {status.value for status in CaseStatus}
        return CaseFilter(
            sources=frozenset({self.source}) if self.source else None,
            rule=self.rule,
            status=CaseStatus(self.show) if self.show in statuses else None,
            waiting=self.show == WAITING,
            overdue=self.show == OVERDUE,
            older_than=timedelta(days=self.older) if self.older else None,
        )

    @property
    def narrowed(self) -> bool:
        """Say whether anything was asked for beyond what everybody starts with."""
        return replace(self, after=0, tick=False) != type(self)()

    def address(self, **changed: object) -> str:
        """Return the path of the list with something changed, "/" with nothing to say."""
        other = replace(self, **{"after": 0, "tick": False, **changed})  # type: ignore[arg-type]  # our own attributes
        asked = {
            "show": other.show,
            "source": other.source,
            "rule": other.rule,
            "older": other.older or "",
            "after": other.after or "",
            "tick": "1" if other.tick else "",
        }
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"/?{query}" if query else "/"


def _number(text: str) -> int:
    return int(text[:12]) if text.isascii() and text.isdecimal() else 0
