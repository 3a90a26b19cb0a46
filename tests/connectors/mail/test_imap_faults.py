"""What a mail server does wrong, or differently: said in our words, with nothing lost."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from alumni_sync.errors import AuthRejected, ConnectorError, PermanentError, Unavailable
from connectors.mail.imap import ImapMailbox
from tests.connectors.mail.imap_script import HANG_UP, Script, scripted
from tests.connectors.mail.tls import HOST, make_certificate, trusting


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a PEM file with a key and a certificate for 127.0.0.1."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


def mailbox(port: int, certificate: Path, **changes: Any) -> ImapMailbox:  # noqa: ANN401 keys
    """Return what reads the scripted mailbox."""
    keys: dict[str, Any] = {
        "host": HOST,
        "port": port,
        "user": "alumni",
        "password": "s3cret",
        "folder": 'Bounces "new" \\',
        "starttls": False,
        "timeout": 5.0,
        "tls": trusting(certificate),
    }
    return ImapMailbox(**keys | changes)


def done(script: Script, certificate: Path, act: Callable[[ImapMailbox], object]) -> object:
    """Return what an act on a scripted mailbox gives."""
    with (
        scripted(script, certificate) as port,
        closing(mailbox(port, certificate)) as box,
    ):
        return act(box)


def test_a_usual_conversation(certificate: Path) -> None:
    """The script must be one that works, or the faults below prove nothing."""
    script = Script()

    assert [("7", b"Mail")] == done(script, certificate, lambda box: list(box.waiting()))
    assert 'SELECT "Bounces \\"new\\" \\\\"' in script.heard


def test_a_server_that_cannot_expunge_one_mail_expunges_none(certificate: Path) -> None:
    """A plain EXPUNGE takes whatever anybody marked with it."""
    script = Script()

    done(script, certificate, lambda box: box.taken("7"))

    assert r"UID STORE 7 +FLAGS.SILENT (\Seen \Deleted)" in script.heard
    assert not any("EXPUNGE" in command for command in script.heard)


@pytest.mark.parametrize(
    "gone",
    [
        {"UID_FETCH_7_(RFC822.SIZE)": b"{tag} OK done\r\n"},
        {"UID_SEARCH": b"* SEARCH\r\n{tag} OK done\r\n"},
        {"UID_SEARCH": b"{tag} OK done\r\n"},
    ],
)
def test_a_mail_that_somebody_removed_meanwhile_is_passed_over(
    certificate: Path, gone: dict[str, bytes]
) -> None:
    """People tidy up while we read."""
    assert [] == done(Script(**gone), certificate, lambda box: list(box.waiting()))


FAULTS: list[tuple[dict[str, bytes], type[ConnectorError], str]] = [
    ({"LOGIN": b"* BYE overloaded\r\n"}, Unavailable, "login"),
    ({"LOGIN": HANG_UP}, Unavailable, "login"),
    ({"LOGIN": b"{tag} NO alumni s3cret is wrong\r\n"}, AuthRejected, "refused"),
    ({"SELECT": HANG_UP}, Unavailable, "select"),
    ({"SELECT": b"{tag} NO Bounces\r\n"}, PermanentError, "no such folder"),
    ({"UID_SEARCH": HANG_UP}, Unavailable, "search"),
    ({"UID_SEARCH": b"{tag} NO no\r\n"}, PermanentError, "the server says NO"),
    ({"UID_SEARCH": b"{tag} BAD s3cret\r\n"}, PermanentError, "does not understand"),
    ({"UID_FETCH_7_(BODY.PEEK[])": HANG_UP}, Unavailable, "read"),
    (
        {"UID_FETCH_7_(BODY.PEEK[])": b"* 1 FETCH (UID 7 BODY[] {99}\r\nMail"},
        Unavailable,
        "read: TimeoutError",
    ),
]


@pytest.mark.parametrize("number", range(len(FAULTS)))
def test_a_fault_is_said_in_our_words(certificate: Path, number: int) -> None:
    """What a server says may hold a login or an address; a log must not."""
    changes, family, told = FAULTS[number]

    with (
        scripted(Script(**changes), certificate) as port,
        closing(mailbox(port, certificate, timeout=0.5)) as box,
        pytest.raises(family, match=told) as raised,
    ):
        list(box.waiting())

    assert "s3cret" not in str(raised.value)
    assert type(raised.value) is family


def test_a_connection_that_broke_is_made_anew(certificate: Path) -> None:
    """The next look, a minute later, must not need a restart of `serve`."""
    script = Script(UID_SEARCH=HANG_UP)
    with scripted(script, certificate) as port, closing(mailbox(port, certificate)) as box:
        with pytest.raises(Unavailable):
            list(box.waiting())
        script.answers["UID SEARCH"] = b"* SEARCH 7\r\n{tag} OK done\r\n"

        assert [("7", b"Mail")] == list(box.waiting())


def test_a_server_that_does_not_say_goodbye_is_left(certificate: Path) -> None:
    """The mails are taken; a server in a hurry is no failure."""
    script = Script(LOGOUT=HANG_UP)

    done(script, certificate, lambda box: list(box.waiting()))


@pytest.mark.parametrize("said", [b"{tag} NO no\r\n", b"{tag} BAD no\r\n"])
def test_a_server_that_offers_no_starttls_gets_no_password(certificate: Path, said: bytes) -> None:
    """Somebody in between can take the offer away; the password must not follow in clear."""
    offered = b"* CAPABILITY IMAP4rev1 STARTTLS\r\n{tag} OK done\r\n"
    for script in (Script(), Script(CAPABILITY=offered, STARTTLS=said)):
        with (
            scripted(script, None) as port,
            closing(mailbox(port, certificate, starttls=True)) as box,
            pytest.raises(AuthRejected, match="STARTTLS"),
        ):
            list(box.waiting())
        assert not any("LOGIN" in command for command in script.heard)
