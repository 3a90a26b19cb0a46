"""The HR desk: the person and the facts behind a case of the exclusion queue.

Read-only: a ruling is launched in Dagster or on the command line, where it is recorded. Belongs
here: who is looking, how a case is shown. Does not belong here: who may look (`review.authority`),
what a case is (`review`). Its own port, never the public one; on loopback or behind a proxy.
"""
