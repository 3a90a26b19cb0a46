"""A decision can be shown as it was, years later, from the ledger alone."""

import json
from shutil import rmtree

from alumni_sync.consent.answers.answer import Answer
from alumni_sync.consent.answers.decisions import one_click, withdraw
from alumni_sync.consent.evidence.jsonld import FIELDS, PURPOSES, STATUS
from alumni_sync.consent.evidence.receipts import Receipt, receipt
from alumni_sync.domain import ConsentState
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ports import ProfileField, Purpose
from tests.consent.world import BY_MAIL, World
from tests.roster import Leaver


def of(world: World, leaver: Leaver) -> Receipt:
    """Return the receipt of a leaver's last answer."""
    found = receipt(world.d, world.invitation(leaver)["id"])
    assert found is not None
    return found


def test_a_receipt_says_what_was_decided_when_and_on_which_text(any_world: World) -> None:
    """It is what the person can hold against us."""
    leaver = any_world.member()
    page = any_world.shown(leaver)

    kept = of(any_world, leaver)

    assert ("said_yes", ConsentState.GIVEN) == (kept.event, kept.state)
    assert (page.notice_sha256, page.form_sha256) == (kept.notice_sha256, kept.form_sha256)
    assert ("Zofia Jaworowska", "zofia@mail.example") == (kept.name, kept.email)
    assert {Purpose.COMMUNITY, Purpose.NEWSLETTER} == set(kept.purposes)
    assert {
        ProfileField.JOB_TITLE: ("Accountant", True),
        ProfileField.CITY: ("Warszawa", False),
    } == kept.fields
    assert any_world.invitation(leaver)["valid_until"] == kept.valid_until
    assert "Your last job title" == kept.labels["job_title"]
    assert any_world.clock.now() == kept.occurred_at


def test_the_receipt_needs_no_file_and_no_setting_of_today(any_world: World) -> None:
    """The notice was rewritten, the controller renamed, the repository lost (T13)."""
    leaver = any_world.member()
    before = of(any_world, leaver)
    rmtree(any_world.root / "rules")
    source = any_world.d.settings.sources["acme-pl"]
    renamed = source.model_copy(
        update={"controller": source.controller.model_copy(update={"name": "Other"})}
    )
    any_world.d.settings = any_world.d.settings.model_copy(update={"sources": {"acme-pl": renamed}})

    after = of(any_world, leaver)

    assert before == after
    assert "# Would you like to stay in touch?" == after.notice_text.split("\n", 1)[0]
    assert "Acme acme-pl" == after.controller


def test_a_withdrawal_has_a_receipt_of_its_own(world: World) -> None:
    """The proof of leaving matters as much as the proof of joining."""
    leaver = world.member()
    yes = of(world, leaver)
    withdraw(world.d, world.invitation(leaver)["id"], None, BY_MAIL, "n")

    last, first = of(world, leaver), receipt(world.d, yes.seq)

    assert ("withdrew", ConsentState.WITHDRAWN, ()) == (last.event, last.state, last.purposes)
    assert last.receipt_id != yes.receipt_id
    assert yes == first


def test_after_the_evidence_key_is_gone_the_receipt_names_nobody(world: World) -> None:
    """The chain still verifies; who it was about nobody can tell any more."""
    leaver = world.member()
    world.d.ledger.vault.shred([leaver.person], [KeyKind.EVIDENCE])

    kept = of(world, leaver)

    assert ("", "", {}) == (kept.name, kept.email, kept.fields)
    assert {Purpose.COMMUNITY, Purpose.NEWSLETTER} == set(kept.purposes)


def test_a_refusal_and_an_objection_have_receipts_too(world: World) -> None:
    """Whoever said no must be able to show that they did."""
    refused, objected = world.invited("anna"), world.invited("jan")
    world.answer(refused, Answer.NO)
    one_click(world.d, world.token("/u/"))

    no, never = of(world, refused), of(world, objected)

    assert (ConsentState.REFUSED, (), "en") == (no.state, no.purposes, no.language)
    assert no.notice_text
    assert (ConsentState.OBJECTED, "", "") == (never.state, never.notice_text, never.controller)
    assert {} == never.labels


def test_before_an_answer_there_is_no_receipt(world: World) -> None:
    """Our own mail is no answer of theirs."""
    leaver = world.invited()

    assert receipt(world.d, world.invitation(leaver)["id"]) is None
    assert receipt(world.d, 1) is None
    assert receipt(world.d, 99) is None


def test_the_machine_readable_receipt_holds_no_personal_value(world: World) -> None:
    """It gets mailed around."""
    leaver = world.member()
    kept = of(world, leaver)

    text = json.dumps(kept.jsonld)

    assert not any(value in text for value in ("Jaworowska", "zofia", "Accountant", "Warszawa"))
    assert "dpv:ConsentGiven" == kept.jsonld["dpv:hasConsentStatus"]
    assert "ISO/IEC TS 27560:2023" == kept.jsonld["dct:conformsTo"]
    purposes = {item["dct:identifier"] for item in kept.jsonld["dpv:hasProcess"]}
    assert {"community", "newsletter"} <= purposes


def test_every_state_field_and_purpose_has_a_term() -> None:
    """A receipt must not crash on the state that nobody thought of."""
    assert set(ConsentState) == set(STATUS)
    assert set(ProfileField) == set(FIELDS)
    assert set(Purpose) == set(PURPOSES)
