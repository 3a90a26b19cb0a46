"""Evaluation: what rules say of every row of a frame, with reasons. Pure; unknown stays unknown.

Belongs here: three-valued columns, the operators on them, verdicts, grounds, clause by clause.
Does not belong here: where rows come from and where decisions go (`eligibility.judging`).
"""
