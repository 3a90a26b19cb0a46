"""Review: what people decide. The exclusion queue, who may do what, and the two-person mechanism.

Belongs here: cases (opened, reopened, closed by what the rules say), rulings on them, tickets
without which no launch decides anything, who the proxy says is there, the one role table, and
releases of brakes and source guards, which need two people like the gravest cases do.
Does not belong here: the verdicts themselves (`eligibility`), what follows from a ruling for
invitations and members (`consent`, `membership`), the pages on which people look (`sites`).
"""
