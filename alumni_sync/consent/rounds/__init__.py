"""Rounds: what time and changed configuration do to consents, a page of people at a time.

Belongs here: reminders, ends, renewals, orphaned sources, reopened tombstones, suppressions.
Does not belong here: what a step means (`consent.lifecycle`), when a round runs (`assets`).
"""
