"""HR matches a request to an employment: who is asked then, where, and who is not all the same."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import Answer
from alumni_sync.consent.joining.asking_back import take_no_back
from alumni_sync.consent.joining.join_requests import JoinState, find_join, keep_objection
from alumni_sync.consent.joining.joined import own_requests
from alumni_sync.consent.joining.matching import (
    list_joins,
    match_confirmed,
    match_join,
    reject_join,
    show_join,
)
from alumni_sync.domain import Facts, Identity
from alumni_sync.errors import Refused
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Spell, t
from alumni_sync.membership.forgetting import forget_spells
from alumni_sync.privacy.subject_export import export_subject
from tests.consent.joins import EMAIL, HR, PEOPLE, proven
from tests.consent.world import World


@pytest.fixture
def world(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> World:
    """Return a company with people who match."""
    return World(tmp_path, sqlite_ledger, clock, people=PEOPLE)


@pytest.fixture
def any_world(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> World:
    """Return it on either database."""
    return World(tmp_path, ledger, clock, people=PEOPLE)


@pytest.mark.parametrize("answer", [Answer.NO, Answer.NOT_ME])
def test_whoever_said_no_and_asks_us_is_asked_at_the_proven_address(
    any_world: World, answer: Answer
) -> None:
    """A no holds until its owner says otherwise, and then it does."""
    leaver = any_world.invited()
    any_world.answer(leaver, answer)
    request = proven(any_world, number=leaver.number)

    result = match_join(any_world.d, request.id, leaver.spell, HR)
    any_world.later(days=1)
    any_world.round()

    assert JoinState.MATCHED is result.state
    assert EMAIL == any_world.mails[-1].to
    row = any_world.invitation(leaver)
    assert ("invited", "self_joined", 2) == (row["state"], row["basis"], row["round"])
    assert ["asked_back", "asked"] == any_world.history(leaver)[-2:]
    assert "self_joined" == any_world.events(leaver)[-1]["body"]["contact_basis"]


def test_nobody_is_asked_before_hr_has_matched(world: World) -> None:
    """Anybody can type a former colleague's number."""
    leaver = world.invited()
    world.answer(leaver, Answer.NO)
    proven(world, number=leaver.number)
    world.later(days=1)
    world.round()

    assert "refused" == world.invitation(leaver)["state"]
    assert 1 == sum(mail.to == EMAIL for mail in world.mails)


def test_a_match_gives_an_unasked_employment_its_contact_basis(world: World) -> None:
    """A leaver whose address is not known is reached at the one they give us, and no other."""
    leaver = world.leaver(personal_email=None, contact_given_at=None, contact_text=None)
    request = proven(world)
    match_join(world.d, request.id, leaver.spell, HR)
    world.round()

    assert EMAIL == world.mails[-1].to
    assert world.events(leaver)[-1]["body"]["join"]["request"] == request.id
    assert ("invited", "self_joined") == (
        world.invitation(leaver)["state"],
        world.invitation(leaver)["basis"],
    )


@pytest.mark.parametrize(
    "facts", [{"exit_kind": "misconduct"}, {"exit_kind": "unknown"}, {"rehire_date": None}]
)
def test_a_match_is_no_way_around_the_rules(world: World, facts: dict[str, str]) -> None:
    """Whoever the rules keep out asks in vain, and a person rules on it as on any other case."""
    leaver = world.leaver(**facts)
    if "rehire_date" in facts:
        world.roster.set_person(leaver, active_elsewhere=True)
    request = proven(world)
    match_join(world.d, request.id, leaver.spell, HR)
    world.judge()
    world.round()

    assert [] == [mail for mail in world.mails if "/c/" in mail.text]


def test_hr_sees_whom_the_hashes_lead_to_and_nobody_else(world: World) -> None:
    """A list of everybody of that name would be a search engine for leavers."""
    by_number, namesake = world.leaver("zofia"), world.leaver("zofia2")
    elsewhere = world.leaver("zofia3")
    request = proven(world, number=by_number.number)

    seen = show_join(world.d, request.id, HR, elsewhere.number)

    assert {by_number.spell: ("number",), elsewhere.spell: ("looked_up",)} == {
        one.spell_id: one.found_by for one in seen.candidates
    }
    assert namesake.spell not in {one.spell_id for one in seen.candidates}
    assert ("Zofia Jaworowska", "z•••@h•••.example") == (seen.name, seen.email)


def test_an_address_on_record_leads_to_its_owner(world: World) -> None:
    """Whoever proves the very mailbox that HR has on file is hardly somebody else."""
    leaver = world.leaver("zofia")
    request = proven(world, email="ZOFIA@mail.example")

    (found,) = show_join(world.d, request.id, HR).candidates
    assert (leaver.spell, ("address",)) == (found.spell_id, ("address",))


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        (HR, True),
        (Identity("dagmar", verified=True), False),
        (Identity("otto", verified=True), False),
        (Identity("hr.kowalska", verified=False), False),
    ],
)
def test_only_who_may_match_sees_requests(world: World, who: Identity, sees: bool) -> None:  # noqa: FBT001 a parameter
    """A request is somebody's private address and the wish to be found."""
    leaver = world.leaver()
    request = proven(world)

    def may() -> bool:
        try:
            listed = [one.id for one in list_joins(world.d, who)]
        except Refused:
            return False
        return listed == [request.id]

    assert sees is may()
    if not sees:
        for act in (
            lambda: show_join(world.d, request.id, who),
            lambda: match_join(world.d, request.id, leaver.spell, who),
            lambda: reject_join(world.d, request.id, "other", who),
        ):
            with pytest.raises(Refused):
                act()


def test_a_member_who_asks_stays_what_they_are(world: World) -> None:
    """A request must not end or redirect a yes that stands."""
    leaver = world.member()
    before = world.invitation(leaver)
    result = match_join(world.d, proven(world).id, leaver.spell, HR)

    assert JoinState.REJECTED is result.state
    assert before == world.invitation(leaver)


def test_a_rejection_tells_nobody_and_leaves_nothing(world: World) -> None:
    """Another answer than silence would tell who worked here, and why they are not asked."""
    request = proven(world)
    mails = len(world.mails)
    reject_join(world.d, request.id, "not_found", HR)
    world.deliver()

    assert mails == len(world.mails)
    assert not world.d.ledger.vault.load([request.id]).has(request.id, KeyKind.PROFILE)
    with pytest.raises(Refused, match="no request"):
        show_join(world.d, request.id, HR)


@pytest.mark.parametrize("holds", [True, False])
def test_whoever_said_do_not_consider_me_is_asked_about_that_first(
    world: World,
    holds: bool,  # noqa: FBT001 a parameter
) -> None:
    """Two words of one person contradict each other; only they can say which one holds."""
    leaver = world.leaver(do_not_consider="yes")
    request = proven(world)
    result = match_join(world.d, request.id, leaver.spell, HR)
    world.round()
    assert JoinState.QUESTIONED is result.state
    assert [] == [mail for mail in world.mails if "/c/" in mail.text]

    token = world.token("/j/")
    found = find_join(world.d, token)
    assert found is not None
    assert "do_not_consider" == found.question
    assert keep_objection(world.d, token) if holds else take_no_back(world.d, token)
    world.judge()
    world.round()

    invited = [mail.to for mail in world.mails if "/c/" in mail.text]
    assert ([] if holds else [EMAIL]) == invited
    assert find_join(world.d, token) is None


def test_a_shared_mailbox_is_for_a_person_to_look_at(world: World) -> None:
    """Of two people with one address the wrong one could answer (T27)."""
    world.leaver("zofia")
    other = world.leaver("adam", given_name="Adam")
    request = proven(world, email="zofia@mail.example", number=other.number)
    match_join(world.d, request.id, other.spell, HR)
    world.judge()
    world.round()

    assert "review" == world.roster.spell(other).verdict
    assert [] == [mail for mail in world.mails if "/c/" in mail.text]


def test_a_question_that_is_open_goes_on_at_the_proven_address(world: World) -> None:
    """Whoever lost the old mailbox must not wait for a reminder to it."""
    leaver = world.invited()
    request = proven(world)
    match_join(world.d, request.id, leaver.spell, HR)
    world.later(days=1)
    world.round()
    world.later(days=20)
    world.round()

    asking = [mail.to for mail in world.mails if "/c/" in mail.text]
    assert ["zofia@mail.example", EMAIL, EMAIL] == asking
    assert ("self_joined", 3) == (
        world.invitation(leaver)["basis"],
        world.invitation(leaver)["asked"],
    )

    again = proven(world, "n2")
    with pytest.raises(Refused, match="all mails about it"):
        match_join(world.d, again.id, leaver.spell, HR)
    assert [again.id] == [one.id for one in list_joins(world.d, HR)]


@pytest.mark.parametrize(
    "basis", [{"basis": "none"}, {"basis": "legitimate_interest", "assessment": "LIA-1"}]
)
def test_where_nobody_else_may_be_written_to_who_asked_us_may(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock, basis: dict[str, str]
) -> None:
    """The join page is for just those whom no basis covers; it must not let the others through."""
    sources = {
        "acme-pl": {
            "connector": "csv",
            "path": "acme-pl.csv",
            "controller": {"name": "Acme sp. z o.o.", "contact": "privacy@acme.example"},
            "jurisdiction": "pl",
            "timezone": "Europe/Warsaw",
            "contact": basis,
        }
    }
    people = [{**PEOPLE[0], "sources": ["acme-pl"]}]
    world = World(tmp_path, sqlite_ledger, clock, people=people, sources=sources)
    asker, silent = world.leaver("zofia"), world.leaver("adam")
    match_join(world.d, proven(world, number=asker.number).id, asker.spell, HR)
    world.round()

    assert [EMAIL] == [mail.to for mail in world.mails if "/c/" in mail.text]
    assert "self_joined" == world.invitation(asker)["basis"]
    assert "invited" == world.invitation(asker)["state"]
    assert silent.spell not in {row["invitation_id"] for row in world.outbox()}


def test_nobody_matches_their_own_request(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """HR people leave, too, and some come back as reviewers."""
    own = {**PEOPLE[0], "employee": "acme-pl/10001"}
    world = World(tmp_path, sqlite_ledger, clock, people=[own, *PEOPLE[1:]])
    leaver = world.leaver()
    assert "10001" == leaver.number
    world.roster.set_person(leaver, active_elsewhere=True)
    request = proven(world)
    with pytest.raises(Refused, match="own file"):
        match_join(world.d, request.id, leaver.spell, HR)


def test_nobody_tells_us_of_an_employment_of_their_own(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """Refused after their facts were taken in, it would have put them before the rules."""
    own = {**PEOPLE[0], "employee": "acme-pl/777"}
    world = World(tmp_path, sqlite_ledger, clock, people=[own, *PEOPLE[1:]])
    request = proven(world)
    facts: Facts = {
        "person_id": "w-777",
        "employee_number": "777",
        "hire_date": date(2019, 1, 7),
        "last_working_day": date(2026, 8, 31),
    }
    with pytest.raises(Refused, match="own file"):
        match_confirmed(world.d, request.id, "acme-pl", facts, HR)

    with world.d.ledger.read() as connection:
        assert 0 == connection.execute(select(func.count()).select_from(t(Spell))).scalar_one()


@pytest.mark.parametrize("spell", ["S-unknown", "", "S-1' OR 1=1"])
def test_a_match_with_nobody_changes_nothing(world: World, spell: str) -> None:
    """A slip in a number must not end a request."""
    request = proven(world)
    with pytest.raises(Refused, match="no employment"):
        match_join(world.d, request.id, spell, HR)
    with pytest.raises(Refused, match="no request"):
        match_join(world.d, "J-unknown", spell, HR)
    with pytest.raises(Refused, match="give one of"):
        reject_join(world.d, request.id, "unfriendly", HR)
    assert [request.id] == [one.id for one in list_joins(world.d, HR)]


def test_a_request_is_matched_once(world: World) -> None:
    """Two people at the desk with one request: the second is told."""
    leaver, other = world.leaver("zofia"), world.leaver("adam")
    request = proven(world)
    match_join(world.d, request.id, leaver.spell, HR)
    with pytest.raises(Refused):
        match_join(world.d, request.id, other.spell, HR)
    with pytest.raises(Refused):
        reject_join(world.d, request.id, "other", HR)


def test_the_newest_request_of_a_person_counts(world: World) -> None:
    """Whoever moves to another mailbox before the invitation is out asks again."""
    leaver = world.leaver()
    for number, email in enumerate(["one@home.example", "two@home.example"]):
        request = proven(world, f"n{number}", email=email)
        match_join(world.d, request.id, leaver.spell, HR)
    world.round()

    assert ["two@home.example"] == [mail.to for mail in world.mails if "/c/" in mail.text]


def test_a_request_of_sixty_days_ago_waits_for_nobody(world: World) -> None:
    """What nobody worked on is let go, and cannot be matched any more."""
    leaver, request = world.leaver(), proven(world)
    world.later(days=60)
    assert [] == list_joins(world.d, HR)
    with pytest.raises(Refused, match="no request"):
        match_join(world.d, request.id, leaver.spell, HR)


def test_the_proven_address_goes_with_the_employment_it_was_for(world: World) -> None:
    """Somebody with another employment keeps their key: what it sealed must go by itself."""
    leaver = world.leaver()
    world.roster.add(of=leaver, hire_date=date(2012, 1, 1), last_working_day=date(2015, 1, 1))
    match_join(world.d, proven(world).id, leaver.spell, HR)
    forget_spells(world.d, [leaver.spell])

    ring = world.d.ledger.vault.load([leaver.person])
    assert ring.has(leaver.person, KeyKind.PROFILE)
    with world.d.ledger.read() as connection:
        assert {} == own_requests(connection, ring, [leaver.spell])


def test_the_invitation_speaks_the_language_that_was_chosen(world: World) -> None:
    """The HR system may know another one; whoever asked has said which they read."""
    leaver = world.leaver(language="en")
    match_join(world.d, proven(world, language="pl").id, leaver.spell, HR)
    world.round()

    assert "pl" == world.invitation(leaver)["language"]
    assert "Nie pracujesz już w firmie" in world.mails[-1].text


def test_who_asks_for_their_data_sees_the_address_they_gave(world: World) -> None:
    """What we hold of somebody is theirs to see, however they came to us (Art. 15)."""
    leaver = world.leaver()
    match_join(world.d, proven(world).id, leaver.spell, HR)

    exported = export_subject(world.d, leaver.person)
    assert EMAIL == exported.content["joins"][0]["content"]["email"]
    assert any(EMAIL.encode() in content for content in exported.files.values())


def test_a_match_keeps_nobody_whose_facts_were_to_go(world: World) -> None:
    """Whoever works here again would stay in the ledger for good because they asked in vain."""
    leaver = world.member()
    world.roster.set(leaver, rehire_ends=True)
    world.round()
    before = world.roster.spell(leaver).purge_after
    request = proven(world)
    match_join(world.d, request.id, leaver.spell, HR)

    assert "revoked" == world.invitation(leaver)["state"]
    assert before is not None
    assert before == world.roster.spell(leaver).purge_after
