"""What a person decides is taken exactly as it was meant, once, and proven."""

import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from alumni_sync.consent.answers.answer import (
    Answer,
    Channel,
    Conflict,
    Decided,
    Evidence,
    Invalid,
    NothingChosen,
    Outcome,
    Stale,
)
from alumni_sync.consent.answers.decisions import change_fields, decide, withdraw
from alumni_sync.consent.answers.view import view
from alumni_sync.consent.grants import live_grants
from alumni_sync.consent.transitions import suppress
from alumni_sync.domain import ConsentState
from alumni_sync.ledger.chain import verify
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import Suppression, t
from alumni_sync.ports import ProfileField, Purpose
from tests.consent.world import BY_MAIL, World
from tests.roster import Leaver

BY_CENTRE = Evidence(Channel.PREFERENCES, network="192.0.2.0/24", agent="firefox")


def state(world: World, leaver: Leaver) -> str:
    """Return the state of a leaver's consent."""
    return str(world.invitation(leaver)["state"])


def leave(world: World, leaver: Leaver, *purposes: Purpose, nonce: str = "w") -> Outcome:
    """Withdraw purposes; none named withdraws everything."""
    chosen = frozenset(purposes) or None
    return withdraw(world.d, world.invitation(leaver)["id"], chosen, BY_CENTRE, nonce)


def scopes(world: World) -> list[str]:
    """Return the scopes on the suppression list."""
    with world.d.ledger.read() as connection:
        return list(connection.execute(select(t(Suppression).c.scope)).scalars())


# --- the page -------------------------------------------------------------------------------------


def test_the_page_offers_what_is_known_and_nothing_else(world: World) -> None:
    """A box without a value cannot be agreed to; a never-field has no box."""
    leaver = world.invited(exit_kind="retirement", phone="+48 600 000 000", tags=("misc",))

    page = world.shown(leaver)

    offered = {field.field: field.value for field in page.fields}
    assert {
        ProfileField.LEGAL_ENTITY: "Acme sp. z o.o.",
        ProfileField.JOIN_YEAR: "2019",
        ProfileField.LEAVE_YEAR: "2026",
        ProfileField.JOB_TITLE: "Accountant",
        ProfileField.DEPARTMENT: "IT",
        ProfileField.CITY: "Warszawa",
        ProfileField.COUNTRY: "PL",
        ProfileField.PHONE: "+48 600 000 000",
        ProfileField.MENTOR_BADGE: "Mentor",
        ProfileField.RETIREE_BADGE: "Retired",
    } == offered
    assert Purpose.COMMUNITY not in {purpose.purpose for purpose in page.purposes}
    assert page.can_decide
    assert page.can_defer
    assert page.current is None


def test_the_page_tells_a_stranger_little(world: World) -> None:
    """Whoever gets hold of a link must not learn the address from it."""
    page = world.shown(world.invited())

    assert ("Zofia", "z•••@m•••.example") == (page.first_name, page.masked_email)


def test_looking_changes_nothing(any_world: World) -> None:
    """Scanners look at every link a hundred times."""
    leaver = any_world.invited()
    before = any_world.everything()
    for language in (None, "pl", "en", "xx"):
        any_world.shown(leaver, language)
        any_world.opens(any_world.token())

    assert before == any_world.everything()
    assert view(any_world.d, "I-unknown") is None


def test_the_page_can_be_read_in_another_language(world: World) -> None:
    """The language of the decision is the one that was read."""
    leaver = world.invited()

    outcome = world.answer(leaver, Answer.YES, language="pl")

    assert isinstance(outcome, Decided)
    assert "pl" == world.invitation(leaver)["language"]
    assert "pl" == world.events(leaver)[-1]["body"]["notice"]["language"]
    world.deliver()
    assert "Należysz do społeczności" in world.mails[-1].text


# --- yes ------------------------------------------------------------------------------------------


def test_a_yes_opens_the_gate_for_exactly_what_was_ticked(any_world: World) -> None:
    """Not a field more, and shown to nobody unless that was ticked as well."""
    leaver = any_world.member()

    (grant,) = live_grants(any_world.d)
    assert ("Zofia Jaworowska", "zofia@mail.example") == (grant.name, grant.email)
    assert {ProfileField.JOB_TITLE: True, ProfileField.CITY: False} == {
        name: shown.to_members for name, shown in grant.fields.items()
    }
    assert {Purpose.COMMUNITY, Purpose.NEWSLETTER} == grant.purposes
    assert any_world.invitation(leaver)["grant_seq"] == grant.seq
    assert not any_world.opens(any_world.token())


def test_the_proof_holds_everything_and_no_personal_value_in_the_clear(any_world: World) -> None:
    """In court it must be complete; in a stolen copy of the ledger it must be silent."""
    leaver = any_world.member()

    event = any_world.events(leaver)[-1]
    body = event["body"]
    assert ("said_yes", "invited", "given", "subject", "mail_link") == (
        event["event"],
        event["state_before"],
        event["state_after"],
        event["actor"],
        event["channel"],
    )
    given = {item["id"]: item["decision"] for item in body["decision"]["purposes"]}
    assert {"community": "given", "newsletter": "given", "events": "not_given"}.items() <= (
        given.items()
    )
    assert [
        {"id": "job_title", "shown_to_members": "true"},
        {"id": "city", "shown_to_members": "false"},
    ] == body["decision"]["fields"]
    assert "192.0.2.0/24" == body["evidence"]["network"]
    assert ("alumni-community", "1.0.0", "en") == (
        body["notice"]["id"],
        body["notice"]["version"],
        body["notice"]["language"],
    )
    assert {"controller", "recipients", "retention", "authority", "jurisdiction"} <= set(
        body["context"]
    )
    stored = repr(any_world.everything())
    for secret in ("Jaworowska", "zofia@", "Accountant"):
        assert secret not in stored
    assert verify(any_world.d.ledger).broken_seq is None


def test_a_form_sent_twice_is_one_decision(any_world: World) -> None:
    """A double click, a reload, a browser that tries again."""
    leaver = any_world.invited()
    choice = any_world.choice(leaver, Answer.YES)
    invitation = any_world.invitation(leaver)["id"]

    first = decide(any_world.d, invitation, choice, BY_MAIL)
    second = decide(any_world.d, invitation, choice, BY_MAIL)

    assert isinstance(first, Decided)
    assert replace(first, replay=True) == second
    assert ["asked", "said_yes"] == any_world.history(leaver)
    assert 1 == len(any_world.outbox(kind="confirmation"))


def test_two_tabs_cannot_both_win(any_world: World) -> None:
    """Yes in one, no in the other: one stands, and the other is told what stands."""
    leaver = any_world.invited()
    invitation = any_world.invitation(leaver)["id"]
    choices = [any_world.choice(leaver, answer) for answer in (Answer.YES, Answer.NO)]
    outcomes: list[Outcome] = []
    threads = [
        threading.Thread(
            target=lambda choice: outcomes.append(decide(any_world.d, invitation, choice, BY_MAIL)),
            args=(choice,),
        )
        for choice in choices
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    winner = next(outcome for outcome in outcomes if isinstance(outcome, Decided))
    loser = next(outcome for outcome in outcomes if not isinstance(outcome, Decided))
    assert Conflict(winner.state) == loser
    assert 2 == len(any_world.history(leaver))


def test_a_form_without_an_answer_decides_nothing(world: World) -> None:
    """Scanners submit every form they find."""
    leaver = world.invited()
    before = world.everything()
    invitation = world.invitation(leaver)["id"]

    outcome = decide(world.d, invitation, world.choice(leaver, None), BY_MAIL)

    assert NothingChosen() == outcome
    assert before == world.everything()


@pytest.mark.parametrize(
    "changed",
    [{"notice_sha256": "0" * 64}, {"form_sha256": "0" * 64}, {"version": 99}],
    ids=lambda changed: next(iter(changed)),
)
def test_a_yes_to_another_text_is_no_yes(world: World, changed: dict[str, Any]) -> None:
    """What was on the page must be what is stored."""
    leaver = world.invited()
    before = world.everything()

    assert Stale() == world.answer(leaver, Answer.YES, **changed)
    assert Stale() == world.answer(leaver, Answer.LATER, **changed)
    assert before == world.everything()


def test_a_changed_notice_makes_open_pages_stale(world: World) -> None:
    """Legal released a new edition while somebody was reading the old one."""
    leaver = world.invited()
    choice = world.choice(leaver, Answer.YES)
    notice = world.root / "rules" / "notices" / "alumni-community" / "1.0.0" / "en.md"
    (notice.parents[1] / "lock.yaml").unlink(missing_ok=True)
    notice.write_text(notice.read_text("utf-8") + "\nOne more thing.\n", "utf-8")

    assert Stale() == decide(world.d, world.invitation(leaver)["id"], choice, BY_MAIL)


@pytest.mark.parametrize(
    ("changed", "problems"),
    [
        ({"name": "  "}, {("name", "empty")}),
        ({"name": "x" * 121}, {("name", "too_long")}),
        ({"name": "Zofia\u202eawork"}, {("name", "characters")}),
        ({"name": "Zofia <b>"}, {("name", "characters")}),
        ({"name": "see https://x.example"}, {("name", "characters")}),
        ({"name": "12345"}, {("name", "characters")}),
        ({"email": "zofia@acme.example"}, {("email", "unusable")}),
        ({"fields": {ProfileField.PHONE: False}}, {("fields", "not_offered")}),
        ({"fields": {ProfileField.EXPERT_BADGE: True}}, {("fields", "not_offered")}),
        (
            {"name": "", "email": "x@y", "fields": {ProfileField.LINKEDIN_URL: True}},
            {("name", "empty"), ("email", "unusable"), ("fields", "not_offered")},
        ),
    ],
)
def test_what_cannot_be_stored_is_said_all_at_once(
    world: World, changed: dict[str, Any], problems: set[tuple[str, str]]
) -> None:
    """A forged form must not put a stranger's words or address into the community."""
    leaver = world.invited()
    before = world.everything()

    outcome = world.answer(leaver, Answer.YES, **changed)

    assert isinstance(outcome, Invalid)
    assert problems == set(outcome.problems)
    assert before == world.everything()


def test_a_purpose_that_is_not_on_the_page_is_refused(world: World) -> None:
    """An edition may leave a purpose out; a form of an older page may still have it."""
    manifest = world.root / "rules/notices/alumni-community/1.0.0/manifest.yaml"
    (manifest.parents[1] / "lock.yaml").unlink(missing_ok=True)
    manifest.write_text(manifest.read_text("utf-8").replace("  - mentoring\n", ""), "utf-8")
    leaver = world.invited()

    outcome = world.answer(leaver, Answer.YES, purposes=frozenset({Purpose.MENTORING}))

    assert Invalid((("purposes", "not_offered"),)) == outcome


@pytest.mark.parametrize("email", ["ZOFIA@mail.example", " zofia@MAIL.example "])
def test_the_own_address_may_be_spelt_differently(world: World, email: str) -> None:
    """It is the same mailbox; what is stored is the spelling that we wrote to."""
    leaver = world.invited()

    assert isinstance(world.answer(leaver, Answer.YES, email=email), Decided)
    assert ["zofia@mail.example"] == [grant.email for grant in live_grants(world.d)]


def test_the_name_is_the_one_that_was_confirmed(world: World) -> None:
    """People are called differently from what the HRIS says."""
    leaver = world.invited()
    world.answer(leaver, Answer.YES, name="  Zosia   Jaworowska-Nowa ")

    assert ["Zosia Jaworowska-Nowa"] == [grant.name for grant in live_grants(world.d)]


def test_the_address_is_the_one_that_was_read(world: World) -> None:
    """The HRIS changed it after the mail: nobody has proven to read the new one."""
    leaver = world.invited()
    world.roster.change(leaver, personal_email="stranger@mail.example")

    world.answer(leaver, Answer.YES)

    assert ["zofia@mail.example"] == [grant.email for grant in live_grants(world.d)]


# --- not now, not at all --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "after"), [(Answer.NO, "refused"), (Answer.NOT_ME, "invalidated")]
)
def test_a_no_is_taken_whatever_has_become_of_the_page(
    world: World, answer: Answer, after: str
) -> None:
    """Nobody has to read a text again to say no to it."""
    leaver = world.invited()
    outcome = world.answer(leaver, answer, version=99, form_sha256="", name="", nonce="n")

    assert isinstance(outcome, Decided)
    assert after == state(world, leaver)
    assert [] == list(live_grants(world.d))
    purge = world.roster.spell(leaver).purge_after
    assert datetime(2026, 11, 4, 9, tzinfo=UTC) == purge
    assert (["all"] if answer is Answer.NOT_ME else []) == scopes(world)


def test_later_is_promised_once(world: World) -> None:
    """The page must not offer what we would refuse."""
    leaver = world.invited()

    assert isinstance(world.answer(leaver, Answer.LATER), Decided)
    assert "deferred" == state(world, leaver)
    page = world.shown(leaver)
    assert (True, False) == (page.can_decide, page.can_defer)
    outcome = world.answer(leaver, Answer.LATER, nonce="second")
    assert Invalid((("answer", "only_once"),)) == outcome


def test_who_said_later_is_asked_once_more(world: World) -> None:
    """With a mail that remembers it, and then never again."""
    leaver = world.invited()
    world.answer(leaver, Answer.LATER)
    sent = []
    for day in range(1, 120):
        world.later(days=1)
        if world.round().sent:
            sent.append(day)

    assert [62] == sent  # day 60 is Saturday, 2 January 2027
    assert "asked us to come back" in world.mails[-1].subject
    assert "expired" == state(world, leaver)


@pytest.mark.parametrize("answer", [Answer.YES, Answer.NO])
def test_an_answer_while_still_employed_does_not_count(world: World, answer: Answer) -> None:
    """The exit was moved after the mail had gone out."""
    leaver = world.invited()
    world.roster.change(leaver, last_working_day=date(2026, 12, 31))

    assert Conflict(ConsentState.INVITED, "before_exit") == world.answer(leaver, answer)
    assert "invited" == state(world, leaver)


@pytest.mark.parametrize(
    "columns", [{"rehire_on": date(2026, 12, 1)}, {"verdict": "held"}, {"verdict": "excluded"}]
)
def test_a_yes_is_not_taken_while_something_stands_in_its_way(
    world: World, columns: dict[str, Any]
) -> None:
    """Nobody may slip in between a reopened case and its ruling."""
    leaver = world.invited()
    world.roster.set(leaver, **columns)

    assert not world.shown(leaver).can_decide
    expected = Conflict(ConsentState.INVITED, "not_standing")
    assert expected == world.answer(leaver, Answer.YES)
    assert isinstance(world.answer(leaver, Answer.NO), Decided)


def test_a_yes_from_an_address_that_objected_is_not_taken(world: World) -> None:
    """The objection came through another exit of the same person."""
    leaver = world.invited()
    address = world.d.ledger.hashes.address("zofia@mail.example")
    with world.d.ledger.write() as connection:
        suppress(connection, address, "all", "objected", world.clock.now())

    outcome = world.answer(leaver, Answer.YES)

    assert Conflict(ConsentState.INVITED, "not_standing") == outcome


def test_an_answer_after_the_close_is_too_late(world: World) -> None:
    """The mail said until when; the page must say the same, daemon or not."""
    leaver = world.invited()
    world.later(days=31)

    assert not world.shown(leaver).can_decide
    assert Conflict(ConsentState.EXPIRED) == world.answer(leaver, Answer.YES)


def test_nobody_decides_about_an_invitation_that_is_not_there(world: World) -> None:
    """A forged session must not crash the site."""
    leaver = world.invited()
    choice = world.choice(leaver, Answer.YES)

    assert Conflict(ConsentState.ERASED) == decide(world.d, "I-none", choice, BY_MAIL)
    assert Conflict(ConsentState.ERASED) == withdraw(world.d, "I-none", None, BY_CENTRE, "n")
    assert Conflict(ConsentState.ERASED) == change_fields(world.d, "I-none", {}, BY_CENTRE, "n")


def test_without_an_evidence_key_nothing_is_decided(world: World) -> None:
    """What cannot be proven must not be acted upon."""
    leaver = world.invited()
    choice = world.choice(leaver, Answer.YES)
    world.d.ledger.vault.shred([leaver.person], [KeyKind.EVIDENCE])

    outcome = decide(world.d, world.invitation(leaver)["id"], choice, BY_MAIL)

    assert Conflict(ConsentState.INVITED) == outcome


def test_without_an_address_nothing_can_be_agreed(world: World) -> None:
    """The address was purged between the page and the answer."""
    leaver = world.invited()
    choice = world.choice(leaver, Answer.YES)
    world.set_invitation(leaver, sealed=None)
    world.roster.change(leaver, personal_email=None)

    outcome = decide(world.d, world.invitation(leaver)["id"], choice, BY_MAIL)

    assert Invalid((("email", "unknown"),)) == outcome
