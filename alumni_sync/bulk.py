"""Python's cycle collector, kept out of the way while thousands of rows are worked on.

A page is some hundred thousand objects without cycles, which reference counts free. The collector
does not know that: while a page grows it goes over it, and over every module that is imported,
again and again, which took a third of the time of a stage.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_SELDOM: Final = (1_000_000, 20, 100)
"""Thresholds of the three generations, see `gc.set_threshold`; Python's own are 700, 10, 10."""


@contextmanager
def bulk_work() -> Iterator[None]:
    """Collect cycles seldom, and only among what was made since, for a with-block or a function.

    May be nested; the outermost decides.
    """
    usual, outermost = gc.get_threshold(), not gc.get_freeze_count()
    if outermost:
        gc.freeze()
        gc.set_threshold(*_SELDOM)
    try:
        yield
    finally:
        if outermost:
            gc.set_threshold(*usual)
            gc.unfreeze()
