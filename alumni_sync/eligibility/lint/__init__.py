"""Looking for mistakes in a rule pack: decided by algebra over the closed operators, not by trying.

Every field falls into finitely many classes of values between which no rule of the pack can tell
the difference (`axes`, `texts`, `days`); a representative of each goes through the real evaluator.
On these classes every rule becomes a decision diagram (`diagrams`, `space`), and whether one
rule lies within another, whether two meet, whether one is always covered, are walks through them.

Belongs here: what can be said of a pack by looking at nothing but the pack. Does not belong here:
reading packs (`eligibility.language`), trying them out on cases (`eligibility.proving`), what a
change would do to the people in the ledger.
"""
