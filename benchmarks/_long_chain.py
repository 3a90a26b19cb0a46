"""A chain of any length, made of the events that a chain has: copied, numbered and linked anew.

The product appends one event in a transaction of its own; a million of these would take longer
than what is measured. The bytes are what they would be: `verify` finds nothing wrong.
"""

import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from functools import partial
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, Final

from alumni_sync.ledger.chain import GENESIS, entry_hash

_BATCH: Final = 10_000
_COLUMNS: Final = (
    "seq",
    "event_id",
    "person_id",
    "spell_id",
    "invitation_id",
    "event",
    "state_before",
    "state_after",
    "occurred_at",
    "actor",
    "channel",
    "notice_sha256",
    "canonical",
    "prev_hash",
    "entry_hash",
)
_OWN: Final = re.compile(rb'"(event_id|prev_hash|seq)":"[^"]*"')


def write_chain(models: Path, target: Path, count: int) -> int:
    """Fill the empty chain of the ledger `target` with `count` events like those of `models`.

    Returns:
        Bytes of all events together.
    """
    with closing(sqlite3.connect(models)) as ledger:
        query = "SELECT canonical FROM consent_event ORDER BY seq DESC LIMIT 1000"
        shapes = [row[0] for row in ledger.execute(query)]
    written = 0
    marks = ",".join("?" * len(_COLUMNS))
    with closing(sqlite3.connect(target, isolation_level=None)) as ledger:
        ledger.execute("PRAGMA synchronous = OFF")  # making the input is not measured
        rows = _rows(shapes, count)
        while batch := list(islice(rows, _BATCH)):
            ledger.execute("BEGIN")
            columns = ", ".join(_COLUMNS)
            ledger.executemany(f"INSERT INTO consent_event ({columns}) VALUES ({marks})", batch)
            ledger.execute("COMMIT")
            written += sum(len(row[12]) for row in batch)
        ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return written


def read_and_hash(path: Path) -> int:
    """Read the bytes of every event in order and hash them; return how many there were."""
    count = 0
    with closing(sqlite3.connect(path)) as ledger:
        for (canonical,) in ledger.execute("SELECT canonical FROM consent_event ORDER BY seq"):
            sha256(canonical).hexdigest()
            count += 1
    return count


def _renewed(own: dict[bytes, str], found: re.Match[bytes]) -> bytes:
    return b'"%s":"%s"' % (found[1], own[found[1]].encode())


def _rows(shapes: Sequence[bytes], count: int) -> Iterator[tuple[Any, ...]]:
    previous = GENESIS
    described = [(shape, json.loads(shape)) for shape in shapes]
    for seq in range(1, count + 1):
        shape, event = described[seq % len(described)]
        own = {b"event_id": f"E-{seq:016x}", b"prev_hash": previous, b"seq": str(seq)}
        canonical = _OWN.sub(partial(_renewed, own), shape)
        hashed = entry_hash(canonical)
        at = datetime.strptime(event["occurred_at"], "%Y-%m-%dT%H:%M:%S.%f%z")
        yield (
            seq,
            own[b"event_id"],
            event["person_id"],
            event["spell_id"],
            event["invitation_id"],
            event["event"],
            event["state_before"],
            event["state_after"],
            f"{at:%Y-%m-%d %H:%M:%S.%f}",
            event["actor"],
            event["channel"],
            event["notice_sha256"],
            canonical,
            previous,
            hashed,
        )
        previous = hashed
