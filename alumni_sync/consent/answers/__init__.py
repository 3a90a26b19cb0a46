"""Answers: what a person is shown, what they say, and the one short transaction that keeps it.

Belongs here: the view and the form's checks, yes and no, changes, breaks, another address and its
proof. Does not belong here: the pages (`sites.consent`), what a step means (`consent.lifecycle`).
"""
