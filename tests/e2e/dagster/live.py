"""A deployment that is up: its processes, its mails, its visitors, and Dagster's own interface."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

from alumni_sync.cli.sample_visitor import Browser, Letter, read_letters
from alumni_sync.cli.supervisor import MARK
from alumni_sync.cli.up import executable
from alumni_sync.settings import child_environment
from tests.assets.small import use_ports, write_small_sample
from tests.reverse_proxy import COOKIE, Behind, proxied

STARTS = "2026-11-03T09:00:00+00:00"
"""A Tuesday morning after the October payroll; the clock ticks on from there."""

SECRET = "a-shared-secret"
LOOK_EVERY = 0.2  # seconds
LAUNCH = """mutation($p: ExecutionParams!) {
  launchRun(executionParams: $p) { __typename ... on LaunchRunSuccess { run { runId } } } }"""

EXECUTE_AGAIN = """mutation($p: ReexecutionParams!) {
  launchRunReexecution(reexecutionParams: $p) {
    __typename ... on LaunchRunSuccess { run { runId } } } }"""


def free_port() -> int:
    """Return a port that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Live:
    """One company and its `alumni-sync up`."""

    folder: Path
    dagster_port: int
    site_port: int
    desk_port: int
    began: float = field(default_factory=time.time)
    process: "subprocess.Popen[bytes] | None" = None
    proxy: int = (
        0  # the port of a proxy before desk and UI, at /desk and /dagster; 0: there is none
    )

    @classmethod
    def make(cls, folder: Path) -> Self:
        """Write a small company into `folder`, on free ports."""
        company = cls(folder, free_port(), free_port(), free_port())
        config = write_small_sample(folder)
        use_ports(
            config,
            dagster=company.dagster_port,
            site=company.site_port,
            desk=company.desk_port,
        )
        return company

    @classmethod
    def make_proxied(cls, folder: Path) -> Self:
        """Write a small company whose desk and UI are reached through a proxy, under prefixes."""
        company = cls(folder, free_port(), free_port(), free_port(), proxy=free_port())
        config = write_small_sample(folder)
        use_ports(config, dagster=company.proxy, site=company.site_port, desk=company.proxy)
        text = config.read_text(encoding="utf-8")
        for name in ("desk", "dagster"):
            address = f'{name}: {{url: "http://127.0.0.1:{company.proxy}'
            text = text.replace(f'{address}"', f'{address}/{name}"')
        section = f"\nproxy: {{user_header: X-Forwarded-User, secret: {SECRET}}}\n"
        config.write_text(text + section, encoding="utf-8")
        return company

    @contextmanager
    def behind_proxy(self) -> Iterator[None]:
        """Run the proxy; of the two, one gets its prefix and the other does not."""
        ports = {"/desk": self.desk_port, "/dagster": self.dagster_port}
        with proxied(self.proxy, Behind(ports, SECRET, stripped=frozenset({"/desk"}))):
            yield

    @property
    def home(self) -> Path:
        """Return Dagster's home."""
        return self.folder / "var" / "dagster"

    @property
    def log(self) -> Path:
        """Return what all processes printed."""
        return self.folder / "up.log"

    def take_in(self) -> None:
        """Take the leavers in by command, for tests that are not about the schedule."""
        done = subprocess.run(
            [executable("alumni-sync"), "run"],
            cwd=self.folder,
            env=self._environment(),
            check=False,
            capture_output=True,
        )
        assert done.returncode in {0, 1}, done.stderr  # 1: some rows of the sample are odd

    def start(self) -> None:
        """Start everything and wait until it can be opened."""
        before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            ports = ["--dagster-port", self.dagster_port, "--desk-port", self.desk_port]
            self.process = subprocess.Popen(
                [executable("alumni-sync"), "up", *map(str, ports)],
                cwd=self.folder,
                env=self._environment(),
                stdout=log,
                stderr=log,
            )

        def announced() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()[before:]
            return b"Ctrl-C stops everything." in self.log.read_bytes()[before:]

        self.eventually(announced, 180, "it did not start")

    def _environment(self) -> dict[str, str]:
        environment = child_environment(ALUMNI_SYNC_AS_OF=f"{STARTS}@{self.began}")
        environment.pop("DAGSTER_HOME", None)
        return environment

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Stop everything as Ctrl-C does; return the exit code."""
        if self.process is None or self.process.returncode is not None:
            return 0
        self.process.send_signal(number)
        return self.process.wait(60)

    def eventually(self, holds: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait until something holds, at most so many seconds."""
        began = time.monotonic()
        while not holds():
            waited = time.monotonic() - began
            assert waited < seconds, f"{what} within {seconds} s\n{self.log.read_text()[-4000:]}"
            time.sleep(LOOK_EVERY)

    # --- people ---------------------------------------------------------------------------------

    def letters(self) -> list[Letter]:
        """Return all mails that were sent."""
        return read_letters(self.folder / "var" / "outbox")

    def invitations(self) -> list[Letter]:
        """Return the mails that ask."""
        return [letter for letter in self.letters() if letter.link("/c/")]

    def mailed_twice(self) -> list[tuple[str, str]]:
        """Return address and subject of mails that somebody got more than once."""
        counted = Counter((letter.to, letter.subject) for letter in self.letters())
        return [mail for mail, count in counted.items() if count > 1]

    def says_yes(self, letter: Letter) -> None:
        """Let an invited person say yes, with nothing ticked beyond it."""
        browser = Browser(self.site_port)
        page = browser.open(letter.link("/c/"))
        assert 200 == browser.submit(page, page.form("answer"), {"answer": ["yes"]}).status

    def withdraws(self, letter: Letter) -> None:
        """Let a member leave, by the link of their confirmation."""
        links = [one.link("/p/") for one in self.letters() if one.to == letter.to]
        browser = Browser(self.site_port)
        page = browser.open(next(link for link in links if link))
        chosen = {"leave": ["everything"]}
        assert 200 == browser.submit(page, page.form("leave"), chosen).status

    def can_leave(self, letter: Letter) -> bool:
        """Say whether a member has got the mail by which they can leave."""
        return any(one.link("/p/") for one in self.letters() if one.to == letter.to)

    def is_on_platform(self, letter: Letter) -> bool:
        """Say whether the address stands anywhere in the bytes of the platform."""
        files = (self.folder / "var").glob("community.*")
        return any(letter.to.encode() in path.read_bytes() for path in files)

    def becomes_member(self, letter: Letter, *, within: float = 180) -> None:
        """Let somebody say yes, and wait so many seconds until the platform holds them."""
        self.says_yes(letter)
        self.eventually(lambda: self.is_on_platform(letter), within, "a yes had no effect")

    # --- the ledger, by its own means -------------------------------------------------------------

    def statuses(self) -> dict[int, str]:
        """Return case → status."""
        return dict(self._rows("select id, status from exclusion_case"))

    def case_of(self, verdict: str) -> int:
        """Return a case that waits, by its verdict."""
        query = "select id from exclusion_case where status = 'open' and verdict = ? order by id"
        return int(self._rows(query, verdict)[0][0])

    def _rows(self, query: str, *values: str) -> list[Any]:
        with closing(sqlite3.connect(self.folder / "var" / "ledger.db")) as connection:
            return connection.execute(query, values).fetchall()

    # --- Dagster ----------------------------------------------------------------------------------

    def graphql(
        self, query: str, variables: Mapping[str, Any], *, method: str = "POST", **headers: str
    ) -> Any:  # noqa: ANN401 JSON
        """Ask Dagster's webserver, as any page in a browser on this machine can."""
        port, path = self.dagster_port, "/graphql"
        if self.proxy:
            port, path = self.proxy, "/dagster/graphql"
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        content = {"query": query, "variables": json.dumps(dict(variables))}
        if method == "GET":
            connection.request("GET", f"{path}?{urlencode(content)}", headers=headers)
        else:
            body = json.dumps({"query": query, "variables": variables})
            headers = {"Content-Type": "application/json", **headers}
            connection.request("POST", path, body, headers)
        with closing(connection), connection.getresponse() as response:
            return json.loads(response.read())

    def launch(self, job: str, config: object, *, method: str = "POST", **headers: str) -> str:
        """Launch a job over GraphQL, with tags of the caller's choice; return the run's id."""
        parameters = {
            "selector": {
                "repositoryLocationName": "alumni_sync",
                "repositoryName": "__repository__",
                "pipelineName": job,
            },
            "runConfigData": json.dumps(config),
            "executionMetadata": {
                "tags": [
                    {"key": "alumni_sync/user", "value": "legal.weber"},
                    {"key": "alumni_sync/user_signature", "value": "0" * 64},
                ]
            },
        }
        answer = self.graphql(LAUNCH, {"p": parameters}, method=method, **headers)
        return str(answer["data"]["launchRun"]["run"]["runId"])

    def execute_again(self, run_id: str) -> str:
        """Execute the failed steps of a run again; return the new run's id."""
        parameters = {"parentRunId": run_id, "strategy": "FROM_FAILURE"}
        answer = self.graphql(EXECUTE_AGAIN, {"p": parameters})
        return str(answer["data"]["launchRunReexecution"]["run"]["runId"])

    def steps_begun(self, run_id: str) -> list[str]:
        """Return the steps of a run that were begun."""
        query = (
            "query($id: ID!) { runOrError(runId: $id) { ... on Run { stepStats { stepKey } } } }"
        )
        steps = self.graphql(query, {"id": run_id})["data"]["runOrError"]["stepStats"]
        return [step["stepKey"] for step in steps]

    def run_status(self, run_id: str) -> str:
        """Return how a run stands."""
        query = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
        signed_on = {"Cookie": f"{COOKIE}=ops.nowak"} if self.proxy else {}
        answer = self.graphql(query, {"id": run_id}, **signed_on)
        return str(answer["data"]["runOrError"]["status"])

    def ends(self, run_id: str) -> str:
        """Wait for the end of a run and return its status."""
        over = {"SUCCESS", "FAILURE", "CANCELED"}
        self.eventually(lambda: self.run_status(run_id) in over, 180, f"run {run_id} did not end")
        return self.run_status(run_id)

    # --- processes --------------------------------------------------------------------------------

    def pids(self) -> list[int]:
        """Return the processes that are, or were started by, this company's `up`."""
        return [pid for pid, _ in self._processes()]

    def _processes(self) -> Iterator[tuple[int, str]]:
        mine = f"DAGSTER_HOME={self.home}".encode()
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                environment = (entry / "environ").read_bytes().split(b"\0")
                if mine in environment and any(e.startswith(MARK.encode()) for e in environment):
                    yield int(entry.name), (entry / "cmdline").read_text().replace("\0", " ")

    def kill_dagster(self) -> list[int]:
        """Kill webserver, daemon, code servers and workers as by `kill -9`; return their pids."""
        pids = [pid for pid, line in self._processes() if " serve " not in f"{line} "]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return pids
