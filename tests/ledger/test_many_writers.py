"""T31 across processes: site, daemon and commands write at once and know nothing of each other."""

import subprocess
import sys
from pathlib import Path

from alumni_sync.ledger.chain import verify
from alumni_sync.ledger.store import Ledger
from tests.conftest import MASTER

PROCESSES, THREADS, EACH = 2, 50, 1
ROOT = Path(__file__).parents[2]
WRITER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from alumni_sync.ledger.store import Ledger
from tests.ledger.chains import append

with Ledger.open(*sys.argv[1:3], bytes.fromhex(sys.argv[3]), create=False) as ledger:
    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(int(sys.argv[4])) as pool:
        for seqs in pool.map(lambda _: append(ledger, int(sys.argv[5])), range(int(sys.argv[4]))):
            print(*seqs)
"""


def test_t31_a_hundred_writers_of_several_processes_make_one_chain(
    ledger: Ledger, ledger_urls: tuple[str, str]
) -> None:
    """A number given twice is a fork: one of two answers would be gone from the evidence."""
    command = [sys.executable, "-c", WRITER, *ledger_urls, MASTER.hex(), str(THREADS), str(EACH)]
    writers = [
        subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="ascii"
        )
        for _ in range(PROCESSES)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert "ready\n" == writer.stdout.readline()
    said = []
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        said.append(writer.communicate(timeout=120)[0])
        assert 0 == writer.returncode

    total = PROCESSES * THREADS * EACH
    assert list(range(1, total + 1)) == sorted(int(seq) for text in said for seq in text.split())
    assert (total, None) == (verify(ledger).events, verify(ledger).broken_seq)
