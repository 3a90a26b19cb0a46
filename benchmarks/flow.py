"""The flow against the bare loop: 100,000 leavers from CSV into `directory`.

Measured: intake, eligibility, exclusion queue; then, with grants recorded beforehand (not timed),
the membership of everybody eligible. Beside it `_bare_flow`: the same durable work without the
product. Every part runs in a process of its own, so that memory is that part's; Dagster is not in
the path.

    python benchmarks/flow.py [--leavers N]
"""

import argparse
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from _company import AS_OF, build
from _figures import Figures

if TYPE_CHECKING:
    from alumni_sync.ledger.store import Ledger

FULL: Final = 100_000
SMALL: Final = 10_000
BOUND_FLOW: Final = 2.5  # times the bare loop
BOUND_UNCHANGED: Final = 2.0  # times parse, hash and compare
BOUND_MEMORY: Final = 1.2  # times the memory at a tenth of the size

MASTER: Final = bytes(range(32))
RULES: Final = Path(__file__).parent.parent / "rules"
_COMPARED: Final = ("person", "spell", "decision", "exclusion_case", "case_event")
_COMPARED_AFTER: Final = ("membership", "platform_write")

Part = dict[str, float]


def main() -> int:
    """Run everything and return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--leavers", type=int, default=FULL)
    parser.add_argument("--part", nargs=2, metavar=("NAME", "FOLDER"))
    options = parser.parse_args()
    if options.part:
        sys.stdout.write(json.dumps(_run_part(options.part[0], Path(options.part[1]))))
        return 0
    figures = Figures("flow")
    with tempfile.TemporaryDirectory(prefix="flow-") as scratch:
        small = _measure(Path(scratch) / "small", max(1, options.leavers // 10))
        full = _measure(Path(scratch) / "full", options.leavers)
    _report(figures, full, small, options.leavers)
    return figures.exit_code()


def _measure(folder: Path, leavers: int) -> dict[str, Part]:
    """Run every part for one size; return their figures."""
    for side in ("ours", "bare"):
        build(folder / side, leavers, rules=RULES)
    parts = {}
    for name in ("bare-prepare", "ours-prepare", "bare-take", "ours-take"):
        parts[name] = _start(name, folder)
    _same_work(folder, _COMPARED, "after taking in")
    for name in ("ours-grants", "bare-grants", "bare-members", "ours-members"):
        parts[name] = _start(name, folder)
    _same_work(folder, _COMPARED_AFTER, "after writing members")
    for name in ("bare-unchanged", "ours-unchanged"):
        parts[name] = _start(name, folder)
    shutil.rmtree(folder)
    return parts


def _start(name: str, folder: Path) -> Part:
    """Run one part in a process of its own."""
    side = folder / name.partition("-")[0]
    command = [sys.executable, __file__, "--part", name, str(side)]
    environment = {**os.environ, "ALUMNI_SYNC_MASTER_KEY": MASTER.hex()}
    done = subprocess.run(command, capture_output=True, check=False, env=environment)  # noqa: S603 ourselves
    if done.returncode:
        sys.stderr.write(done.stderr.decode())
        raise SystemExit(done.returncode)
    figures: Part = json.loads(done.stdout)
    return figures


def _run_part(name: str, folder: Path) -> Part:
    """Run one part in this process; return seconds, rows and memory (MiB above the imports)."""
    work = _PARTS[name]()
    before = _peak()
    started = time.perf_counter()
    rows = work(folder)
    return {
        "seconds": time.perf_counter() - started,
        "rows": rows,
        "memory": _peak() - before,
    }


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _ours_take() -> Callable[[Path], int]:
    import pandas  # noqa: F401, ICN001 as all imports: neither timed nor counted; judging loads it late

    from alumni_sync.clock import FixedClock
    from alumni_sync.deployment import Deployment
    from alumni_sync.eligibility.judging.judge import judge_leavers
    from alumni_sync.intake.pull import pull_leavers
    from alumni_sync.review.queue.following import sync_queue

    def work(folder: Path) -> int:
        clock = FixedClock(datetime.fromisoformat(AS_OF))
        with Deployment.open(folder / "alumni_sync.yaml", clock=clock) as d:
            counts = pull_leavers(d, "bulk", close=None, run_id="R-1")
            judge_leavers(d, run_id="R-1")
            sync_queue(d, run_id="R-1")
        return counts.read

    return work


def _ours_members() -> Callable[[Path], int]:
    from alumni_sync.clock import FixedClock
    from alumni_sync.deployment import Deployment
    from alumni_sync.membership.sync import sync_members

    def work(folder: Path) -> int:
        clock = FixedClock(datetime.fromisoformat(AS_OF))
        with Deployment.open(folder / "alumni_sync.yaml", clock=clock) as d:
            return sync_members(d, run_id="R-2").created

    return work


def _bare(name: str) -> Callable[[], Callable[[Path], int]]:
    def load() -> Callable[[Path], int]:
        import _bare_flow as bare_flow

        work: Callable[[Path, bytes], int] = getattr(bare_flow, name)
        return lambda folder: work(folder, MASTER)

    return load


def _prepare() -> Callable[[Path], int]:
    """Make the very schemas that the product has, empty, on either side: once in a lifetime."""
    from connectors.platforms.directory.store import open_store

    def work(folder: Path) -> int:
        _open_ledger(folder).close()
        for name in ("bare-community.db", "community.db"):
            open_store(folder / "var" / name).close()
        return 0

    return work


def _grants() -> Callable[[Path], int]:
    from _grants import record_grants

    from alumni_sync.clock import FixedClock
    from alumni_sync.consent.rounds.renewals import terms_of_today
    from alumni_sync.deployment import Plugins, load_configuration

    def work(folder: Path) -> int:
        configured = load_configuration(folder.parent / "ours" / "alumni_sync.yaml")
        terms = terms_of_today(Plugins(configured, lambda _purpose, _content: ""))
        with _open_ledger(folder) as ledger:
            return record_grants(ledger, FixedClock(datetime.fromisoformat(AS_OF)), terms)

    return work


def _open_ledger(folder: Path) -> "Ledger":
    from alumni_sync.ledger.store import Ledger

    var = folder / "var"
    return Ledger.open(f"sqlite:///{var}/ledger.db", f"sqlite:///{var}/keys.db", MASTER)


_PARTS: Final[dict[str, Callable[[], Callable[[Path], int]]]] = {
    "ours-take": _ours_take,
    "ours-unchanged": _ours_take,
    "ours-grants": _grants,
    "ours-members": _ours_members,
    "bare-prepare": _prepare,
    "ours-prepare": _prepare,
    "bare-take": _bare("intake"),
    "bare-unchanged": _bare("recheck"),
    "bare-grants": _grants,
    "bare-members": _bare("membership"),
}


def _same_work(folder: Path, tables: tuple[str, ...], when: str) -> None:
    """Stop where the two sides did not write the same rows, or not nearly the same sealed bytes."""
    counts = {}
    for side in ("ours", "bare"):
        with closing(sqlite3.connect(folder / side / "var" / "ledger.db")) as ledger:
            counts[side] = {
                table: ledger.execute(
                    f"SELECT count(*), {_bytes_of(ledger, table)} FROM {table}"
                ).fetchone()
                for table in tables
            }
    for table in tables:
        (rows, size), (bare_rows, bare_size) = counts["ours"][table], counts["bare"][table]
        print(
            f"  {when}, {table}: {rows:,} rows, {size / 1e6:.1f} MB sealed; "
            f"bare {bare_rows:,} rows, {bare_size / 1e6:.1f} MB"
        )
        if rows != bare_rows or not size / 1.35 <= bare_size <= size * 1.05:
            msg = f"{table}: the bare loop does not do the same work"
            raise SystemExit(msg)


def _bytes_of(ledger: sqlite3.Connection, table: str) -> str:
    has = any(row[1] == "sealed" for row in ledger.execute(f"PRAGMA table_info({table})"))
    return "coalesce(sum(length(sealed)), 0)" if has else "0"


def _report(figures: Figures, full: dict[str, Part], small: dict[str, Part], leavers: int) -> None:
    for name in ("take", "members", "unchanged"):
        ours, bare = full[f"ours-{name}"], full[f"bare-{name}"]
        figures.note(
            f"{name}: {leavers / ours['seconds']:,.0f} rows/s ({ours['seconds']:.1f} s), "
            f"bare {leavers / bare['seconds']:,.0f} rows/s ({bare['seconds']:.1f} s)"
        )
    took = {
        side: full[f"{side}-take"]["seconds"] + full[f"{side}-members"]["seconds"]
        for side in ("ours", "bare")
    }
    figures.at_most("flow vs bare loop", took["ours"] / took["bare"], BOUND_FLOW)
    again = full["ours-unchanged"]["seconds"] / full["bare-unchanged"]["seconds"]
    figures.at_most("run without changes vs parse, hash, compare", again, BOUND_UNCHANGED)
    for name in ("take", "members"):
        memory = [parts[f"ours-{name}"]["memory"] for parts in (full, small)]
        figures.note(f"{name}: {memory[0]:.0f} MiB above imports, at a tenth {memory[1]:.0f} MiB")
        figures.at_most(f"memory of {name} vs a tenth", memory[0] / memory[1], BOUND_MEMORY)


if __name__ == "__main__":
    raise SystemExit(main())
