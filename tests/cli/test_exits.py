"""Exit codes: scheduled jobs decide by them, so each error has exactly one."""

import errno
import itertools
from datetime import date

import click
import pytest

from alumni_sync.cli.exits import Exit, code_of, lines_of, report_error, worst
from alumni_sync.errors import (
    AuthRejected,
    Busy,
    ConfigError,
    LedgerError,
    Problem,
    RateLimited,
    RecordRejected,
    Refused,
    SafetyStop,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError.of("a", "b"), 2),
        (click.UsageError("x"), 2),
        (Refused("not your role"), 2),
        (LedgerError("OperationalError"), 2),
        (SafetyStop("BR-1", "too many"), 3),
        (Busy("intake:hr is busy"), 3),
        (RateLimited("v", "pull"), 4),
        (AuthRejected("v", "pull", "401"), 4),
        (RecordRejected("x.csv:1", "hire_date", "missing"), 1),
        (PermissionError(errno.EACCES, "Permission denied", "var/keys.master"), 2),
        (OSError(errno.ENOSPC, "No space left on device"), 2),
        (OSError(errno.EROFS, "Read-only file system", "var"), 2),
        (OSError(errno.EIO, "Input/output error"), 70),
        (ZeroDivisionError("secret"), 70),
    ],
)
def test_each_error_has_its_code(error: Exception, code: int) -> None:
    """An alarm that rings for the wrong reason is switched off."""
    assert code == code_of(error)


def test_two_beats_four_beats_three_beats_one() -> None:
    """With several results, the one that a person must act on first is reported."""
    order = [Exit.USAGE, Exit.VENDOR, Exit.STOPPED, Exit.REJECTED, Exit.DONE]

    assert all(a is worst((b, a)) for a, b in itertools.combinations(order, 2))
    assert Exit.DONE is worst(())


def test_all_problems_are_lines() -> None:
    """One line a problem: what is wrong and what to do."""
    error = ConfigError([Problem("a.yaml:1 x", "is missing"), Problem("b", "is wrong", "mend it")])

    assert ["a.yaml:1 x: is missing", "b: is wrong (mend it)"] == lines_of(error)


def test_a_folder_that_is_not_ours_to_write_is_no_fault_of_the_program() -> None:
    """Whoever set up a second login must be told which file it may not open."""
    denied = PermissionError(errno.EACCES, "Permission denied", "var/keys.master")

    (line,) = lines_of(denied)

    assert line.startswith("var/keys.master: Permission denied (the login that runs this")
    assert lines_of(OSError(errno.ENOSPC, "No space left on device"))[0].startswith("a file: No sp")


def test_what_may_be_chosen_stands_in_the_same_line() -> None:
    """A log collector takes each line for an error of its own."""
    option = click.Option(["--reason"], type=click.Choice(["claim", "other"]), required=True)

    (line,) = lines_of(click.MissingParameter(param=option, ctx=click.Context(click.Command("x"))))

    assert "\n" not in line
    assert line.endswith("Choose from: claim, other")


def test_a_message_of_others_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    """A parser's or database's message quotes the row; a terminal is no vault."""
    secret = "ann@mail.example"
    with pytest.raises(ValueError, match=secret) as caught:
        date.fromisoformat(secret)
    code = report_error(caught.value, debug=True)

    shown = capsys.readouterr()
    assert (Exit.BUG, "") == (code, shown.out)
    assert "ValueError" in shown.err
    assert "test_exits.py" in shown.err
    assert secret not in shown.err
