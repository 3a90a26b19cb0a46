"""Eligibility: rule packs that HR writes, and what they say of every leaver.

    language/    what a pack can say, and how it is read      wording/   in which words
    lint/  proving/   what is wrong with a pack, and its cases
    revisions/   which rules judge, and which wait for a second person
    evaluation/  what they say of every row (pure)            judging/   decisions, kept sealed
    experts      HR's list of people to flag

Does not belong here: what people decide about a case (`review`), whether we may write to somebody
(`consent`), how a source's codes become exit kinds (`intake` and mappings).
"""
