"""Another address: nothing is sent to it, stored under it or believed of it before it is proven."""

from datetime import date, datetime
from typing import Any

import pytest

from alumni_sync.consent.answers.addresses import TOO_MANY, UNUSABLE, change_address
from alumni_sync.consent.answers.answer import (
    Answer,
    Channel,
    Conflict,
    Decided,
    Evidence,
    Invalid,
    Outcome,
)
from alumni_sync.consent.answers.decisions import change_fields, one_click, withdraw
from alumni_sync.consent.answers.proofs import prove_address, refuse_address
from alumni_sync.consent.evidence.receipts import receipt
from alumni_sync.consent.links.one_time import ask_code
from alumni_sync.consent.links.secrets import LinkKind, resolve_link
from alumni_sync.consent.transitions import suppress
from alumni_sync.domain import ConsentState
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ports import ProfileField, Purpose
from tests.consent.test_one_time import code_in
from tests.consent.world import BY_MAIL, World
from tests.roster import Leaver

OTHER = "z.nowa@post.example"
HERE = Evidence(Channel.PREFERENCES, network="192.0.2.0/24", agent="firefox")


def proof(world: World) -> Evidence:
    """Return the evidence of whoever opens the link in the last mail that proves."""
    token = next(mail.link("/e/") for mail in reversed(world.mails) if mail.link("/e/"))
    link = resolve_link(world.d, token.rpartition("/")[2])
    return Evidence(Channel.MAIL_LINK, token_id=link.token_id if link else "gone")


def prove(world: World, leaver: Leaver, evidence: Evidence, nonce: str = "p") -> Outcome:
    """Say on the page of that link: yes, this is mine."""
    return prove_address(world.d, world.invitation(leaver)["id"], evidence, nonce, "")


def change(world: World, leaver: Leaver, typed: str = OTHER, nonce: str = "c") -> Outcome:
    """Name another address in the preference centre."""
    return change_address(world.d, world.invitation(leaver)["id"], typed, HERE, nonce, "")


def named(world: World, **changed: object) -> Leaver:
    """Invite somebody who says yes with another address; the mail there is delivered."""
    leaver = world.invited()
    outcome = world.answer(
        leaver,
        Answer.YES,
        email=OTHER,
        purposes=frozenset({Purpose.NEWSLETTER}),
        fields={ProfileField.JOB_TITLE: True},
        **changed,
    )
    assert isinstance(outcome, Decided)
    world.deliver()
    return leaver


# --- a first yes with another address -------------------------------------------------------------


def test_a_yes_with_another_address_waits_for_its_proof(any_world: World) -> None:
    """Whoever mistypes an address must not put a stranger's into the community."""
    leaver = named(any_world)

    row = any_world.invitation(leaver)
    assert ("address_pending", False, None) == (row["state"], row["gate_open"], row["grant_seq"])
    assert OTHER == any_world.mails[-1].to
    assert 0 == len([mail for mail in any_world.mails if mail.link("/p/")])

    outcome = prove(any_world, leaver, proof(any_world))

    assert isinstance(outcome, Decided)
    assert ConsentState.GIVEN is outcome.state
    current = any_world.shown(leaver).current
    assert current is not None
    assert (OTHER, {ProfileField.JOB_TITLE: ("Accountant", True)}) == (
        current.email, dict(current.fields),
    )  # fmt: skip
    any_world.deliver()
    told = {mail.to: mail for mail in any_world.mails[-2:]}
    assert told[OTHER].link("/p/")
    assert "was changed" in told["zofia@mail.example"].subject


def test_the_evidence_says_what_was_shown_when_it_was_ticked_and_when_it_was_proven(
    world: World,
) -> None:
    """A year later nobody remembers which page the boxes stood on."""
    leaver = named(world)
    world.later(hours=20)
    prove(world, leaver, proof(world))

    asked, proven = world.events(leaver)[-2:]

    assert ["address_asked", "address_proven"] == [asked["event"], proven["event"]]
    assert ["invited", "address_pending", "address_pending", "given"] == [
        asked["state_before"], asked["state_after"], proven["state_before"], proven["state_after"],
    ]  # fmt: skip
    assert "2026-11-03T09:00" == asked["occurred_at"][:16]
    assert "2026-11-04T05:00" == proven["occurred_at"][:16]
    assert asked["body"]["notice"] == proven["body"]["notice"]
    assert asked["body"]["receipt_id"] == proven["body"]["evidence"]["address_asked"]
    decided = {one["id"]: one["decision"] for one in asked["body"]["decision"]["purposes"]}
    assert ("once_proven", "once_proven", "not_given") == (
        decided["community"], decided["newsletter"], decided["events"],
    )  # fmt: skip
    found = receipt(world.d, int(proven["seq"]))
    assert found is not None
    assert (OTHER, (Purpose.COMMUNITY, Purpose.NEWSLETTER)) == (found.email, found.purposes)
    assert found.notice_text
    assert OTHER not in str(asked) + str(proven)


def test_the_mail_that_proves_tells_a_stranger_nothing_about_the_person(world: World) -> None:
    """One wrong letter, and somebody learns who used to work at the company."""
    leaver = world.invited(given_name="Żaneta", family_name="Probna")
    world.answer(leaver, Answer.YES, email=OTHER)
    world.deliver()

    mail = world.mails[-1]
    assert OTHER == mail.to
    for personal in ("Żaneta", "Probna", "zofia@mail.example", "Accountant"):
        assert personal not in mail.subject + mail.text + mail.html


def test_no_proof_in_two_days_leaves_the_question_as_open_as_it_was(world: World) -> None:
    """A typing error must cost nobody the time to answer, nor buy anybody more of it."""
    leaver = named(world)
    before = world.invitation(leaver)["closes_at"]
    evidence = proof(world)
    world.later(hours=48)
    world.round()

    row = world.invitation(leaver)
    assert ("invited", before, None) == (row["state"], row["closes_at"], row["pending_sealed"])
    assert isinstance(prove(world, leaver, evidence), Conflict)
    assert isinstance(world.answer(leaver, Answer.YES, nonce="n2"), Decided)


@pytest.mark.parametrize(
    "typed",
    [
        "zofia@acme.example",
        "zofia@mail.acme.example",
        "no address",
        "a@b",
        "a" * 300 + "@mail.example",
        "x@mail.example\r\nBcc: y@mail.example",
        "żółw@mail.example",
        "blocked@mail.example",
        "BLOCKED@MAIL.EXAMPLE",
    ],
)
def test_what_cannot_be_written_to_is_refused_in_the_same_words(world: World, typed: str) -> None:
    """Whoever learns that an address is suppressed learns something about somebody else."""
    blocked = world.d.ledger.hashes.address("blocked@mail.example")
    with world.d.ledger.write() as connection:
        suppress(connection, blocked, "all", "objected", world.clock.now())
    leaver, member = world.invited(), world.member("jan")
    before = world.invitation(leaver)

    assert Invalid((("email", "unusable"),)) == world.answer(leaver, Answer.YES, email=typed)
    assert UNUSABLE == change(world, member, typed)
    assert before == world.invitation(leaver)


def test_the_known_address_typed_again_is_no_other_one(world: World) -> None:
    """Nobody should have to prove what they have just read a mail at."""
    leaver = world.invited()

    outcome = world.answer(leaver, Answer.YES, email=" Zofia@MAIL.example ")

    assert isinstance(outcome, Decided)
    assert ConsentState.GIVEN is outcome.state


def test_who_named_a_wrong_address_can_answer_again(any_world: World) -> None:
    """The link in the invitation still opens the question; the last word counts."""
    leaver = named(any_world)
    older = proof(any_world)

    assert isinstance(
        any_world.answer(leaver, Answer.YES, email="z2@post.example", nonce="2"), Decided
    )
    any_world.deliver()

    assert isinstance(prove(any_world, leaver, older), Conflict)
    assert isinstance(prove(any_world, leaver, proof(any_world), "p2"), Decided)
    current = any_world.shown(leaver).current
    assert current is not None
    assert "z2@post.example" == current.email


def test_a_mail_to_the_first_address_proves_nothing_about_the_second(world: World) -> None:
    """Before the second mail has left, the first link must already be dead."""
    leaver = named(world)
    older = proof(world)
    world.answer(leaver, Answer.YES, email="z2@post.example", nonce="2")

    assert isinstance(prove(world, leaver, older), Conflict)


def test_a_yes_with_the_known_address_ends_the_wait(world: World) -> None:
    """Two windows, two addresses: the later word counts, and the earlier proof is void."""
    leaver = named(world)
    evidence = proof(world)

    assert isinstance(world.answer(leaver, Answer.YES, nonce="again"), Decided)

    assert isinstance(prove(world, leaver, evidence), Conflict)
    current = world.shown(leaver).current
    assert current is not None
    assert "zofia@mail.example" == current.email


def test_a_no_meanwhile_is_a_no(world: World) -> None:
    """Whoever says no after all must not be made a member by a click in another mailbox."""
    leaver = named(world)
    evidence = proof(world)
    world.answer(leaver, Answer.NO, nonce="no")

    assert isinstance(prove(world, leaver, evidence), Conflict)
    assert "refused" == world.invitation(leaver)["state"]


def test_a_major_notice_meanwhile_asks_again(world: World) -> None:
    """What was ticked under a text that means something else now is no consent to it."""
    leaver = named(world)
    evidence = proof(world)
    folder = world.root / "rules/notices/alumni-community"
    manifest = (folder / "1.0.0").rename(folder / "2.0.0") / "manifest.yaml"
    (folder / "lock.yaml").unlink(missing_ok=True)
    manifest.write_text(manifest.read_text("utf-8").replace("1.0.0", "2.0.0"), "utf-8")

    assert not isinstance(prove(world, leaver, evidence), Decided)
    assert not world.invitation(leaver)["gate_open"]


def test_three_addresses_an_hour_and_no_more(world: World) -> None:
    """The page must not become a machine that writes to strangers."""
    leaver = world.member()

    outcomes = [change(world, leaver, f"z{n}@post.example", f"n{n}") for n in range(4)]

    assert TOO_MANY == outcomes[-1]
    assert all(isinstance(one, Decided) for one in outcomes[:-1])
    world.deliver()
    assert ["z2@post.example"] == [mail.to for mail in world.mails if mail.link("/e/")]


@pytest.mark.parametrize(
    "columns", [{"rehire_on": date(2026, 12, 1)}, {"verdict": "held"}, {"verdict": "excluded"}]
)
def test_a_proof_is_not_taken_while_something_stands_in_its_way(
    world: World, columns: dict[str, Any]
) -> None:
    """Nobody may slip in between a reopened case and its ruling."""
    leaver = named(world)
    evidence = proof(world)
    world.roster.set(leaver, **columns)

    assert Conflict(ConsentState.ADDRESS_PENDING, "not_standing") == prove(world, leaver, evidence)
    assert not world.invitation(leaver)["gate_open"]


def test_a_proof_before_the_exit_is_none(world: World) -> None:
    """The exit was moved while the mail was on its way."""
    leaver = named(world)
    evidence = proof(world)
    world.roster.change(leaver, last_working_day=date(2026, 12, 31))

    outcome = prove(world, leaver, evidence)

    assert Conflict(ConsentState.ADDRESS_PENDING, "before_exit") == outcome


def test_an_address_that_objects_meanwhile_is_not_used(world: World) -> None:
    """Its owner has said so, through whatever other mail."""
    leaver = named(world)
    evidence = proof(world)
    with world.d.ledger.write() as connection:
        hashed = world.d.ledger.hashes.address(OTHER)
        suppress(connection, hashed, "all", "objected", world.clock.now())

    assert UNUSABLE == prove(world, leaver, evidence)


def test_somebody_elses_link_proves_nothing(world: World) -> None:
    """A link is good for the person whom it was made for."""
    leaver = named(world)
    evidence = proof(world)
    other = world.member("jan")
    change(world, other, "jan.nowy@post.example")

    assert isinstance(prove(world, other, evidence), Conflict)
    assert not refuse_address(world.d, world.invitation(other)["id"], evidence)
    assert "address_pending" == world.invitation(leaver)["state"]


def test_after_the_end_of_a_yes_no_address_is_named(world: World) -> None:
    """Not even in the hour before a timer says so."""
    leaver = world.member()
    ends: datetime = world.invitation(leaver)["valid_until"]
    world.clock.set(ends)

    assert Conflict(ConsentState.EXPIRED) == change(world, leaver)


# --- a member's other address ---------------------------------------------------------------------


def test_a_member_keeps_the_old_address_until_the_new_one_is_proven(any_world: World) -> None:
    """A wrong letter must not make a member unreachable, nor a stranger a member."""
    leaver = any_world.member()
    any_world.deliver()
    assert isinstance(change(any_world, leaver), Decided)
    any_world.deliver()
    before = any_world.invitation(leaver)
    assert ("given", True) == (before["state"], before["gate_open"])
    current = any_world.shown(leaver).current
    assert current is not None
    assert "zofia@mail.example" == current.email

    assert isinstance(prove(any_world, leaver, proof(any_world)), Decided)

    row = any_world.invitation(leaver)
    assert ("given", True, before["valid_until"]) == (
        row["state"], row["gate_open"], row["valid_until"],
    )  # fmt: skip
    assert row["pending_version"] > before["pending_version"]
    current = any_world.shown(leaver).current
    assert current is not None
    assert (OTHER, frozenset({Purpose.COMMUNITY, Purpose.NEWSLETTER})) == (
        current.email,
        current.purposes,
    )


def test_what_became_less_meanwhile_stays_less(world: World) -> None:
    """The proof is about the address and about nothing else."""
    leaver = world.member()
    change(world, leaver)
    world.deliver()
    change_fields(world.d, world.invitation(leaver)["id"], {}, HERE, "less")

    prove(world, leaver, proof(world))

    current = world.shown(leaver).current
    assert current is not None
    assert {} == dict(current.fields)


def test_the_old_address_is_told_and_opens_nothing_any_more(any_world: World) -> None:
    """Whose mailbox it is now is not known; but its owner learns that something changed."""
    leaver = any_world.member()
    any_world.deliver()
    old = [any_world.token("/p/")]
    stop = next(mail.link("/u/") for mail in any_world.mails if mail.link("/u/"))
    change(any_world, leaver)
    any_world.deliver()
    prove(any_world, leaver, proof(any_world))
    any_world.deliver()

    word = next(mail for mail in any_world.mails if "was changed" in mail.subject)
    assert "zofia@mail.example" == word.to
    assert not word.link("/p/")
    assert OTHER not in word.text + word.html
    assert not any_world.opens(old[0])
    assert not one_click(any_world.d, stop.rpartition("/")[2])
    new = next(mail for mail in reversed(any_world.mails) if mail.to == OTHER)
    link = resolve_link(any_world.d, new.link("/p/").rpartition("/")[2])
    assert link is not None
    assert LinkKind.MANAGE is link.kind


def test_a_withdrawal_meanwhile_wins(world: World) -> None:
    """Nobody comes back by proving an address."""
    leaver = world.member()
    change(world, leaver)
    world.deliver()
    evidence = proof(world)
    withdraw(world.d, world.invitation(leaver)["id"], None, HERE, "w")

    assert isinstance(prove(world, leaver, evidence), Conflict)
    row = world.invitation(leaver)
    assert ("withdrawn", None) == (row["state"], row["pending_sealed"])


def test_the_same_form_twice_is_one_change(any_world: World) -> None:
    """T5: a reload must not send a second mail, nor write a second event."""
    leaver = any_world.member()
    first, second = (change(any_world, leaver) for _ in range(2))

    assert isinstance(first, Decided)
    assert isinstance(second, Decided)
    assert (first.receipt_id, True) == (second.receipt_id, second.replay)
    assert 1 == len(any_world.outbox(kind="verify"))
    any_world.deliver()
    evidence = proof(any_world)
    proven = [prove(any_world, leaver, evidence) for _ in range(2)]
    assert [False, True] == [one.replay for one in proven if isinstance(one, Decided)]
    assert isinstance(prove(any_world, leaver, evidence, "other tab"), Conflict)


def test_who_never_said_yes_changes_no_address(world: World) -> None:
    """There is nothing to change, and no mail goes to whatever was typed."""
    leaver = world.invited()

    assert isinstance(change(world, leaver), Conflict)
    assert [] == world.outbox(kind="verify")


def test_a_stranger_who_gets_the_mail_can_end_it(world: World) -> None:
    """Whoever was named by mistake is not written to again, and makes nobody a member."""
    leaver = named(world)
    evidence, identity = proof(world), world.invitation(leaver)["id"]

    assert refuse_address(world.d, identity, evidence)

    assert not refuse_address(world.d, identity, evidence)
    assert isinstance(prove(world, leaver, evidence), Conflict)
    assert Invalid((("email", "unusable"),)) == world.answer(
        leaver, Answer.YES, email=OTHER, nonce="2"
    )


def test_after_the_change_codes_and_goodbyes_go_to_the_new_address(world: World) -> None:
    """The address on record is one, for every mail."""
    leaver = world.member()
    change(world, leaver)
    world.deliver()
    prove(world, leaver, proof(world))
    world.deliver()
    ask_code(world.d, world.invitation(leaver)["id"])
    world.deliver()

    assert (OTHER, 8) == (world.mails[-1].to, len(code_in(world)))
    withdraw(world.d, world.invitation(leaver)["id"], None, BY_MAIL, "w")
    world.deliver()
    assert OTHER == world.mails[-1].to


def test_nobody_can_read_the_named_address_in_the_ledger(world: World) -> None:
    """It is as personal as the one that we know."""
    leaver = named(world)

    assert OTHER not in repr(world.everything())
    world.d.ledger.vault.shred([leaver.person], [KeyKind.PROFILE])
    assert isinstance(prove(world, leaver, proof(world)), Conflict)


def test_nobody_names_a_stranger_all_day(any_world: World) -> None:
    """Whoever holds one link could have us fill the mailbox of somebody we do not even know."""
    leaver = any_world.member()
    outcomes = []
    for number in range(24):
        outcomes.append(change(any_world, leaver, nonce=str(number)))
        any_world.later(minutes=21)

    assert 10 == sum(isinstance(one, Decided) for one in outcomes)
    assert TOO_MANY == outcomes[-1]
