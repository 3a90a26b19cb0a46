"""Where mails come back to, as the configuration says it."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.roster import company

IMAP = {"host": "imap.acme.example", "user": "alumni", "password": "s3cret"}


def returns(root: Path, **section: Any) -> Any:  # noqa: ANN401 the section as it was read
    """Return the section of a company that has it."""
    mail = {"connector": "file", "from": "Acme <alumni@acme.example>", "returns": section}
    return company(root, mail=mail).mail.returns


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"soft": {"count": 3}},
        {"webhook": {"secret": "x" * 31}},
        {"imap": {**IMAP, "port": 0}},
        {"imap": {"host": "imap.acme.example", "user": "alumni"}},
        {"maildir": "returns", "soft": {"count": 0}},
    ],
)
def test_returns_that_cannot_work_are_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    """A secret that can be guessed, or nowhere to look, would be noticed by those who suffer."""
    with pytest.raises(ValidationError) as raised:
        returns(tmp_path, **wrong)

    assert "s3cret" not in str(raised.value)


def test_what_is_left_out_is_the_usual(tmp_path: Path) -> None:
    """TLS from the first byte; three failures in three days."""
    found = returns(tmp_path, imap=IMAP)

    assert (993, "INBOX", False) == (found.imap.port, found.imap.folder, found.imap.starttls)
    assert (3, 72) == (found.soft.count, found.soft.hours)
    assert "s3cret" not in repr(found)
