"""Mail: what is due, claimed under every gate, composed at that moment, sent at most once.

Belongs here: the outbox, the claims, the words of each mail, its delivery.
Does not belong here: the wire (`connectors.mail`), what comes back (`consent.returns`).
"""
