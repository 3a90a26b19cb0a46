"""Crash points: armed, the process dies at once; unarmed, nothing happens."""

import signal
import subprocess
import sys

import pytest

from alumni_sync.crash import arm, crash_point
from alumni_sync.errors import ConfigError

PROGRAM = """
import sys
from alumni_sync.crash import arm, crash_point
arm(sys.argv[1])
arm(sys.argv[1])
try:
    for hit in (1, 2, 3):
        print(hit, flush=True)
        crash_point("mail.call.before")
        crash_point("mail.call.after")
finally:
    print("cleaned up", flush=True)
"""


@pytest.mark.parametrize(
    ("spec", "seen", "code"),
    [
        ("mail.call.before", ["1"], -signal.SIGKILL),
        ("mail.call.after:2", ["1", "2"], -signal.SIGKILL),
        ("platform.call.before", ["1", "2", "3", "cleaned up"], 0),
    ],
)
def test_a_process_dies_where_it_is_told(spec: str, seen: list[str], code: int) -> None:
    """A crash that lets `finally` run proves nothing about a real one."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, spec], capture_output=True, text=True, check=False
    )

    assert (seen, code) == (done.stdout.split("\n")[:-1], done.returncode)


def test_nothing_is_armed_in_production() -> None:
    """A crash point is a line in the code that touches people; it must be harmless."""
    crash_point("mail.call.before")


@pytest.mark.parametrize(
    "spec", ["mail.call.before:0", "mail.call.before:x", "mail.call.before:-1"]
)
def test_a_broken_spec_is_said(spec: str) -> None:
    """A crash test that never crashes would pass for ever."""
    with pytest.raises(ConfigError, match="NAME:N"):
        arm(spec)
