"""Checkpoints leave the house: by mail, by webhook, each line at least once, never over a cut."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import responses
from pydantic import ValidationError
from requests import PreparedRequest
from requests.exceptions import ConnectTimeout
from sqlalchemy import select

from alumni_sync.clock import FixedClock
from alumni_sync.deployment import Configuration
from alumni_sync.domain import Identity
from alumni_sync.errors import ConnectorError, LedgerError, PermanentError, Refused, Unavailable
from alumni_sync.ledger.checkpoints import check
from alumni_sync.ledger.copies import read_copy
from alumni_sync.ledger.request_tables import AccessLog
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import t
from alumni_sync.ports import Fate, JsonPost, SendResult
from alumni_sync.privacy.vouching import VouchCounts, vouch, vouch_anew
from alumni_sync.testing.mail import MemoryMailer
from connectors.mime import to_bytes
from connectors.webhook import Webhook
from tests.consent.joins import HR, PEOPLE
from tests.consent.world import MailingDeployment
from tests.ledger.chains import append, cut
from tests.roster import company

URL = "https://vouch.example/hooks/checkpoints"
COPIES = {"mail": "auditor@acme.example", "webhook": {"url": URL, "token": "s3cret"}}


class Impatient(MailingDeployment):
    """A deployment that does not wait between attempts."""

    def checkpoint_hook(self) -> JsonPost:
        """Return the web address of the settings."""
        hook = self.settings.ledger.copies.webhook
        assert hook is not None
        assert hook.token is not None
        return Webhook(hook.url, hook.token.get_secret_value(), sleep=lambda _: None)


class Vouching:
    """A company whose checkpoints leave the house."""

    def __init__(self, root: Path, ledger: Ledger, clock: FixedClock) -> None:
        """Begin with nothing signed."""
        self.root, self.clock, self.place = root, clock, root / "checkpoints"
        section = {"url": "sqlite:///ledger.db", "checkpoints": self.place, "copies": COPIES}
        settings = company(root, ledger=section, people=PEOPLE)
        self.d = Impatient(Configuration(settings, {}), ledger, clock)
        self.post = self.d.post = MemoryMailer()

    def night(self, events: int) -> VouchCounts:
        """Let a day go by in which events are appended; do what `housekeeping` does."""
        append(self.d.ledger, events)
        self.clock.advance(timedelta(days=1))
        return vouch(self.d)

    def agreed(self, content: bytes) -> tuple[int | None, int | None]:
        """Compare what somebody kept with the chain; return what is wrong, and how much it is."""
        kept = self.root / "kept"
        kept.write_bytes(content)
        report = check(self.d.ledger, self.place, read_copy(kept))
        return report.broken_seq, report.copies


@pytest.fixture
def company_(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> Vouching:
    """Return the company."""
    return Vouching(tmp_path, sqlite_ledger, clock)


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    """Yield the web, in which nothing answers yet."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def sent(request: PreparedRequest) -> bytes:
    """Return the body of a request."""
    assert isinstance(request.body, bytes)
    return request.body


def test_each_line_goes_to_both_and_can_be_compared(
    company_: Vouching, web: responses.RequestsMock
) -> None:
    """Who owns the machine owns file and ledger; the auditor's mailbox is not theirs."""
    web.post(URL, status=204)

    assert VouchCounts(1, 1, 1) == company_.night(2)
    assert VouchCounts(0, 0, 0) == company_.night(0)
    assert VouchCounts(1, 1, 1) == company_.night(1)

    assert ["auditor@acme.example"] * 2 == [mail.to for mail in company_.post.sent]
    for mail in company_.post.sent:
        assert (None, 1) == company_.agreed(to_bytes(mail))
    for call in web.calls:
        assert "Bearer s3cret" == call.request.headers["Authorization"]
        assert (None, 1) == company_.agreed(sent(call.request))
    cut(company_.d.ledger, 2)
    company_.place.unlink()
    with company_.d.ledger.write() as connection:
        connection.exec_driver_sql("DELETE FROM checkpoint")
    assert (3, 1) == company_.agreed(to_bytes(company_.post.sent[-1]))


def test_a_place_that_was_away_gets_everything_later_and_keeps_nobody_else_waiting(
    company_: Vouching, web: responses.RequestsMock
) -> None:
    """A line that never left vouches for nothing; a web address that is down is no reason."""
    web.post(URL, body=ConnectTimeout())
    company_.post.fates = [SendResult(Fate.ACCEPTED)]

    with pytest.raises(Unavailable, match="webhook, checkpoint"):
        company_.night(1)
    assert 1 == len(company_.post.sent)
    web.replace(responses.POST, URL, status=200)

    assert VouchCounts(1, 1, 2) == company_.night(1)
    posted = json.loads(sent(web.calls[-1].request))["checkpoints"]
    assert company_.place.read_text().splitlines() == posted


@pytest.mark.parametrize(
    "fate", [SendResult(Fate.REFUSED, "550 5.1.1"), Unavailable("smtp", "connect", "refused")]
)
def test_a_mail_that_did_not_leave_is_said_and_goes_along_next_time(
    company_: Vouching, web: responses.RequestsMock, fate: SendResult | Exception
) -> None:
    """A mistyped address would otherwise be noticed on the day of the audit."""
    web.post(URL, status=204)
    company_.post.fates = [fate]

    with pytest.raises(ConnectorError):
        company_.night(1)

    assert VouchCounts(0, 1, 0) == vouch(company_.d)


def test_a_mail_whose_fate_is_unknown_counts_as_sent(
    company_: Vouching, web: responses.RequestsMock
) -> None:
    """The next night's mail comes anyway; the same one every minute would be filtered away."""
    web.post(URL, status=204)
    company_.post.fates = [SendResult(Fate.UNKNOWN, "no-answer")]

    company_.night(1)

    assert VouchCounts() == vouch(company_.d)


def test_a_token_that_is_refused_is_said(company_: Vouching, web: responses.RequestsMock) -> None:
    """An expired token must show up in the morning, not in a year."""
    web.post(URL, status=403)

    with pytest.raises(PermanentError, match="HTTP 403"):
        company_.night(1)


def test_nothing_leaves_over_a_chain_that_lost_its_end(
    company_: Vouching, web: responses.RequestsMock
) -> None:
    """A signature over the loss, in everybody's mailbox, would make it the truth."""
    web.post(URL, status=204)
    company_.night(3)
    cut(company_.d.ledger, 1)

    with pytest.raises(LedgerError, match="not the one vouched for"):
        company_.night(1)
    assert 1 == len(company_.post.sent)


def test_a_second_place_that_was_begun_anew_is_sent_whole(
    company_: Vouching, web: responses.RequestsMock
) -> None:
    """Lines that nobody outside has seen must not be taken for sent."""
    web.post(URL, status=204)
    company_.night(1)
    company_.place.unlink()
    with pytest.raises(LedgerError, match="ledger checkpoint --anew"):
        company_.night(1)

    with pytest.raises(Refused):
        vouch_anew(company_.d, Identity("nobody", verified=True))
    assert (1, 0) == (vouch_anew(company_.d, HR), vouch_anew(company_.d, HR))

    assert VouchCounts(1, 1, 1) == company_.night(1)
    assert None is check(company_.d.ledger, company_.place).broken_seq
    log = t(AccessLog)
    with company_.d.ledger.read() as connection:
        noted = connection.execute(select(log.c.actor, log.c.subject)).all()
    assert [("hr.kowalska", "1 checkpoints lost")] == noted


def test_what_is_left_of_a_second_place_must_agree_to_go_on_without_the_rest(
    company_: Vouching, web: responses.RequestsMock
) -> None:
    """Whoever cut both would have it blessed by somebody who only wants the alarm to end."""
    web.post(URL, status=204)
    for _ in range(2):
        company_.night(1)
    content = company_.place.read_bytes()
    company_.place.write_bytes(content[: content.index(b"\n") + 1])
    cut(company_.d.ledger, 0)

    with pytest.raises(LedgerError, match="broken at 1"):
        vouch_anew(company_.d, HR)


@pytest.mark.parametrize(
    "wrong",
    [
        {"checkpoints": None},
        {"copies": {"webhook": {"url": "http://vouch.example/"}}},
        {"copies": {"webhook": {"url": "vouch.example"}}},
        {"copies": {"fax": "1"}},
    ],
)
def test_copies_that_cannot_be_are_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    """In clear text anybody on the way could hold a line back."""
    section = {"url": "sqlite:///l.db", "checkpoints": "c", "copies": {"mail": "a@b.example"}}

    with pytest.raises(ValidationError):
        company(tmp_path, ledger=section | wrong)
