"""What `trace` tells of one person, and what it never tells."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.domain import ConsentState
from alumni_sync.errors import LedgerError
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import (
    CaseEvent,
    Erasure,
    Invitation,
    Membership,
    Pause,
    Spell,
    Tombstone,
    t,
)
from alumni_sync.reporting.trace import trace
from tests.raw_rows import RawLedger, Who

ASKED = datetime(2026, 10, 29, 17, 10, tzinfo=UTC)
WARSAW = ZoneInfo("Europe/Warsaw")


class Ways:
    """A ledger to plant people in, and a deployment that traces them four hours later."""

    def __init__(self, ledger: Ledger) -> None:
        """Start with nobody."""
        self.ledger = ledger
        self.clock = FixedClock(ASKED + timedelta(hours=4))
        self.raw = RawLedger(ledger, ASKED)

    def context(self, source: str) -> SimpleNamespace:
        """Return where the site is."""
        del source
        return SimpleNamespace(timezone=WARSAW)

    def of(self, who: Who) -> list[str]:
        """Return the trace of somebody, blanks folded."""
        told = trace(self, who.person)  # type: ignore[arg-type]  # as much of a deployment as it asks for
        return [" ".join(line.split()) for line in told]

    def change(self, who: Who, **values: object) -> None:
        """Change columns of somebody's spell."""
        spells = t(Spell)
        with self.ledger.write() as connection:
            connection.execute(spells.update().where(spells.c.id == who.spell).values(**values))

    def change_invitation(self, who: Who, **values: object) -> None:
        """Change columns of somebody's invitation."""
        table = t(Invitation)
        with self.ledger.write() as connection:
            connection.execute(table.update().where(table.c.id == who.invitation).values(**values))


@pytest.fixture
def ways(ledger: Ledger) -> Ways:
    """Return a ledger with nobody in it, on either database."""
    return Ways(ledger)


def test_the_whole_way_of_a_member(ways: Ways) -> None:
    """Whoever asks why somebody is a member gets every step, in order, in one answer."""
    who = ways.raw.member(ways.raw.invite(ways.raw.leaver(), ConsentState.GIVEN), seq=2)
    assert [
        (
            "intake 29 Oct 2026, 18:10 Taken in with the payroll close of 29 Oct 2026: "
            "the last working day was 15 Oct 2026."
        ),
        "eligibility 29 Oct 2026, 18:10 Verdict: may be asked. No rule speaks against it.",
        "mail 29 Oct 2026, 18:10 The invitation was handed to the mail server.",
        "consent 29 Oct 2026, 20:10 Said yes. Event 2 of the consent chain.",
        (
            f"platform 29 Oct 2026, 21:10 Created on directory as {who.alumni}: done, "
            "allowed by event 2 and rules c0ffee00."
        ),
        "next The yes holds until 28 Oct 2028, 19:10 unless taken back.",
    ] == ways.of(who)


def test_a_dismissed_leaver_waits_for_two_people(ways: Ways) -> None:
    """Nobody may be left out without being told who has to rule, by when, and how."""
    who = ways.raw.leaver(verdict="excluded")
    ways.raw.case(who, number=7, two_person=True)
    told = ways.of(who)
    assert "The exit kind is misconduct or dispute." in told[1]
    assert told[2].endswith("Case EX-000007 was opened: a named person has to rule.")
    assert (
        "next Waits for a reviewer to rule, and then another one, due by the end of 12 Nov 2026: "
        "alumni-sync queue show EX-000007. No answer means still out."
    ) == told[3]


def test_the_day_at_whose_end_a_case_is_due_is_named(ways: Ways) -> None:
    """“Due 6 Nov, 00:00” is read as a day more than there is."""
    who = ways.raw.leaver(verdict="review")
    ways.raw.case(who, number=9, due_at=datetime(2026, 11, 5, 23, tzinfo=UTC))

    (due,) = (line for line in ways.of(who) if "Waits for a reviewer" in line)

    assert "due by the end of 5 Nov 2026:" in due


def test_a_ruling_names_who_and_why(ways: Ways) -> None:
    """A ruling that nobody can be asked about is no ruling."""
    who = ways.raw.leaver(verdict="review")
    number = ways.raw.case(who, number=8, status="admitted")
    ways.raw.add(
        CaseEvent(
            case_id=number,
            person_id=who.person,
            version=2,
            event="admitted",
            at=ASKED + timedelta(hours=1),
            actor="hr.kowalska",
            verified=True,
            reason="code_wrong",
        )
    )
    assert any(
        line.endswith("Case EX-000008 was admitted by hr.kowalska, because: code wrong.")
        for line in ways.of(who)
    )


def test_future_exit_says_when_it_is_judged(ways: Ways) -> None:
    """Somebody who still works here must not be told to be left."""
    told = ways.of(ways.raw.leaver(left=date(2026, 12, 31), verdict="held"))
    assert "the last working day will be 31 Dec 2026" in told[0]
    assert told[-1].startswith("next Judged again when the last working day is over, 1 Jan 2027")


def test_an_exit_that_has_come_waits_for_the_next_run(ways: Ways) -> None:
    """That nothing is waited for would send somebody looking for a fault that is none."""
    who = ways.raw.leaver(left=date(2026, 12, 31), verdict="held")
    ways.clock.advance(timedelta(days=90))

    assert (
        "next Judged again by the next run: the last working day is over since."
        == (ways.of(who)[-1])
    )


def test_coming_rehire(ways: Ways) -> None:
    """A person who comes back is not asked, and HR wants to know why."""
    who = ways.raw.leaver(verdict="held")
    ways.change(who, rehire_on=date(2026, 12, 1))
    told = ways.of(who)
    assert any("A new employment is to begin on 1 Dec 2026." in line for line in told)
    assert told[-1] == "next Is asked only if the new employment of 1 Dec 2026 is cancelled."


def test_rescinded(ways: Ways) -> None:
    """An exit that was taken back ends the way, and the trace says that nothing follows."""
    told = ways.of(ways.raw.leaver(verdict="held", status="rescinded"))
    assert any("taken back: this person still works here" in line for line in told)
    assert told[-1] == "next Nothing is waited for."


def test_withdrawn_member_is_followed_to_the_end(ways: Ways) -> None:
    """Who withdrew asks when the last copy is gone."""
    states = (ConsentState.GIVEN, ConsentState.WITHDRAWN)
    invited = ways.raw.invite(ways.raw.leaver(), *states)
    who = ways.raw.member(invited, seq=2, state="removing", cause="consent:3")
    told = ways.of(who)
    assert any("Withdrew. Event 3" in line for line in told)
    assert "next Is to be gone from directory by 30 Oct 2026, 18:10." in told
    assert "next Is not asked again for this exit, unless the person asks for it." in told


def test_silent_person_knows_the_end(ways: Ways) -> None:
    """Silence is no, and it has a date."""
    who = ways.raw.invite(ways.raw.leaver())
    ways.change_invitation(who, next_at=ASKED + timedelta(days=7))
    assert [
        "next A reminder on 5 Nov 2026, 18:10 at the earliest, unless answered before.",
        "next Silence is no: the invitation closes on 28 Nov 2026, 18:10.",
    ] == ways.of(who)[-2:]


NEXT_OF_INVITATIONS = [
    ({"state": "not_asked"}, "The invitation leaves on a working day with room for it."),
    (
        {"state": "not_asked", "next_at": ASKED + timedelta(days=4)},
        "The invitation leaves on a working day with room for it from 2 Nov 2026, 18:10 on.",
    ),
    (
        {"state": "deferred", "next_at": ASKED + timedelta(days=60)},
        "Is asked once more on 28 Dec 2026, 18:10.",
    ),
    (
        {"state": "paused", "suspended": True},
        "Hidden while something speaks against it; comes back when that has ended.",
    ),
    (
        {"state": "paused", "paused_until": ASKED + timedelta(days=4)},
        "Hidden at their own wish until 2 Nov 2026, 18:10, or their word.",
    ),
    (
        {
            "state": "given",
            "valid_until": ASKED + timedelta(days=64),
            "next_at": ASKED + timedelta(days=4),
        },
        "Is asked whether it goes on, from 2 Nov 2026, 18:10 on.",
    ),
    (
        {
            "state": "renewal_due",
            "valid_until": ASKED + timedelta(days=64),
            "next_at": ASKED + timedelta(days=4),
        },
        "Is asked again whether it goes on, from 2 Nov 2026, 18:10 on.",
    ),
    (
        {"state": "renewal_due", "valid_until": ASKED + timedelta(days=30), "withheld": True},
        "Is on no platform until a new yes: the recipient is another one now.",
    ),
    ({"state": "expired"}, "Is not asked again for this exit, unless the person asks for it."),
    ({"state": "objected"}, "Is not asked again for this exit, unless the person asks for it."),
]


@pytest.mark.parametrize(("columns", "expected"), NEXT_OF_INVITATIONS)
def test_every_state_says_what_it_waits_for(
    ways: Ways, columns: dict[str, object], expected: str
) -> None:
    """A person in a state that says nothing is one about whom somebody calls."""
    who = ways.raw.invite(ways.raw.leaver())
    ways.change_invitation(who, **columns)
    assert f"next {expected}" in ways.of(who)


NEXT_OF_MEMBERS = [
    ({"state": "stuck"}, "The removal from directory is stuck: alumni-sync dead-letters list."),
    (
        {"state": "removed", "verify_at": ASKED + timedelta(hours=5)},
        "directory is looked at once more on 29 Oct 2026, 23:10: nothing may be left.",
    ),
    (
        {"state": "hiding", "remove_by": ASKED + timedelta(days=1)},
        "Is to be gone from directory by 30",
    ),
]


@pytest.mark.parametrize(("columns", "expected"), NEXT_OF_MEMBERS)
def test_every_membership_says_what_it_waits_for(
    ways: Ways, columns: dict[str, object], expected: str
) -> None:
    """A removal that is stuck must not look like one that is done."""
    who = ways.raw.member(ways.raw.invite(ways.raw.leaver(), ConsentState.GIVEN), seq=2)
    members = t(Membership)
    change = members.update().where(members.c.alumni_id == who.alumni)
    with ways.ledger.write() as connection:
        connection.execute(change.values(**columns))
    assert any(line.startswith(f"next {expected}") for line in ways.of(who))


def test_absence_that_was_looked_up_is_told(ways: Ways) -> None:
    """Proof of absence is the last thing that somebody who left wants to hear."""
    invited = ways.raw.invite(ways.raw.leaver(), ConsentState.GIVEN, ConsentState.WITHDRAWN)
    who = ways.raw.member(invited, seq=2, state="verified_absent", cause="consent:3")
    told = ways.of(who)
    assert any(line.endswith(f"nothing of {who.alumni} is left there.") for line in told)
    assert not any("to be gone" in line for line in told)


def test_yes_that_the_platform_does_not_know_yet(ways: Ways) -> None:
    """Between the yes and the next sync a person is nowhere to be seen."""
    who = ways.raw.invite(ways.raw.leaver(), ConsentState.GIVEN)
    assert "next Becomes a member with the next sync." in ways.of(who)


def test_held_until_a_day(ways: Ways) -> None:
    """Who is under age is asked later, and the day is known."""
    who = ways.raw.leaver(verdict="held")
    ways.change(who, judge_after=ASKED + timedelta(days=200))
    assert ways.of(who)[-1] == "next Judged again on 17 May 2027, 19:10."


def test_a_ruling_by_somebody_unverified_says_so(ways: Ways) -> None:
    """Whoever could have typed any name must not look like somebody who proved it."""
    who = ways.raw.leaver(verdict="review")
    number = ways.raw.case(who, number=9, status="awaiting_second", two_person=True)
    ways.raw.add(
        CaseEvent(
            case_id=number,
            person_id=who.person,
            version=2,
            event="first_admit",
            at=ASKED + timedelta(hours=1),
            actor="somebody",
        )
    )
    told = ways.of(who)
    assert any("by the first of two by somebody (who is not verified)." in line for line in told)
    assert any(line.startswith("next Waits for a second person to rule, due") for line in told)


def test_why_somebody_cannot_be_asked(ways: Ways) -> None:
    """HR can repair a missing private address only if somebody says that it is missing."""
    who = ways.raw.invite(ways.raw.leaver())
    ways.change_invitation(who, state="no_contact", no_contact_reason="no_address", closes_at=None)
    told = ways.of(who)
    assert any(line.endswith("Cannot be asked: no address.") for line in told)
    assert told[-1].startswith("next Nobody is written to")


def test_eligible_and_not_yet_asked(ways: Ways) -> None:
    """Between two runs a leaver is nowhere; the trace says which run picks them up."""
    assert ways.of(ways.raw.leaver())[-1].startswith("next Is invited by the next run")


def test_purged_person_leaves_a_tombstone(ways: Ways) -> None:
    """After a purge the trace says that we forgot on purpose."""
    who = ways.raw.leaver()
    spells = t(Spell)
    with ways.ledger.read() as connection:
        spell = connection.execute(spells.select().where(spells.c.id == who.spell)).one()
    ways.raw.add(
        Tombstone(
            spell_hash=spell.spell_hash,
            source="acme-pl",
            person_hash="h",
            outcome="refused",
            revision="r",
            facts_hash="f",
            created_at=ASKED + timedelta(days=1),
        ),
        Erasure(person_id=who.person, reason="request", at=ASKED + timedelta(days=2), by="legal"),
    )
    ways.change(who, sealed=None)
    ways.ledger.vault.store.shred([who.person])
    told = ways.of(who)
    assert any("What led to it was deleted." in line for line in told)
    assert any("A keyed tombstone remains" in line for line in told)
    assert any("was erased (request)" in line for line in told)
    assert told[-1] == "next Nothing is waited for."


def test_pause_is_said_first(ways: Ways) -> None:
    """Somebody looks for a fault for an hour, and it was the off switch."""
    ways.raw.add(Pause(what="mail", reason="incident", by="ops", at=ASKED))
    who = ways.raw.invite(ways.raw.leaver())
    following = [line for line in ways.of(who) if line.startswith("next")]
    assert following[0] == "next Everything for mail is paused: alumni-sync resume."


def test_no_personal_value_is_told(ways: Ways) -> None:
    """A trace is read aloud in meetings and pasted into tickets."""
    facts = {"given_name": "Świętosława", "personal_email": "s@poczta.example", "phone": "+44 7700"}
    who = ways.raw.invite(ways.raw.leaver(facts=dict(facts)), ConsentState.GIVEN)
    text = "\n".join(ways.of(who))
    assert [] == [value for value in facts.values() if value in text]
    assert ways.ledger.vault.load([who.person]).has(who.person, KeyKind.PROFILE)


def test_unknown_person_is_refused(ways: Ways) -> None:
    """An empty trace would read as if nothing had ever happened to somebody."""
    with pytest.raises(LedgerError, match="no person P-nobody"):
        ways.of(Who("P-nobody", ""))
