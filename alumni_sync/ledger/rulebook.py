"""The rulebook: every revision of what judged a source's leavers, by content, and which is active.

Files are kept as the bytes they were, once each, however many revisions have them. So a decision
can be worked out again for as long as it is kept, whatever stands in the folder by then.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update

from alumni_sync.ledger.among import among
from alumni_sync.ledger.rule_tables import ActiveRules, RulesBlob, RulesRevision
from alumni_sync.ledger.tables import t
from alumni_sync.ledger.upsert import insert_ignore, upsert


class RulesState(StrEnum):
    """Where a revision stands."""

    ACTIVE = "active"
    AWAITING = "awaiting_release"
    SECOND = "awaiting_second"
    RETIRED = "retired"


WAITING: Final = (RulesState.AWAITING.value, RulesState.SECOND.value)

_BLOB: Final = t(RulesBlob)
_REVISION: Final = t(RulesRevision)
_ACTIVE: Final = t(ActiveRules)


def standing(connection: Connection, sources: Iterable[str]) -> Sequence[Row[Any]]:
    """Return the revisions of some sources that are active or wait, the active ones first."""
    query = select(_REVISION).where(
        among(_REVISION.c.source), _REVISION.c.state != RulesState.RETIRED.value
    )
    rows = connection.execute(query, {"among": sources}).all()
    return sorted(rows, key=lambda row: (row.state != RulesState.ACTIVE, row.source, row.revision))


def kept(connection: Connection, revision: str) -> Row[Any] | None:
    """Return one revision; None where it was never kept."""
    return connection.execute(select(_REVISION).where(_REVISION.c.revision == revision)).first()


def blobs(connection: Connection, hashes: Iterable[str]) -> dict[str, bytes]:
    """Return SHA-256 → bytes of kept files."""
    query = select(_BLOB.c.sha256, _BLOB.c.content).where(among(_BLOB.c.sha256))
    return dict(connection.execute(query, {"among": list(hashes)}).all())


def keep(
    connection: Connection,
    row: Mapping[str, Any],
    contents: Iterable[bytes],
) -> None:
    """Keep a revision with its files; one that was kept before takes up its new state.

    Its version grows, so that what was proposed about it before holds no longer.
    """
    files = [{"sha256": sha256(content), "content": content} for content in contents]
    insert_ignore(connection, _BLOB, files, key=("sha256",))
    before = kept(connection, row["revision"])
    version = 1 if before is None else before.version + 1
    fresh = {**row, "version": version}
    changed = [name for name in fresh if name not in {"revision", "source", "parts"}]
    upsert(connection, _REVISION, [fresh], key=("revision",), update=changed)


def activate(
    connection: Connection, source: str, revision: str, now: datetime, *, released_by: str = ""
) -> None:
    """Let a kept revision judge from now on; every other one of the source is retired."""
    ours = _REVISION.c.source == source
    connection.execute(
        update(_REVISION)
        .where(ours, _REVISION.c.revision != revision)
        .values(state=RulesState.RETIRED.value)
    )
    connection.execute(
        update(_REVISION)
        .where(_REVISION.c.revision == revision)
        .values(state=RulesState.ACTIVE.value)
    )
    row = {"source": source, "revision": revision, "since": now, "released_by": released_by}
    upsert(connection, _ACTIVE, [row], key=("source",), update=[*row][1:])


def retire_waiting(connection: Connection, source: str, *, but: str = "") -> int:
    """Retire what waits at a source: the files say something else by now. Return how many."""
    waiting = (
        _REVISION.c.source == source,
        _REVISION.c.state.in_(WAITING),
        _REVISION.c.revision != but,
    )
    statement = update(_REVISION).where(*waiting).values(state=RulesState.RETIRED.value)
    return connection.execute(statement).rowcount


def active_mapping(connection: Connection, source: str) -> bytes | None:
    """Return the mapping that a source is read under; None where no revision is active yet."""
    query = (
        select(_REVISION.c.parts)
        .join(_ACTIVE, _ACTIVE.c.revision == _REVISION.c.revision)
        .where(_ACTIVE.c.source == source)
    )
    parts = connection.execute(query).scalar_one_or_none()
    if parts is None or not parts["mapping"]:
        return None
    return blobs(connection, [parts["mapping"]])[parts["mapping"]]


def sha256(content: bytes) -> str:
    """Return by what a file is kept."""
    return hashlib.sha256(content).hexdigest()
