"""The gates where they are easily got wrong by one word: each test kills an altered gate."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from alumni_sync.consent.gates import (
    Closed,
    ClosedReason,
    ContactTerms,
    Open,
    Recipient,
    by_own_request,
    contact_gate,
    deciding_terms,
    is_company_domain,
    letter_gate,
    private_address,
)
from alumni_sync.consent.jurisdictions import load_pack
from alumni_sync.domain import ContactBasis, Fact
from alumni_sync.shipped import shipped

TODAY = date(2026, 11, 3)
FACTS: dict[str, Fact] = {"personal_email": "anna@mail.example", "birth_date": date(1990, 5, 1)}
PACK = load_pack(shipped("rules"), "pl").model_copy(update={"accepted_by": "C. Counsel"})
LETTERS = ContactTerms(
    recipient=Recipient("directory", "DPA", "eu"),
    pack=PACK,
    basis=ContactBasis.NONE,
    assessment="",
    company_domains=["acme.example", "Möcke.example"],
)
REASONS = ClosedReason


def letter(terms: ContactTerms, *, suppressed: bool = False, **changed: Fact) -> Any:  # noqa: ANN401 a reason or none
    """Ask the gate of letters."""
    return letter_gate(terms, {**FACTS, **changed}, today=TODAY, suppressed=suppressed)


def test_a_letter_goes_where_only_the_basis_for_a_mail_is_missing() -> None:
    """Who was written to by mail must not get a letter as well; who may not be asked, neither."""
    by_mail = replace(LETTERS, basis=ContactBasis.EXIT_FORM)
    unsigned = replace(LETTERS, recipient=Recipient("directory", "", "eu"))

    assert letter(LETTERS) is None
    assert REASONS.BASIS_REFUSED is letter(by_mail)
    assert REASONS.NO_AGREEMENT is letter(unsigned)
    assert REASONS.DO_NOT_CONSIDER is letter(LETTERS, do_not_consider="yes")
    assert REASONS.MINOR is letter(LETTERS, birth_date=date(2008, 11, 4))
    assert letter(LETTERS, birth_date=date(2008, 11, 3)) is None
    assert REASONS.SUPPRESSED is letter(LETTERS, suppressed=True)


def test_whoever_asked_to_be_asked_is_asked_at_the_address_they_proved() -> None:
    """Only how we may write changes, and where to."""
    terms, facts = by_own_request(LETTERS, FACTS, "new@post.example", "de")

    assert replace(LETTERS, basis=ContactBasis.SELF_JOINED) == terms
    assert {**FACTS, "personal_email": "new@post.example", "language": "de"} == facts
    gate = contact_gate(terms, facts, today=TODAY, working_day=True, suppressed=False)
    assert Open("new@post.example") == gate


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (REASONS.LETTER, "none"),
        (REASONS.NO_EVIDENCE, "none"),
        (REASONS.AGE_UNKNOWN, f"birth_date_needed={PACK.birth_date_needed}"),
        (REASONS.COMPANY_ADDRESS, "acme.example,xn--mcke-5qa.example"),
        (REASONS.MINOR, ""),
        (REASONS.DO_NOT_CONSIDER, ""),
    ],
)
def test_what_a_reason_comes_from_is_told_as_text(reason: ClosedReason, said: str) -> None:
    """Mended terms lift a reason, once; a person's own reasons are lifted by no configuration."""
    assert said == deciding_terms(LETTERS, reason)


@pytest.mark.parametrize(
    ("address", "gate"),
    [
        ("", Closed(REASONS.NO_ADDRESS)),
        (None, Closed(REASONS.NO_ADDRESS)),
        ("łukasz@mail.example", Closed(REASONS.INVALID_ADDRESS)),
        ("anna@mail.example", Open("anna@mail.example")),
    ],
)
def test_an_address_that_no_server_takes_is_none(address: Fact, gate: Open | Closed) -> None:
    """A mail that cannot be handed over uses up one of three."""
    assert gate == private_address({"personal_email": address}, ["acme.example"])


def test_a_domain_is_recognised_whole_and_as_mails_are_sent_to_it() -> None:
    """A soft hyphen would open the company's mailboxes; a capital lost, everybody else's close."""
    assert is_company_domain("ac\u00adme.example", ["acme.example"])
    assert not is_company_domain("other.example", ["X.example"])


def test_a_dot_at_the_end_of_a_domain_changes_nothing() -> None:
    """The absolute form of a company's domain is still the company's."""
    assert is_company_domain("acme.example.", ["acme.example"])
    assert is_company_domain("acme.example", [".acme.example."])
