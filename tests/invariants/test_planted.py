"""Each invariant is broken on purpose and the checker says which; a sound world breaks none."""

import base64
import unicodedata
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from alumni_sync.domain import ConsentState
from alumni_sync.ledger.tables import Suppression
from alumni_sync.ports import MemberRef, Profile, Removal
from tests.conftest import sqlite_urls
from tests.invariants.checker import assert_sound, check
from tests.invariants.intake import COMPARED, MAY_CHANGE, moved, wrote_something
from tests.invariants.sound import ASKED, CANARIES, NOW, SoundWorld, build, everything, words
from tests.raw_rows import Who

NAME = CANARIES["name"][0]


@pytest.fixture
def world(tmp_path: Path, sqlite_template: Path) -> Iterator[SoundWorld]:
    """Yield a sound world."""
    (tmp_path / "var").mkdir()
    sqlite_urls(tmp_path / "var", sqlite_template)
    made = build(tmp_path)
    yield made
    made.ledger.close()


def broken(world: SoundWorld, *, later: timedelta = timedelta()) -> set[str]:
    """Return which invariants are broken."""
    return words(check(world.look(NOW + later)))


def test_a_sound_world_has_no_violation(world: SoundWorld) -> None:
    """A checker that always complains is switched off within a week."""
    assert [] == check(world.look())
    assert everything(world) == 3


def test_scenarios_end_with_one_call(world: SoundWorld) -> None:
    """Whoever writes a scenario must not have to know how the checker is put together."""
    config = world.root / "alumni_sync.yaml"
    assert 2 == len(assert_sound(config, NOW).platform)
    world.raw.leaver()
    with pytest.raises(AssertionError, match=r"I3: S-.* neither asked nor refused"):
        assert_sound(config, NOW)


def test_either_database_is_read(ledger_urls: tuple[str, str], tmp_path: Path) -> None:
    """A checker that sees nothing on PostgreSQL finds everything in order there."""
    made = build(tmp_path, ledger_urls)
    made.raw.leaver()
    found = broken(made)
    made.ledger.close()
    assert {"I3"} == found


def test_stranger_on_the_platform(world: SoundWorld) -> None:
    """Somebody was loaded past every gate."""
    list(world.platform.upsert([Profile("A-stranger", "Nobody Known", "n@poczta.example")]))
    assert {"I1", "I6"} == broken(world)


def test_withdrawn_and_still_visible(world: SoundWorld) -> None:
    """The person took the yes back, and everybody can still see them."""
    list(world.platform.upsert([Profile(world.withdrew.alumni, NAME, "x@poczta.example")]))
    assert {"I1", "I6"} <= broken(world)


def test_removal_past_its_deadline(world: SoundWorld) -> None:
    """A hidden copy that is never erased is a copy that was kept."""
    assert {"I1"} == broken(world, later=timedelta(days=2))


def test_removal_that_nobody_recorded(world: SoundWorld) -> None:
    """A grant ended and the worker never heard of it."""
    world.sql("UPDATE membership SET remove_by = NULL WHERE alumni_id = ?", world.withdrew.alumni)
    assert {"I1"} == broken(world)


def test_yes_that_is_over(world: SoundWorld) -> None:
    """A yes lasts two years, not for ever."""
    assert {"I1"} <= broken(world, later=timedelta(days=732))


def test_yes_that_nobody_said(world: SoundWorld) -> None:
    """A state in a column is no consent: only an event of the subject is."""
    member = world.raw.member(world.raw.invite(world.raw.leaver()), seq=2)
    world.sql(
        "UPDATE invitation SET state = 'given', gate_open = 1 WHERE id = ?", member.invitation
    )
    list(world.platform.upsert([Profile(member.alumni, "Nobody Asked", "n@poczta.example")]))
    assert {"I1", "I6"} == broken(world)


def test_member_who_objected(world: SoundWorld) -> None:
    """An objection outlives everything, a yes from before included."""
    hashes = world.ledger.hashes
    world.sql(
        "UPDATE person SET address_hash = ? WHERE id = ?",
        hashes.address("o@x.example"),
        world.member.person,
    )
    world.raw.add(
        Suppression(
            address_hash=hashes.address("o@x.example"),
            reason="objected",
            created_at=ASKED,
            rejustify_at=NOW,
        )
    )
    assert {"I1"} == broken(world)


def test_excluded_member(world: SoundWorld) -> None:
    """The rules changed their mind, and the member stayed."""
    world.sql("UPDATE spell SET verdict = 'excluded' WHERE id = ?", world.member.spell)
    world.raw.case(world.member, number=2, two_person=True)
    assert {"I2"} == broken(world)


def test_admitted_by_one_where_two_are_needed(world: SoundWorld) -> None:
    """One person alone let somebody back in who was dismissed for misconduct."""
    world.sql("UPDATE spell SET verdict = 'excluded' WHERE id = ?", world.member.spell)
    world.raw.case(world.member, number=2, two_person=True, status="admitted")
    assert {"I2"} == broken(world)


def test_reopened_case_and_still_visible(world: SoundWorld) -> None:
    """New facts came up, and the member stayed in sight while somebody thinks."""
    world.sql("UPDATE spell SET verdict = 'review' WHERE id = ?", world.member.spell)
    world.raw.case(world.member, number=2, status="reopened")
    assert {"I2"} == broken(world)


def _paused_and_hidden(world: SoundWorld) -> Who:
    """Return a member who was hidden when their consent was paused."""
    invited = world.raw.invite(world.raw.leaver(), ConsentState.GIVEN, ConsentState.PAUSED)
    member = world.raw.member(invited, seq=7, state="hidden", cause="obstacle:exit_ahead")
    list(world.platform.upsert([Profile(member.alumni, NAME, "p@poczta.example")]))
    list(world.platform.remove([MemberRef(member.alumni, "", visible=True)], Removal.HIDE))
    world.sql("UPDATE membership SET remove_by = NULL WHERE alumni_id = ?", member.alumni)
    return member


@pytest.mark.parametrize("verdict", ["held", None])
def test_hidden_until_an_exit_that_has_moved(world: SoundWorld, verdict: str | None) -> None:
    """A checker that calls a lawful wait a violation hides the real ones behind it."""
    member = _paused_and_hidden(world)
    ahead = (NOW + timedelta(days=9)).replace(tzinfo=None).isoformat(sep=" ")
    said = "UPDATE spell SET verdict = ?, effective_at = ? WHERE id = ?"
    world.sql(said, verdict, ahead, member.spell)
    assert "I2" not in broken(world)


@pytest.mark.parametrize("verdict", ["excluded", "never_contact", None])
def test_hidden_without_end(world: SoundWorld, verdict: str | None) -> None:
    """Nobody will ever rule and nothing comes due: that is a copy which was kept."""
    member = _paused_and_hidden(world)
    world.sql("UPDATE spell SET verdict = ? WHERE id = ?", verdict, member.spell)
    assert "I2" in broken(world)


def test_hidden_while_the_yes_counts(world: SoundWorld) -> None:
    """Held, hidden, and nothing paused: nobody will ever show the member again."""
    list(world.platform.remove([MemberRef(world.member.alumni, "", visible=True)], Removal.HIDE))
    world.sql("UPDATE spell SET verdict = 'held' WHERE id = ?", world.member.spell)
    assert "I2" in broken(world)


def test_excluded_and_asked(world: SoundWorld) -> None:
    """Somebody who was dismissed got an invitation."""
    asked = world.raw.invite(world.dismissed)
    world.mail(asked, "dismissed@poczta.example")
    assert {"I2"} == broken(world)


def test_asked_at_the_company_address(world: SoundWorld) -> None:
    """Whoever has the mailbox now would consent for somebody else."""
    world.mail(world.silent, "somebody@mail.acme.example")
    assert {"I2"} == broken(world)


def test_eligible_and_forgotten(world: SoundWorld) -> None:
    """A leaver fell between two stages, and nobody will ever notice."""
    world.raw.leaver()
    assert {"I3"} == broken(world)


def test_excluded_without_a_case(world: SoundWorld) -> None:
    """A proposal on which nobody can rule is a verdict of a machine."""
    world.raw.leaver(verdict="excluded")
    assert {"I3"} == broken(world)


def test_counts_that_do_not_add_up(world: SoundWorld) -> None:
    """A row was lost between the file and the ledger."""
    counts = '{"read": 8, "leavers": {"new": 5, "not_leavers": 1, "rejected": 1}}'
    world.sql("UPDATE run SET counts = ? WHERE id = 'R-1'", counts)
    assert {"I4"} == broken(world)


FORMS = {
    "plain": NAME.encode(),
    "utf-16": NAME.encode("utf-16"),
    "decomposed": unicodedata.normalize("NFD", NAME).encode(),
    "json": b'{"who": "' + NAME.encode("unicode_escape").replace(b"\\x", b"\\u00") + b'"}',
    "base64": base64.b64encode(b"{" + NAME.encode() + b"}"),
    "lower case": NAME.casefold().encode(),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("where", ["var/dagster/history/runs.db", "var/serve.log"])
def test_name_in_a_file(world: SoundWorld, form: str, where: str) -> None:
    """Dagster's storage and the logs are read by people who may not know who left."""
    path = world.root / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\0" * 4099 + FORMS[form] + b"\0" * 17)
    assert {"I5"} == broken(world)


def test_name_in_a_column(world: SoundWorld) -> None:
    """A value in a plain column is in every backup."""
    world.sql("UPDATE run SET source = ? WHERE id = 'R-1'", NAME)
    assert {"I5"} == broken(world)


def test_write_without_a_reason(world: SoundWorld) -> None:
    """Nobody can say any more why somebody was loaded."""
    world.sql("UPDATE platform_write SET consent_seq = NULL WHERE verb = 'create' AND id = 1")
    assert {"I6"} == broken(world)


def test_write_with_somebody_elses_consent(world: SoundWorld) -> None:
    """A mixed-up id makes one person's yes another's."""
    world.sql("UPDATE platform_write SET consent_seq = 4 WHERE id = 1")
    assert {"I6"} == broken(world)


def test_removal_without_a_cause(world: SoundWorld) -> None:
    """A member vanished and nobody can tell them why."""
    world.sql("UPDATE platform_write SET cause = '' WHERE verb = 'hide'")
    assert {"I6", "I8"} == broken(world)


def test_edited_evidence(world: SoundWorld) -> None:
    """A consent that can be edited afterwards proves nothing."""
    world.sql("DROP TRIGGER IF EXISTS consent_event_no_update")
    edited = "replace(CAST(canonical AS TEXT), 'mail_link', 'paper____')"
    world.sql(f"UPDATE consent_event SET canonical = CAST({edited} AS BLOB) WHERE seq = 2")  # noqa: S608 a literal
    assert "I6" in broken(world)


def test_mail_sent_twice(world: SoundWorld) -> None:
    """A crash between call and confirm was taken for a mail that never left."""
    world.mail(world.silent, "silent@poczta.example", name="2")
    assert {"I6"} == broken(world)


def test_asked_after_the_answer(world: SoundWorld) -> None:
    """Somebody said no and was reminded."""
    world.sql(
        "UPDATE outbox SET kind = 'reminder', claimed_at = ? WHERE invitation_id = ?",
        (ASKED + timedelta(days=7)).replace(tzinfo=None).isoformat(sep=" "),
        world.purged.invitation,
    )
    assert "I9" in broken(world)


def test_asked_after_the_purge(world: SoundWorld) -> None:
    """We forgot who they were, and so asked them again."""
    later = (ASKED + timedelta(days=1)).replace(tzinfo=None).isoformat(sep=" ")
    world.sql("UPDATE invitation SET created_at = ? WHERE id = ?", later, world.purged.invitation)
    assert {"I9"} == broken(world)


def test_purged_without_a_tombstone(world: SoundWorld) -> None:
    """The next export would bring them back as somebody new."""
    world.sql("DELETE FROM tombstone")
    assert {"I9"} == broken(world)


def test_erased_and_still_readable(world: SoundWorld) -> None:
    """A person asked to be forgotten, and the key to everything about them is still there."""
    erased = "UPDATE person SET erased_at = '2026-10-29 18:00:00' WHERE id = ?"
    world.sql(erased, world.silent.person)
    assert {"I9"} == broken(world)
    world.ledger.vault.store.shred([world.silent.person])
    assert set() == broken(world)


def test_restricted_and_still_visible(world: SoundWorld) -> None:
    """Somebody asked that their data be kept and not used, and is shown to everybody."""
    restricted = "UPDATE person SET restricted_at = '2026-10-29 16:00:00' WHERE id = ?"
    world.sql(restricted, world.member.person)
    assert {"I2"} == broken(world)


def test_erased_and_their_words_kept(world: SoundWorld) -> None:
    """What somebody wrote when they asked to be forgotten is the last thing to keep."""
    erased = "UPDATE person SET erased_at = '2026-10-29 18:00:00' WHERE id = ?"
    world.sql(erased, world.silent.person)
    world.ledger.vault.store.shred([world.silent.person])
    world.sql(
        "INSERT INTO subject_request (person_id, invitation_id, source, kind, state, channel,"
        " received_at, due_at, extended, version, sealed) VALUES (?, '', 'acme-pl', 'erase',"
        " 'done', 'letter', '2026-10-29 18:00:00', '2026-11-30 23:00:00', 0, 1, x'00')",
        world.silent.person,
    )
    assert {"I9"} == broken(world)


def test_run_without_changes_that_writes(world: SoundWorld) -> None:
    """A flow that rewrites what has not changed hides the day on which something did."""
    before = world.look()
    world.sql("UPDATE spell SET revision = revision + 1 WHERE id = ?", world.silent.spell)
    assert {"I7"} == words(wrote_something(before, world.look()))
    assert [] == wrote_something(before, before)


def test_run_without_changes_may_write_its_own_record(world: SoundWorld) -> None:
    """Runs, leases and checkpoints are the only tables that I7 leaves out."""
    before = world.look()
    world.sql("UPDATE run SET status = 'done' WHERE id = 'R-9'")
    assert [] == wrote_something(before, world.look())
    assert set(before.ledger) == {*COMPARED, *MAY_CHANGE}


def test_failed_read_that_moved_the_watermark(world: SoundWorld) -> None:
    """The rows of the failed read would never be read again."""
    before = world.look()
    world.sql("UPDATE watermark SET run_id = 'R-9', basis = 'c'")
    after = world.look()
    assert {"I8"} == words(check(after))
    assert {"I8"} == words(moved(before, after))


def test_failed_read_that_removed_somebody(world: SoundWorld) -> None:
    """An empty file would empty the community."""
    before = world.look()
    for name in ("community.html", "community.db"):
        (world.root / "var" / name).unlink()
    assert {"I8"} == words(moved(before, world.look()))


def test_paused_and_hidden_is_legal(world: SoundWorld) -> None:
    """Whoever pauses keeps their place: a removal would lose what they confirmed."""
    world.raw.event(
        world.member,
        world.member.invitation,
        ConsentState.GIVEN,
        ConsentState.PAUSED,
        ASKED + timedelta(hours=4),
    )
    assert {"I1"} == broken(world)
    list(world.platform.remove([*world.platform.members()], Removal.HIDE))
    assert [] == check(world.look())
