"""T42: whoever cannot sign tells us nothing and learns nothing; whoever can is heard once."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.testclient import TestClient

from alumni_sync.clock import FixedClock
from alumni_sync.consent.returns.effects import Taken
from alumni_sync.consent.returns.hook import SIGNATURE_HEADER, read_event, signature, take_event
from alumni_sync.ledger.mail_tables import ReturnedMail
from alumni_sync.ledger.store import Ledger
from alumni_sync.sites.consent.mail_hook import PATH, LedgerMailHook, hook_route
from alumni_sync.sites.forms import MAX_BODY
from tests.consent.world import World

SECRET = "a secret of thirty-two characters"
MAIL = {"connector": "file", "from": "Acme <alumni@acme.example>"}


async def _failed(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, HTTPException)
    return PlainTextResponse("nothing", error.status_code)


class Provider(World):
    """A company whose mail provider sends events."""

    def __init__(
        self, root: Path, ledger: Ledger, clock: FixedClock, *, hooked: bool = True
    ) -> None:
        """Open the hook, or leave it closed."""
        returns = {"webhook": {"secret": SECRET}} if hooked else {"maildir": root}
        super().__init__(root, ledger, clock, mail={**MAIL, "returns": returns})
        route = hook_route(LedgerMailHook(self.d), self.clock)
        site = Starlette(routes=[route], exception_handlers={HTTPException: _failed})
        self.client = TestClient(site)

    def event(self, **changes: Any) -> bytes:  # noqa: ANN401 any JSON
        """Return the body of an event about the last mail."""
        plain = {
            "id": "evt-1",
            "at": "2026-11-03T08:59:00+00:00",
            "type": "bounced",
            "message_id": str(self.outbox()[-1]["message_id"]),
            "status": "5.1.1",
        }
        return json.dumps(plain | changes).encode()

    def send(self, body: bytes, header: str | None = None, **late: float) -> tuple[int, str]:
        """Post a body, signed as of now or of another moment; return status and text."""
        at = self.clock.now() + timedelta(**late)
        given = signature(SECRET.encode(), body, at) if header is None else header
        headers = {SIGNATURE_HEADER.encode(): given.encode("latin-1")}
        answer = self.client.post(PATH, content=body, headers=headers)
        return answer.status_code, answer.text

    def taken(self) -> int:
        """Return how many events were kept."""
        return len(self.everything()[ReturnedMail.__tablename__])


@pytest.fixture
def provider(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Provider:
    """Return a company whose mail provider sends events, on either database."""
    return Provider(tmp_path, ledger, clock)


NOTHING = (404, "nothing")
TAKEN = (204, "")


@pytest.mark.parametrize(
    ("kind", "state"),
    [("bounced", "no_contact"), ("soft_bounced", "invited"), ("complained", "objected")],
)
def test_an_event_does_what_a_report_does(provider: Provider, kind: str, state: str) -> None:
    """Where the provider keeps the bounces, nobody mails them to us."""
    leaver = provider.invited()

    assert TAKEN == provider.send(provider.event(type=kind, more={"of": "theirs"}))
    assert state == provider.invitation(leaver)["state"]


FORGED: dict[str, Callable[[Provider, bytes], str]] = {
    "none": lambda *_: "",
    "of another secret": lambda p, body: signature(b"another", body, p.clock.now()),
    "of another body": lambda p, body: signature(SECRET.encode(), body + b" ", p.clock.now()),
    "of the body alone": lambda p, body: signature(SECRET.encode(), body, p.clock.now()).replace(
        "t=1", "t=2", 1
    ),
    "cut off": lambda p, body: signature(SECRET.encode(), body, p.clock.now())[:-1],
    "no number": lambda *_: f"t=now,v1={'0' * 64}",
    "letters that look like digits": lambda *_: f"t=\xb2\xb3,v1={'0' * 64}",
    "of no secret": lambda p, body: signature(b"", body, p.clock.now()),
}


@pytest.mark.parametrize("hooked", [True, False])
def test_t42_whoever_cannot_sign_finds_nothing(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock, *, hooked: bool
) -> None:
    """A stranger could otherwise end everybody's invitation, or learn that there is a hook."""
    provider = Provider(tmp_path, sqlite_ledger, clock, hooked=hooked)
    provider.invited()
    before = provider.everything()
    body = provider.event()

    for what, forged in FORGED.items():
        assert (what, NOTHING) == (what, provider.send(body, forged(provider, body)))
        nested = b"{" * 9_000
        assert (what, NOTHING) == (what, provider.send(nested, forged(provider, nested)))
    assert before == provider.everything()


@pytest.mark.parametrize("minutes", [-5.1, 5.1])
def test_t42_a_stale_signature_is_none(provider: Provider, minutes: float) -> None:
    """Whoever gets hold of an old request must not be able to send it again next year."""
    provider.invited()
    before = provider.everything()

    assert NOTHING == provider.send(provider.event(), minutes=minutes)
    assert before == provider.everything()
    assert TAKEN == provider.send(provider.event(), minutes=minutes * 0.98)


@pytest.mark.parametrize("changed", [{}, {"type": "complained"}, {"message_id": "<x@y.example>"}])
def test_t42_a_replay_changes_nothing(provider: Provider, changed: dict[str, str]) -> None:
    """Providers send an event until we say yes, and sometimes once more."""
    leaver = provider.invited()
    provider.send(provider.event(type="soft_bounced"))
    before = provider.everything()

    assert TAKEN == provider.send(provider.event(**changed))
    assert before == provider.everything()
    assert "invited" == provider.invitation(leaver)["state"]


def test_t42_one_event_that_comes_eight_times_at_once_counts_once(provider: Provider) -> None:
    """A provider whose first attempt was slow tries again before it is done."""
    leaver = provider.invited()
    event = read_event(provider.event(type="soft_bounced"))
    assert event is not None

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda _: take_event(provider.d, event), range(8)))

    assert (1, 7) == (said.count(Taken.DONE), said.count(Taken.AGAIN))
    assert 1 == provider.taken()
    assert "invited" == provider.invitation(leaver)["state"]


def test_an_event_about_no_mail_of_ours_looks_like_any_other(provider: Provider) -> None:
    """The answer must not say which mails we have sent; and the number counts all the same."""
    leaver = provider.invited()

    assert TAKEN == provider.send(provider.event(message_id="<x@acme.example>"))
    assert 1 == provider.taken()
    assert TAKEN == provider.send(provider.event())
    assert "invited" == provider.invitation(leaver)["state"]


@pytest.mark.parametrize("size", [MAX_BODY + 1, 10 * MAX_BODY])
def test_t42_more_than_16_kib_is_not_read(provider: Provider, size: int) -> None:
    """Memory is not a stranger's to fill; the signature of so much is not even looked at."""
    provider.invited()

    assert (413, "nothing") == provider.send(b" " * size)
    assert 0 == provider.taken()


BAD: dict[str, bytes | dict[str, Any]] = {
    "no JSON": b"bounced",
    "no text": b"\xff\xfe",
    "a list": b"[]",
    "nested": b"[" * 16_000,
    "empty": b"",
    "no number": {"id": ""},
    "a number that is none": {"id": 7},
    "a long number": {"id": "x" * 201},
    "a type of somebody else": {"type": "opened"},
    "a type that is none": {"type": ["bounced"]},
    "no time": {"at": "yesterday"},
    "a time without a zone": {"at": "2026-11-03T08:59:00"},
    "a time that is none": {"at": 1},
    "no Message-ID": {"message_id": "zofia@mail.example"},
    "two Message-IDs": {"message_id": "<a@b.example> <c@d.example>"},
    "a status that is none": {"status": "5.1.1 no such user zofia@mail.example"},
    "a status that is a list": {"status": ["5.1.1"]},
}


def test_a_signed_body_that_is_no_event_changes_nothing(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """A mistake in the company's bridge must show up there, and nowhere else."""
    provider = Provider(tmp_path, sqlite_ledger, clock)
    provider.invited()
    before = provider.everything()

    for what, content in BAD.items():
        body = content if isinstance(content, bytes) else provider.event(**content)
        assert (what, (422, "")) == (what, provider.send(body))
    assert before == provider.everything()


@pytest.mark.parametrize("hooked", [True, False])
def test_any_other_method_is_refused_alike(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock, *, hooked: bool
) -> None:
    """Nor does a look at it say whether there is a secret."""
    provider = Provider(tmp_path, sqlite_ledger, clock, hooked=hooked)

    for method in ("GET", "HEAD", "PUT", "DELETE"):
        assert 405 == provider.client.request(method, PATH).status_code


def test_two_signatures_are_none(provider: Provider) -> None:
    """A proxy that adds headers must not choose for us which one counts."""
    provider.invited()
    body = provider.event()
    signed = signature(SECRET.encode(), body, provider.clock.now())

    headers = [(SIGNATURE_HEADER, signed), (SIGNATURE_HEADER, signed)]

    assert 404 == provider.client.post(PATH, content=body, headers=headers).status_code
