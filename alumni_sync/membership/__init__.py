"""Membership: the platform holds exactly those who said yes, with what they allowed, until it ends.

The order of `sync` is the order of this package: profiles (pure) → plan (pure) → brakes → claim →
call → confirm, and for a gate that closed: hide, erase, look again until nobody is found.

Belongs here: what a profile may hold, what differs from the ledger's memberships, writing it to a
platform exactly once and proving that somebody is gone. Does not belong here: how a platform is
spoken to (`connectors.platforms`), whether a consent stands (`consent`), how long anything is kept
(`privacy`).
"""
