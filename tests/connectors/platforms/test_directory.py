"""The embedded directory: what is in the file, what is on the page, and what is gone."""

import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from alumni_sync.errors import ContractBroken, PermanentError, Unavailable
from alumni_sync.ports import (
    CommunityPlatform,
    MemberRef,
    ProfileField,
    Removal,
    Residue,
    Shown,
    WriteOutcome,
)
from alumni_sync.testing.platforms import PLATFORM_CHECKS, plain_context, sample_profile
from connectors.platforms.directory import DirectoryPlatform
from connectors.platforms.directory.page import write_page
from connectors.platforms.directory.platform import DirectorySettings

EVIL = "<script>alert(1)</script>\"'&"


@pytest.fixture
def platform(tmp_path: Path) -> DirectoryPlatform:
    """Return a directory in a new folder."""
    return directory(tmp_path)


def directory(folder: Path) -> DirectoryPlatform:
    """Return a connector as another process would make it."""
    return DirectoryPlatform(DirectorySettings(path="community.db"), plain_context(folder))


def page(folder: Path) -> str:
    """Return what a visitor of the page gets."""
    return (folder / "community.html").read_text(encoding="utf-8")


def every_byte(folder: Path) -> bytes:
    """Return the bytes of every file of the directory."""
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


@pytest.mark.parametrize("check", PLATFORM_CHECKS, ids=lambda check: check.__name__)
def test_conformance(
    platform: DirectoryPlatform, check: Callable[[CommunityPlatform], None]
) -> None:
    """What holds for every platform holds here."""
    check(platform)


def test_the_page_shows_what_was_ticked_to_be_shown_and_nothing_else(
    platform: DirectoryPlatform, tmp_path: Path
) -> None:
    """An address or a hidden phone number on the page is a disclosure."""
    list(platform.upsert([sample_profile(1)]))
    html = page(tmp_path)
    assert "Kraków" in html
    assert "zaneta.1@mail.example" not in html
    assert "555 0001" not in html
    assert "events" not in html


def test_markup_in_a_value_is_text(platform: DirectoryPlatform, tmp_path: Path) -> None:
    """A name is written by a stranger; it must not run in other members' browsers."""
    fields = dict.fromkeys(ProfileField, Shown(EVIL, to_members=True))
    list(platform.upsert([replace(sample_profile(1), name=EVIL, fields=fields)]))
    html = page(tmp_path)
    assert EVIL not in html
    assert "&lt;script&gt;alert(1)" in html
    assert html.count("<script") == 1


def test_only_a_web_address_becomes_a_link(platform: DirectoryPlatform, tmp_path: Path) -> None:
    """`javascript:` in a link field would run on a click."""
    fields = {
        ProfileField.LINKEDIN_URL: Shown("javascript:alert(1)", to_members=True),
        ProfileField.PHOTO_URL: Shown("https://photos.example/a?x=1&y=2", to_members=True),
    }
    list(platform.upsert([replace(sample_profile(1), fields=fields)]))
    html = page(tmp_path)
    assert 'href="javascript' not in html
    assert 'href="https://photos.example/a?x=1&amp;y=2"' in html


def test_members_are_in_the_order_people_look_for_them(
    platform: DirectoryPlatform, tmp_path: Path
) -> None:
    """Łucja after Zofia is where nobody looks for her."""
    names = ["Zofia", "Łucja", "adam", "Émile", "Lucja B", "Анна", "Øyvind"]
    list(platform.upsert([sample_profile(n, name=name) for n, name in enumerate(names)]))
    found = re.findall(r'<h2 dir="auto">([^<]+)</h2>', page(tmp_path))
    assert found == ["adam", "Émile", "Łucja", "Lucja B", "Øyvind", "Zofia", "Анна"]


def test_the_page_loads_nothing_from_elsewhere(platform: DirectoryPlatform, tmp_path: Path) -> None:
    """A font or script from another host tells that host who reads about alumni."""
    list(platform.upsert([sample_profile(1)]))
    html = page(tmp_path)
    assert "default-src 'none'" in html
    for attribute in (" src=", "<link", "@import", "url("):
        assert attribute not in html


def test_erased_values_are_in_no_file(platform: DirectoryPlatform, tmp_path: Path) -> None:
    """Free pages and logs keep what DELETE took away; an erasure must hold on the disk."""
    crowd = [sample_profile(n, city=f"Canarytown{n:05d}") for n in range(400)]
    list(platform.upsert(crowd))
    list(platform.upsert([replace(p, name=f"Renamed Canary{n:05d}") for n, p in enumerate(crowd)]))
    gone = [
        MemberRef(profile.alumni_id, "", visible=True)
        for number, profile in enumerate(crowd)
        if number % 3 == 0
    ]
    list(platform.remove(gone, Removal.HIDE))
    list(platform.remove(gone, Removal.ERASE))
    left = every_byte(tmp_path)
    for number in range(0, 400, 3):
        for value in (f"Canarytown{number:05d}", f"Canary{number:05d}", f"zaneta.{number}@"):
            assert value.encode() not in left
    assert b"Canarytown00001" in left


def test_hiding_takes_a_member_off_the_page_at_once(
    platform: DirectoryPlatform, tmp_path: Path
) -> None:
    """A withdrawal has to be true when the person reloads the page."""
    first, second = sample_profile(1), sample_profile(2)
    list(platform.upsert([first, second]))
    list(platform.remove([MemberRef(first.alumni_id, "1", visible=True)], Removal.HIDE))
    assert first.name not in page(tmp_path)
    assert second.name in page(tmp_path)


def test_a_page_left_behind_by_a_crash_is_found_and_repaired(
    platform: DirectoryPlatform, tmp_path: Path
) -> None:
    """Killed between database and page: the page still shows who was hidden, and must not."""
    member = MemberRef(sample_profile(1).alumni_id, "1", visible=True)
    list(platform.upsert([sample_profile(1)]))
    stale = (tmp_path / "community.html").read_bytes()
    list(platform.remove([member], Removal.ERASE))
    (tmp_path / "community.html").write_bytes(stale)
    assert platform.verify_absent(member) is Residue.PRESENT
    assert "the page is older than the data" in platform.check().notes[0]
    list(platform.remove([member], Removal.ERASE))
    assert platform.verify_absent(member) is Residue.ABSENT


def test_a_page_that_was_lost_is_made_again(platform: DirectoryPlatform, tmp_path: Path) -> None:
    """Somebody tidies up; the next write, even of nothing new, brings the page back."""
    list(platform.upsert([sample_profile(1)]))
    (tmp_path / "community.html").unlink()
    results = list(platform.upsert([sample_profile(1)]))
    assert results[0].outcome is WriteOutcome.UNCHANGED
    assert sample_profile(1).name in page(tmp_path)


def test_an_edit_in_the_file_shows_in_the_listing(
    platform: DirectoryPlatform, tmp_path: Path
) -> None:
    """The weekly comparison looks at what is held, not at what we remember having written."""
    list(platform.upsert([sample_profile(1)]))
    before = next(platform.members()).content
    with sqlite3.connect(tmp_path / "community.db") as connection:
        connection.execute("UPDATE member_field SET shown = 1")
    connection.close()
    assert next(platform.members()).content != before


def test_one_name_that_is_no_text_does_not_stop_the_others(platform: DirectoryPlatform) -> None:
    """Half a surrogate pair in one name must not keep ninety-nine others out."""
    bad = replace(sample_profile(1), name="\ud800")
    results = {r.alumni_id: r for r in platform.upsert([bad, sample_profile(2)])}
    assert results[bad.alumni_id].outcome is WriteOutcome.REFUSED
    assert results[bad.alumni_id].reason == "not-text"
    assert results[sample_profile(2).alumni_id].outcome is WriteOutcome.DONE


def test_two_processes_writing_and_removing_end_with_a_true_page(tmp_path: Path) -> None:
    """The withdrawal worker runs beside a sync; a late page must not show the old state."""
    everybody = [sample_profile(number) for number in range(60)]
    gone = [MemberRef(profile.alumni_id, "", visible=True) for profile in everybody[:30]]
    list(directory(tmp_path).upsert(everybody))

    def write() -> None:
        for profile in everybody[30:]:
            list(directory(tmp_path).upsert([replace(profile, name=profile.name + " II")]))

    writer = threading.Thread(target=write)
    writer.start()
    for member in gone:
        list(directory(tmp_path).remove([member], Removal.HIDE))
    writer.join()
    html = page(tmp_path)
    assert [m.alumni_id for m in gone if m.alumni_id in html] == []
    assert html.count(" II</h2>") == 30


@pytest.mark.parametrize("content", [b"not a database, far from it" * 100])
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    """A wrong path must not be overwritten by a database."""
    (tmp_path / "community.db").write_bytes(content)
    platform = directory(tmp_path)
    with pytest.raises(ContractBroken, match="NOTADB"):
        list(platform.upsert([sample_profile(1)]))
    assert not platform.check().ok
    assert (tmp_path / "community.db").read_bytes() == content


def test_looking_makes_no_database(platform: DirectoryPlatform, tmp_path: Path) -> None:
    """Who asks how things are must leave them as they are."""
    health = platform.check()

    assert (True, ("no data yet: the first write makes it",)) == (health.ok, health.notes)
    assert [] == list(tmp_path.iterdir())


def test_a_place_where_nothing_can_be_made_is_found_by_looking(tmp_path: Path) -> None:
    """Else it is found by the first yes, which then waits."""
    (tmp_path / "var").write_text("a file")
    settings = DirectorySettings(path="var/community.db")

    assert not DirectoryPlatform(settings, plain_context(tmp_path)).check().ok


def test_a_folder_that_cannot_be_written_is_a_passing_fault(tmp_path: Path) -> None:
    """A full or unmounted disk comes back; members are written then."""
    (tmp_path / "in-the-way").write_text("a file", encoding="utf-8")
    platform = DirectoryPlatform(
        DirectorySettings(path="in-the-way/community.db"), plain_context(tmp_path)
    )
    with pytest.raises(Unavailable):
        list(platform.upsert([sample_profile(1)]))


def test_erasing_waits_for_a_reader_and_says_so(
    platform: DirectoryPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a reader pins the log, the erased values are still in it: not done yet."""
    monkeypatch.setattr("connectors.platforms.directory.store.BUSY_SECONDS", 0.05)
    member = MemberRef(sample_profile(1).alumni_id, "1", visible=True)
    list(platform.upsert([sample_profile(1)]))
    reader = sqlite3.connect(tmp_path / "community.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM member").fetchall()
    results = list(platform.remove([member], Removal.ERASE))
    assert [(r.outcome, r.reason) for r in results] == [(WriteOutcome.RETRY, "file-in-use")]
    reader.close()
    assert [r.outcome for r in platform.remove([member], Removal.ERASE)] == [WriteOutcome.DONE]
    assert b"zaneta.1@" not in every_byte(tmp_path)


def test_engagement_is_not_offered(platform: DirectoryPlatform) -> None:
    """What is not available must not be reported as nobody being active."""
    with pytest.raises(PermanentError, match="not offered"):
        list(platform.engagement(date(2026, 1, 1)))


def test_only_the_owner_reads_the_database(platform: DirectoryPlatform, tmp_path: Path) -> None:
    """The file holds private addresses."""
    list(platform.upsert([sample_profile(1)]))
    assert (tmp_path / "community.db").stat().st_mode & 0o077 == 0
    assert (tmp_path / "community.html").stat().st_mode & 0o007 == 0


def test_unknown_settings_are_refused() -> None:
    """A typing error in a setting must not be ignored."""
    with pytest.raises(ValidationError):
        DirectorySettings.model_validate({"path": "a.db", "pgae": "a.html"})


def test_many_members_are_listed_in_pages(platform: DirectoryPlatform) -> None:
    """The weekly comparison must not hold a hundred thousand rows in one query."""
    list(platform.upsert([sample_profile(number) for number in range(1_001)]))
    listed = [member.alumni_id for member in platform.members()]
    assert (len(listed), len(set(listed))) == (1_001, 1_001)


def test_a_page_that_cannot_be_written_leaves_the_old_one(
    platform: DirectoryPlatform, tmp_path: Path
) -> None:
    """Half a page, or none, would be the community for everybody who looks."""
    list(platform.upsert([sample_profile(1)]))
    before = page(tmp_path)

    def broken() -> Iterator[bytes]:
        yield b"<li>"
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_page(tmp_path / "community.html", "T", broken(), count=1, generation=9, durable=True)
    assert page(tmp_path) == before
    assert sorted(path.suffix for path in tmp_path.iterdir() if path.suffix != ".db") == [".html"]


def test_a_write_that_fails_halfway_leaves_nothing(
    platform: DirectoryPlatform, tmp_path: Path
) -> None:
    """All of a batch or nothing of it: half a member has an address and no fields."""
    list(platform.upsert([sample_profile(1)]))
    with sqlite3.connect(tmp_path / "community.db") as connection:
        connection.execute(
            "CREATE TRIGGER no BEFORE INSERT ON member_field "
            "WHEN NEW.member_id = 2 BEGIN SELECT RAISE(ABORT, 'planted'); END"
        )
    connection.close()
    with pytest.raises(ContractBroken, match="CONSTRAINT"):
        list(platform.upsert([sample_profile(2)]))
    assert [member.alumni_id for member in platform.members()] == [sample_profile(1).alumni_id]


def test_a_write_that_somebody_undoes_is_seen(platform: DirectoryPlatform, tmp_path: Path) -> None:
    """Read back: the withdrawal worker may have hidden the member in this very moment."""
    list(platform.upsert([sample_profile(1)]))
    with sqlite3.connect(tmp_path / "community.db") as connection:
        connection.execute(
            "CREATE TRIGGER hide AFTER UPDATE OF card ON member WHEN NEW.visible "
            "BEGIN UPDATE member SET visible = 0 WHERE id = NEW.id; END"
        )
    connection.close()
    (result,) = platform.upsert([replace(sample_profile(1), name="Other")])
    assert (result.outcome, result.reason) == (WriteOutcome.RETRY, "changed-meanwhile")
