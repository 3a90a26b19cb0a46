"""Canonical JSON: the fast way and the slow way may not differ in one byte."""

from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from alumni_sync.ledger.canonical import canonical_json

TEXTS = st.text() | st.sampled_from(["\x00", "\x1f", "\x7f", "\u2028", '"\\/', "\U0001f600", "ł"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    TEXTS | st.booleans() | st.none() | st.integers(-(2**53) + 1, 2**53 - 1),
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)


@given(VALUES)
@example({"\U0001f600": "a", "\ufb33": "b"})  # UTF-16 sorts these the other way round than UTF-8
@example({"b": [{"z": "1", "a": ""}], "a": ("x",), "": True})
def test_the_bytes_are_those_of_rfc_8785(value: Any) -> None:  # noqa: ANN401 any JSON value
    """Other bytes have another hash: nobody else could verify the chain."""
    assert rfc8785.dumps(value) == canonical_json(value)


@pytest.mark.parametrize("value", ["\ud800", {"a": "\udfff"}])
def test_half_a_character_is_refused(value: object) -> None:
    """Bytes that are no UTF-8 would be in the chain for ever."""
    with pytest.raises(ValueError, match=r"surrogate|utf-8|UTF-8|encode"):
        canonical_json(value)
