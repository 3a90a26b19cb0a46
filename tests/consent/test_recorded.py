"""A yes on paper: two people, the very form, after the exit, and never by somebody else's hand."""

from datetime import date, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from sqlalchemy import select

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import (
    Answer,
    Conflict,
    Decided,
    Invalid,
    Stale,
)
from alumni_sync.consent.answers.dossier import open_agreed, select_dossiers
from alumni_sync.consent.evidence.body import open_displayed, open_subject
from alumni_sync.consent.evidence.reproduction import reproduce
from alumni_sync.consent.mail.delivery import deliver_mail
from alumni_sync.consent.paper.checks import KEPT_LENGTH
from alumni_sync.consent.paper.forms import print_form
from alumni_sync.consent.paper.recorded import confirm_consent, propose_consent, send_back
from alumni_sync.domain import ConsentState, Identity
from alumni_sync.errors import Refused
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.queue_tables import Approval
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import t
from alumni_sync.ports import ProfileField, Purpose
from tests.consent.papers import (
    DPO,
    DPO2,
    PEOPLE,
    SEC,
    UNVERIFIED,
    form_of,
    keyed,
    printed,
    proposed,
    row,
)
from tests.consent.world import RUN, World


def test_a_paper_with_two_witnesses_is_a_consent(desk_world: World) -> None:
    """The actor is who signed; recorder, second, dates and the very form stand in the evidence."""
    leaver = desk_world.invited()
    number = proposed(desk_world, leaver)

    outcome = confirm_consent(desk_world.d, number, 2, SEC)

    assert isinstance(outcome, Decided)
    event = desk_world.events(leaver)[-1]
    assert ("said_yes", "subject", "letter") == (event["event"], event["actor"], event["channel"])
    assert (ConsentState.GIVEN.value, True) == (
        desk_world.invitation(leaver)["state"], desk_world.invitation(leaver)["gate_open"]
    )  # fmt: skip
    form, today = form_of(desk_world, number), desk_world.clock.now().date().isoformat()
    told = {
        "recorded_by": "dpo",
        "confirmed_by": "sec",
        "recorded_answer": number,
        "signed_on": today,
        "received_on": today,
    }
    assert told == {name: event["body"]["evidence"][name] for name in told}
    assert (form.text_sha256, form.form_sha256) == (
        event["body"]["notice"]["text_sha256"], event["body"]["notice"]["form_sha256"]
    )  # fmt: skip
    sealed = event["body"]["subject"]["sealed"]
    ring = desk_world.d.ledger.vault.load([leaver.person])
    said = open_subject(ring, leaver.person, sealed)
    assert said is not None
    assert ("Zofia Jaworowska-Lis", frozenset({Purpose.COMMUNITY, Purpose.NEWSLETTER})) == (
        said.name, said.purposes
    )  # fmt: skip
    assert {"job_title": ("Accountant", True), "department": ("IT", False)} == {
        name.value: (shown.value, shown.to_members) for name, shown in said.fields.items()
    }
    assert form.values == {
        ProfileField(name): value
        for name, value in open_displayed(ring, leaver.person, sealed).items()
    }
    kept = row(desk_world, number)
    assert ("recorded", "sec", outcome.seq) == (kept.state, kept.second_by, kept.seq)


def test_the_paper_can_be_shown_as_it_was(desk_world: World) -> None:
    """T13: years later, text, form and ticks must come out of the ledger alone, from paper too."""
    leaver = desk_world.invited()
    outcome = confirm_consent(desk_world.d, proposed(desk_world, leaver), 2, SEC)
    assert isinstance(outcome, Decided)

    again = reproduce(desk_world.d, leaver.person, outcome.seq)

    assert () == again.problems
    assert {"job_title": True, "department": False, "community": None, "newsletter": None} == dict(
        again.ticked
    )
    assert again.text.startswith("# ")


def test_the_person_is_told(desk_world: World) -> None:
    """Somebody in whose name a paper was forged must hear of it."""
    leaver = desk_world.invited()
    number = proposed(desk_world, leaver)
    before = len(desk_world.mails)
    deliver_mail(desk_world.d, RUN)
    assert before == len(desk_world.mails)  # nothing was given yet

    confirm_consent(desk_world.d, number, 2, SEC)
    deliver_mail(desk_world.d, RUN)

    assert ["zofia@mail.example"] == [mail.to for mail in desk_world.mails[before:]]
    assert "/p/" in desk_world.mails[-1].text


def test_one_person_is_not_two(desk_world: World) -> None:
    """One person with a pen could otherwise make members."""
    leaver = desk_world.invited()
    number = proposed(desk_world, leaver)

    with pytest.raises(Refused, match="the second must be another person"):
        confirm_consent(desk_world.d, number, 2, DPO)

    assert ConsentState.INVITED.value == desk_world.invitation(leaver)["state"]
    assert isinstance(confirm_consent(desk_world.d, number, 2, DPO2), Decided)


@pytest.mark.parametrize("user", ["rev", "aud", "de", "nobody", "sec"])
def test_who_may_not_be_the_first(here: World, user: str) -> None:
    """Keying in a consent is for privacy, at the source it is for."""
    leaver = here.invited()
    number = printed(here, leaver)
    somebody = Identity(user, verified=True)

    with pytest.raises(Refused):
        propose_consent(here.d, number, 1, keyed(here, number), somebody)
    with pytest.raises(Refused):
        print_form(here.d, here.invitation(leaver)["id"], "en", somebody)
    assert "printed" == row(here, number).state


@pytest.mark.parametrize("user", ["rev", "aud", "de", "nobody"])
def test_who_may_not_be_the_second(here: World, user: str) -> None:
    """A second pair of eyes counts only where it is trusted to look."""
    number = proposed(here, here.invited())

    for act in (confirm_consent, send_back):
        with pytest.raises(Refused):
            act(here.d, number, 2, Identity(user, verified=True))
    assert "awaiting_second" == row(here, number).state


def test_who_nobody_vouches_for_records_nothing(here: World) -> None:
    """On loopback any program can name a user."""
    leaver = here.invited()
    number = printed(here, leaver)

    with pytest.raises(Refused, match="nothing vouches"):
        print_form(here.d, here.invitation(leaver)["id"], "en", UNVERIFIED)
    with pytest.raises(Refused, match="nothing vouches"):
        propose_consent(here.d, number, 1, keyed(here, number), UNVERIFIED)


def test_nobody_records_their_own_yes(tmp_path: Path, sqlite_ledger: Ledger,
                                      clock: FixedClock) -> None:  # fmt: skip
    """Whoever works at the desk and leaves must not make themselves a member."""
    leaving = {**PEOPLE[0], "employee": "acme-pl/10001"}
    world = World(tmp_path, sqlite_ledger, clock, people=[leaving, *PEOPLE[1:]])
    leaver = world.invited(employee_number="10001")
    world.roster.set_person(leaver, active_elsewhere=True)  # else the role is gone with the job

    with pytest.raises(Refused, match="own file"):
        print_form(world.d, world.invitation(leaver)["id"], "en", DPO)


def test_the_same_words_are_one_form(desk_world: World) -> None:
    """A reload of the page must not fill the list with forms."""
    leaver = desk_world.invited()

    assert printed(desk_world, leaver) == printed(desk_world, leaver)
    assert printed(desk_world, leaver) != printed(desk_world, leaver, "pl")


def test_a_form_keeps_what_stood_on_it(here: World) -> None:
    """The HRIS changes while a paper is in the post; a yes is to what was printed."""
    leaver = here.invited()
    number = printed(here, leaver)
    here.roster.change(leaver, job_title="Head of Accounting")
    here.judge()
    propose_consent(here.d, number, 1, keyed(here, number), DPO)

    assert isinstance(confirm_consent(here.d, number, 2, SEC), Decided)

    ring = here.d.ledger.vault.load([leaver.person])
    with here.d.ledger.read() as connection:
        found = connection.execute(select_dossiers(here.clock.now())).mappings().one()
    agreed = open_agreed(found, ring)
    assert agreed is not None
    assert "Accountant" == agreed.fields[ProfileField.JOB_TITLE].value


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"foot": ""}, ("foot", "other_version")),
        ({"foot": "1.0.0/en"}, ("foot", "other_form")),
        ({"foot": "1.0.0/en/000000-000000-000000"}, ("foot", "other_form")),
        ({"foot": "1.0.1/en/000000-000000-000000"}, ("foot", "other_version")),
        ({"foot": "1.0.0/pl/000000-000000-000000"}, ("foot", "other_language")),
        ({"name": " "}, ("name", "empty")),
        ({"name": "x <b>"}, ("name", "characters")),
        ({"fields": {"phone": True}}, ("fields", "not_offered")),
        ({"fields": {"birth_date": True}}, ("fields", "not_offered")),
        ({"purposes": ("everything",)}, ("purposes", "not_offered")),
        ({"signed_on": None}, ("signed_on", "no_date")),
        ({"received_on": None}, ("received_on", "no_date")),
        ({"received_on": date(2027, 11, 2)}, ("received_on", "in_future")),
        ({"kept": ""}, ("kept", "empty")),
        ({"kept": "k" * (KEPT_LENGTH + 1)}, ("kept", "too_long")),
        ({"kept": "a\x00b"}, ("kept", "characters")),
    ],
)
def test_what_cannot_be_on_the_paper_is_refused(
    here: World, changed: dict[str, Any], problem: tuple[str, str]
) -> None:
    """A slip of the keyboard must not become somebody's consent."""
    number = printed(here, here.invited())

    outcome = propose_consent(here.d, number, 1, keyed(here, number, **changed), DPO)

    assert Invalid((problem,)) == outcome
    assert ("printed", 1) == (row(here, number).state, row(here, number).version)


def test_all_problems_come_at_once(here: World) -> None:
    """Whoever keys in forty forms wants to correct each once."""
    number = printed(here, here.invited())

    outcome = propose_consent(
        here.d, number, 1, keyed(here, number, foot="", kept="", signed_on=None), DPO
    )

    assert isinstance(outcome, Invalid)
    assert ["foot", "signed_on", "kept"] == [name for name, _ in outcome.problems]


def test_the_foot_is_of_this_person(here: World) -> None:
    """Two papers on one desk: one's yes must not end in the other's file."""
    one, other = (printed(here, here.invited(name)) for name in ("zofia", "anna"))

    outcome = propose_consent(here.d, one, 1, keyed(here, one, foot=form_of(here, other).foot), DPO)

    assert Invalid((("foot", "other_form"),)) == outcome


def test_what_was_signed_before_the_exit_is_no_consent(here: World) -> None:
    """T15: a signature on the last working day was given by an employee."""
    leaver = here.invited()
    number = printed(here, leaver)
    last = date(2026, 10, 15)

    outcome = propose_consent(here.d, number, 1, keyed(here, number, signed_on=last), DPO)
    after = propose_consent(
        here.d, number, 1, keyed(here, number, signed_on=date(2026, 10, 16)), DPO
    )

    assert Invalid((("signed_on", "before_exit"),)) == outcome
    assert Invalid((("signed_on", "before_printed"),)) == after


def test_an_exit_that_moves_past_the_signature_makes_it_no_consent(here: World) -> None:
    """T15: the HRIS corrects the last day between the two people; an employee signed it then."""
    leaver = here.invited()
    number = proposed(here, leaver)
    signed = here.clock.now().date()
    here.roster.change(leaver, last_working_day=signed + timedelta(days=3))
    here.later(days=6)
    here.judge()

    outcome = confirm_consent(here.d, number, 2, SEC)

    assert Conflict(ConsentState.INVITED, "signed_before_exit") == outcome
    assert ("awaiting_second", False) == (
        row(here, number).state, here.invitation(leaver)["gate_open"]
    )  # fmt: skip


def test_received_before_it_was_signed(here: World) -> None:
    """Two dates that cannot both be true: one of them was misread."""
    number = printed(here, here.invited())
    here.later(days=3)
    signed = here.clock.now().date()

    outcome = propose_consent(
        here.d, number, 1,
        keyed(here, number, signed_on=signed, received_on=date(2026, 11, 1)), DPO,
    )  # fmt: skip

    assert Invalid((("received_on", "before_signed"),)) == outcome


def test_too_late_is_too_late_on_paper_too(here: World) -> None:
    """Silence is no: a letter that comes after the time to answer opens nothing."""
    leaver = here.invited()
    number = proposed(here, leaver)
    here.later(days=40)

    assert Conflict(ConsentState.INVITED, "closed") == confirm_consent(here.d, number, 2, SEC)
    assert "awaiting_second" == row(here, number).state


def test_a_no_on_the_site_wins_over_a_paper_on_its_way(here: World) -> None:
    """Whoever said no meanwhile has said no."""
    leaver = here.invited()
    number = proposed(here, leaver)
    here.answer(leaver, Answer.NO)

    assert Conflict(ConsentState.REFUSED, "state") == confirm_consent(here.d, number, 2, SEC)


def test_nobody_keys_in_what_cannot_be_given(here: World) -> None:
    """The first person hears it at once, not the second a week later."""
    leaver = here.invited()
    number = printed(here, leaver)
    here.answer(leaver, Answer.NO)

    outcome = propose_consent(here.d, number, 1, keyed(here, number), DPO)

    assert Conflict(ConsentState.REFUSED, "state") == outcome


def test_what_speaks_against_it_meanwhile(here: World) -> None:
    """A case that was opened after the signature keeps somebody out, on paper as on the site."""
    leaver = here.invited()
    number = proposed(here, leaver)
    here.roster.change(leaver, exit_kind="misconduct")
    here.judge()

    assert Conflict(ConsentState.INVITED, "not_standing") == confirm_consent(here.d, number, 2, SEC)


def test_another_notice_is_another_question(here: World) -> None:
    """T17: a yes to words that we do not mean any more would be a yes to something else."""
    leaver = here.invited()
    number = proposed(here, leaver)
    here.d.settings.sources["acme-pl"].controller.__dict__["name"] = "Somebody Else Ltd"

    assert Conflict(ConsentState.INVITED, "other_notice") == confirm_consent(here.d, number, 2, SEC)


@pytest.mark.parametrize(("newer", "good"), [("1.0.1", True), ("1.1.0", True), ("2.0.0", False)])
def test_which_newer_text_leaves_an_older_form_good(here: World, newer: str, *, good: bool) -> None:
    """T17: a mended typo must not void what is in the post; another meaning must."""
    number = proposed(here, here.invited())
    notices = here.root / "rules" / "notices" / "alumni-community"
    copytree(notices / "1.0.0", notices / newer)
    manifest = notices / newer / "manifest.yaml"
    manifest.write_text(manifest.read_text("utf-8").replace("1.0.0", newer), "utf-8")

    outcome = confirm_consent(here.d, number, 2, SEC)

    assert isinstance(outcome, Decided if good else Conflict)


def test_an_edition_that_is_gone_proves_nothing(here: World) -> None:
    """T17: whose text cannot be shown any more cannot be agreed to any more."""
    number = proposed(here, here.invited())
    notices = here.root / "rules" / "notices" / "alumni-community"
    manifest = notices / "1.0.0" / "manifest.yaml"
    manifest.write_text(manifest.read_text("utf-8").replace("1.0.0", "2.0.0"), "utf-8")
    (notices / "1.0.0").rename(notices / "2.0.0")

    assert Conflict(ConsentState.INVITED, "other_notice") == confirm_consent(here.d, number, 2, SEC)


def test_what_repeats_itself_changes_nothing(desk_world: World) -> None:
    """T5: a double click at the desk is one act, one event, one approval."""
    leaver = desk_world.invited()
    number = printed(desk_world, leaver)
    for _ in range(2):
        assert propose_consent(desk_world.d, number, 1, keyed(desk_world, number), DPO) is None
    first = confirm_consent(desk_world.d, number, 2, SEC)
    again = confirm_consent(desk_world.d, number, 2, SEC)

    assert isinstance(first, Decided)
    assert isinstance(again, Decided)
    assert (first.seq, False, True) == (again.seq, first.replay, again.replay)
    assert 1 == desk_world.history(leaver).count("said_yes")
    with desk_world.d.ledger.read() as connection:
        approvals = connection.execute(select(t(Approval))).all()
    assert [(number, 2, "dpo", "sec")] == [
        (one.subject, one.version, one.first_by, one.second_by) for one in approvals
    ]


def test_what_was_sent_back_has_to_be_keyed_in_anew(desk_world: World) -> None:
    """A second who sees another tick on the paper must not be able to confirm it after all."""
    number = proposed(desk_world, desk_world.invited())

    assert send_back(desk_world.d, number, 2, SEC) is None
    assert send_back(desk_world.d, number, 2, SEC) is None  # a double click

    assert isinstance(confirm_consent(desk_world.d, number, 2, SEC), Stale)
    assert ({}, None) == (form_of(desk_world, number).said, row(desk_world, number).received_on)
    assert isinstance(
        propose_consent(desk_world.d, number, 1, keyed(desk_world, number), DPO), Stale
    )
    assert propose_consent(desk_world.d, number, 3, keyed(desk_world, number), DPO2) is None
    assert isinstance(confirm_consent(desk_world.d, number, 4, DPO), Decided)


def test_what_was_recorded_stays(here: World) -> None:
    """A consent is taken back by the person, not by whoever keyed it in."""
    number = proposed(here, here.invited())
    confirm_consent(here.d, number, 2, SEC)

    assert isinstance(send_back(here.d, number, 3, SEC), Stale)
    assert isinstance(propose_consent(here.d, number, 3, keyed(here, number), DPO), Stale)


def test_whoever_was_not_asked_has_no_form(here: World) -> None:
    """A form for somebody whom nobody may ask would be a way around every gate."""
    leaver = here.leaver()
    here.plan()

    outcome = print_form(here.d, here.invitation(leaver)["id"], "en", DPO)

    assert Conflict(ConsentState.NOT_ASKED, "state") == outcome


@pytest.mark.parametrize("number", ["RA-000999", "RA-1", "EX-000001", "", "RA-" + "9" * 19])
def test_a_made_up_form(here: World, number: str) -> None:
    """Numbers can be guessed; what is not there is refused, and nothing breaks."""
    with pytest.raises(Refused):
        confirm_consent(here.d, number, 1, SEC)


def test_after_the_key_is_gone_nothing_can_be_given(here: World) -> None:
    """T33: a paper of somebody whose evidence key was shredded proves nothing any more."""
    leaver = here.invited()
    number = proposed(here, leaver)
    here.d.ledger.vault.shred([leaver.person], [KeyKind.EVIDENCE])

    with pytest.raises(Refused, match="kept no longer"):
        confirm_consent(here.d, number, 2, SEC)
    assert isinstance(print_form(here.d, here.invitation(leaver)["id"], "en", DPO), Conflict)


def test_what_was_keyed_in_by_whoever_lost_the_role_is_void(here: World) -> None:
    """Somebody who was let go over a forged paper must not have its first signature count."""
    leaver = here.invited()
    number = proposed(here, leaver)
    people = [one for one in here.d.settings.people if one.user != "dpo"]
    here.d.settings = here.d.settings.model_copy(update={"people": people})

    with pytest.raises(Refused, match=r"what dpo proposed is void.*send it back"):
        confirm_consent(here.d, number, 2, SEC)

    assert "awaiting_second" == row(here, number).state
