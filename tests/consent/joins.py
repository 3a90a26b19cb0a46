"""Requests to join in tests: somebody asks, proves, and HR works on it."""

from alumni_sync.consent.joining.join_requests import (
    Entered,
    OpenJoin,
    Wanted,
    companies,
    prove_join,
    read_wanted,
    request_join,
)
from alumni_sync.domain import Identity
from tests.consent.world import World

EMAIL = "zofia.j@home.example"
HR = Identity("hr.kowalska", verified=True)
PEOPLE = [
    {
        "user": "hr.kowalska",
        "mail": "hr@acme.example",
        "roles": ["privacy", "reviewer"],
        "sources": ["acme-pl", "acme-de"],
    },
    {"user": "dagmar", "mail": "d@acme.example", "roles": ["privacy"], "sources": ["acme-de"]},
    {"user": "otto", "mail": "o@acme.example", "roles": ["operator"]},
]


def wanted(world: World, **changed: str) -> Wanted:
    """Return a request as the page reads it."""
    usual = {
        "name": "Zofia Jaworowska",
        "company": companies(world.d)[0].key,
        "since": "2019",
        "until": "2026",
        "number": "",
        "email": EMAIL,
        "language": "en",
    }
    read = read_wanted(
        Entered(**{**usual, **changed}),
        companies(world.d),
        languages=("en", "pl"),
        company_domains=("acme.example",),
        year=2026,
    )
    assert isinstance(read, Wanted), read
    return read


def asked(world: World, nonce: str = "n1", **changed: str) -> str:
    """Ask to be asked; return the secret of the mailed link."""
    request_join(world.d, wanted(world, **changed), nonce)
    world.deliver()
    return world.token("/j/")


def proven(world: World, nonce: str = "n1", **changed: str) -> OpenJoin:
    """Ask, and confirm from the mailbox."""
    found = prove_join(world.d, asked(world, nonce, **changed))
    assert found is not None
    return found
