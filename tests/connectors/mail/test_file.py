"""The file mailer: whole files, for their owner only, and never the same mail twice."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from alumni_sync.errors import Unavailable
from alumni_sync.ports import Fate, SendResult
from alumni_sync.testing.mail import MAILER_CHECKS, SAMPLE, Delivered, read_outbox
from alumni_sync.testing.platforms import plain_context
from connectors.mail.file import FileMailer, FileMailerSettings


def mailer_into(folder: Path) -> FileMailer:
    """Return a mailer that writes into `folder/outbox`."""
    settings = FileMailerSettings.model_validate({"directory": "outbox"}, context={"root": folder})
    return FileMailer(settings, plain_context(folder, "file"))


@pytest.mark.parametrize("check", MAILER_CHECKS, ids=lambda check: check.__name__)
def test_conformance(check: Callable[[FileMailer, Delivered], None], tmp_path: Path) -> None:
    """What holds for every mailer holds for this one."""
    outbox = tmp_path / "outbox"
    check(mailer_into(tmp_path), lambda: [path.read_bytes() for path in outbox.glob("*.eml")])


def test_only_the_owner_can_read_a_mail(tmp_path: Path) -> None:
    """Its links let anybody decide for somebody else."""
    mailer_into(tmp_path).send(SAMPLE)

    files = list((tmp_path / "outbox").iterdir())
    assert [0o600] == [path.stat().st_mode & 0o777 for path in files]
    assert 0o700 == (tmp_path / "outbox").stat().st_mode & 0o777


def test_a_repeated_mail_is_one_file(tmp_path: Path) -> None:
    """A mail that is written again after a crash must not look like two mails."""
    mailer = mailer_into(tmp_path)

    assert [SendResult(Fate.ACCEPTED)] * 2 == [mailer.send(SAMPLE), mailer.send(SAMPLE)]
    assert 1 == len(list(read_outbox(tmp_path / "outbox")))


def test_an_unwritable_directory_can_be_tried_again(tmp_path: Path) -> None:
    """A full disk is not a bounce: nobody must lose an invitation to it."""
    (tmp_path / "outbox").write_text("in the way", encoding="ascii")

    with pytest.raises(Unavailable, match="errno") as failure:
        mailer_into(tmp_path).send(SAMPLE)

    assert str(tmp_path) not in str(failure.value)


def test_a_message_id_cannot_leave_the_directory(tmp_path: Path) -> None:
    """A file name made of a header must not reach other folders."""
    for message_id in ("<../../x@acme.example>", "../x", "<..@/etc/x>"):
        mailer_into(tmp_path).send(replace(SAMPLE, message_id=message_id))

    assert {"outbox"} >= {path.name for path in tmp_path.iterdir()}
