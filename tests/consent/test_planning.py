"""Who is asked, when, and about whom nothing is noted although they are not."""

import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.consent import invitations
from alumni_sync.consent.answers.answer import Answer
from alumni_sync.consent.invitations import RequestCounts, plan_requests
from alumni_sync.domain import CaseStatus
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Case, Suppression, Tombstone, t
from tests.consent.world import RUN, World
from tests.roster import USUAL, Leaver

NOTHING = RequestCounts()
SATURDAY = datetime(2026, 11, 7, 9, tzinfo=UTC)
EVE_OF_HOLIDAY = datetime(2026, 11, 11, 9, tzinfo=UTC)  # Independence Day in Poland only


def test_everybody_in_good_standing_is_asked_exactly_once(any_world: World) -> None:
    """Planning twice must not ask twice."""
    for name in ("anna", "jan", "ola"):
        any_world.leaver(name)

    assert RequestCounts(due=3) == any_world.plan()
    before = any_world.everything()
    assert NOTHING == any_world.plan()
    assert before == any_world.everything()
    assert ["invitation"] * 3 == [row["kind"] for row in any_world.outbox()]


def test_two_runs_at_once_plan_everybody_once(any_world: World) -> None:
    """A payroll run and the daily round may meet; nobody gets two invitations from it."""
    leavers = [any_world.leaver(f"person{number}") for number in range(5)]
    threads = [threading.Thread(target=plan_requests, args=(any_world.d, RUN)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    invited = {any_world.invitation(leaver)["id"] for leaver in leavers}
    assert sorted(invited) == sorted(row["invitation_id"] for row in any_world.outbox())


@pytest.mark.parametrize(
    "facts",
    [
        {"exit_kind": "misconduct"},
        {"exit_kind": "unknown"},
        {"exit_kind": "death"},
        {"last_working_day": date(2026, 11, 30), "exit_date": date(2026, 11, 30)},
        {"record_status": "rescinded"},
    ],
    ids=["excluded", "review", "never_contact", "future", "rescinded"],
)
def test_who_is_not_in_good_standing_is_not_asked(world: World, facts: dict[str, Any]) -> None:
    """One such mail would do more harm than a thousand good ones can mend."""
    world.leaver(**facts)

    assert NOTHING == world.plan()


@pytest.mark.parametrize(
    "columns",
    [{"rehire_on": date(2026, 12, 1)}, {"rehire_on": date(2026, 11, 1), "rehire_ends": True}],
    ids=["agreed", "begun"],
)
def test_who_comes_back_is_not_asked(world: World, columns: dict[str, object]) -> None:
    """Somebody with a new contract in hand is no alumnus."""
    world.roster.set(world.leaver(), **columns)

    assert NOTHING == world.plan()


def test_nobody_is_asked_on_a_verdict_about_other_facts(any_world: World) -> None:
    """After a crash between intake and eligibility the new facts may be those of a misconduct."""
    leaver = any_world.leaver()
    any_world.roster.set(leaver, facts_hash="changed-since")

    assert NOTHING == any_world.plan()


def test_who_still_works_here_is_not_asked(world: World) -> None:
    """One of two employments ended; the person is still ours."""
    world.roster.set_person(world.leaver(), active_elsewhere=True)

    assert NOTHING == world.plan()


def test_a_future_exit_is_asked_when_it_has_come(world: World) -> None:
    """Not a day before, and not forgotten either."""
    world.leaver(
        last_working_day=date(2026, 11, 10),
        exit_date=date(2026, 11, 10),
        contact_given_at=date(2026, 11, 2),
    )
    assert NOTHING == world.plan()

    world.later(days=10)
    world.judge()

    assert RequestCounts(due=1) == world.plan()


def open_case(world: World, leaver: Leaver, status: CaseStatus, basis: str | None = None) -> None:
    """Write the case of a leaver as the review stage leaves it."""
    spell, now = world.roster.spell(leaver), world.clock.now()
    row = {
        "spell_id": leaver.spell,
        "person_id": leaver.person,
        "source": leaver.source,
        "decision_id": spell.decision_id,
        "basis": spell.basis if basis is None else basis,
        "verdict": spell.verdict,
        "status": status.value,
        "opened_at": now,
        "due_at": now + timedelta(days=14),
    }
    with world.d.ledger.write() as connection:
        connection.execute(t(Case).insert(), row)


@pytest.mark.parametrize("status", CaseStatus)
def test_only_an_admitted_case_lets_somebody_be_asked(world: World, status: CaseStatus) -> None:
    """No answer by the reviewers means still out."""
    leaver = world.leaver(exit_kind="unknown")
    open_case(world, leaver, status)

    assert RequestCounts(due=int(status is CaseStatus.ADMITTED)) == world.plan()


def test_a_ruling_on_other_facts_admits_nobody(world: World) -> None:
    """The reviewer saw something else than what the rules say now."""
    leaver = world.leaver(exit_kind="unknown")
    open_case(world, leaver, CaseStatus.ADMITTED, basis="of-last-month")

    assert NOTHING == world.plan()


def test_who_cannot_be_reached_is_noted_with_the_reason(world: World) -> None:
    """HR must be able to see why somebody got no mail; and it must not be kept for ever."""
    leaver = world.leaver(personal_email=None)

    assert RequestCounts(no_contact=1) == world.plan()
    row = world.invitation(leaver)
    assert ("no_contact", "no_address") == (row["state"], row["no_contact_reason"])
    assert world.clock.now() + timedelta(days=14) == world.roster.spell(leaver).purge_after
    assert [] == world.outbox()


def test_a_new_address_makes_somebody_reachable(world: World) -> None:
    """HR corrected the typing mistake; the question may be asked now."""
    leaver = world.leaver(personal_email="anna.mail.example")
    world.plan()
    world.later(hours=1)
    world.roster.change(leaver, personal_email="anna@mail.example")
    world.judge()

    assert RequestCounts(due=1) == world.plan()
    assert "not_asked" == world.invitation(leaver)["state"]
    assert world.roster.spell(leaver).purge_after is None
    assert 1 == world.deliver().sent


def test_a_correction_that_does_not_help_is_noted_anew(world: World) -> None:
    """The reason that is shown must be today's."""
    leaver = world.leaver(personal_email=None)
    world.plan()
    world.later(hours=1)
    world.roster.change(leaver, personal_email="anna@acme.example")
    world.judge()

    assert RequestCounts(no_contact=1) == world.plan()
    assert "company_address" == world.invitation(leaver)["no_contact_reason"]
    assert NOTHING == world.plan()


def test_a_pack_that_lets_missing_birth_dates_pass_reaches_whom_it_shut_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was noted under the stricter pack would never be asked: no fact of theirs changes."""
    empty = world.leaver("anna", birth_date=None)
    world.roster.set(empty, verdict="eligible")
    monkeypatch.delitem(cast("dict[str, Any]", USUAL), "birth_date")
    absent = world.leaver("zofia")
    assert RequestCounts(no_contact=2) == world.plan()

    pack = world.root / "rules" / "jurisdictions" / "pl.yaml"
    strict = pack.read_text("utf-8")
    pack.write_text(strict.replace("birth_date_needed: true", "birth_date_needed: false"), "utf-8")

    assert RequestCounts(due=1) == world.plan()
    assert "not_asked" == world.invitation(absent)["state"]
    assert "no_contact" == world.invitation(empty)["state"]
    assert NOTHING == world.plan()


def _configured(world: World, *, basis: str = "exit_form", domains: list[str]) -> None:
    """Change what the configuration says about writing to people."""
    source = world.d.settings.sources["acme-pl"].model_dump(by_alias=True)
    source["contact"] = {"basis": basis, **({"evidence": "field"} if basis != "none" else {})}
    source["payroll"] = None
    changed = {
        "company": {"name": "Acme", "domains": domains, "languages": ["en"]},
        "sources": {"acme-pl": source},
    }
    said = world.d.settings.model_dump(by_alias=True) | changed
    world.d.settings = type(world.d.settings).model_validate(said)


OURS = ["acme.example"]
TOO_MANY = ["acme.example", "mail.example"]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"domains": TOO_MANY}, "company_address"),
        ({"domains": OURS, "basis": "none"}, "letter"),
    ],
)
def test_a_mended_configuration_reaches_whom_it_had_shut_out(
    any_world: World, wrong: dict[str, Any], reason: str
) -> None:
    """No fact of theirs will ever change, so a slip in a file would cost them the question."""
    _configured(any_world, **wrong)
    leaver = any_world.leaver()
    assert RequestCounts(no_contact=1) == any_world.plan()
    assert reason == any_world.invitation(leaver)["no_contact_reason"]
    assert NOTHING == any_world.plan()

    any_world.later(days=1)
    _configured(any_world, domains=OURS)

    assert RequestCounts(due=1) == any_world.plan()
    assert any_world.roster.spell(leaver).purge_after is None
    assert 1 == any_world.deliver().sent


def test_a_configuration_that_shuts_out_all_the_same_is_looked_at_once(world: World) -> None:
    """A run without changes writes nothing, and the report counts nobody twice."""
    _configured(world, domains=TOO_MANY)
    leaver = world.leaver()
    world.plan()
    purge_after = world.roster.spell(leaver).purge_after

    world.later(days=1)
    _configured(world, domains=[*TOO_MANY, "acme.test"])
    assert NOTHING == world.plan()
    before = world.everything()

    assert NOTHING == world.plan()
    assert before == world.everything()
    assert purge_after == world.roster.spell(leaver).purge_after, "nobody is kept for longer"


@pytest.mark.parametrize(
    "reason", ["suppressed", "do_not_consider", "no_address", "no_such_mailbox"]
)
def test_no_configuration_undoes_a_reason_of_the_persons_own(world: World, reason: str) -> None:
    """Who objected, or whose mailbox is gone, is not asked because a domain was corrected."""
    _configured(world, domains=TOO_MANY)
    leaver = world.leaver()
    world.plan()
    world.set_invitation(leaver, no_contact_reason=reason, reason_terms="")

    _configured(world, domains=OURS)

    assert NOTHING == world.plan()
    assert [] == world.outbox()


def test_a_configuration_that_is_mended_before_the_mail_leaves_is_used(world: World) -> None:
    """Planned under one list of domains, refused under another, asked under the third."""
    leaver = world.leaver()
    world.plan()
    _configured(world, domains=TOO_MANY)
    assert 0 == world.deliver().sent
    assert "company_address" == world.invitation(leaver)["no_contact_reason"]

    _configured(world, domains=OURS)

    assert RequestCounts(due=1) == world.plan()
    assert 1 == world.deliver().sent


def test_a_mended_configuration_begins_no_second_round(world: World) -> None:
    """Whoever was written to before a slip in a file would get up to three mails once more."""
    leaver = world.leaver()
    world.plan()
    assert 1 == world.deliver().sent
    slip = {"no_contact_reason": "company_address", "reason_terms": "other domains"}
    world.set_invitation(leaver, state="no_contact", **slip)

    assert NOTHING == world.plan()


def test_a_minor_is_asked_when_they_have_grown_up(world: World) -> None:
    """Nothing about them changes but the day."""
    leaver = world.leaver(birth_date=date(2008, 11, 5))
    world.roster.set(leaver, verdict="eligible")
    assert RequestCounts(no_contact=1) == world.plan()
    before = world.everything()
    assert NOTHING == world.plan()
    assert before == world.everything()

    world.later(days=2)

    assert RequestCounts(due=1) == world.plan()


def test_a_deployment_that_is_not_ready_notes_nothing_about_anybody(world: World) -> None:
    """A missing signature by counsel is no property of a person."""
    pack = world.root / "rules" / "jurisdictions" / "pl.yaml"
    accepted = pack.read_text("utf-8")
    pack.write_text(accepted.replace("C. Counsel", '""'), "utf-8")
    world.leaver()
    before = world.everything()

    assert RequestCounts(blocked={"pack_is_draft": 1}) == world.plan()
    assert before == world.everything()

    pack.write_text(accepted, "utf-8")
    assert RequestCounts(due=1) == world.plan()


def test_who_objected_under_another_name_is_not_asked(world: World) -> None:
    """The list is of addresses: spelling and employer do not matter."""
    now = world.clock.now()
    row = {
        "address_hash": world.d.ledger.hashes.address("ZOFIA@mail.EXAMPLE"),
        "scope": "all",
        "reason": "objected",
        "created_at": now,
        "rejustify_at": now,
    }
    with world.d.ledger.write() as connection:
        connection.execute(t(Suppression).insert(), row)
    leaver = world.leaver()

    assert RequestCounts(no_contact=1) == world.plan()
    assert "suppressed" == world.invitation(leaver)["no_contact_reason"]


def test_a_tombstone_bars_the_question(world: World) -> None:
    """Nobody is asked again because we forgot."""
    leaver, now = world.leaver(), world.clock.now()
    row = {
        "spell_hash": world.roster.spell(leaver).spell_hash,
        "source": "acme-pl",
        "person_hash": "p",
        "outcome": "refused",
        "revision": "r",
        "facts_hash": "f",
        "reopens_on": "facts",
        "created_at": now,
    }
    with world.d.ledger.write() as connection:
        connection.execute(t(Tombstone).insert(), row | {"marks": ""})

    assert NOTHING == world.plan()


def test_on_a_weekend_the_mail_waits_for_monday_morning(world: World) -> None:
    """A question from a former employer does not belong into anybody's weekend."""
    world.clock.set(SATURDAY)
    world.leaver()
    world.plan()

    assert datetime(2026, 11, 9, 7, tzinfo=UTC) == world.outbox()[0]["due_at"]  # 8:00 in Warsaw


def test_holidays_are_those_of_the_leavers_own_country(world: World) -> None:
    """Somebody who worked in Germany for the Polish company has German holidays."""
    world.clock.set(EVE_OF_HOLIDAY)
    polish, german = world.leaver("ola"), world.leaver("jan", country="DE")
    unknown = world.leaver("kim", country="XX")
    world.plan()

    due = {row["invitation_id"]: row["due_at"] for row in world.outbox()}
    tomorrow = datetime(2026, 11, 12, 7, tzinfo=UTC)
    assert tomorrow == due[world.invitation(polish)["id"]]
    assert world.clock.now() == due[world.invitation(german)["id"]]
    assert tomorrow == due[world.invitation(unknown)["id"]]


@pytest.mark.parametrize(("spoken", "expected"), [("pl", "pl"), ("pl-pl", "pl"), ("uk", "en")])
def test_the_language_is_the_leavers_or_the_companys_first(
    world: World, spoken: str, expected: str
) -> None:
    """Nobody is asked in half a language."""
    leaver = world.leaver(language=spoken)
    world.plan()

    assert expected == world.invitation(leaver)["language"]


def test_without_a_basis_everybody_gets_a_letter(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """A company that asked nobody for an address must not use the addresses it has."""
    plain = World(tmp_path, sqlite_ledger, clock)
    source = plain.d.settings.sources["acme-pl"].model_dump()
    source["contact"] = {"basis": "none"}
    source["payroll"] = None
    plain.d.settings = type(plain.d.settings).model_validate(
        plain.d.settings.model_dump(by_alias=True) | {"sources": {"acme-pl": source}}
    )
    leaver = plain.leaver()

    assert RequestCounts(no_contact=1) == plain.plan()
    assert "letter" == plain.invitation(leaver)["no_contact_reason"]


def test_an_undone_exit_that_comes_back_is_a_new_question(world: World) -> None:
    """The first question was withdrawn by us, not answered by the person."""
    leaver = world.invited()
    world.roster.change(leaver, record_status="rescinded")
    world.judge()
    world.round()
    assert "revoked" == world.invitation(leaver)["state"]
    assert not world.opens(world.token())

    world.later(days=1)
    world.roster.change(leaver, record_status="left")
    world.judge()
    world.round()

    row = world.invitation(leaver)
    assert ("invited", 2, 1) == (row["state"], row["round"], row["asked"])
    assert ["asked", "ended", "reopened", "asked"] == world.history(leaver)
    assert 2 == len(world.mails)


def test_an_undone_exit_does_not_undo_a_no(world: World) -> None:
    """Who said no has answered; the HRIS cannot take that back."""
    leaver = world.invited()
    world.answer(leaver, Answer.NO)
    for status in ("rescinded", "left"):
        world.later(days=1)
        world.roster.change(leaver, record_status=status)
        world.judge()
        world.round()

    assert "refused" == world.invitation(leaver)["state"]
    assert 1 == len(world.mails)


def test_planning_in_pages_leaves_nobody_out(world: World) -> None:
    """A hundred thousand leavers are not read at once."""
    for number in range(5):
        world.leaver(f"person{number}")

    assert RequestCounts(due=5) == plan_requests(world.d, RUN, page=2)


def test_somebody_erased_meanwhile_is_left_out(world: World) -> None:
    """Without a key there is nobody to ask, and nothing to note either."""
    leaver = world.leaver()
    world.d.ledger.vault.shred([leaver.person], [KeyKind.PROFILE])

    assert NOTHING == world.plan()
    assert [] == world.outbox()


def test_what_another_run_has_reopened_is_left_to_it(world: World) -> None:
    """Two runs that both saw a corrected address must not open two rounds."""
    leaver = world.leaver(personal_email=None)
    world.plan()
    world.later(hours=1)
    world.roster.change(leaver, personal_email="zofia@mail.example")
    world.judge()
    site = invitations._site_of(world.d, "acme-pl")
    (found,) = invitations._candidates(world.d, site, 10)
    plans = invitations._plans(world.d, site, found)

    world.plan()
    invitations._save(world.d, site, plans)

    assert ["reopened"] == world.history(leaver)
    assert 1 == len(world.outbox())
