"""Python's cycle collector, kept out of the way of bulk work and of the sites.

A page of rows is some hundred thousand objects without cycles, which reference counts free. The
collector does not know that: while the page grows it goes over it, and over every module that is
imported, again and again, which took a third of the time of a stage. What a site makes for one
visit is free of cycles too, and collecting took an eighth of the time of an answer.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

_SELDOM: Final = (1_000_000, 20, 100)
"""Thresholds of the three generations, see `gc.set_threshold`; Python's own are 700, 10, 10."""
_SERVING: Final = (50_000, 20, 100)
"""A site goes on for months, and a failed request leaves cycles: they wait some hundred visits."""


@contextmanager
def bulk_work() -> Iterator[None]:
    """Collect cycles seldom, and only among what was made since, for a with-block or a function.

    May be nested, and used by several threads: it begins with the first and ends with the last.
    """
    _WORK.begin()
    try:
        yield
    finally:
        _WORK.end()


@contextmanager
def serving() -> Iterator[None]:
    """Collect cycles less often while sites are served; bulk work beside them stays bulk work."""
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*_SERVING)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


class _Work:
    """How many are at work; the collector is one for the whole process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._busy = 0
        self._usual = gc.get_threshold()

    def begin(self) -> None:
        with self._lock:
            self._busy += 1
            if self._busy == 1:
                self._usual = gc.get_threshold()
                gc.freeze()
                gc.set_threshold(*_SELDOM)

    def end(self) -> None:
        with self._lock:
            self._busy -= 1
            if not self._busy:
                gc.set_threshold(*self._usual)
                gc.unfreeze()


_WORK: Final = _Work()
