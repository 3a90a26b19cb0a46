"""The record: one case with its person, its history opened, and the decision as a page to print.

Belongs here: reading a case for whoever may see it. Does not belong here: lists (`review.queue`),
which name nobody.
"""
