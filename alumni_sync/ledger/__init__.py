"""The system of record: tables, sealed values, keyed hashes, the consent chain, leases.

Belongs here: how something is kept, found again, proven and destroyed. Does not belong here: what
a stage decides. A stage opens a short transaction (`Ledger.read`, `Ledger.write`) and speaks
SQLAlchemy Core to the tables; the world outside is never touched while a transaction is open.
"""
