"""What came back does what it means, once, and to nobody else."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from alumni_sync.clock import FixedClock
from alumni_sync.consent.evidence.history import consents_of
from alumni_sync.consent.returns.mailboxes import Maildir
from alumni_sync.consent.returns.taking import ReturnCounts, take_returns
from alumni_sync.errors import ConfigError
from alumni_sync.ledger.leases import LeaseBusy, hold
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import DeadLetter, Suppression, Tombstone, t
from alumni_sync.privacy.erasure import erase
from alumni_sync.privacy.retention import purge_due
from tests.consent.returned_mails import autoreply, bounce, complaint
from tests.consent.world import RUN, World
from tests.roster import Leaver


class Postbox(World):
    """A company that reads what comes back."""

    def __init__(self, root: Path, ledger: Ledger, clock: FixedClock) -> None:
        """Make the maildir."""
        self.box = root / "returns"
        for name in ("new", "cur", "tmp"):
            (self.box / name).mkdir(parents=True)
        mail = {"connector": "file", "from": "Acme <alumni@acme.example>"}
        super().__init__(root, ledger, clock, mail={**mail, "returns": {"maildir": self.box}})

    def comes_back(self, *contents: bytes, where: str = "new", flags: str = "") -> None:
        """Deliver mails into the maildir."""
        for content in contents:
            number = sum(1 for _ in self.box.rglob("*.mx*"))
            path = self.box / where / f"17600{number:05d}.M1P1.mx{flags}"
            path.write_bytes(content)

    def take(self) -> ReturnCounts:
        """Do what the worker does."""
        return take_returns(self.d, RUN)

    def left(self) -> list[str]:
        """Return what lies in the maildir, folder and flags."""
        found = (path for path in self.box.rglob("*.mx*"))
        return sorted(f"{path.parent.name}{path.name.partition('.mx')[2]}" for path in found)

    def last_id(self, kind: str = "invitation") -> str:
        """Return the Message-ID of the last mail of a kind."""
        return str(self.outbox(kind=kind)[-1]["message_id"])

    def named(self, table: type) -> list[Mapping[str, Any]]:
        """Return all rows of a table, by column."""
        with self.d.ledger.read() as connection:
            return [dict(row) for row in connection.execute(select(t(table))).mappings()]

    def rows(self, table: type) -> list[tuple[object, ...]]:
        """Return all rows of a table."""
        with self.d.ledger.read() as connection:
            return [tuple(row) for row in connection.execute(select(t(table)))]


@pytest.fixture
def postbox(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Postbox:
    """Return a company with a maildir, on either database."""
    return Postbox(tmp_path, ledger, clock)


def standing(postbox: Postbox, leaver: Leaver) -> tuple[str, str]:
    """Return state and reason of an invitation."""
    row = postbox.invitation(leaver)
    return row["state"], row["no_contact_reason"]


def test_a_dead_mailbox_ends_the_question(postbox: Postbox) -> None:
    """Two reminders into a dead mailbox make the whole programme look like spam."""
    leaver, other = postbox.invited(), postbox.invited("olga")
    token = postbox.mails[0].link("/c/").rpartition("/")[2]
    mail = postbox.outbox(invitation_id=postbox.invitation(leaver)["id"])[0]
    postbox.comes_back(bounce(mail["message_id"]))

    assert postbox.take() == ReturnCounts(hard=1)
    assert standing(postbox, leaver) == ("no_contact", "bounced 5.1.1")
    assert standing(postbox, other) == ("invited", "")
    assert postbox.history(leaver) == ["asked", "unreachable"]
    assert not postbox.opens(token)
    assert postbox.left() == []
    postbox.later(days=7)
    postbox.round()
    assert [row["kind"] for row in postbox.outbox(state="accepted")] == ["invitation", "reminder"]


def test_an_address_that_was_corrected_is_asked(postbox: Postbox) -> None:
    """A typing mistake in the exit form must not cost somebody the question."""
    leaver = postbox.invited()
    postbox.comes_back(bounce(postbox.last_id()))
    postbox.take()
    postbox.round()
    assert len(postbox.mails) == 1
    postbox.later(days=1)
    postbox.roster.change(leaver, personal_email="zofia.j@mail.example")
    postbox.roster.set(leaver, changed_at=postbox.clock.now())
    postbox.judge()
    postbox.round()
    assert [mail.to for mail in postbox.mails] == ["zofia@mail.example", "zofia.j@mail.example"]
    assert standing(postbox, leaver) == ("invited", "")


def test_another_fact_is_no_other_address(postbox: Postbox) -> None:
    """A department that was renamed does not make a mailbox: the next mail would bounce as well."""
    leaver = postbox.invited()
    postbox.comes_back(bounce(postbox.last_id()))
    postbox.take()
    postbox.later(days=1)
    postbox.roster.change(leaver, department="Renamed", personal_email="ZOFIA@mail.example")
    postbox.roster.set(leaver, changed_at=postbox.clock.now())
    postbox.judge()
    postbox.round()
    assert len(postbox.mails) == 1
    assert standing(postbox, leaver) == ("no_contact", "bounced 5.1.1")


@pytest.mark.parametrize("bounced", [True, False])
def test_what_is_forgotten_of_a_dead_mailbox_reopens_by_another_address_alone(
    postbox: Postbox, *, bounced: bool
) -> None:
    """After two weeks only the tombstone knows; a corrected date must not mail the dead mailbox."""
    leaver = postbox.invited() if bounced else postbox.leaver(personal_email=None)
    postbox.round()
    if bounced:
        postbox.comes_back(bounce(postbox.last_id()))
        postbox.take()
    postbox.later(days=15)
    purge_due(postbox.d, dry_run=False)
    assert postbox.roster.spell(leaver).sealed is None
    (stone,) = postbox.named(Tombstone)
    assert stone["reopens_on"] == ("address" if bounced else "facts")


def test_whoever_complained_can_be_shown(postbox: Postbox) -> None:
    """Their file at the desk, and whatever they ask of us, would not open any more."""
    leaver = postbox.invited()
    postbox.comes_back(complaint(postbox.last_id()))
    postbox.take()

    (consent,) = consents_of(postbox.d, leaver.person)

    assert ("objected", None) == (consent.state, consent.receipt)


def test_a_bounce_that_comes_twice_counts_once(postbox: Postbox) -> None:
    """Killed between the ledger and the mailbox, the same report is read again."""
    leaver = postbox.invited()
    postbox.comes_back(bounce(postbox.last_id()))
    postbox.take()
    before = postbox.everything()
    postbox.comes_back(bounce(postbox.last_id()), bounce(postbox.last_id(), "5.2.2"))
    postbox.take()
    assert postbox.everything() == before
    assert postbox.history(leaver) == ["asked", "unreachable"]


def test_a_full_mailbox_is_noted_and_reminded(postbox: Postbox) -> None:
    """Somebody on a long journey may still want to be asked."""
    leaver = postbox.invited()
    postbox.comes_back(bounce(postbox.last_id(), "5.2.2"))
    assert postbox.take() == ReturnCounts(soft=1)
    assert standing(postbox, leaver) == ("invited", "")
    assert postbox.outbox()[0]["reason"] == "bounced 5.2.2"
    postbox.later(days=7)
    assert postbox.round().sent == 1


def test_a_mailbox_that_is_full_for_the_whole_round_ends_the_question(postbox: Postbox) -> None:
    """Three mails that nobody could read are no reason to write a fourth in two years."""
    leaver = postbox.invited()
    for days in (7, 14, 0):
        assert standing(postbox, leaver) == ("invited", "")
        postbox.comes_back(bounce(str(postbox.outbox()[-1]["message_id"]), "5.2.2"))
        postbox.take()
        postbox.later(days=days)
        postbox.round()
    assert standing(postbox, leaver) == ("no_contact", "bounced 5.2.2")
    assert postbox.history(leaver)[-1] == "unreachable"
    assert len(postbox.mails) == 3


@pytest.mark.parametrize(("hours", "state"), [(35, "no_contact"), (37, "invited")])
def test_a_mailbox_that_fails_three_times_in_three_days_ends_the_question(
    postbox: Postbox, hours: int, state: str
) -> None:
    """A server that reports each attempt says in three days what a reminder would say in weeks."""
    leaver = postbox.invited()
    for number in range(3):
        diagnostic = f"452 4.2.2 attempt {number}"
        postbox.comes_back(bounce(postbox.last_id(), "4.2.2", diagnostic=diagnostic))
        assert postbox.take() == ReturnCounts(soft=1)
        postbox.later(hours=hours)
    assert standing(postbox, leaver)[0] == state


def test_one_report_delivered_three_times_is_one(postbox: Postbox) -> None:
    """A mailbox that is copied, or a reader that was killed, must not make a bounce of one."""
    leaver = postbox.invited()
    postbox.comes_back(*[bounce(postbox.last_id(), "4.2.2")] * 3)
    postbox.take()
    assert standing(postbox, leaver) == ("invited", "")


def test_t38_an_absence_assistant_ends_nothing(postbox: Postbox) -> None:
    """T38: "please unsubscribe me until Monday", from a machine, is no objection and no bounce."""
    leaver = postbox.invited()
    before = postbox.everything()
    postbox.comes_back(autoreply(postbox.last_id()))
    assert postbox.take() == ReturnCounts(other=1)
    assert postbox.everything() == before
    assert standing(postbox, leaver) == ("invited", "")


def test_a_late_bounce_of_an_older_mail_ends_nothing(postbox: Postbox) -> None:
    """The address was corrected since; the newer mail may have arrived."""
    leaver = postbox.invited()
    first = postbox.last_id()
    postbox.later(days=7)
    postbox.round()
    postbox.comes_back(bounce(first))
    assert postbox.take() == ReturnCounts(hard=1)
    assert standing(postbox, leaver) == ("invited", "")


def test_a_complaint_is_an_objection(postbox: Postbox) -> None:
    """Who called us spam and is reminded all the same will call the authority next (T38)."""
    leaver = postbox.invited()
    postbox.comes_back(complaint(postbox.last_id()))
    assert postbox.take() == ReturnCounts(complaints=1)
    assert standing(postbox, leaver)[0] == "objected"
    address_hash = postbox.d.ledger.hashes.address("ZOFIA@mail.example")
    assert [row[:2] for row in postbox.rows(Suppression)] == [(address_hash, "all")]
    event = postbox.events(leaver)[-1]
    assert (event["event"], event["body"]["reason"]) == ("objected", "complaint")
    postbox.later(days=8)
    postbox.round()
    assert len(postbox.mails) == 1


def test_a_member_who_complains_keeps_the_membership_and_gets_no_mail(postbox: Postbox) -> None:
    """Only they can take a yes back; but what they called spam must end."""
    leaver = postbox.member()
    postbox.deliver()
    postbox.comes_back(complaint(postbox.last_id("confirmation")))
    assert postbox.take() == ReturnCounts(complaints=1)
    assert standing(postbox, leaver)[0] == "given"
    assert len(postbox.rows(Suppression)) == 1


@pytest.mark.parametrize("report", [complaint, bounce])
def test_a_report_about_somebody_who_was_erased_finds_nobody(
    postbox: Postbox, report: Callable[[str], bytes]
) -> None:
    """Reports come days late; what is left of the person must not be written to by them."""
    leaver = postbox.invited()
    first = postbox.last_id()
    erase(postbox.d, leaver.person, by="legal", reason="request", run_id=RUN, call_platform=False)
    before = postbox.history(leaver)
    postbox.comes_back(report(first))

    postbox.take()

    assert before == postbox.history(leaver)
    assert "erased" == standing(postbox, leaver)[0]


def test_a_mail_that_another_program_takes_away_is_passed_over(postbox: Postbox) -> None:
    """People look into the mailbox while we do."""
    postbox.invited()
    postbox.comes_back(bounce(postbox.last_id()), autoreply("<x@acme.example>"))
    box = Maildir(postbox.box)
    waiting = box.waiting()
    key, _ = next(waiting)
    for path in postbox.box.rglob("*.mx*"):
        path.unlink()

    assert [] == list(waiting)
    box.left(key)
    box.taken(key)
    assert [] == postbox.left()


def test_an_answer_stands_even_if_the_mail_bounces_afterwards(postbox: Postbox) -> None:
    """A forwarding that broke says nothing about a yes that was given."""
    leaver = postbox.member()
    postbox.comes_back(bounce(postbox.last_id()))
    postbox.take()
    assert standing(postbox, leaver) == ("given", "")


def test_a_confirmation_that_bounces_is_a_dead_letter(postbox: Postbox) -> None:
    """Somebody who joined has no way out in their hands: a person has to look."""
    leaver = postbox.member()
    postbox.deliver()
    postbox.comes_back(bounce(postbox.last_id("confirmation")))
    assert postbox.take() == ReturnCounts(hard=1)
    assert len(postbox.rows(DeadLetter)) == 1
    assert standing(postbox, leaver)[0] == "given"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (bounce("<M-0000000000000000@acme.example>"), ReturnCounts(strange=1)),
        (complaint("<M-0000000000000000@acme.example>"), ReturnCounts(strange=1)),
        (bounce("none"), ReturnCounts(strange=1)),
        (autoreply("<M-0000000000000000@acme.example>"), ReturnCounts(other=1)),
        (b"Hello, may I join?", ReturnCounts(other=1)),
    ],
    ids=["bounce", "complaint", "no-id", "autoreply", "letter"],
)
def test_what_is_about_no_mail_of_ours_changes_nothing(
    postbox: Postbox, content: bytes, expected: ReturnCounts
) -> None:
    """Anybody can write to that mailbox; and what a person wrote must still be there to read."""
    postbox.invited()
    before = postbox.everything()
    postbox.comes_back(content)
    assert postbox.take() == expected
    assert postbox.everything() == before
    assert postbox.left() == ["cur:2,S"]
    assert postbox.take() == ReturnCounts()


def test_what_a_mail_program_moved_is_taken_too(postbox: Postbox) -> None:
    """Whoever looks into the mailbox moves everything out of `new`."""
    postbox.invited()
    postbox.comes_back(bounce(postbox.last_id()), where="cur", flags=":2,")
    postbox.comes_back(bounce(postbox.last_id()), where="cur", flags=":2,FS")
    assert postbox.take() == ReturnCounts(hard=1)
    assert postbox.left() == ["cur:2,FS"]


def test_two_readers_do_not_meet(postbox: Postbox) -> None:
    """Two `serve` on one mailbox: the second leaves it to the first."""
    with hold(postbox.d.ledger, postbox.clock, "mail:returns"):
        assert postbox.take() == ReturnCounts()
        postbox.comes_back(autoreply("<x@acme.example>"))
        with pytest.raises(LeaseBusy):
            postbox.take()


def test_a_folder_that_is_no_maildir_is_said(postbox: Postbox) -> None:
    """A typing mistake must not look like a week without bounces."""
    (postbox.box / "new").rename(postbox.box / "gone")
    with pytest.raises(ConfigError, match="maildir"):
        postbox.take()


def test_without_a_mailbox_there_is_nothing_to_do(world: World) -> None:
    """The key is optional."""
    assert take_returns(world.d, RUN) == ReturnCounts()
