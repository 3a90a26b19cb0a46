"""The edges: vendors' wire formats on one side, the records of `alumni_sync.ports` on the other.

Belongs here: one module a vendor, and the HTTP client that they share. Does not belong here: what
is to be read or written and when (the stages), the ledger, Dagster. No vendor imports another.
"""
