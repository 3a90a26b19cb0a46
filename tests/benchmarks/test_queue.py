"""The queue's benchmark bears the name of a module of the standard library, and gives it back."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_other_benchmarks_get_the_standard_librarys_queue() -> None:
    """A script's folder comes first: threads, logging and Dagster would find a benchmark."""
    asked = "import queue, concurrent.futures, logging.handlers; print(queue.SimpleQueue().empty())"

    done = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=ROOT / "benchmarks",
        capture_output=True,
        text=True,
        check=False,
    )

    assert ("True\n", "") == (done.stdout, done.stderr)
