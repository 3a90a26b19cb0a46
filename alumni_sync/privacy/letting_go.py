"""Deleting what is due, in chunks, and counting it: shared by the categories of retention."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, ColumnElement, delete, select

from alumni_sync.ledger.upsert import in_chunks

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment


def let_go(d: "Deployment", key: Column[Any], due: ColumnElement[bool], *, dry_run: bool) -> int:
    """Delete the rows that are due, or only count them; return how many."""
    with d.ledger.read() as connection:
        ids = list(connection.execute(select(key).where(due)).scalars())
    if not dry_run:
        for chunk in in_chunks(ids):
            with d.ledger.write() as connection:
                connection.execute(delete(key.table).where(key.in_(chunk), due))
    return len(ids)
