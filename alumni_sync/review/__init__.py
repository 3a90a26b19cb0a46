"""Review: what people decide. The exclusion queue, who may do what, and the two-person mechanism.

    queue/     cases follow the verdicts          rulings/   what somebody says of a case
    record/    all of it, to read and to print    telling/   mails to who may rule
    releases/  brakes, source guards and rules    people/    who is there, and what they may do

Does not belong here: the verdicts themselves (`eligibility`), what follows from a ruling for
invitations and members (`consent`, `membership`), the pages on which people look (`sites`).
"""
