"""The exclusion queue as it stands: cases follow the verdicts, are due, are listed and counted.

Belongs here: opening, reopening and closing cases by what was judged, deadlines, lists, the inbox.
Does not belong here: what somebody says of a case (`review.rulings`).
"""
