"""Judging: spells whose facts, states or rules changed are opened, evaluated, and decided.

Belongs here: what is stale, a page of spells on its way, sealed records of decisions, and working
a past one out again. Does not belong here: which rules judge (`eligibility.revisions`).
"""
