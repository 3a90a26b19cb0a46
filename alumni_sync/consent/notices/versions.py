"""What a new version of a notice means for those who said yes to an older one. Pure.

patch: a typo · minor: clearer, same meaning · major: another meaning, so that an older yes does not
cover it (another recipient, purpose, controller) and everyone is asked again.
"""

from enum import StrEnum
from typing import Final

_PARTS: Final = 3


class Change(StrEnum):
    """How far one version lies before another."""

    NONE = "none"
    PATCH = "patch"
    MINOR = "minor"
    MAJOR = "major"


def numbers(version: str) -> tuple[int, ...]:
    """Return the three numbers of a version, for comparing: 1.10.0 is newer than 1.9.0.

    Raises:
        ValueError: it is not three numbers.
    """
    parts = tuple(map(int, version.split(".")))
    if len(parts) != _PARTS:
        raise ValueError("a version is three numbers")
    return parts


def change(agreed: str, current: str) -> Change:
    """Return what happened to a notice between the version agreed to and the current one.

    A current version that is older (an edition was taken back) is measured in the same way: what
    it says is not what was agreed to either.
    """
    before, after = numbers(agreed), numbers(current)
    kinds = (Change.MAJOR, Change.MINOR, Change.PATCH)
    differing = (kind for kind, *pair in zip(kinds, before, after, strict=True) if len({*pair}) > 1)
    return next(differing, Change.NONE)


def asks_again(agreed: str, current: str) -> bool:
    """Say whether whoever agreed to one version must be asked again under another."""
    return change(agreed, current) is Change.MAJOR
