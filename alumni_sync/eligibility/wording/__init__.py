"""The words of rules: every rule says itself, in four languages, from its structure alone.

Belongs here: one table of words a language, and how sentences are put together from them.
Does not belong here: what a rule decides (`eligibility.evaluation`), texts of pages and mails.
"""
