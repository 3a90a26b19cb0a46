"""What people asked us goes when its time is over, and not while somebody waits for an answer."""

from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import Answer
from alumni_sync.ledger.backup import back_up, restore
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.request_tables import (
    AccessLog,
    JoinRequest,
    LegalHold,
    OneTimeCode,
    RecordedAnswer,
    SubjectRequest,
    SubjectRequestEvent,
)
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Person, Spell, t
from alumni_sync.membership.removal import remove_closed
from alumni_sync.privacy.erasure import erase, finish_erasing, half_erased
from alumni_sync.privacy.holds import lift_hold, set_hold
from alumni_sync.privacy.journal import replay
from alumni_sync.privacy.request_rows import RequestChannel, RequestKind, RequestState
from alumni_sync.privacy.requests import close_request, open_request
from alumni_sync.privacy.restriction import lift, restrict
from alumni_sync.privacy.retention import PurgeCounts, purge_due
from tests.conftest import MASTER, NOW
from tests.membership.world import Community
from tests.privacy.office import PEOPLE, WEBER
from tests.roster import Leaver

DAY = timedelta(days=1)


@pytest.fixture
def office(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Community:
    """A company with people who may handle requests, on either database."""
    return Community(tmp_path, ledger, clock, people=PEOPLE)


def _purge(office: Community) -> dict[str, int]:
    """Purge, after a dry run that must say the same; return what was let go."""
    said = purge_due(office.d, dry_run=True)
    done = purge_due(office.d, dry_run=False)
    assert said == done
    assert purge_due(office.d, dry_run=True) == PurgeCounts()
    return {name: count for name, count in asdict(done).items() if count}


def _put(office: Community, model: Any, **row: Any) -> None:  # noqa: ANN401 any table, any column
    with office.d.ledger.write() as connection:
        connection.execute(insert(t(model)).values(row))


def _count(office: Community, model: Any) -> int:  # noqa: ANN401 any table
    with office.d.ledger.read() as connection:
        query = select(func.count()).select_from(t(model))
        return int(connection.execute(query).scalar_one())


def _open(office: Community, leaver: Leaver, kind: RequestKind = RequestKind.RECTIFY) -> str:
    return open_request(
        office.d,
        person_id=leaver.person,
        kind=kind,
        channel=RequestChannel.LETTER,
        words="Words.",
        identity=WEBER,
    )


def _facts_left(office: Community, leaver: Leaver) -> bool:
    with office.d.ledger.read() as connection:
        query = select(t(Spell).c.sealed).where(t(Spell).c.id == leaver.spell)
        return connection.execute(query).scalar_one() is not None


def test_a_request_goes_three_years_after_its_answer(office: Community) -> None:
    """So long can somebody say that we did not answer; after that it is one file too many."""
    leaver = office.leaver(exit_kind="misconduct")
    number = _open(office, leaver)
    close_request(office.d, number, RequestState.DONE, WEBER)

    office.later(days=3 * 366 - 1)
    assert "requests" not in _purge(office)
    office.later(days=1)

    assert 1 == _purge(office)["requests"]
    assert (0, 0) == (_count(office, SubjectRequest), _count(office, SubjectRequestEvent))


def test_a_lifted_hold_goes_three_years_later(office: Community) -> None:
    """Whom somebody once had a claim against would stand in a file for ever."""
    leaver = office.leaver()
    set_hold(office.d, leaver.person, WEBER, reason="claim", matter="Case 12/26")
    office.later(days=4 * 366)
    assert "holds" not in _purge(office)
    lift_hold(office.d, leaver.person, WEBER, reason="ended")
    office.later(days=3 * 366 - 1)
    assert "holds" not in _purge(office)

    office.later(days=1)

    assert 1 == _purge(office)["holds"]
    assert 0 == _count(office, LegalHold)


def test_an_open_request_and_a_held_one_stay(office: Community) -> None:
    """What nobody has answered is not over, and a legal hold keeps what was."""
    leaver = office.leaver(exit_kind="misconduct")
    _open(office, leaver)
    held = _open(office, leaver, RequestKind.ACCESS)
    close_request(office.d, held, RequestState.DONE, WEBER)
    office.roster.set_person(leaver, legal_hold=True)

    office.later(days=4 * 366)

    assert "requests" not in _purge(office)
    assert 2 == _count(office, SubjectRequest)


def test_facts_wait_for_the_answer(office: Community) -> None:
    """Who asked to see their data must not be told that they were deleted meanwhile."""
    leaver = office.invited()
    number = _open(office, leaver, RequestKind.ACCESS)
    office.answer(leaver, Answer.NO)
    office.later(days=3)
    assert "spells" not in _purge(office)
    assert _facts_left(office, leaver)

    close_request(office.d, number, RequestState.DONE, WEBER)

    assert 1 == _purge(office)["spells"]
    assert not _facts_left(office, leaver)


def test_the_evidence_key_waits_for_the_answer(office: Community) -> None:
    """Their words are sealed with it: an open request whose words are gone cannot be answered."""
    leaver = office.invited()
    office.answer(leaver, Answer.NO)
    office.later(days=3)
    _purge(office)
    office.later(days=7 * 366)
    number = _open(office, leaver)
    assert "proofs" not in _purge(office)

    close_request(office.d, number, RequestState.REFUSED, WEBER, reason="not_covered")

    assert 1 == _purge(office)["proofs"]


def test_recorded_answers_go_with_the_proof(office: Community) -> None:
    """A consent on paper is proof like any other, no longer and no shorter."""
    leaver = office.invited()
    office.answer(leaver, Answer.NO)
    _put(
        office,
        RecordedAnswer,
        invitation_id=office.invitation(leaver)["id"],
        person_id=leaver.person,
        kind="withdrawal",
        channel="phone",
        received_on=date(2026, 11, 3),
        state="recorded",
        version=1,
        recorded_by="k.weber",
        recorded_at=office.clock.now(),
        second_by="",
    )
    office.later(days=3)
    _purge(office)
    assert 1 == _count(office, RecordedAnswer)

    office.later(days=7 * 366)
    _purge(office)

    assert 0 == _count(office, RecordedAnswer)


def test_codes_go_a_week_after_they_ended(office: Community) -> None:
    """A hash of eight digits is soon guessed by whoever has the key."""
    expires = office.clock.now() + timedelta(minutes=10)
    _put(
        office,
        OneTimeCode,
        invitation_id="I-1",
        person_id="P-1",
        code_hash="h",
        tries=0,
        expires_at=expires,
        created_at=office.clock.now(),
    )
    office.clock.advance(expires - office.clock.now() + 7 * DAY - timedelta(seconds=1))
    assert {} == _purge(office)
    office.later(seconds=1)

    assert {"codes": 1} == _purge(office)


@pytest.mark.parametrize(
    ("state", "expires", "closed", "after"),
    [
        ("unproven", 2, None, 2),
        ("proven", 60, None, 60),
        ("questioned", 60, None, 60),
        ("rejected", 2, 1, 15),
        ("expired", 2, 2, 16),
        ("matched", 2, 1, 731),
    ],
)
def test_requests_to_join_go_with_their_keys(
    office: Community, state: str, expires: int, closed: int | None, after: int
) -> None:
    """Whoever typed a name into a page and was nobody to us has a right to be nobody again."""
    now, vault = office.clock.now(), office.d.ledger.vault
    vault.create_keys(["J-1"])
    _put(
        office,
        JoinRequest,
        id="J-1",
        address_hash="a",
        token_hash="t",
        state=state,
        language="en",
        person_id="",
        spell_id="",
        reason="",
        version=1,
        created_at=now,
        expires_at=now + expires * DAY,
        closed_at=None if closed is None else now + closed * DAY,
        closed_by="",
        sealed=vault.seal("J-1", KeyKind.PROFILE, "join_request", b"{}"),
    )
    office.clock.advance(after * DAY - timedelta(seconds=1))
    assert {} == _purge(office)
    assert vault.load(["J-1"]).has("J-1", KeyKind.PROFILE)
    office.later(seconds=1)

    assert {"joins": 1} == _purge(office)
    assert not vault.load(["J-1"]).has("J-1", KeyKind.PROFILE)


def test_who_looked_at_whom_goes_after_two_years(office: Community) -> None:
    """Long enough to find out who was curious; no longer."""
    row = {"at": office.clock.now(), "actor": "k.weber", "verified": True, "act": "see a case"}
    _put(office, AccessLog, **row, person_id="P-1", subject="")
    office.later(days=730, seconds=-1)
    assert {} == _purge(office)
    office.later(seconds=1)

    assert {"reads": 1} == _purge(office)


def test_a_restriction_keeps_what_would_be_let_go(office: Community) -> None:
    """Art. 18(1)(c): somebody needs the data for a claim; deleting them is what they feared."""
    leaver = office.joined()
    restrict(office.d, leaver.person, WEBER)
    office.leave(leaver)
    remove_closed(office.d, new_id("R"))
    office.later(days=30)

    assert "spells" not in _purge(office)
    assert "absent" == office.on_platform(leaver)
    assert _facts_left(office, leaver)

    lift(office.d, leaver.person, WEBER)

    assert 1 == _purge(office)["spells"]
    assert not _facts_left(office, leaver)


def test_erasing_ends_a_restriction(office: Community) -> None:
    """Whoever first had it kept and now wants it gone gets what they want now."""
    leaver = office.joined()
    restrict(office.d, leaver.person, WEBER)

    erase(office.d, leaver.person, by="k.weber", reason="request", run_id=new_id("R"))

    assert not _facts_left(office, leaver)
    assert "absent" == office.on_platform(leaver)
    assert [] == office.d.ledger.vault.store.restricted()


def test_a_hold_that_comes_during_an_erasure_wins(office: Community) -> None:
    """A platform can take minutes: keys that a court asks for meanwhile cannot be made anew."""
    leaver, vault = office.joined(), office.d.ledger.vault
    office.roster.set_person(leaver, erased_at=office.clock.now())  # as far as a crash let it come
    assert [leaver.person] == half_erased(office.d)
    assert set_hold(office.d, leaver.person, WEBER, reason="claim", matter="7 P 118/26")

    finish_erasing(office.d, [leaver.person])

    assert vault.load([leaver.person]).has(leaver.person, KeyKind.PROFILE)
    assert _facts_left(office, leaver)
    office.later(days=90)
    assert [] == half_erased(office.d)
    assert lift_hold(office.d, leaver.person, WEBER, reason="ended")
    finish_erasing(office.d, half_erased(office.d))
    assert not vault.load([leaver.person]).has(leaver.person, KeyKind.PROFILE)
    assert not _facts_left(office, leaver)


def test_erasing_reaches_what_was_asked_and_typed(office: Community) -> None:
    """T24: words, codes and what was typed at the join page, with the key it was sealed by."""
    leaver = office.joined()
    _open(office, leaver)
    vault, now = office.d.ledger.vault, office.clock.now()
    vault.create_keys(["J-2"])
    _put(
        office,
        JoinRequest,
        id="J-2",
        address_hash="a",
        token_hash="t",
        state="matched",
        language="en",
        person_id=leaver.person,
        spell_id=leaver.spell,
        reason="",
        version=1,
        created_at=now,
        expires_at=now,
        closed_at=now,
        closed_by="k.weber",
        sealed=vault.seal("J-2", KeyKind.PROFILE, "join_request", b"{}"),
    )
    _put(
        office,
        OneTimeCode,
        invitation_id=office.invitation(leaver)["id"],
        person_id=leaver.person,
        code_hash="h",
        tries=0,
        expires_at=now,
        created_at=now,
    )

    erase(office.d, leaver.person, by="k.weber", reason="request", run_id=new_id("R"))

    with office.d.ledger.read() as connection:
        for model in (SubjectRequest, SubjectRequestEvent, JoinRequest):
            assert {None} == set(connection.execute(select(t(model).c.sealed)).scalars())
    assert 0 == _count(office, OneTimeCode)
    assert not vault.load(["J-2"]).has("J-2", KeyKind.PROFILE)


def test_a_restored_backup_is_told_who_is_restricted(
    office: Community, ledger_urls: tuple[str, str], tmp_path: Path
) -> None:
    """T23: yesterday's copy would show somebody who asked today not to be shown."""
    shown, hidden = office.joined("zofia"), office.joined("adam")
    restrict(office.d, shown.person, WEBER)
    back_up(office.d.ledger, tmp_path / "yesterday.backup")
    lift(office.d, shown.person, WEBER)
    restrict(office.d, hidden.person, WEBER)
    office.d.ledger.close()
    restore(ledger_urls[0], tmp_path / "yesterday.backup", NOW)
    office.d.ledger = Ledger.open(*ledger_urls, MASTER)

    assert 0 == replay(office.d, restored=True)

    with office.d.ledger.read() as connection:
        query = select(t(Person).c.id).where(t(Person).c.restricted_at.is_not(None))
        assert [hidden.person] == list(connection.execute(query).scalars())
    office.d.ledger.close()


def test_an_old_copy_of_the_key_store_makes_nobody_usable(office: Community) -> None:
    """Whoever was restricted since that copy was made would be shown again by a mere start."""
    leaver = office.joined()
    restrict(office.d, leaver.person, WEBER)
    office.d.ledger.vault.store.note_restricted(leaver.person, restricted=False)

    replay(office.d)

    with office.d.ledger.read() as connection:
        assert connection.execute(select(t(Person).c.restricted_at)).scalar_one() is not None


def test_a_ledger_that_knows_it_all_is_not_written_to(office: Community) -> None:
    """I7: it runs at every start, and a start is no reason to change anything."""
    leaver, other = office.joined("zofia"), office.joined("adam")
    restrict(office.d, leaver.person, WEBER)
    erase(office.d, other.person, by="k.weber", reason="request", run_id=new_id("R"))
    before = office.everything()

    assert 0 == replay(office.d)

    assert before == office.everything()


def test_a_crash_between_key_store_and_ledger_ends_restricted(office: Community) -> None:
    """Of two answers the careful one wins: shown by mistake cannot be taken back."""
    leaver = office.joined()
    office.d.ledger.vault.store.note_restricted(leaver.person, restricted=True)

    replay(office.d)

    with office.d.ledger.read() as connection:
        assert connection.execute(select(t(Person).c.restricted_at)).scalar_one() is not None
    restrict(office.d, leaver.person, WEBER)
    with office.d.ledger.write() as connection:
        connection.execute(update(t(Person)).values(restricted_at=None))
    replay(office.d)
    with office.d.ledger.read() as connection:
        assert connection.execute(select(t(Person).c.restricted_at)).scalar_one() is not None
