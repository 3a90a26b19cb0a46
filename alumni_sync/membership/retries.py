"""When a write that failed is tried again. Pure.

Anchors: identity engines try again after 6, 12 and 24 hours and give up after 28 days. Removals are
never given up, and their pauses are short, because somebody waits for them.
"""

from datetime import timedelta
from typing import Final

_FIRST: Final = (timedelta(minutes=30), timedelta(hours=6), timedelta(hours=12))
_DAILY: Final = timedelta(hours=24)
GIVE_UP_AFTER: Final = timedelta(days=28)
_REMOVAL: Final = (
    timedelta(seconds=30),
    timedelta(minutes=1),
    timedelta(minutes=2),
    timedelta(minutes=3),
    timedelta(minutes=4),
    timedelta(minutes=4),  # 14.5 minutes after the first: hidden within 15 if it can be done at all
    timedelta(minutes=15),
    timedelta(minutes=30),
)
_HOURLY: Final = timedelta(hours=1)


def wait_after(attempts: int) -> timedelta | None:
    """Return the pause after the given number of failed attempts; None: a person must look."""
    if attempts <= len(_FIRST):
        return _FIRST[attempts - 1]
    spent = sum(_FIRST, timedelta()) + (attempts - len(_FIRST)) * _DAILY
    return _DAILY if spent <= GIVE_UP_AFTER else None


def wait_to_remove(attempts: int) -> timedelta:
    """Return the pause after the given number of failed attempts to remove somebody."""
    return _REMOVAL[attempts - 1] if attempts <= len(_REMOVAL) else _HOURLY
