"""No personal value outside outbox and platform (I5)."""

from collections.abc import Iterator

from tests.invariants.leaks import Watchlist
from tests.invariants.violation import Violation
from tests.invariants.world import World


def nothing_personal_stands_where_it_must_not(world: World) -> Iterator[Violation]:
    """I5: ledger, key store, their logs, Dagster's home, log files: bytes, in every form."""
    watchlist = Watchlist(world.canaries)
    found = set()
    for path in world.watched:
        name = str(path.relative_to(world.root)) if path.is_relative_to(world.root) else path.name
        found |= {(leak.path, leak.label, leak.form) for leak in watchlist.search_file(path, name)}
    for place, tables in (("ledger", world.ledger), ("key store", world.keys)):
        for table, rows in tables.items():
            content = "\n".join(str(value) for row in rows for value in row.values())
            blobs = b"\n".join(bytes(v) for r in rows for v in r.values() if isinstance(v, bytes))
            for piece in (content.encode("utf-8", "replace"), blobs):
                hits = watchlist.search(piece, f"{place}, table {table}")
                found |= {(leak.path, leak.label, leak.form) for leak in hits}
    for path_name, label, form in sorted(found):
        yield Violation("I5", f"{path_name} holds a {label} ({form})")
