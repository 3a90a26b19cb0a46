"""Notices: the texts that legal owns, checked, locked by edition, and rendered byte for byte.

Belongs here: editions, their completeness, their lock, what a new version means.
Does not belong here: which notice a source uses (`consent.terms`).
"""
