"""Mail connectors: hand one complete mail to whatever delivers it, and say what became of it.

Belongs here: one module a way of delivery. The bytes are made by `connectors.mime`, the same for
all. Does not belong here: what a mail says, to whom it may go, how often (`alumni_sync.consent`).
"""
