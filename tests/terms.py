"""What the sample notice says about one deployment, for tests that only need it said."""

from alumni_sync.consent.notices.editions import Terms

TERMS = Terms(
    company="Acme",
    controller="Acme sp. z o.o.",
    contact="privacy@acme.example",
    recipient="Acme Community",
    region="eu",
    transfer="",
    basis="exit_form",
    mails=3,
    close_days=30,
    defer_days=60,
    validity_months=24,
    proof_years=6,
    authority="Prezes Urzędu Ochrony Danych Osobowych",
    authority_url="https://uodo.example",
    rules_url="http://127.0.0.1:8400/how-we-decide",
)
