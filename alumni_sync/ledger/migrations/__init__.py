"""Alembic migrations of the ledger; `ledger.schema` runs them. One file a revision in `versions`.

`consent_event` is never rebuilt by a batch operation: its append-only triggers would be lost.
"""
