"""Privacy: what is let go, when, and what must stay so that nobody is asked again.

Belongs here: erasure at a person's request, retention, and the journal that a restored ledger is
brought up to date with. Does not belong here: withdrawal (`consent`), taking members off the
platform (`membership`), tombstones themselves (`intake.tombstones`).
"""
