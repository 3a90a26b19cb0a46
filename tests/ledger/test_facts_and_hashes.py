"""Equal facts give equal bytes; an address is recognised however it is written."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alumni_sync.domain import LEAVER_FIELDS, NOT_SUPPORTED, NOT_VISIBLE, Fact, FieldType
from alumni_sync.ledger.facts import dump_facts, load_facts
from alumni_sync.ledger.hashing import KeyedHashes, derive_key
from tests.conftest import MASTER

_VALUES = {
    FieldType.TEXT: st.text(),
    FieldType.CODE: st.text(),
    FieldType.DATE: st.dates(),
    FieldType.INTEGER: st.integers(-(2**53), 2**53),
    FieldType.TAGS: st.lists(st.text()).map(tuple),
}
FACTS = st.fixed_dictionaries(
    {},
    optional={
        name: st.none() | st.just(NOT_VISIBLE) | _VALUES[kind]
        for name, kind in LEAVER_FIELDS.items()
    },
)


@given(FACTS)
def test_facts_survive_being_sealed(facts: dict[str, Fact]) -> None:
    """A fact that comes back differently could turn a review into an invitation."""
    assert load_facts(dump_facts(facts)) == facts


@given(FACTS)
def test_the_order_of_columns_does_not_matter(facts: dict[str, Fact]) -> None:
    """A file with its columns moved would otherwise change everybody."""
    turned = dict(reversed(facts.items()))

    assert dump_facts(turned) == dump_facts(facts)


def test_unknown_unsupported_and_hidden_stay_three_things() -> None:
    """Null sends to review, not supported is read as the pack says, hidden is doctor's business."""
    facts: dict[str, Fact] = {
        "birth_date": None,
        "phone": NOT_VISIBLE,
        "hire_date": date(2020, 2, 29),
        "job_level": NOT_SUPPORTED,
    }

    assert dump_facts(facts) == b'{"birth_date":null,"hire_date":"2020-02-29","~hidden":["phone"]}'


@pytest.mark.parametrize(
    "variant",
    [
        "Anna.Nowak@Muenchen-post.example",
        " anna.nowak@muenchen-post.example ",
        "ANNA.NOWAK@MUENCHEN-POST.EXAMPLE",
        "anna.nowak@muenchen-post.example.",
        "ａnna.nowak@muenchen-post.example",  # full-width a
    ],
)
def test_one_address_is_recognised_in_every_spelling(variant: str) -> None:
    """Who objected once must not be written to under another spelling (T25)."""
    hashes = KeyedHashes(MASTER)

    assert hashes.address(variant) == hashes.address("anna.nowak@muenchen-post.example")


def test_a_domain_is_recognised_as_unicode_and_as_punycode() -> None:
    """The HRIS may hold either form (T25)."""
    hashes = KeyedHashes(MASTER)

    assert hashes.address("a@bücher.example") == hashes.address("a@xn--bcher-kva.example")
    assert hashes.address("a@STRAßE.example") == hashes.address("a@xn--strae-oqa.example")
    assert hashes.address("a@straße.example") != hashes.address("a@strasse.example")
    assert hashes.address("a@" + "x" * 70 + ".example") != hashes.address("a@bücher.example")


def test_hashes_differ_by_purpose_and_by_key() -> None:
    """A hash for one purpose must not be usable to look somebody up for another."""
    hashes, others = KeyedHashes(MASTER), KeyedHashes(bytes(32))
    content = b"resignation"

    found = {
        hashes.digest("facts", "resignation"),
        hashes.digest("spell", "resignation"),
        others.digest("facts", "resignation"),
        hashes.signature("facts", content),
        hashes("facts", content),
    }

    assert len(found) == 5
    assert hashes.digest_bytes("facts", content) == hashes.digest("facts", "resignation")
    assert derive_key(MASTER, "wrap") != derive_key(MASTER, "hash/facts")


def test_parts_cannot_be_shifted_into_each_other() -> None:
    """Employee 12 of source 3 is not employee 2 of source 31."""
    hashes = KeyedHashes(MASTER)

    assert hashes.digest("person", "3", "12") != hashes.digest("person", "31", "2")


def test_a_signature_is_ours_or_not() -> None:
    """A ticket that anybody could sign would let any web page admit a case."""
    hashes = KeyedHashes(MASTER)
    signature = hashes.signature("ticket", b"EX-000001|1|admit")

    assert hashes.signed("ticket", b"EX-000001|1|admit", signature)
    assert not hashes.signed("ticket", b"EX-000001|2|admit", signature)
    assert not hashes.signed("session", b"EX-000001|1|admit", signature)
