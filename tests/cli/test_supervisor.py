"""Several processes as one: started, kept alive, stopped together, none left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from alumni_sync.cli.supervisor import (
    MARK,
    ProcessKeepsDying,
    Program,
    Supervisor,
    clear_leftovers,
    has_ended,
)

FOREVER = "import signal; open({file!r}, 'a').write(f'{{os.getpid()}}\\n'); signal.pause()"


def _program(folder: Path, name: str, code: str) -> Program:
    """Return a Python program that may use `os` and `subprocess`."""
    text = "import os, subprocess, sys\n" + code.format(file=str(folder / name))
    return Program(name, [sys.executable, "-c", text], dict(os.environ))


def _pids(folder: Path, name: str) -> list[int]:
    path = folder / name
    text = path.read_text("ascii") if path.exists() else ""
    return [int(line) for line in text.splitlines() if line]


def _alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text("ascii").rpartition(") ")[2][0] != "Z"


def _supervise(
    folder: Path,
    programs: list[Program],
    until: Callable[[], bool],
    restarts: list[str] | None = None,
) -> None:
    """Run `programs` until a condition holds, then stop them."""
    supervisor = Supervisor(
        programs,
        record=folder / "mark",
        say=lambda _line: None,
        before_restart=lambda program: (restarts if restarts is not None else []).append(
            program.name
        ),
    )
    supervisor.run(until, supervisor.stop)


def test_all_are_stopped_together_with_what_they_started(tmp_path: Path) -> None:
    """Dagster's code servers outlive their parents: the next start would find its port taken."""
    starts_another = (
        "subprocess.Popen([sys.executable, '-c', \"import os, signal;"
        " open('{file}.inner', 'w').write(str(os.getpid())); signal.pause()\"])\n"
    )
    programs = [
        _program(tmp_path, "one", FOREVER),
        _program(tmp_path, "two", starts_another + FOREVER),
    ]
    files = ("one", "two", "two.inner")

    _supervise(tmp_path, programs, lambda: all(_pids(tmp_path, name) for name in files))

    assert [] == [name for name in files for pid in _pids(tmp_path, name) if _alive(pid)]
    assert not (tmp_path / "mark").exists()


def test_a_process_that_dies_is_started_again(tmp_path: Path) -> None:
    """The consent site must not go down because Dagster did."""
    programs = [_program(tmp_path, "site", FOREVER), _program(tmp_path, "daemon", FOREVER)]
    killed: list[int] = []
    restarts: list[str] = []

    def until() -> bool:
        daemons, sites = _pids(tmp_path, "daemon"), _pids(tmp_path, "site")
        if daemons and sites and not killed:
            os.kill(daemons[0], signal.SIGKILL)
            killed.append(daemons[0])
        return len(daemons) > 1

    _supervise(tmp_path, programs, until, restarts)

    assert 2 == len(_pids(tmp_path, "daemon"))
    assert 1 == len(_pids(tmp_path, "site"))
    assert ["daemon"] == restarts


def test_a_process_that_keeps_dying_stops_everything(tmp_path: Path) -> None:
    """Starting a broken process for ever would hide that nothing works."""
    programs = [_program(tmp_path, "site", FOREVER), _program(tmp_path, "broken", "sys.exit(7)")]

    with pytest.raises(ProcessKeepsDying, match=r"broken keeps ending \(last with 7\)"):
        _supervise(tmp_path, programs, lambda: False)

    assert [] == [pid for pid in _pids(tmp_path, "site") if _alive(pid)]


def test_a_term_signal_stops_everything(tmp_path: Path) -> None:
    """A service manager stops us with SIGTERM."""
    sent: list[bool] = []

    def until() -> bool:
        if _pids(tmp_path, "site") and not sent:
            sent.append(True)
            os.kill(os.getpid(), signal.SIGTERM)
        return False

    _supervise(tmp_path, [_program(tmp_path, "site", FOREVER)], until)

    assert [True] == sent
    assert [] == [pid for pid in _pids(tmp_path, "site") if _alive(pid)]


def test_what_a_killed_supervisor_left_is_cleared_away(tmp_path: Path) -> None:
    """After kill -9 a worker of the old start must not work beside those of the new one."""
    mark = tmp_path / "mark"
    mark.write_text("left-behind", encoding="ascii")
    marked = {**os.environ, MARK: "left-behind"}
    wait = [sys.executable, "-c", "import signal; print('up', flush=True); signal.pause()"]
    with (
        subprocess.Popen(wait, env=marked, stdout=subprocess.PIPE) as left,
        subprocess.Popen(wait, stdout=subprocess.PIPE) as stranger,
    ):
        for process in (left, stranger):
            assert process.stdout is not None
            assert b"up\n" == process.stdout.readline()

        cleared = clear_leftovers(mark)

        assert -signal.SIGKILL == left.wait(10)
        assert not has_ended(stranger.pid)
        stranger.kill()
    assert 1 == cleared
    assert not mark.exists()


def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    """A kill -9 of `up` must not leave a site running that nobody supervises."""
    code = (
        "from tests.cli.test_supervisor import FOREVER, _program, _supervise\n"
        "from pathlib import Path\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "_supervise(folder, [_program(folder, 'site', FOREVER)], lambda: False)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2]) as parent:
        while not _pids(tmp_path, "site"):
            assert parent.poll() is None
        parent.kill()
    (site,) = _pids(tmp_path, "site")
    waited = subprocess.run(["tail", f"--pid={site}", "-f", "/dev/null"], timeout=20, check=False)

    assert 0 == waited.returncode
    assert not _alive(site)
