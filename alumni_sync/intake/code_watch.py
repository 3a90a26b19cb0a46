"""Watches how a source uses its exit codes; one that drifts is not trusted until two people say so.

The guard stops no read. New exits with a doubted code are taken in with the exit kind `unknown`, so
that a person looks at each; exits that were taken in before keep what was said of them then. Kept
are counts and keyed hashes, one row a code: nothing about anybody.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import Connection, insert, select, update

from alumni_sync.domain import ExitKind, RecordStatus
from alumni_sync.intake.drift import CodeRead, CodeUse, Doubt, DoubtKind, DriftLimits, doubts
from alumni_sync.intake.sighting import Known, Sighting
from alumni_sync.ledger.hashing import KeyedHashes
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.rule_tables import CodeSeen
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Brake, Spell, Watermark, t
from alumni_sync.ledger.upsert import upsert
from alumni_sync.ports import SourceRecord

GUARD: Final = "code_drift"
HOLDS_FOR: Final = timedelta(days=400)
"""How long a doubt waits for its release, and a release for the next read: a source may be read
once a year."""

_SEEN: Final = t(CodeSeen)
_BRAKE: Final = t(Brake)
_SPELL: Final = t(Spell)
_WATERMARK: Final = t(Watermark)
_LEFT: Final = RecordStatus.LEFT.value
_NO_CODE: Final = (None, "", ExitKind.UNDISCLOSED.value)
_STANDS: Final = ("tripped", "awaiting_second")
_NEVER: Final = CodeUse()


def code_hash(hashes: KeyedHashes, source: str, code: str) -> str:
    """Return by what a code is known in the ledger."""
    return hashes.digest("exit_code", source, code)


def trust_released(ledger: Ledger, source: str, now: datetime) -> int:
    """Trust the codes whose guard two people have released; their exits are read once more.

    Returns:
        How many codes are trusted again.
    """
    doubted = select(_SEEN.c.code_hash, _SEEN.c.doubted_label, _SEEN.c.guard_id).where(
        _SEEN.c.source == source, _SEEN.c.doubt != ""
    )
    with ledger.read() as connection:
        rows = connection.execute(doubted).all()
    if not rows:
        return 0
    with ledger.write() as connection:
        guards = [row.guard_id for row in rows]
        released = set(
            connection.execute(
                select(_BRAKE.c.id).where(
                    _BRAKE.c.id.in_(guards),
                    _BRAKE.c.status == "released",
                    _BRAKE.c.expires_at > now,
                )
            ).scalars()
        )
        again = [row for row in rows if row.guard_id in released]
        for row in again:
            _trust(connection, source, row, now)
        if again:
            _read_once_more(connection, source)
    return len(again)


def _trust(connection: Connection, source: str, row: Any, now: datetime) -> None:  # noqa: ANN401 a row
    values: dict[str, Any] = {"doubt": "", "doubted_label": "", "guard_id": "", "changed_at": now}
    if row.doubted_label:
        values["label_hash"] = row.doubted_label
    this = (_SEEN.c.source == source, _SEEN.c.code_hash == row.code_hash)
    connection.execute(update(_SEEN).where(*this).values(values))
    connection.execute(update(_BRAKE).where(_BRAKE.c.id == row.guard_id).values(status="spent"))


def _read_once_more(connection: Connection, source: str) -> None:
    """Let the next read look again at whatever was kept otherwise than the source said it."""
    otherwise = (_SPELL.c.source == source, _SPELL.c.seen_hash != _SPELL.c.facts_hash)
    connection.execute(update(_SPELL).where(*otherwise).values(seen_hash=""))
    mark = _WATERMARK.c.source == source
    connection.execute(update(_WATERMARK).where(mark).values(basis="", since=None))


@dataclass(frozen=True, slots=True)
class _Known:
    """What the ledger has of one code."""

    use: CodeUse
    doubt: str
    doubted_label: str


class CodeWatch:
    """The codes of one read: first looked at, then settled, then counted."""

    def __init__(
        self,
        ledger: Ledger,
        source: str,
        limits: DriftLimits,
        *,
        run_id: str,
        now: datetime,
    ) -> None:
        """Load how the source used its codes until now."""
        self._ledger = ledger
        self._source = source
        self._limits = limits
        self._run_id = run_id
        self._now = now
        self._read: dict[str, CodeRead] = {}
        self._codes: dict[str, str] = {}
        self._labels: dict[str, str] = {}
        with ledger.read() as connection:
            rows = connection.execute(select(_SEEN).where(_SEEN.c.source == source)).all()
        self._known = {
            row.code_hash: _Known(
                CodeUse(row.label_hash, row.exits, row.last_exit), row.doubt, row.doubted_label
            )
            for row in rows
        }

    def look(self, records: Sequence[SourceRecord], sighting: Sighting) -> None:
        """Note how a page uses its codes."""
        known = sighting.columns["known"].tolist()
        for at in sighting.usable:
            record = records[at]
            code = record.facts.get("exit_code")
            if code in _NO_CODE or record.facts["record_status"] != _LEFT:
                continue
            use, was = self._use(str(code))
            new = known[at] == Known.NOT
            if record.code_label:
                use.say(self._label(record.code_label), was, new=new)
            if new:
                day = record.facts.get("last_working_day")
                use.add(day if isinstance(day, date) else None, was)

    def doubted(self) -> frozenset[str]:
        """Return the codes that are not trusted now; what is newly doubted is on record now."""
        found = dict(
            doubts({code: one.use for code, one in self._known.items()}, self._read, self._limits)
        )
        news = {code: doubt for code, doubt in found.items() if self._is_news(code, doubt)}
        if news:
            with self._ledger.write() as connection:
                for code, doubt in news.items():
                    self._trip(connection, code, doubt)
        self._renew_lapsed()
        return frozenset(
            plain
            for plain, code in self._codes.items()
            if code in self._known and self._known[code].doubt
        )

    def note(self, connection: Connection) -> None:
        """Count what was taken in, in the transaction that moves the watermark."""
        rows = [
            self._row(code, use) for code, use in self._read.items() if self._changes(code, use)
        ]
        if rows:
            changed = ["label_hash", "exits", "last_exit", "changed_at"]
            key = ("source", "code_hash")
            upsert(connection, _SEEN, rows, key=key, update=changed)

    def _use(self, code: str) -> tuple[CodeRead, CodeUse]:
        """Return how this read uses a code, and how it was used until now."""
        if code not in self._codes:
            self._codes[code] = code_hash(self._ledger.hashes, self._source, code)
        kept = self._codes[code]
        was = self._known[kept].use if kept in self._known else _NEVER
        return self._read.setdefault(kept, CodeRead()), was

    def _label(self, words: str) -> str:
        if words not in self._labels:
            self._labels[words] = self._ledger.hashes.digest("exit_label", self._source, words)
        return self._labels[words]

    def _is_news(self, code: str, doubt: Doubt) -> bool:
        """Say whether a doubt is not on record: of one kind it is again only about other words."""
        known = self._known[code]
        if not known.doubt:
            return True
        return doubt.kind is DoubtKind.LABEL and self._read[code].label != known.doubted_label

    def _trip(self, connection: Connection, code: str, doubt: Doubt) -> None:
        """Put a doubt on record; a guard of before, about other words, stands no more."""
        label = self._read[code].label if code in self._read else ""
        this = (_SEEN.c.source == self._source, _SEEN.c.code_hash == code)
        old = connection.execute(select(_SEEN.c.guard_id).where(*this)).scalar_one()
        connection.execute(update(_BRAKE).where(_BRAKE.c.id == old).values(status="spent"))
        guard = new_id("GU")
        connection.execute(
            insert(_BRAKE).values(
                id=guard,
                kind="guard",
                name=GUARD,
                scope=self._source,
                subject_hash=self._ledger.hashes.digest("drift", code, label, doubt.kind),
                counts={doubt.kind.value: 1, **doubt.counts},
                status="tripped",
                version=1,
                tripped_at=self._now,
                expires_at=self._now + HOLDS_FOR,
                run_id=self._run_id,
            )
        )
        values = {"doubt": doubt.kind.value, "doubted_label": label, "guard_id": guard}
        connection.execute(update(_SEEN).where(*this).values(changed_at=self._now, **values))
        self._known[code] = _Known(self._known[code].use, doubt.kind.value, label)

    def _renew_lapsed(self) -> None:
        """Trip anew the guards of codes that are doubted still and that nobody released in time."""
        doubted = {code: one for code, one in self._known.items() if one.doubt}
        if not doubted:
            return
        standing = (
            select(_SEEN.c.code_hash)
            .join(_BRAKE, _BRAKE.c.id == _SEEN.c.guard_id)
            .where(_SEEN.c.source == self._source, _BRAKE.c.expires_at > self._now)
        )
        with self._ledger.write() as connection:
            there = set(connection.execute(standing).scalars())
            for code in doubted.keys() - there:
                self._trip(connection, code, Doubt(DoubtKind(doubted[code].doubt)))

    def _changes(self, code: str, use: CodeRead) -> bool:
        known = self._known.get(code)
        return known is None or use.exits > 0 or bool(use.label and not known.use.label)

    def _row(self, code: str, use: CodeRead) -> dict[str, Any]:
        """Return a code's row; words that are doubted are taken over by their release only."""
        was = self._known.get(code, _Known(_NEVER, "", "")).use
        days = [day for day in (was.last_exit, use.last_exit) if day is not None]
        return {
            "source": self._source,
            "code_hash": code,
            "label_hash": was.label or use.label,
            "exits": was.exits + use.exits,
            "last_exit": max(days, default=None),
            "doubt": "",
            "doubted_label": "",
            "guard_id": "",
            "changed_at": self._now,
        }


def doubted_guards(ledger: Ledger, sources: Iterable[str]) -> list[Mapping[str, Any]]:
    """Return the guards of codes that are not trusted: id, source, why, and the code's hash."""
    query = select(_SEEN.c.guard_id, _SEEN.c.source, _SEEN.c.doubt, _SEEN.c.code_hash).where(
        _SEEN.c.doubt != "", _SEEN.c.source.in_(list(sources))
    )
    with ledger.read() as connection:
        rows = connection.execute(query.order_by(_SEEN.c.source, _SEEN.c.guard_id)).mappings()
        return [cast("Mapping[str, Any]", dict(row)) for row in rows]
