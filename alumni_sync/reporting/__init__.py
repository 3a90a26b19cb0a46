"""The programme report and the trace of one person: what the ledger already knows, told.

Belongs here: the funnel and the other figures with small cells suppressed, the report page, and
`trace`, which tells one person's whole way in sentences. Nothing here writes.
Does not belong here: counts of a run (each stage returns its own), engagement on a platform
(`membership`), what Dagster shows of it (`assets.reporting`).
"""
