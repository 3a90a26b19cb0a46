"""HRIS connectors, one module a vendor: what the source has → `SourceRecord`s.

Belongs here: where to ask, how to sign in, what its fields are called, how its errors look. Does
not belong here: what a leaver is (intake), who is invited (eligibility), anything that is kept.
What vendors share (mapping files, delimited text, HTTP) stands one level up.
"""
