"""alumni_sync: from the HRIS record of a leaver to a consented alumni community.

This package is the engine: people, verdicts, consent, membership. It knows no vendor (those are in
``connectors``) and no Dagster (that is ``assets``). The stages, in the order a leaver meets them:
``intake`` → ``eligibility`` → ``review`` → ``consent`` → ``membership`` → ``reporting``.

Nothing is imported here: the lowest module (``domain``) and the highest (``cli``) share this name.
"""

__version__ = "0.1.0"
