"""By which names a person is found on a command line."""

from types import SimpleNamespace

import pytest

from alumni_sync.errors import ConfigError
from alumni_sync.ledger.people import resolve_person
from alumni_sync.ledger.store import Ledger
from tests.conftest import NOW
from tests.raw_rows import RawLedger, Who


class Company:
    """As much of a deployment as finding people needs."""

    def __init__(self, ledger: Ledger) -> None:
        """Plant two people; the raw ledger numbers them 10001 and 10002."""
        self.ledger = ledger
        self.settings = SimpleNamespace(sources={"acme-pl": None, "acme-de": None})
        raw = RawLedger(ledger, NOW)
        self.first = raw.leaver()
        self.second = raw.leaver(source="acme-de")
        raw.made = 0
        self.namesake = raw.leaver(source="acme-de")  # 10001 again, in the other source

    def find(self, text: str) -> str:
        """Resolve a name."""
        return resolve_person(self, text)  # type: ignore[arg-type]  # ledger and sources


@pytest.fixture
def company(ledger: Ledger) -> Company:
    """Return a company of three people, on either database."""
    return Company(ledger)


def test_names_that_mean_somebody(company: Company) -> None:
    """A wrong person behind a right number would be erased instead of the right one."""
    wanted: dict[str, Who] = {
        "acme-pl/10001": company.first,
        "acme-de/10001": company.namesake,
        "10002": company.second,
        f" {company.first.person} ": company.first,
    }
    assert {text: who.person for text, who in wanted.items()} == {
        text: company.find(text) for text in wanted
    }


REFUSED = [
    ("somebody@poczta.example", "shell's history"),
    ("acme-pl/somebody@poczta.example", "shell's history"),
    ("10001", "several people have this number (acme-de, acme-pl)"),
    ("99999", "nobody is known"),
    ("acme-pl/99999", "nobody is known"),
    ("acme-fr/10001", "there is no such source (known: acme-de, acme-pl)"),
    ("P-0000000000000000", "nobody is known"),
    ("", "nobody is known"),
]


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_names_that_are_refused(company: Company, text: str, why: str) -> None:
    """An act on a guessed person cannot be undone; the message repeats nothing that was typed."""
    with pytest.raises(ConfigError) as failure:
        company.find(text)
    assert why in str(failure.value)
    assert not text or text not in str(failure.value).replace("acme-de", "").replace("acme-pl", "")
