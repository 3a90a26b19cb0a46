"""Links and codes: who may open what, for how long, and how somebody gets a fresh one.

Belongs here: secrets in mails, one-time codes, the address on record that they may go to.
Does not belong here: the sessions that a link opens (`sites`).
"""
