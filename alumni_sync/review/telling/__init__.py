"""Telling people that cases wait: rounds, whom they concern, and mails sent at most once.

Belongs here: mails to colleagues, with numbers and no names. Does not belong here: mails to leavers
(`consent.mail`).
"""
