"""A mailbox at a real server: read without a trace, emptied only of what was taken."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from alumni_sync.errors import AuthRejected, PermanentError, Unavailable
from connectors.mail.imap import MOST_BYTES, ImapMailbox
from tests.connectors.mail.imap_server import ImapServer, imap_server
from tests.connectors.mail.tls import HOST, free_port

FIRST, SECOND = (f"Subject: {word}\r\n\r\nText\r\n".encode() for word in ("first", "second"))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImapServer]:
    """Yield one server for all tests."""
    with imap_server(tmp_path_factory.mktemp("imap")) as server:
        yield server


@pytest.fixture
def server(running: ImapServer) -> ImapServer:
    """Return the server with an empty mailbox."""
    running.empty()
    return running


def read(box: ImapMailbox) -> list[bytes]:
    """Return what waits in a mailbox that is closed again."""
    with closing(box):
        return [content for _, content in box.waiting()]


@pytest.mark.parametrize("starttls", [True, False])
def test_what_waits_is_read_and_stays_as_it_was(server: ImapServer, *, starttls: bool) -> None:
    """Killed after reading, the same mails must wait again."""
    server.deliver(FIRST, SECOND)
    port = server.port if starttls else server.tls_port

    assert [FIRST, SECOND] == read(server.mailbox(port=port, starttls=starttls))
    assert [set(), set()] == server.flags()


def test_what_was_taken_is_gone_and_what_was_left_is_seen(server: ImapServer) -> None:
    """Reports quote addresses; a letter from a person must not disappear with them."""
    server.deliver(FIRST, SECOND, FIRST)
    with server.client() as client:
        client.store("3", "+FLAGS", r"(\Deleted)")  # somebody else's, not ours to expunge
    box = server.mailbox()

    (first, _), (second, _) = box.waiting()
    box.taken(first)
    box.left(second)

    assert [] == read(box)
    box.close()
    assert [{r"\Seen"}, {r"\Deleted"}] == server.flags()


def test_what_is_too_large_for_a_report_is_not_loaded(server: ImapServer) -> None:
    """A mailbox takes whatever is sent to it; our memory need not."""
    server.deliver(FIRST + b"x" * MOST_BYTES)

    assert [b""] == read(server.mailbox())


def test_an_empty_mailbox_has_nothing(server: ImapServer) -> None:
    """Most looks find nothing."""
    assert [] == read(server.mailbox())


@pytest.mark.parametrize("starttls", [True, False])
def test_a_server_that_is_not_trusted_gets_no_password(
    server: ImapServer, *, starttls: bool
) -> None:
    """Whoever sits in between would read everybody's bounces, and delete them."""
    port = server.port if starttls else server.tls_port

    with pytest.raises(AuthRejected, match="no trusted TLS"):
        read(server.mailbox(port=port, starttls=starttls, tls=None))


def test_a_wrong_password_is_said_without_it(server: ImapServer) -> None:
    """The run's log must name the trouble and not the password."""
    with pytest.raises(AuthRejected, match="refused") as raised:
        read(server.mailbox(password="wrong-secret"))

    assert "wrong-secret" not in str(raised.value)
    assert "alumni" not in repr(server.mailbox())


def test_a_folder_that_is_not_there_is_said(server: ImapServer) -> None:
    """A typing mistake must not look like a week without bounces."""
    with pytest.raises(PermanentError, match="no such folder"):
        read(server.mailbox(folder='Bounces "2026"'))


def test_a_server_that_is_not_there_is_tried_again() -> None:
    """A network that is down is no wrong setting."""
    box = ImapMailbox(
        host=HOST,
        port=free_port(),
        user="a",
        password="b",
        folder="INBOX",
        starttls=False,
        timeout=5,
    )

    with pytest.raises(Unavailable, match="ConnectionRefusedError"):
        read(box)
