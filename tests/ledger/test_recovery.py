"""After a restore: what was lost is told by the chain itself, and by every copy of its past."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
import rfc8785
from sqlalchemy import select

from alumni_sync.errors import ConfigError, LedgerError
from alumni_sync.ledger.chain import GENESIS, head, verify
from alumni_sync.ledger.checkpoints import (
    Kind,
    Line,
    check,
    hand_over,
    public_key,
    signing_key,
    write_checkpoint,
)
from alumni_sync.ledger.copies import MOST_BYTES, read_copy
from alumni_sync.ledger.hashing import KeyedHashes
from alumni_sync.ledger.put_back import recover, refuse_older
from alumni_sync.ledger.recovery import EVENT, append_recovery, recoveries
from alumni_sync.ledger.store import Ledger
from tests.conftest import NOW
from tests.ledger.chains import EVENTS, append, cut, rewrite


@dataclass
class Vouched:
    """A ledger with a second place, and what an auditor has of it."""

    ledger: Ledger
    place: Path
    at: datetime = NOW

    def night(self, count: int) -> None:
        """Append events and sign them."""
        append(self.ledger, count)
        self.at += timedelta(days=1)
        write_checkpoint(self.ledger, self.place, self.at)

    def restored(self, events: int) -> None:
        """Put back a ledger with so many events, and go on as `ledger restore` does."""
        cut(self.ledger, events)
        self.at += timedelta(hours=1)
        recover(self.ledger, self.place, self.at)

    def kept(self, name: str = "copy") -> Path:
        """Keep what the second place has now."""
        path = self.place.with_name(name)
        path.write_bytes(self.place.read_bytes())
        return path

    def compared(self, copy: Path) -> tuple[int | None, str, int | None, int]:
        """Return what `ledger verify --checkpoint` says of a copy."""
        report = check(self.ledger, self.place, read_copy(copy))
        return report.broken_seq, report.problem, report.copies, report.explained


@pytest.fixture
def company(sqlite_ledger: Ledger, tmp_path: Path) -> Vouched:
    """Return a ledger with three signed nights: events 1 to 2, 4 and 6."""
    found = Vouched(sqlite_ledger, tmp_path / "checkpoints")
    for _ in range(3):
        found.night(2)
    return found


def test_t32_the_chain_itself_tells_what_a_restore_lost(company: Vouched) -> None:
    """T32: whoever reads only the ledger, years later, must see that there was more."""
    company.restored(3)

    with company.ledger.read() as connection:
        told = connection.execute(select(EVENTS).where(EVENTS.c.event == EVENT)).mappings().one()
    assert (4, "", "", "admin") == tuple(
        told[name] for name in ("seq", "person_id", "state_after", "actor")
    )
    (lost,) = recoveries(company.ledger)
    assert (4, 6) == (lost.lost_from, lost.lost_to)
    company.night(2)
    company.restored(5)
    assert [(4, 6), (6, 6)] == [(r.lost_from, r.lost_to) for r in recoveries(company.ledger)]
    assert None is check(company.ledger, company.place).broken_seq


@pytest.mark.parametrize("place", [True, False])
def test_a_restore_that_lost_nothing_vouched_for_is_told_too(
    company: Vouched, *, place: bool
) -> None:
    """What came after the last signature nobody can count; that it may be gone is known."""
    path = company.place if place else None
    cut(company.ledger, 6)

    report = recover(company.ledger, path, company.at)

    assert [None] == [each.lost_to for each in report.recovered]
    assert "what came after event 6 is lost" in report.recovered[0].sentence()
    assert (7, None) == (report.events, report.broken_seq)


@pytest.mark.parametrize("harm", [rewrite, lambda ledger, _: cut_out(ledger)])
def test_a_forged_chain_gets_no_event(
    company: Vouched, harm: Callable[[Ledger, int], None]
) -> None:
    """A restore must not be the way to have a forgery signed, and told as a loss."""
    harm(company.ledger, 2)
    cut(company.ledger, 5)

    recover(company.ledger, company.place, company.at)

    assert () == recoveries(company.ledger)
    assert 3 == len(company.place.read_bytes().splitlines())


def cut_out(ledger: Ledger) -> None:
    """Remove one row from the middle."""
    with ledger.write() as connection:
        for verb in ("UPDATE", "DELETE"):
            connection.exec_driver_sql(f"DROP TRIGGER consent_event_no_{verb}")
        connection.execute(EVENTS.delete().where(EVENTS.c.seq == 2))


def test_an_older_copy_put_there_by_hand_is_refused(company: Vouched) -> None:
    """T23: whoever was erased since would be served again before anybody has looked."""
    refuse_older(company.ledger, company.place)
    refuse_older(company.ledger, None)
    cut(company.ledger, 5)

    with pytest.raises(LedgerError, match=r"event 6 is not the one vouched for.*ledger recover"):
        refuse_older(company.ledger, company.place)

    company.restored(5)
    refuse_older(company.ledger, company.place)


def as_mail(lines: bytes) -> bytes:
    """Return a mail as somebody saved it."""
    mail = EmailMessage()
    mail["Subject"] = "Checkpoint"
    mail.set_content("Keep this.\n\n" + lines.decode(), cte="quoted-printable")
    mail.add_alternative("<p>Keep this.</p>", subtype="html")
    return mail.as_bytes()


def as_mailbox(lines: bytes) -> bytes:
    """Return a folder of mails as one file, one line a mail."""
    return b"\n".join(
        b"From alumni Tue Nov  3 09:00:00 2026\n" + as_mail(line) for line in lines.splitlines()
    )


def as_json(lines: bytes) -> bytes:
    """Return what the webhook was sent."""
    import json

    return json.dumps({"checkpoints": lines.decode().splitlines()}).encode()


@pytest.mark.parametrize("form", [bytes, as_mail, as_mailbox, as_json])
def test_what_was_mailed_or_posted_is_compared_with_the_chain(
    company: Vouched, form: Callable[[bytes], bytes]
) -> None:
    """Who can write ledger and file can cut both; what left the house is out of reach."""
    copy = company.kept()
    copy.write_bytes(form(copy.read_bytes()))
    assert (None, "", 3, 0) == company.compared(copy)

    cut(company.ledger, 4)
    company.place.unlink()
    with company.ledger.write() as connection:
        connection.exec_driver_sql("DELETE FROM checkpoint")

    assert None is check(company.ledger, company.place).broken_seq
    assert (5, "cut off: there were 6 events", 3, 0) == company.compared(copy)


def test_one_line_is_enough_to_find_a_rewritten_chain(company: Vouched) -> None:
    """T30: an auditor who kept one mail of many has a witness all the same."""
    copy = company.kept()
    copy.write_bytes(copy.read_bytes().splitlines()[1])
    rewrite(company.ledger, 2)
    company.place.unlink()
    with company.ledger.write() as connection:
        connection.exec_driver_sql("DELETE FROM checkpoint")

    told = "rewritten: events 1 to 4 differ from the checkpoint"
    assert (1, told, 1, 0) == company.compared(copy)


def test_a_copy_of_what_a_restore_lost_is_no_forgery(company: Vouched) -> None:
    """An alarm about a loss that was told and decided would be heard no more when it matters."""
    old = company.kept("old")
    company.restored(3)
    company.night(4)

    assert (None, "", 3, 2) == company.compared(old)
    assert (None, "", 5, 2) == company.compared(company.kept("new"))
    rewrite(company.ledger, 1)
    assert None is not company.compared(old)[0]


def test_a_restore_that_nobody_signed_excuses_no_forgery(company: Vouched) -> None:
    """Whoever writes the chain anew can write that very event: a mailed copy must still tell."""
    copy = company.kept()
    cut(company.ledger, 2)
    with company.ledger.write() as connection:
        append_recovery(connection, 2, 6, company.at + timedelta(hours=1))
        connection.exec_driver_sql("DELETE FROM checkpoint")
    append(company.ledger, 5)
    company.place.unlink()

    told = "rewritten: events 3 to 4 differ from the checkpoint"
    assert (3, told, 3, 0) == company.compared(copy)


def test_a_restore_is_believed_by_the_copy_of_its_own_line(company: Vouched) -> None:
    """The second place may be lost; who kept all mails has the line about the restore, too."""
    company.restored(3)
    copy = company.kept()
    company.place.unlink()
    with company.ledger.write() as connection:
        connection.exec_driver_sql("DELETE FROM checkpoint")

    assert (None, "", 4, 2) == company.compared(copy)


def test_a_copy_of_another_deployment_says_nothing(company: Vouched, tmp_path: Path) -> None:
    """Lines of a test system that fit nothing must not look like a forgery of the chain."""
    urls = f"sqlite:///{tmp_path}/l2.db", f"sqlite:///{tmp_path}/k2.db"
    with Ledger.open(*urls, bytes(32)) as other:
        append(other, 1)
        write_checkpoint(other, tmp_path / "theirs", NOW)

    told = (0, "the copy was not signed by this deployment", 1, 0)
    assert told == company.compared(tmp_path / "theirs")


def test_a_copy_from_before_a_rotation_is_ours_where_the_handing_over_is_in_it(
    company: Vouched, tmp_path: Path
) -> None:
    """The deployment key changes; what was signed before must not lose its worth."""
    urls = f"sqlite:///{tmp_path}/ledger.db", f"sqlite:///{tmp_path}/keys.db"
    company.ledger.vault.store.rewrap(bytes(32))
    with Ledger.open(*urls, bytes(32)) as rotated:
        hand_over(rotated, company.place, KeyedHashes(bytes(range(32))), company.at)
        company.ledger = rotated
        company.night(1)

        assert (None, "", 5, 0) == company.compared(company.kept())
        rest = company.kept("rest")
        rest.write_bytes(b"".join(company.place.read_bytes().splitlines(keepends=True)[:2]))
        assert "the copy was not signed by this deployment" == company.compared(rest)[1]


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"", "no checkpoint"), (b"Dear all", "no checkpoint"), (b"[" * 9999, "no checkpoint")],
)
def test_a_file_without_a_checkpoint_is_said(tmp_path: Path, content: bytes, told: str) -> None:
    """'Nothing to compare' must not look like 'all agree'."""
    path = tmp_path / "copy"
    path.write_bytes(content)

    with pytest.raises(ConfigError, match=told):
        read_copy(path)


def test_a_line_that_was_edited_is_said(company: Vouched) -> None:
    """A copy that somebody made fit vouches for nothing."""
    copy = company.kept()
    copy.write_bytes(copy.read_bytes().replace(b'"seq":6', b'"seq":5'))

    with pytest.raises(ConfigError, match="edited"):
        read_copy(copy)
    assert verify(company.ledger).broken_seq is None


def test_a_told_loss_that_was_edited_is_named_and_stops_nothing(company: Vouched) -> None:
    """Whoever edits the very event that tells of a loss must be found by the check, not kill it."""
    company.restored(3)
    with company.ledger.write() as connection:
        for verb in ("UPDATE", "DELETE"):
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS consent_event_no_{verb}")
        edit = EVENTS.update().where(EVENTS.c.event == EVENT)
        connection.execute(edit, {"canonical": b'{"body":{}}'})

    report = check(company.ledger, company.place)

    assert (4, ()) == (report.broken_seq, report.recovered)


@pytest.mark.parametrize("accepted", ["", "00" * 64, "their own"])
def test_nobody_can_name_our_key_as_their_next(company: Vouched, accepted: str) -> None:
    """T30: our public key is public; a forged file must not end with a rotation to it."""
    theirs, ours = signing_key(KeyedHashes(bytes(32))), public_key(company.ledger.hashes)
    rewrite(company.ledger, 2)
    with company.ledger.write() as connection:
        seq, last = head(connection)
        connection.exec_driver_sql("DELETE FROM checkpoint")
    key = theirs.public_key().public_bytes_raw().hex()
    line = Line(Kind.ROTATED, seq, last, NOW.isoformat(), GENESIS, key, ours)
    if accepted == "their own":
        forged = line.signed(theirs, theirs)
    else:
        plain = asdict(replace(line, accepted=accepted))
        content = replace(line, accepted=accepted).content()
        forged = rfc8785.dumps(plain | {"signature": theirs.sign(content).hex()})
    company.place.write_bytes(forged + b"\n")

    told = check(company.ledger, company.place)

    assert (0, "line 1 of the checkpoints was edited") == (told.broken_seq, told.problem)
    with pytest.raises(ConfigError, match="edited"):
        read_copy(company.place)
    with pytest.raises(LedgerError, match="edited"):
        company.night(1)


@pytest.mark.parametrize("left", [3, 4, 6])
def test_a_recovery_that_was_killed_is_gone_on_with(company: Vouched, left: int) -> None:
    """Killed between event and signature, the ledger would have to be restored once more."""
    cut(company.ledger, left)
    with company.ledger.write() as connection:
        append_recovery(connection, left, 6, company.at + timedelta(hours=1))

    report = recover(company.ledger, company.place, company.at + timedelta(hours=2))

    assert (left + 1, None, left + 1) == (report.events, report.broken_seq, report.vouched)
    assert 1 == len(recoveries(company.ledger))
    refuse_older(company.ledger, company.place)


def test_what_a_killed_recovery_left_excuses_no_forgery(company: Vouched) -> None:
    """Whoever can write the ledger can write its event, and would have all of it signed."""
    rewrite(company.ledger, 2)
    cut(company.ledger, 5)
    with company.ledger.write() as connection:
        append_recovery(connection, 5, 6, company.at)

    report = recover(company.ledger, company.place, company.at + timedelta(hours=1))

    assert 1 == report.broken_seq
    assert 3 == len(company.place.read_bytes().splitlines())


def test_a_file_of_checkpoints_that_is_gone_is_not_one_that_never_was(company: Vouched) -> None:
    """A folder that is not mounted would let an older ledger pass, and a new file be begun."""
    kept = company.place.read_bytes()
    for lost, told in ((kept[: kept.index(b"\n") + 1], "lost its last"), (None, "is not there")):
        company.place.unlink()
        if lost is not None:
            company.place.write_bytes(lost)
        append(company.ledger, 1)
        for act in (refuse_older, lambda ledger, place: write_checkpoint(ledger, place, NOW)):
            with pytest.raises(LedgerError, match=f"{told}.*ledger checkpoint --anew"):
                act(company.ledger, company.place)
        assert (lost is not None) == company.place.exists()


def test_no_checkpoint_yet_is_no_loss(sqlite_ledger: Ledger, tmp_path: Path) -> None:
    """The first start with a second place must not ask for a file that nobody wrote."""
    append(sqlite_ledger, 2)

    refuse_older(sqlite_ledger, tmp_path / "elsewhere" / "checkpoints")


def test_a_copy_that_is_too_large_is_not_read_by_half(company: Vouched) -> None:
    """The line that gives a forgery away may stand behind the end of what was read."""
    copy = company.kept()
    copy.write_bytes(b"\n" * (MOST_BYTES - copy.stat().st_size) + copy.read_bytes())
    assert 3 == len(read_copy(copy))
    copy.write_bytes(b"\n" + copy.read_bytes())

    with pytest.raises(ConfigError, match=r"larger than 16 MB \(compare it in parts"):
        read_copy(copy)
