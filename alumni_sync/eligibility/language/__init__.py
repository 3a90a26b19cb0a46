"""The language of rules: what a condition can say, how a pack and its tables are read, and checked.

Belongs here: operators and fields as values, the closed list of what rules may look at, rule packs
from YAML and CSV, the rules that always apply, audience and pilot. Does not belong here: what a
rule says of somebody (`eligibility.evaluation`), its words (`eligibility.wording`).
"""
