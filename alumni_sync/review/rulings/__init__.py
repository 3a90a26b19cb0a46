"""Rulings: what somebody may do with a case, by ticket and with a reason, two where it is grave.

Belongs here: the steps of a case (pure), rulings and contests, comments, the two-person mechanism.
Does not belong here: when a case opens (`review.queue`), what follows for invitations (`consent`).
"""
