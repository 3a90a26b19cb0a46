"""A long exclusion queue in a browser: 50,000 cases that wait, against none and against fifty.

Measured in Chromium, medians of 5, in one run: the asset page of `exclusion_queue` in the real
Dagster UI, with 50,000 open cases and with none, from the request to the last entry that it shows;
and the HR desk's list, as `serve` serves it, with 50,000 open cases and with fifty. Each company is
taken in by the real intake job, which is not timed. Turns alternate, each in a browser window of
its own, after one that nobody times. Everything stays on 127.0.0.1. Run it as `queue.py`.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import date, datetime
from http.client import HTTPConnection
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from _company import AS_OF, build
from _figures import Figures

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CASES: Final = 50_000
FEW: Final = 50
TURNS: Final = 5
BOUND_PAGE: Final = 1.5  # times the asset page without a case
BOUND_DESK: Final = 2.0  # times the desk's list with fifty

MASTER: Final = bytes(range(32))
SCRIPT: Final = Path(__file__).with_name("queue.py")
RULES: Final = Path(__file__).parent.parent / "rules"
CHROMIUM: Final = Path("/usr/bin/chromium")
ADVERSE: Final = ("M1", "X9")
"""Exit codes: one that a rule excludes, and one that nobody knows, which goes to review."""
_PATIENCE: Final = 120.0  # seconds
_SHOWN: Final = 40  # entries on the asset page

Show = Callable[["Page", int, int], float]
"""Opens a page at a port that has so many cases; returns the seconds until it is there."""


def main() -> int:
    """Run everything and return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--part", nargs=3, metavar=("NAME", "FOLDER", "PORT"))
    options = parser.parse_args()
    if options.part:
        name, folder, port = options.part
        _PARTS[name](Path(folder), int(port))
        return 0
    figures = Figures("queue")
    sizes = {"none": 0, "few": min(FEW, options.cases), "many": options.cases}
    with tempfile.TemporaryDirectory(prefix="queue-") as scratch:
        folders = {name: Path(scratch) / name for name in sizes}
        for name, folder in folders.items():
            _prepare(folder, sizes[name])
        _measure(figures, folders, sizes)
    return figures.exit_code()


# --- parts: each in a process of its own ----------------------------------------------------------


def _environment(folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "ALUMNI_SYNC_MASTER_KEY": MASTER.hex(),
        "ALUMNI_SYNC_CONFIG": str(folder / "alumni_sync.yaml"),
        "DAGSTER_HOME": str(folder / "var" / "dagster"),
    }


def _part(name: str, folder: Path, port: int) -> list[str]:
    return [sys.executable, str(SCRIPT), "--part", name, str(folder), str(port)]


def _prepare(folder: Path, cases: int) -> None:
    """Take in a company with so many leavers on whom somebody must rule, by the real job."""
    build(folder, max(cases, 1), rules=RULES, codes=ADVERSE if cases else ("R1",))
    config = folder / "alumni_sync.yaml"
    text = config.read_text(encoding="utf-8")
    for usual in (3000, 8401):
        text = text.replace(f"127.0.0.1:{usual}", f"127.0.0.1:{_free_port()}")
    config.write_text(text, encoding="utf-8")
    subprocess.run(_part("take-in", folder, 0), check=True, env=_environment(folder))  # noqa: S603 ourselves


def _take_in(folder: Path, _port: int) -> None:
    from alumni_sync.clock import FixedClock
    from alumni_sync.deployment import Deployment
    from assets.in_process import run_intake

    clock = FixedClock(datetime.fromisoformat(AS_OF))
    with Deployment.open(folder / "alumni_sync.yaml", clock=clock) as d:
        done = run_intake(d, "bulk", date(2026, 10, 30))
        if done.error is not None:
            raise done.error


def _serve_desk(folder: Path, port: int) -> None:
    """Serve the HR desk until we are told to end."""
    import uvicorn

    from alumni_sync.clock import FixedClock
    from alumni_sync.deployment import Deployment
    from alumni_sync.logs import set_up_logging
    from alumni_sync.sites.composition import sites_of

    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        set_up_logging(json=True, stream=nowhere)
        clock = FixedClock(datetime.fromisoformat(AS_OF))
        with Deployment.open(folder / "alumni_sync.yaml", clock=clock) as d:
            _site, desk = sites_of(d, host="127.0.0.1", port=0, desk_port=port, wake=lambda: None)
            uvicorn.run(desk.app, host="127.0.0.1", port=port, log_level="error")


_PARTS: Final[Mapping[str, Callable[[Path, int], None]]] = {
    "take-in": _take_in,
    "serve-desk": _serve_desk,
}


@contextmanager
def _dagster(folder: Path) -> Iterator[int]:
    """Run Dagster's webserver on a company's home; yield its port."""
    port = _port_in(folder, "dagster")
    workspace = files("alumni_sync").joinpath("cli", "templates", "workspace.yaml")
    command = [
        str(Path(sys.executable).with_name("dagster-webserver")),
        *("-h", "127.0.0.1", "-p", str(port), "-w", str(workspace)),
        *("--log-level", "error", "--code-server-log-level", "error"),
    ]
    with _running(command, folder, port, "/server_info"):
        yield port


@contextmanager
def _desk(folder: Path) -> Iterator[int]:
    """Run the HR desk of a company; yield its port."""
    port = _port_in(folder, "desk")
    with _running(_part("serve-desk", folder, port), folder, port, "/healthz"):
        yield port


@contextmanager
def _running(command: list[str], folder: Path, port: int, path: str) -> Iterator[None]:
    """Run a server until the end of the context, from when it answers."""
    with subprocess.Popen(command, env=_environment(folder)) as server:  # noqa: S603 ourselves
        try:
            _until_it_answers(server, port, path)
            yield
        finally:
            server.terminate()


def _until_it_answers(server: "subprocess.Popen[bytes]", port: int, path: str) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and server.poll() is None:
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
                connection.request("GET", path)
                if connection.getresponse().status == 200:  # noqa: PLR2004 OK
                    return
        except OSError:
            time.sleep(0.2)
    msg = "a server did not start"
    raise SystemExit(msg)


def _free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _port_in(folder: Path, section: str) -> int:
    """Return the port that a company's configuration names for a site."""
    text = (folder / "alumni_sync.yaml").read_text(encoding="utf-8")
    return int(text.partition(f'{section}: {{url: "http://127.0.0.1:')[2].partition('"')[0])


# --- the browser ----------------------------------------------------------------------------------


def _measure(figures: Figures, folders: Mapping[str, Path], sizes: Mapping[str, int]) -> None:
    from playwright.sync_api import sync_playwright

    executable = str(CHROMIUM) if CHROMIUM.exists() else None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        with _dagster(folders["none"]) as none, _dagster(folders["many"]) as many:
            ports = {"none": none, "many": many}
            pages = _turns(browser, _open_asset, ports, sizes)
        with _desk(folders["few"]) as few, _desk(folders["many"]) as many:
            lists = _turns(browser, _open_list, {"few": few, "many": many}, sizes)
        browser.close()
    cases = f"{sizes['many']:,} open cases"
    figures.note(_said("asset page", pages, sizes))
    figures.at_most(f"asset page, {cases} vs none", pages["many"] / pages["none"], BOUND_PAGE)
    figures.note(_said("desk's list", lists, sizes))
    fewer = f"{sizes['few']} of them"
    figures.at_most(f"desk's list, {cases} vs {fewer}", lists["many"] / lists["few"], BOUND_DESK)


def _said(what: str, seconds: Mapping[str, float], sizes: Mapping[str, int]) -> str:
    each = (f"{seconds[name] * 1000:.0f} ms with {sizes[name]:,}" for name in seconds)
    return f"{what}, median of {TURNS}: {', '.join(each)}"


def _turns(
    browser: "Browser", show: Show, ports: Mapping[str, int], sizes: Mapping[str, int]
) -> dict[str, float]:
    """Return the median of each side; both take turns, after one that is not timed."""
    taken: dict[str, list[float]] = {name: [] for name in ports}
    for turn in range(TURNS + 1):
        for name, port in ports.items():
            context = browser.new_context(viewport={"width": 1500, "height": 1000})
            page = context.new_page()
            page.set_default_timeout(_PATIENCE * 1000)
            seconds = show(page, port, sizes[name])
            context.close()
            if turn:
                taken[name].append(seconds)
    return {name: median(each) for name, each in taken.items()}


def _open_asset(page: "Page", port: int, cases: int) -> float:
    """Open the asset page: it is there when its counts, and the links of its cases, are."""
    began = time.perf_counter()
    page.goto(f"http://127.0.0.1:{port}/assets/exclusion_queue")
    page.locator("tr", has_text="waiting, up to 7 days").wait_for()
    if cases:
        page.get_by_role("link", name="uphold").nth(min(cases, _SHOWN) - 1).wait_for()
    return time.perf_counter() - began


def _open_list(page: "Page", port: int, cases: int) -> float:
    """Open the desk's list; it has no script, so it is there when it is loaded."""
    began = time.perf_counter()
    page.goto(f"http://127.0.0.1:{port}/", wait_until="load")
    seconds = time.perf_counter() - began
    shown = page.locator("tbody tr").count()
    if shown != min(cases, FEW):
        msg = f"{shown} cases on a list of {cases:,}"
        raise SystemExit(msg)
    return seconds
