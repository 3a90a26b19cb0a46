"""One case with its person: for whom it is, with everything a decision needs."""

from pathlib import Path

import pytest
from sqlalchemy import insert

from alumni_sync.clock import FixedClock
from alumni_sync.domain import NOT_VISIBLE, ConsentState
from alumni_sync.errors import Refused
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Invitation, t
from alumni_sync.review.record.dossier import Dossier, show_case
from tests.review.queue_of import NOBODY, PEOPLE, Desk, who
from tests.roster import Leaver, Roster


def _shown(desk: Desk, leaver: Leaver, user: str = "rev") -> Dossier:
    shown = show_case(desk.d, desk.number(leaver), who(user))
    assert shown is not None
    return shown


def test_a_reviewer_sees_person_facts_and_reasons(desk: Desk) -> None:
    """Human review of a rule trace without the person is a token gesture."""
    leaver = desk.roster.add(
        exit_kind="misconduct", birth_date=None, tags=("a", "b"), phone=NOT_VISIBLE
    )
    desk.round()

    shown = _shown(desk, leaver)

    assert ("Zofia Jaworowska", leaver.number) == (shown.name, shown.employee)
    assert ("misconduct", "unknown", "a, b", "not visible", "2026-10-31") == tuple(
        shown.facts[name] for name in ("exit_kind", "birth_date", "tags", "phone", "exit_date")
    )
    assert "worker_type" not in shown.facts
    assert ("birth_date",) == shown.unknown
    assert "Excluded, because the exit kind is misconduct or dispute." == shown.reasons[0]
    assert [("conduct-exit", True), ("under-18", None)] == [(r.id, r.holds) for r in shown.rules]
    assert "" == shown.sealed


def test_what_admitting_would_do_is_said(desk: Desk) -> None:
    """Nobody should have to know the state machine to press a button."""
    leaver = desk.roster.add(exit_kind="misconduct")
    desk.round()
    before = _shown(desk, leaver).effects

    def consent(state: ConsentState) -> tuple[str, ...]:
        table = t(Invitation)
        with desk.d.ledger.write() as connection:
            connection.execute(table.delete())
            connection.execute(
                insert(table).values(
                    Invitation(
                        id="I-1",
                        spell_id=leaver.spell,
                        person_id=leaver.person,
                        source="acme-pl",
                        state=state.value,
                        created_at=desk.d.clock.now(),
                        changed_at=desk.d.clock.now(),
                    ).model_dump()
                )
            )
        return _shown(desk, leaver).effects

    assert before[0].startswith("The person is invited in the next round")
    assert before[1].startswith("It takes two people")
    assert consent(ConsentState.GIVEN)[0].startswith("The person had said yes")
    assert "“no contact”" in consent(ConsentState.NO_CONTACT)[0]


def test_the_case_leads_to_the_hris(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever rules wants to see the whole file, where it is kept."""
    leaver = desk.roster.add(exit_kind="misconduct", person_id="OS-7")
    desk.round()

    class Hris:
        def profile_url(self, person_id: str) -> str:
            return f"https://hris.example/{person_id}"

    monkeypatch.setattr(desk.d, "connector", lambda _source: Hris())

    assert "https://hris.example/OS-7" == _shown(desk, leaver).profile_url
    link = "https://hris.acme.example/people/{number}"
    sources = desk.d.settings.sources
    configured = {**sources, "acme-pl": sources["acme-pl"].model_copy(update={"hris_link": link})}
    settings = desk.d.settings.model_copy(update={"sources": configured})
    monkeypatch.setattr(desk.d, "settings", settings)
    number = _shown(desk, leaver).employee
    assert f"https://hris.acme.example/people/{number}" == _shown(desk, leaver).profile_url


def test_who_looked_is_written_down_once(desk: Desk) -> None:
    """Whoever opens the file of a dismissal leaves a trace; a reload leaves no second one."""
    leaver = desk.roster.add(exit_kind="misconduct")
    desk.round()

    _shown(desk, leaver, "aud")
    _shown(desk, leaver, "aud")
    history = _shown(desk, leaver).history

    assert [("opened", "system"), ("seen", "aud"), ("seen", "rev")] == [
        (entry.event, entry.actor) for entry in history
    ]


def test_looking_is_no_ruling(desk: Desk) -> None:
    """A case must not change by being read."""
    leaver = desk.roster.add(exit_kind="performance")
    desk.round()
    before = desk.case(leaver)

    _shown(desk, leaver)

    assert before == desk.case(leaver)
    assert desk.rule(leaver, "admit", "rev").applied


@pytest.mark.parametrize("user", ["ops", "stranger"])
def test_who_has_no_business_sees_nothing(desk: Desk, user: str) -> None:
    """Facts of a dismissal are for those who rule on it."""
    leaver = desk.roster.add(exit_kind="misconduct")
    desk.round()

    with pytest.raises(Refused):
        _shown(desk, leaver, user)

    assert 1 == len(desk.events(leaver))


def test_a_reviewer_of_another_source_sees_nothing(desk: Desk) -> None:
    """Likewise, and there is nothing where there is no case."""
    leaver = desk.roster.add("acme-de", exit_kind="misconduct")
    desk.round()

    with pytest.raises(Refused):
        _shown(desk, leaver, "rev")
    assert show_case(desk.d, "EX-000777", who("rev")) is None


def test_on_loopback_anybody_may_look(desk: Desk) -> None:
    """Trying the sample takes no login."""
    leaver = desk.roster.add(exit_kind="misconduct")
    desk.round()

    assert show_case(desk.d, desk.number(leaver), NOBODY) is not None


def test_what_was_purged_is_not_made_up(desk: Desk) -> None:
    """After the profile is gone the decision record remains; after both, nothing does."""
    leaver = desk.roster.add(exit_kind="misconduct")
    desk.round()
    vault = desk.d.ledger.vault
    vault.shred([leaver.person], [KeyKind.PROFILE])
    partly = _shown(desk, leaver)
    vault.shred([leaver.person], [KeyKind.EVIDENCE])
    nothing = _shown(desk, leaver)

    assert ("", "misconduct") == (partly.name, partly.facts["exit_kind"])
    assert partly.reasons
    assert ("", {}, (), ()) == (nothing.name, nothing.facts, nothing.reasons, nothing.rules)
    assert partly.sealed == nothing.sealed != ""


def test_a_display_name_is_shown_as_it_is(desk: Desk) -> None:
    """Some people have one name; composing it from parts gets it wrong."""
    leaver = desk.roster.add(exit_kind="performance", display_name="Sukarno", family_name=None)
    plain = desk.roster.add(exit_kind="performance", family_name=None)
    desk.round()

    assert ("Sukarno", "Zofia") == (_shown(desk, leaver).name, _shown(desk, plain).name)


def test_rules_that_have_changed_explain_what_they_said_then(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """Today's rules must not be shown as the reason for yesterday's verdict."""
    desk = Desk(Roster.of(tmp_path, sqlite_ledger, clock, people=PEOPLE))
    leaver = desk.roster.add(exit_kind="performance")
    desk.round()
    changed = Roster.of(
        tmp_path, sqlite_ledger, clock, people=PEOPLE, audience={"location": ["Warszawa"]}
    )

    shown = show_case(changed.deployment, desk.number(leaver), who("rev"))

    assert shown is not None
    assert "outside-audience" not in {rule.id for rule in shown.rules}
    assert {True} == {rule.holds for rule in shown.rules if rule.id == "performance-exit"}
    assert 1 == len(shown.reasons)


def test_a_source_that_was_taken_out_has_no_page(desk: Desk) -> None:
    """Its cases can still be read."""
    from sqlalchemy import update

    from alumni_sync.ledger.tables import Case

    leaver = desk.roster.add(exit_kind="performance")
    desk.round()
    with desk.d.ledger.write() as connection:
        connection.execute(update(t(Case)).values(source="acme-fr"))

    shown = show_case(desk.d, desk.number(leaver), NOBODY)

    assert shown is not None
    assert (None, ()) == (shown.profile_url, shown.rules)
