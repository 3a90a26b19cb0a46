"""What a stranger learns from a link: nothing, whatever became of it (T4)."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import Answer
from alumni_sync.ledger.store import Ledger
from alumni_sync.sites.consent.app import ConsentSite, consent_app
from alumni_sync.sites.consent.ledger_services import ledger_services
from tests.conftest import MASTER
from tests.consent.world import World
from tests.sites.browser import Browser, Response
from tests.statements import statements

PATHS = ("/c/", "/p/", "/u/")


def site(world: World) -> Browser:
    """Return a new visitor of a company's site."""
    origin = world.d.settings.consent.public_url
    app = consent_app(
        ConsentSite(origin, "Acme", ("en", "pl"), (("Acme", "privacy@acme.example"),)),
        ledger_services(world.d),
        hashes=world.d.ledger.hashes,
        clock=world.clock,
        wake=lambda: None,
    )
    return Browser(app, origin)


def secret(world: World, mail: int = -1, path: str = "/c/") -> str:
    """Return the secret in a link of a mail."""
    return urlsplit(world.mails[mail].link(path)).path.rpartition("/")[2]


@pytest.fixture
def neighbour(tmp_path: Path, clock: FixedClock) -> World:
    """Return another company, with keys of its own."""
    root = tmp_path / "neighbour"
    root.mkdir()
    urls = f"sqlite:///{root}/ledger.db", f"sqlite:///{root}/keys.db"
    return World(root, Ledger.open(*urls, MASTER[::-1]), clock)


def told(answer: Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    """Return all that a stranger sees of an answer."""
    return answer.status, answer.content, sorted(answer.headers.items())


def test_every_dead_link_looks_like_every_other(
    tmp_path: Path, ledger: Ledger, clock: FixedClock, neighbour: World
) -> None:
    """A page, a header or a database query more would tell whose link it was (T4)."""
    world = World(tmp_path, ledger, clock)
    neighbour.invited()
    expired = world.invited("expired")
    dead = {"expired": secret(world)}
    world.later(days=31)
    world.round()
    world.invited("reminded")
    dead["superseded"] = secret(world)
    world.later(days=7)
    world.round()
    used = world.invited("used")
    dead["used"] = secret(world)
    world.answer(used, Answer.NO)
    world.invited("open")
    good = secret(world)
    dead |= {
        "unknown": "x" * 43,
        "truncated": good[:-1],
        "longer": good + "A",
        "another case": good.swapcase(),
        "another company's": secret(neighbour),
    }
    seen, queries = {}, {}

    for path in PATHS:
        for name, token in dead.items():
            visitor = site(world)
            with statements(world.d.ledger) as asked:
                seen[path, name] = told(visitor.get(path + token))
            queries[path, name] = len(asked)

    assert {404} == {status for status, _, _ in seen.values()}
    assert 1 == len({(body, tuple(headers)) for _, body, headers in seen.values()}), seen.keys()
    assert 1 == len(set(queries.values())), queries
    assert 303 == site(world).get(f"/c/{good}").status
    assert ["asked"] == world.history(expired)[:1]
