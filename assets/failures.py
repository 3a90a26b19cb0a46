"""What crosses into Dagster when something fails: our own sentences, never a value.

Dagster stores an exception with everything it was raised from. A database's, a parser's or
pydantic's message quotes rows and addresses, so nothing but the errors of `alumni_sync.errors`
(which hold none) gets through with its message; of all others, type and place.
"""

import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import dagster as dg

from alumni_sync.errors import AlumniSyncError, LedgerError, Refused

FRAMES_SHOWN: Final = 4


class StageFailed(dg.Failure):
    """A stage failed; never tried again by Dagster, since a failed stage was a decision.

    Attributes:
        error: the error of ours that ended it; None for a bug.
    """

    def __init__(
        self,
        description: str,
        error: AlumniSyncError | None = None,
        metadata: Mapping[str, dg.MetadataValue] | None = None,
    ) -> None:
        """Keep the error for a caller in the same process, cut off from what it was raised from."""
        super().__init__(description=description, metadata=metadata, allow_retries=False)
        self.error = error
        if error is not None:
            error.__cause__ = error.__context__ = None


@contextmanager
def harmless() -> Iterator[None]:
    """Let no exception out but ours, cut off from what it was raised from.

    `raise … from None` would only hide the original from a traceback; it stays reachable as
    `__context__` (leaving a with-block is still handling it), so that is cut as well.
    """
    try:
        yield
    except (dg.Failure, dg.RetryRequested, dg.DagsterExecutionInterruptedError):
        raise
    except LedgerError as error:  # says what the database said, not what it was asked
        failed = StageFailed(f"{error}: {describe(error)}", error)
    except Refused as error:  # a run names its user and its case: not how they are related
        failed = StageFailed(error.outside, error)
    except AlumniSyncError as error:
        failed = StageFailed(str(error), error)
    except Exception as error:  # noqa: BLE001 whatever it is, its message must not get through
        failed = StageFailed(f"a fault of alumni_sync: {describe(error)}")
    else:
        return
    try:
        raise failed
    except StageFailed:
        failed.__context__ = None
        raise


def describe(error: BaseException) -> str:
    """Return the type of an error and the way to where it was raised, nothing of its message."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_SHOWN:]
    way = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__} at {way}" if way else type(error).__name__
