"""May we write to this private address at all? One file a case, and what must hold for all."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alumni_sync.consent.gates import (
    OF_THE_DEPLOYMENT,
    Closed,
    ClosedReason,
    ContactTerms,
    Gate,
    Open,
    Recipient,
    age_on,
    by_own_request,
    contact_gate,
    deployment_gate,
    is_company_domain,
)
from alumni_sync.consent.jurisdictions import JurisdictionPack, load_pack
from alumni_sync.domain import NOT_SUPPORTED, NOT_VISIBLE, ContactBasis, Fact
from alumni_sync.shipped import shipped

CASES = Path(__file__).parents[1] / "cases" / "consent" / "contact"
TODAY = date(2026, 11, 3)
USUAL: dict[str, Fact] = {
    "personal_email": "anna@mail.example",
    "work_email": "a.nowak@acme.example",
    "contact_given_at": date(2026, 10, 1),
    "contact_text": "exit-form-2026",
    "last_working_day": date(2026, 10, 15),
    "birth_date": date(1990, 5, 1),
    "do_not_consider": "no",
}


def pack(name: str = "pl", **changed: object) -> JurisdictionPack:
    """Return a shipped pack as counsel accepted it."""
    return load_pack(shipped("rules"), name).model_copy(
        update={"accepted_by": "C. Counsel", **changed}
    )


def terms(**said: Any) -> ContactTerms:  # noqa: ANN401 as a case file has it
    """Return the terms of a source; `said` as in a case file."""
    changed = {key: said[key] for key in ("accepted_by", "birth_date_needed") if key in said}
    return ContactTerms(
        recipient=Recipient("directory", said.get("agreement", "DPA"), said.get("region", "eu")),
        pack=pack(said.get("pack", "pl"), **changed),
        basis=ContactBasis(said.get("basis", "exit_form")),
        assessment=said.get("assessment", ""),
        company_domains=said.get("domains", ["acme.example"]),
    )


def facts(said: dict[str, Any]) -> dict[str, Fact]:
    """Return facts as a case file writes them."""
    words: dict[str, Fact] = {"~hidden": NOT_VISIBLE, "~missing": NOT_SUPPORTED}
    changed = {
        key: words.get(value, value) if isinstance(value, str) else value
        for key, value in said.items()
    }
    return {key: value for key, value in {**USUAL, **changed}.items() if value is not NOT_SUPPORTED}


def ask(chosen: ContactTerms, known: dict[str, Fact], **asked: Any) -> Gate:  # noqa: ANN401 any of three
    """Ask the gate, on a working day unless told otherwise."""
    usual = {"today": TODAY, "working_day": True, "suppressed": False}
    return contact_gate(chosen, known, **{**usual, **asked})


@pytest.mark.parametrize("path", sorted(CASES.glob("*.yaml")), ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    """Each file says in its `why` what would hurt."""
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    asked = {key: case[key] for key in ("today", "working_day", "suppressed") if key in case}

    gate = ask(terms(**case.get("terms", {})), facts(case.get("facts", {})), **asked)

    assert case["expect"] == (gate.reason.value if isinstance(gate, Closed) else "open")


def test_every_reason_has_a_case() -> None:
    """A reason that no case reaches is a reason nobody has thought through."""
    seen = {yaml.safe_load(path.read_text(encoding="utf-8"))["expect"] for path in CASES.iterdir()}

    assert {reason.value for reason in ClosedReason} | {"open"} == seen


def test_the_address_is_written_to_as_given_with_a_plain_domain() -> None:
    """The part before the @ belongs to its server: changing its case may change the mailbox."""
    known = facts({"personal_email": "Anna.Nowak@Möcke.Example"})

    assert Open("Anna.Nowak@xn--mcke-5qa.example") == ask(terms(), known)


def test_asking_us_changes_where_we_write_and_by_what_right_and_nothing_else() -> None:
    """The join page must open no gate but the one it is about."""
    mine = {"personal_email": "old@mail.example", "language": "de"}
    before = facts({**mine, "contact_given_at": None})
    chosen, known = by_own_request(terms(basis="none"), before, "new@home.example", "pl")

    assert Open("new@home.example") == ask(chosen, dict(known))
    assert ContactBasis.SELF_JOINED is chosen.basis
    assert (before, "pl") == ({**known, **mine}, known["language"])
    assert terms(basis="none") == replace(chosen, basis=ContactBasis.NONE)


def test_poland_and_the_united_kingdom_never_rest_on_legitimate_interest() -> None:
    """A pack that was edited must not open what the law closes there."""
    willing = pack("de", jurisdiction="uk"), pack("de", jurisdiction="pl")

    assert [False, False] == [each.allows(ContactBasis.LEGITIMATE_INTEREST) for each in willing]
    assert pack("de").allows(ContactBasis.LEGITIMATE_INTEREST)


def test_a_pack_may_refuse_the_exit_form_but_not_the_join_page() -> None:
    """Who asks us to be asked is always welcome to an answer."""
    strict = pack("de", contact=pack("de").contact.model_copy(update={"exit_form": False}))

    assert not strict.allows(ContactBasis.EXIT_FORM)
    assert strict.allows(ContactBasis.SELF_JOINED)
    assert not strict.allows(ContactBasis.NONE)


@given(born=st.dates(date(1930, 1, 1), date(2026, 1, 1)), today=st.dates(date(2026, 1, 2)))
def test_nobody_under_eighteen_is_ever_asked(born: date, today: date) -> None:
    """A minor cannot give this consent, whatever else is in order."""
    gate = ask(terms(), facts({"birth_date": born}), today=today)

    assert isinstance(gate, Open) == (age_on(today, born) >= 18)


@given(
    prefix=st.sampled_from(["", "mail.", "a.b.", "PL."]),
    own=st.sampled_from(["acme.example", "xn--mcke-5qa.example", "Acme.Example"]),
)
def test_no_mail_ever_goes_to_a_company_domain(prefix: str, own: str) -> None:
    """A company mailbox is read by whoever has it now."""
    assert is_company_domain(prefix + own, ["acme.example", "möcke.example"])


@pytest.mark.parametrize("own", ["straße.example", "STRAßE.example", "xn--strae-oqa.example"])
@pytest.mark.parametrize("theirs", ["straße.example", "xn--strae-oqa.example"])
def test_a_company_domain_with_an_eszett_is_known_however_it_is_written(
    own: str, theirs: str
) -> None:
    """An older codec takes ß for ss: the company's own mailboxes would pass for private ones."""
    known = facts({"personal_email": f"anna@{theirs}"})
    assert Closed(ClosedReason.COMPANY_ADDRESS) == ask(terms(domains=[own]), known)
    assert not is_company_domain("strasse.example", [own])


def test_a_domain_that_is_none_matches_nothing() -> None:
    """Rubbish in a domain must not crash the gate, nor match an empty setting."""
    assert not is_company_domain("a..b", ["", "acme.example"])
    assert not is_company_domain("x" * 70 + ".example", ["acme.example"])


def test_reasons_of_the_deployment_are_known_without_a_person() -> None:
    """What is missing in the deployment must be noted about nobody."""
    closed = {
        deployment_gate(terms(agreement="")),
        deployment_gate(terms(region="")),
        deployment_gate(terms(accepted_by="")),
        deployment_gate(terms(basis="legitimate_interest")),
        deployment_gate(terms(pack="de", basis="legitimate_interest")),
    }

    assert set(OF_THE_DEPLOYMENT) == closed
    assert deployment_gate(terms()) is None
    assert deployment_gate(terms(basis="none")) is None
