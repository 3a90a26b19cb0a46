"""Versions of a notice: whose yes still covers what the notice says now."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alumni_sync.consent.notices.versions import Change, asks_again, change, numbers

VERSIONS = st.tuples(*[st.integers(0, 20)] * 3).map(lambda parts: ".".join(map(str, parts)))


@pytest.mark.parametrize(
    ("agreed", "current", "expected"),
    [
        ("1.0.0", "1.0.0", Change.NONE),
        ("1.0.0", "1.0.1", Change.PATCH),
        ("1.0.9", "1.1.0", Change.MINOR),
        ("1.9.9", "2.0.0", Change.MAJOR),
        ("1.2.3", "2.2.3", Change.MAJOR),
        ("9.0.0", "10.0.0", Change.MAJOR),
        ("2.0.0", "1.0.0", Change.MAJOR),
        ("1.1.0", "1.0.5", Change.MINOR),
    ],
)
def test_only_another_meaning_asks_everyone_again(
    agreed: str, current: str, expected: Change
) -> None:
    """Asked again over a typo, people leave; not asked over a new recipient, none has agreed."""
    assert expected is change(agreed, current)
    assert (expected is Change.MAJOR) == asks_again(agreed, current)


@given(one=VERSIONS, other=VERSIONS)
def test_a_change_is_as_large_from_either_side(one: str, other: str) -> None:
    """An edition that is taken back differs as much as one that is released."""
    assert change(one, other) is change(other, one)
    assert (one == other) == (change(one, other) is Change.NONE)
    assert (numbers(one)[0] != numbers(other)[0]) == asks_again(one, other)


@pytest.mark.parametrize("version", ["1.0", "1.0.0.0", "one", ""])
def test_what_is_no_version_is_never_taken_for_one(version: str) -> None:
    """A misread version would let an old yes cover a new meaning."""
    with pytest.raises(ValueError, match=r"three numbers|invalid literal"):
        asks_again("1.0.0", version)
