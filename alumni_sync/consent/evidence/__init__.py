"""Evidence: what proves a consent years later, and how it is shown again.

Belongs here: the body of a consent event, receipts, a person's history, a past decision reproduced.
Does not belong here: the chain that the events stand in (`ledger`).
"""
