"""Joining: somebody asks to be asked, HR says whether they worked here, then they are asked.

Belongs here: requests to join, whom they may be about, what a match or a rejection does.
Does not belong here: the facts of an employment (`intake.confirmed`), the mails (`consent.mail`).
"""
