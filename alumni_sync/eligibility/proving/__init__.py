"""Proving a pack before it judges anybody: its cases, what they cover, lint with its company.

Belongs here: the cases beside a pack, whether they try every clause both ways, and lint with the
sources and mappings that there are. Does not belong here: the algebra itself (`eligibility.lint`).
"""
