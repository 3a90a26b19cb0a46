"""What is taken back by letter or phone: one person, at once, with where the evidence is."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from alumni_sync.consent.answers.answer import Answer, Channel, Conflict, Decided, Invalid
from alumni_sync.consent.evidence.body import open_displayed, open_subject
from alumni_sync.consent.links.one_time import CodeAsked, ask_code
from alumni_sync.consent.paper.letters import who_gets_letters, write_letter
from alumni_sync.consent.paper.told import WITHDRAW, Told, record_withdrawal
from alumni_sync.domain import ConsentState, ContactBasis, Identity
from alumni_sync.errors import Refused
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.request_tables import RecordedAnswer
from alumni_sync.ledger.tables import t
from alumni_sync.ports import Purpose
from alumni_sync.sections import Contact
from tests.consent.papers import DPO, UNVERIFIED
from tests.consent.world import World
from tests.roster import Leaver


def told(here: World, what: str = WITHDRAW, **changed: Any) -> Told:  # noqa: ANN401 any field
    """Return what somebody says on the phone today."""
    today = here.clock.now().date()
    return Told(
        **{
            "channel": Channel.PHONE,
            "what": what,
            "received_on": today,
            "kept": "Call note 2026/118",
            **changed,
        }
    )


def recorded(
    here: World, leaver: Leaver, said: Told, who: Identity = DPO, nonce: str = "n-1"
) -> object:
    """Write it down."""
    return record_withdrawal(here.d, here.invitation(leaver)["id"], said, who, nonce)


def rows(here: World) -> list[Any]:
    """Return the recorded answers."""
    with here.d.ledger.read() as connection:
        return list(connection.execute(select(t(RecordedAnswer))))


@pytest.mark.parametrize("channel", [Channel.PHONE, Channel.LETTER])
def test_a_withdrawal_shuts_the_gate_in_its_own_transaction(
    desk_world: World, channel: Channel
) -> None:
    """Taking back must be as easy as giving, whatever way somebody chooses (GDPR Art. 7(3))."""
    leaver = desk_world.member()

    outcome = recorded(desk_world, leaver, told(desk_world, channel=channel))

    assert isinstance(outcome, Decided)
    assert (ConsentState.WITHDRAWN.value, False) == (
        desk_world.invitation(leaver)["state"], desk_world.invitation(leaver)["gate_open"]
    )  # fmt: skip
    event = desk_world.events(leaver)[-1]
    assert ("withdrew", "subject", channel.value, "dpo") == (
        event["event"], event["actor"], event["channel"], event["body"]["evidence"]["recorded_by"]
    )  # fmt: skip
    (row,) = rows(desk_world)
    assert ("withdrawal", channel.value, "recorded", "dpo", outcome.seq) == (
        row.kind, row.channel, row.state, row.recorded_by, row.seq
    )  # fmt: skip
    opened = desk_world.d.ledger.vault.open_json(
        leaver.person, KeyKind.EVIDENCE, "recorded_answer", row.sealed
    )
    assert "Call note 2026/118" == opened["said"]["kept"]


def test_one_purpose_can_be_taken_back(here: World) -> None:
    """Whoever wants no newsletter any more has not left."""
    leaver = here.member()

    outcome = recorded(here, leaver, told(here, purposes=frozenset({Purpose.NEWSLETTER})))

    assert isinstance(outcome, Decided)
    assert ConsentState.GIVEN.value == here.invitation(leaver)["state"]
    assert "narrowed" == here.history(leaver)[-1]
    assert "withdrawal" == rows(here)[0].kind


@pytest.mark.parametrize(
    ("what", "state"),
    [("no", ConsentState.REFUSED), ("not_me", ConsentState.INVALIDATED)],
)
def test_a_no_on_the_phone_is_a_no(here: World, what: str, state: ConsentState) -> None:
    """Whoever calls to say no must not get two more reminders."""
    leaver = here.invited()

    assert isinstance(recorded(here, leaver, told(here, what)), Decided)

    assert state.value == here.invitation(leaver)["state"]
    assert "refusal" == rows(here)[0].kind


def test_there_is_no_yes_on_the_phone(here: World) -> None:
    """Nobody could show it later."""
    leaver = here.invited()

    for what in ("yes", "", "later"):
        assert Invalid((("what", "none"),)) == recorded(here, leaver, told(here, what))
    assert ConsentState.INVITED.value == here.invitation(leaver)["state"]
    assert [] == rows(here)


def test_the_same_page_twice_is_one_act(desk_world: World) -> None:
    """T5: a double click must not write two events or two notes."""
    leaver = desk_world.member()

    first, again = (recorded(desk_world, leaver, told(desk_world)) for _ in range(2))

    assert isinstance(first, Decided)
    assert isinstance(again, Decided)
    assert (first.seq, True) == (again.seq, again.replay)
    assert 1 == len(rows(desk_world))


def test_there_must_be_something_to_take_back(here: World) -> None:
    """A withdrawal of nothing would be evidence of something that never was."""
    leaver = here.invited()
    here.answer(leaver, Answer.NO)

    for what in (WITHDRAW, "no"):
        outcome = recorded(here, leaver, told(here, what))
        assert Conflict(ConsentState.REFUSED) == outcome
    assert [] == rows(here)


def test_where_it_is_kept_and_when_it_came(here: World) -> None:
    """A note that says neither is no evidence."""
    leaver = here.member()
    tomorrow = here.clock.now().date() + timedelta(days=1)

    outcome = recorded(here, leaver, told(here, kept=" ", received_on=tomorrow))
    undated = recorded(here, leaver, told(here, received_on=None))

    assert Invalid((("received_on", "in_future"), ("kept", "empty"))) == outcome
    assert Invalid((("received_on", "no_date"),)) == undated
    assert ConsentState.GIVEN.value == here.invitation(leaver)["state"]


@pytest.mark.parametrize("user", ["sec", "rev", "aud", "de", "nobody"])
def test_who_may_not(here: World, user: str) -> None:
    """Ending somebody's membership is for privacy, at the source it is for."""
    leaver = here.member()

    with pytest.raises(Refused):
        recorded(here, leaver, told(here), Identity(user, verified=True))
    with pytest.raises(Refused, match="nothing vouches"):
        recorded(here, leaver, told(here), UNVERIFIED)
    with pytest.raises(Refused, match="no such invitation"):
        record_withdrawal(here.d, "I-none", told(here), DPO, "n")
    assert ConsentState.GIVEN.value == here.invitation(leaver)["state"]


def test_it_works_without_the_evidence_key(here: World) -> None:
    """T33: what was shredded must not keep anybody from leaving; the act itself says so."""
    leaver = here.invited()
    here.d.ledger.vault.shred([leaver.person], [KeyKind.EVIDENCE])

    outcome = recorded(here, leaver, told(here, "no", received_on=date(2026, 11, 1)))

    assert isinstance(outcome, Conflict)
    assert [] == rows(here)


@pytest.mark.parametrize("what", ["no", "not_me"])
def test_a_no_that_came_back_by_letter_keeps_no_address_that_nobody_answered_from(
    here: World, what: str
) -> None:
    """GDPR Art. 5(1)(c): the HRIS's address and facts would lie in the proof for years."""
    here.d.settings.sources["acme-pl"].__dict__["contact"] = Contact(basis=ContactBasis.NONE)
    leaver = here.leaver()
    here.plan()
    write_letter(here.d, who_gets_letters(here.d, "acme-pl", again=False)[0], "dpo")

    assert isinstance(recorded(here, leaver, told(here, what, channel=Channel.LETTER)), Decided)

    subject = here.events(leaver)[-1]["body"]["subject"]
    ring = here.d.ledger.vault.load([leaver.person])
    said = open_subject(ring, leaver.person, subject["sealed"])
    assert said is not None
    assert ("", {}) == (said.email, open_displayed(ring, leaver.person, subject["sealed"]))
    assert here.d.ledger.hashes.address("zofia@mail.example") == subject["address_hash"]
    assert CodeAsked.NO_ADDRESS is ask_code(here.d, here.invitation(leaver)["id"])
