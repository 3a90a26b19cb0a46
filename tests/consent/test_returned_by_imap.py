"""What came back into a mailbox at a server: read at least once, with the effect of once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.consent.returns.taking import ReturnCounts, take_returns
from alumni_sync.errors import Unavailable
from alumni_sync.ledger.store import Ledger
from connectors.mail.imap import ImapMailbox
from tests.connectors.mail.imap_server import ImapServer, imap_server
from tests.consent.returned_mails import autoreply, bounce
from tests.consent.world import RUN, World
from tests.roster import Leaver


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImapServer]:
    """Yield one server for all tests."""
    with imap_server(tmp_path_factory.mktemp("imap")) as server:
        yield server


class Company(World):
    """A company whose mails come back into a mailbox at a server."""

    def __init__(self, root: Path, ledger: Ledger, clock: FixedClock, server: ImapServer) -> None:
        """Begin with an empty mailbox."""
        super().__init__(root, ledger, clock)
        self.server = server
        server.empty()

    def take(self, box: ImapMailbox | None = None) -> ReturnCounts:
        """Do what the worker does."""
        return take_returns(self.d, RUN, [box or self.server.mailbox()])

    def last_id(self) -> str:
        """Return the Message-ID of the last mail."""
        return str(self.outbox()[-1]["message_id"])

    def unreachable(self, leaver: Leaver) -> int:
        """Return how many events say that somebody cannot be reached."""
        return self.history(leaver).count("unreachable")


@pytest.fixture
def company(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock, running: ImapServer
) -> Company:
    """Return a company with an empty mailbox."""
    return Company(tmp_path, sqlite_ledger, clock, running)


def test_a_bounce_at_the_server_ends_the_question(company: Company) -> None:
    """Whoever has no folder on this machine must not have to write to dead mailboxes."""
    leaver = company.invited()
    company.server.deliver(bounce(company.last_id()), autoreply(company.last_id()))

    assert ReturnCounts(hard=1, other=1) == company.take()
    assert (1, "no_contact") == (company.unreachable(leaver), company.invitation(leaver)["state"])
    assert [{r"\Seen"}] == company.server.flags()
    assert ReturnCounts() == company.take()


class Broken(ImapMailbox):
    """A mailbox whose connection breaks before a mail can be deleted."""

    def taken(self, key: str) -> None:
        """Break off."""
        del key
        raise Unavailable("imap", "delete", "abort")


def test_killed_between_ledger_and_mailbox_it_is_read_again_and_counts_once(
    company: Company,
) -> None:
    """A report that is lost is a mail to a dead mailbox; one that counts twice ends too much."""
    leaver = company.invited()
    company.server.deliver(bounce(company.last_id(), "4.2.2"))
    broken = company.server.mailbox(Broken)

    for _ in range(3):
        with pytest.raises(Unavailable):
            company.take(broken)
    assert [set()] == company.server.flags()
    before = company.everything()

    assert ReturnCounts(soft=1) == company.take()
    assert [] == company.server.flags()
    assert before == company.everything()
    assert "invited" == company.invitation(leaver)["state"]
