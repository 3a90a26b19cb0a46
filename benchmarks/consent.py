"""The consent site against a bare page, and the check of a long chain against plain hashing.

Measured: 10,000 people with an open invitation answer it, 50 at once, from a second process:
link, cookie, page, and the form with its token, at the real site as `serve` serves it, over a real
ledger (SQLite). Beside it, in the same run and by the same clients, the same three requests at a
bare Starlette page that inserts one row (`_bare_site`). Turns alternate, so that whatever else the
machine does meets both. Then: `ledger verify` over a long chain made of the events that the first
part wrote, against reading and hashing the same bytes. Everything stays on 127.0.0.1.

    python benchmarks/consent.py [--invitations N] [--events N]
"""

import argparse
import json
import os
import re
import resource
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING, Any, Final

from _company import AS_OF, build
from _figures import Figures

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from alumni_sync.ledger.store import Ledger

INVITATIONS: Final = 10_000
EVENTS: Final = 1_000_000
BOUND_SITE: Final = 1 / 3  # of the bare page's answers a second
BOUND_VERIFY: Final = 4.0  # times reading and hashing
BOUND_MEMORY: Final = 1.1  # times the memory at a hundredth of the length

MASTER: Final = bytes(range(32))
RULES: Final = Path(__file__).parent.parent / "rules"
_TURNS: Final = 5
_ELIGIBLE: Final = 0.9  # of the leavers at least; the others left over misconduct
_LINK: Final = re.compile(rb"http://127\.0\.0\.1:\d+(/c/[\w-]+)")
_SAID: Final = "SELECT count(*), count(DISTINCT invitation_id) FROM consent_event WHERE event = ?"

Part = dict[str, Any]


def main() -> int:
    """Run everything and return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--invitations", type=int, default=INVITATIONS)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--part", nargs=2, metavar=("NAME", "FOLDER"))
    options = parser.parse_args()
    if options.part:
        _PARTS[options.part[0]](Path(options.part[1]))
        return 0
    figures = Figures("consent")
    with tempfile.TemporaryDirectory(prefix="consent-") as scratch:
        folder = Path(scratch)
        port = _free_port()
        _prepare(folder, options.invitations, port)
        _measure_site(figures, folder, options.invitations, port)
        _measure_chain(figures, folder, options.events)
    return figures.exit_code()


# --- parts: each in a process of its own ----------------------------------------------------------


@contextmanager
def _started(name: str, folder: Path, told: object = None) -> Iterator[subprocess.Popen[bytes]]:
    """Start a part; it ends with this context. It is told one JSON value on its stdin."""
    command = [sys.executable, __file__, "--part", name, str(folder)]
    environment = {**os.environ, "ALUMNI_SYNC_MASTER_KEY": MASTER.hex()}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment) as part:  # noqa: S603 ourselves
        assert part.stdin is not None
        part.stdin.write(json.dumps(told).encode() + b"\n")
        part.stdin.flush()
        try:
            yield part
        finally:
            part.stdin.close()  # a server stops when its caller is gone
            try:
                part.wait(timeout=30)
            except subprocess.TimeoutExpired:
                part.kill()


def _run(name: str, folder: Path, told: object = None) -> Part:
    """Run a part to its end; return the figures that it wrote."""
    with _started(name, folder, told) as part:
        assert part.stdout is not None
        said = part.stdout.read()
    if part.returncode:
        raise SystemExit(part.returncode)
    figures: Part = json.loads(said)
    return figures


def _told() -> Any:  # noqa: ANN401 JSON
    return json.loads(sys.stdin.readline())


def _say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def _free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


# --- the site -------------------------------------------------------------------------------------


def _prepare(folder: Path, invitations: int, port: int) -> None:
    """Take in a company and invite its leavers, by the stages themselves; none of it is timed."""
    shutil.copytree(RULES, folder / "rules")
    pack = folder / "rules" / "jurisdictions" / "pl.yaml"
    text = pack.read_text(encoding="utf-8")
    pack.write_text(text.replace('accepted_by: ""', "accepted_by: a benchmark"), encoding="utf-8")
    leavers = int(invitations / _ELIGIBLE) + 10
    config = build(folder / "company", leavers, rules=folder / "rules")
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("127.0.0.1:8400", f"127.0.0.1:{port}"), encoding="utf-8")
    asked = _run("invite", folder / "company")["asked"]
    if asked < invitations:
        msg = f"only {asked} of {leavers} were invited"
        raise SystemExit(msg)


def _invite(folder: Path) -> None:
    from alumni_sync.clock import FixedClock
    from alumni_sync.consent.invitations import plan_requests
    from alumni_sync.consent.mail.delivery import deliver_mail
    from alumni_sync.deployment import Deployment
    from alumni_sync.eligibility.judging.judge import judge_leavers
    from alumni_sync.intake.pull import pull_leavers
    from alumni_sync.review.queue.following import sync_queue

    _told()
    clock = FixedClock(datetime.fromisoformat(AS_OF))
    with Deployment.open(folder / "alumni_sync.yaml", clock=clock) as d:
        pull_leavers(d, "bulk", close=None, run_id="R-1")
        judge_leavers(d, run_id="R-1")
        sync_queue(d, run_id="R-1")
        plan_requests(d, "R-1")
        _say({"asked": deliver_mail(d, "R-1").sent})


def _serve_ours(folder: Path) -> None:
    """Serve the consent site of the company until our caller is gone; the worker has no chores."""
    from alumni_sync.clock import FixedClock
    from alumni_sync.deployment import Deployment
    from alumni_sync.sites.composition import sites_of

    port = _told()
    clock = FixedClock(datetime.fromisoformat(AS_OF) + timedelta(hours=1))
    with Deployment.open(folder / "alumni_sync.yaml", clock=clock) as d:
        site, _desk = sites_of(d, host="127.0.0.1", port=port, desk_port=0, wake=lambda: None)
        _serve(site.app, port)


def _serve_bare(folder: Path) -> None:
    from _bare_site import bare_site

    port, page_bytes = _told()
    _serve(bare_site(folder, page_bytes), port)


def _serve(app: "ASGIApp", port: int) -> None:
    """Serve as `serve` does, until our caller closes our stdin."""
    from alumni_sync.logs import set_up_logging
    from alumni_sync.sites.serve import Site, serve
    from alumni_sync.sites.worker import Chore, Worker

    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        set_up_logging(json=True, stream=nowhere)
        stop = threading.Event()
        threading.Thread(target=_stop_with_caller, args=[stop], daemon=True).start()
        idle = Worker([Chore("none", lambda _run: None, 3600.0)], time.monotonic)
        before = time.process_time()
        serve([Site("site", app, "127.0.0.1", port)], idle, stop, say=_say)
        _say(time.process_time() - before)


def _stop_with_caller(stop: threading.Event) -> None:
    sys.stdin.read()
    stop.set()


def _visit(_folder: Path) -> None:
    from _clients import visit_all

    port, links = _told()
    _say(visit_all(port, links))


def _measure_site(figures: Figures, folder: Path, people: int, port: int) -> None:
    links = _links(folder / "company" / "var" / "outbox")[:people]
    bare_port = _free_port()
    turns: dict[str, list[Part]] = {"bare": [], "ours": []}
    share = -(-people // _TURNS)
    with _started("serve-ours", folder / "company", port) as ours:
        _ready(ours)
        size = _page_bytes(port, links[0])
        with _started("serve-bare", folder, (bare_port, size)) as bare:
            _ready(bare)
            for begin in range(0, people, share):
                some = links[begin : begin + share]
                turns["bare"].append(_run("visit", folder, (bare_port, some)))
                turns["ours"].append(_run("visit", folder, (port, some)))
            seconds = {"ours": _stop(ours), "bare": _stop(bare)}
    rates = {side: _report_side(figures, side, parts) for side, parts in turns.items()}
    each = {side: seconds[side] / people * 1000 for side in turns}
    figures.note(
        f"processor time an answer: ours {each['ours']:.2f} ms, bare {each['bare']:.2f} ms"
    )
    figures.at_least("answers a second vs the bare page", rates["ours"] / rates["bare"], BOUND_SITE)
    _once_each(folder / "company" / "var" / "ledger.db", people)
    figures.note(f"{people:,} people, {people:,} decisions in the chain, one each, no error")


def _ready(server: subprocess.Popen[bytes]) -> None:
    assert server.stdout is not None
    if not server.stdout.readline():
        msg = "a server did not start"
        raise SystemExit(msg)


def _stop(server: subprocess.Popen[bytes]) -> float:
    """Let a server stop; return the processor time that it took, in seconds."""
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.close()
    seconds: float = json.loads(server.stdout.readlines()[-1])
    return seconds


def _links(outbox: Path) -> list[str]:
    """Return the path of the link in every invitation, in an order that says nothing."""
    found = [_LINK.search(mail.read_bytes()) for mail in sorted(outbox.glob("*.eml"))]
    return [link[1].decode() for link in found if link]


def _page_bytes(port: int, link: str) -> int:
    """Return how large our page is, by looking at it once: the bare page is made as large."""
    from _clients import page_bytes

    return page_bytes(port, link)


def _report_side(figures: Figures, side: str, parts: list[Part]) -> float:
    """Print what one side did; stop where anybody's answer was not taken."""
    errors = {what: count for part in parts for what, count in part["errors"].items()}
    if errors:
        msg = f"{side}: {errors}"
        raise SystemExit(msg)
    answered, seconds = (sum(part[what] for part in parts) for what in ("answered", "seconds"))
    waits = quantiles([wait for part in parts for wait in part["waits"]], n=100)
    rate: float = answered / seconds
    figures.note(
        f"{side}: {answered:,} answers in {seconds:.1f} s: {rate:,.0f} answers/s, "
        f"{3 * rate:,.0f} requests/s; three requests took {waits[49] * 1000:.0f} ms "
        f"(median), {waits[98] * 1000:.0f} ms (99th percentile)"
    )
    return rate


def _once_each(path: Path, people: int) -> None:
    """Stop unless every answer is in the chain, once."""
    with closing(sqlite3.connect(path)) as ledger:
        events, invitations = ledger.execute(_SAID, ("said_yes",)).fetchone()
    if not events == invitations == people:
        msg = f"{people} people answered: {events} events about {invitations} invitations"
        raise SystemExit(msg)


# --- the chain ------------------------------------------------------------------------------------


def _measure_chain(figures: Figures, folder: Path, events: int) -> None:
    models = folder / "company" / "var" / "ledger.db"
    small = _lengths(folder / "short", models, max(1, events // 100))
    full = _lengths(folder / "long", models, events)
    figures.note(
        f"verify: {events:,} events, {full['bytes'] / 1e6:,.0f} MB, in {full['verify']:.1f} s "
        f"({events / full['verify']:,.0f} events/s); read and hash {full['read']:.1f} s"
    )
    figures.at_most("verify vs read and hash", full["verify"] / full["read"], BOUND_VERIFY)
    figures.note(f"verify: peak {full['peak']:.0f} MiB, at a hundredth {small['peak']:.0f} MiB")
    figures.at_most("memory of verify vs a hundredth", full["peak"] / small["peak"], BOUND_MEMORY)


def _lengths(folder: Path, models: Path, events: int) -> Part:
    """Make a chain, and return what checking it and merely reading it took."""
    size = _run("make-chain", folder, (str(models), events))["bytes"]
    read, verified = _run("read-chain", folder), _run("verify-chain", folder)
    shutil.rmtree(folder)
    if not read["events"] == verified["events"] == events or verified["problem"]:
        msg = f"read {read['events']}, verified {verified['events']}: {verified['problem']}"
        raise SystemExit(msg)
    return {
        "bytes": size,
        "read": read["seconds"],
        "verify": verified["seconds"],
        "peak": verified["peak"],
    }


def _make_chain(folder: Path) -> None:
    from _long_chain import write_chain

    models, events = _told()
    folder.mkdir()
    _open_ledger(folder).close()
    _say({"bytes": write_chain(Path(models), folder / "ledger.db", events)})


def _read_chain(folder: Path) -> None:
    from _long_chain import read_and_hash

    _told()
    started = time.perf_counter()
    count = read_and_hash(folder / "ledger.db")
    _say({"events": count, "seconds": time.perf_counter() - started})


def _verify_chain(folder: Path) -> None:
    from alumni_sync.ledger.chain import verify

    _told()
    with _open_ledger(folder) as ledger:
        started = time.perf_counter()
        report = verify(ledger)
        seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _say({"events": report.events, "problem": report.problem, "seconds": seconds, "peak": peak})


def _open_ledger(folder: Path) -> "Ledger":
    from alumni_sync.ledger.store import Ledger

    return Ledger.open(f"sqlite:///{folder}/ledger.db", f"sqlite:///{folder}/keys.db", MASTER)


_PARTS: Final[dict[str, Callable[[Path], None]]] = {
    "invite": _invite,
    "serve-ours": _serve_ours,
    "serve-bare": _serve_bare,
    "visit": _visit,
    "make-chain": _make_chain,
    "read-chain": _read_chain,
    "verify-chain": _verify_chain,
}


if __name__ == "__main__":
    raise SystemExit(main())
