"""Exit codes, and one line for each error: what is wrong and what to do.

0 done · 1 finished, but records were newly rejected or dead-lettered · 2 usage or configuration ·
3 a brake or guard stopped it, or another process does this very work now · 4 a vendor could not be
reached or refused us. Of several, 2 wins over 4 over 3 over 1. An error that is a bug of ours ends
with 70, as sysexits.h has it.
"""

import errno
import sys
import traceback
from collections.abc import Iterable
from enum import IntEnum
from typing import Final

import click

from alumni_sync.errors import (
    AlumniSyncError,
    Busy,
    ConfigError,
    ConnectorError,
    RecordRejected,
    SafetyStop,
)


class Exit(IntEnum):
    """What a command ends with."""

    DONE = 0
    REJECTED = 1
    USAGE = 2
    STOPPED = 3
    VENDOR = 4
    BUG = 70


SEVERITY: Final = (Exit.BUG, Exit.USAGE, Exit.VENDOR, Exit.STOPPED, Exit.REJECTED, Exit.DONE)
"""Worst first."""

_NOT_TO_BE_WRITTEN: Final = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT}
_WRITABLE: Final = "the login that runs this has to read and write the deployment's folder"


def worst(codes: Iterable[Exit]) -> Exit:
    """Return the code that a command with several results ends with."""
    return min(codes, key=SEVERITY.index, default=Exit.DONE)


def code_of(error: BaseException) -> Exit:
    """Return the exit code that an error stands for."""
    match error:
        case ConnectorError():
            return Exit.VENDOR
        case SafetyStop() | Busy():
            return Exit.STOPPED
        case RecordRejected():
            return Exit.REJECTED
        case AlumniSyncError() | click.ClickException():
            return Exit.USAGE
        case OSError() if error.errno in _NOT_TO_BE_WRITTEN:
            return Exit.USAGE
    return Exit.BUG


def lines_of(error: BaseException) -> list[str]:
    """Return what to say about an error, one line a problem.

    The message of an error that is not ours is left out: it may quote a row, a statement, a value.
    """
    if isinstance(error, ConfigError):
        return list(dict.fromkeys(str(problem) for problem in error.problems))
    if isinstance(error, AlumniSyncError):
        return [" ".join(str(error).split())]
    if isinstance(error, click.ClickException):
        return [" ".join(error.format_message().split())]
    if isinstance(error, OSError) and code_of(error) is Exit.USAGE:
        return [f"{error.filename or 'a file'}: {error.strerror} ({_WRITABLE})"]
    return [
        f"{type(error).__name__}: a fault of alumni_sync (please report it; --debug shows where)"
    ]


def report_error(error: BaseException, *, debug: bool, source: str = "") -> Exit:
    """Print an error to stderr and return its exit code.

    Args:
        error: what happened.
        debug: show where it was raised, too.
        source: at which source it happened, where there are several: two exports may well have
            files and columns of the same names.
    """
    at = f"source {source}: " if source else ""
    for line in lines_of(error):
        click.echo(f"alumni-sync: {at}{line}", err=True)
    if isinstance(error, click.UsageError) and error.ctx is not None:
        click.echo(f"Try: {error.ctx.command_path} --help", err=True)
    if debug:
        for chained in _chain(error):
            click.echo(f"{type(chained).__name__} was raised at:", err=True)
            click.echo("".join(traceback.format_tb(chained.__traceback__)), err=True, nl=False)
    return code_of(error)


def _chain(error: BaseException) -> Iterable[BaseException]:
    yield error
    if error.__cause__ is not None:
        yield from _chain(error.__cause__)


def finish(code: Exit) -> None:
    """End the current command with `code`; nothing after it runs unless the code is 0."""
    if code is not Exit.DONE:
        click.get_current_context().exit(code)


def leave(code: int) -> None:
    """End the process with `code`; the one place that does."""
    sys.exit(code)
