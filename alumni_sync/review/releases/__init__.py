"""Releases by two people: brakes, source guards, and changed rules.

Belongs here: proposing and confirming that something stopped may go on. Does not belong here: what
stops it (`membership.brakes`, `intake`, `eligibility.revisions`).
"""
