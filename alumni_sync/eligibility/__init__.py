"""Eligibility: rule packs that HR writes, and what they say of every leaver.

Belongs here: the closed set of operators and their three-valued evaluation on a DataFrame, rule
packs in YAML, the rules that always apply, audience and pilot, HR's list of experts, the sentences
in which rules say themselves, and the service that judges spells whose facts or rules changed.
Does not belong here: what people decide about a case (`review`), whether we may write to somebody
(`consent`), how a source's codes become exit kinds (`intake` and mappings).
"""
