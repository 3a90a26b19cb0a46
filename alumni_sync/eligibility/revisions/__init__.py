"""Revisions: which rules judge, which wait for a second person, and what they would change.

Belongs here: content by hash, the active revision, weighing and simulating a change, publishing.
Does not belong here: the release itself (`review.releases`), the tables (`ledger.rulebook`).
"""
