"""Consent: may we write, what do we show, what did the person say, may we still process it.

Belongs here: the gates and the lifecycle (pure), notices, jurisdiction packs, invitations and
their delivery, decisions with their evidence, receipts, and what membership may know of a grant.
Does not belong here: the web pages (`sites`), the wire format of a mail (`connectors.mail`), what
is written to a platform (`membership`), retention and erasure (`privacy`).
"""
