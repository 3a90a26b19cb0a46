"""Returns: mails that came back, complaints, and what follows from each.

Belongs here: mailboxes and signed events, what a report says, its effect, wrong mailboxes.
Does not belong here: mails that go out (`consent.mail`).
"""
