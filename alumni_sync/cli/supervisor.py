"""Runs several processes as one: starts them, keeps them alive, stops them together.

Each child is the head of its own process group, because Dagster's processes have children of their
own that outlive them. A child that dies is started again, so that the consent site stays up when a
Dagster process falls; one that keeps dying ends everything. On Linux the kernel tells children when
this process is killed, and what such a death leaves behind is cleared away by the next start.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final

from alumni_sync.errors import AlumniSyncError

MARK: Final = "ALUMNI_SYNC_UP"
"""Variable that every process below a supervisor inherits, by which leftovers are known."""

PR_SET_PDEATHSIG: Final = 1
LOOK_EVERY: Final = 0.3  # seconds
GRACE: Final = 10.0  # seconds between asking processes to end and killing them
DEATHS: Final = 3
DEATHS_WITHIN: Final = 120.0  # seconds
STOPPERS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ProcessKeepsDying(AlumniSyncError):
    """A process cannot be kept alive; everything was stopped."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to run: a name for messages, the command line, the environment."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)


@dataclass(slots=True)
class _Child:
    program: Program
    process: "subprocess.Popen[bytes]"
    deaths: list[float] = field(default_factory=list)


class Supervisor:
    """Keeps the processes of one deployment alive until it is asked to stop."""

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        record: Path,
        say: Callable[[str], None],
        before_restart: Callable[[Program], None],
    ) -> None:
        """Prepare; nothing is started yet.

        Args:
            programs: in the order of starting.
            record: file that remembers this start, for the next one after a kill.
            say: prints one line for a person.
            before_restart: called for a program between its death and its next start.
        """
        self._programs = programs
        self._record = record
        self._say = say
        self._before_restart = before_restart
        self._children: list[_Child] = []
        self._stop = threading.Event()
        self._mark = uuid.uuid4().hex

    def run(self, ready: Callable[[], bool], announce: Callable[[], None]) -> None:
        """Start everything, announce it once `ready`, and return when asked to stop.

        Raises:
            ProcessKeepsDying: one process could not be kept alive.
        """
        self._record.write_text(self._mark, encoding="ascii")
        with self._stopping_on_signals():
            try:
                for program in self._programs:
                    self._children.append(_Child(program, self._start(program)))
                self._watch(ready, announce)
            finally:
                self._end_all()
                self._record.unlink(missing_ok=True)

    def stop(self) -> None:
        """Ask `run` to stop everything and return."""
        self._stop.set()

    def _watch(self, ready: Callable[[], bool], announce: Callable[[], None]) -> None:
        announced = False
        while not self._stop.wait(LOOK_EVERY):
            for child in self._children:
                if has_ended(child.process.pid):
                    self._revive(child)
            if not announced and ready():
                announced = True
                announce()

    def _revive(self, child: _Child) -> None:
        _signal_group(child.process, signal.SIGKILL)  # what the dead process had started
        code, now = child.process.wait(), time.monotonic()
        child.deaths = [at for at in child.deaths if now - at < DEATHS_WITHIN] + [now]
        if len(child.deaths) >= DEATHS:
            msg = f"{child.program.name} keeps ending (last with {code}); everything was stopped"
            raise ProcessKeepsDying(msg)
        self._say(f"{child.program.name} ended with {code}; starting it again")
        self._before_restart(child.program)
        child.process = self._start(child.program)

    def _end_all(self) -> None:
        """Ask every group to end; after the grace time, kill what is left of it."""
        living = [child.process for child in self._children if child.process.returncode is None]
        for process in living:
            _signal_group(process, signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        while time.monotonic() < deadline and not all(has_ended(p.pid) for p in living):
            time.sleep(LOOK_EVERY / 3)
        for process in living:
            _signal_group(process, signal.SIGKILL)
            process.wait()

    def _start(self, program: Program) -> "subprocess.Popen[bytes]":
        """Start a program as the head of a new process group that ends with this process."""
        parent, libc = os.getpid(), _libc()

        def follow_parent() -> None:
            if libc is not None:
                libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:  # it was killed before the line above
                os.kill(os.getpid(), signal.SIGKILL)

        return subprocess.Popen(  # noqa: S603 our own programs with our own arguments
            list(program.command),
            env={**program.environment, MARK: self._mark},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=follow_parent,  # noqa: PLW1509 this process has no other thread
        )

    @contextmanager
    def _stopping_on_signals(self) -> Iterator[None]:
        def handle(_number: int, _frame: FrameType | None) -> None:
            self.stop()

        before = {number: signal.signal(number, handle) for number in STOPPERS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def clear_leftovers(record: Path) -> int:
    """Kill what an earlier supervisor left behind when it was killed; return how many.

    Processes are known by the mark in their environment, so that no pid which somebody else has
    got meanwhile is ever hit. Where there is no /proc, they end by themselves within a minute.
    """
    if not record.exists():
        return 0
    entry = f"{MARK}={record.read_text(encoding='ascii')}".encode()
    left = [pid for pid in _pids() if entry in _environment(pid)]
    for pid in left:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    record.unlink()
    return len(left)


def has_ended(pid: int) -> bool:
    """Say whether a child has ended; its exit code is left, so that its pid stays its own."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _pids() -> Iterator[int]:
    for entry in Path("/proc").glob("[0-9]*"):
        yield int(entry.name)


def _environment(pid: int) -> Sequence[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # ended meanwhile, or somebody else's
        return ()


def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if sys.platform == "linux" else None


def _signal_group(leader: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    """Signal a child's whole process group; the child must not have been waited for yet."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader.pid, number)
