"""Paper: asking by post, the form on paper, and what HR records of an answer given there.

Belongs here: the exit form, letters, printed forms, answers keyed in by two people, what was told.
Does not belong here: who may record what (`review`), the desk's pages (`sites.desk`).
"""
