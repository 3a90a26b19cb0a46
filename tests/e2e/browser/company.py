"""The sample company with its real mails, its real `serve`, and its directory on disk."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from socket import socket

from alumni_sync.cli.init import write_deployment
from alumni_sync.cli.sample_visitor import Letter, read_letters
from alumni_sync.clock import clock_from
from alumni_sync.consent.invitations import plan_requests
from alumni_sync.consent.mail.delivery import deliver_mail
from alumni_sync.deployment import Deployment
from alumni_sync.eligibility.judging.judge import judge_leavers
from alumni_sync.intake.pull import pull_leavers
from alumni_sync.ledger.ids import new_id
from alumni_sync.membership.sync import sync_members
from alumni_sync.review.queue.following import sync_queue
from alumni_sync.settings import child_environment

CLOSE = date(2026, 10, 29)
START = datetime(2026, 10, 29, 17, 10, tzinfo=UTC)
PATIENCE = 60.0  # seconds, on a busy machine


@dataclass(frozen=True)
class Company:
    """One company on disk; `as_of` is the ticking clock that all its processes share."""

    folder: Path
    as_of: str
    site: str
    desk: str

    @property
    def config(self) -> Path:
        """Path of the configuration."""
        return self.folder / "alumni_sync.yaml"

    @contextmanager
    def deployment(self) -> Iterator[Deployment]:
        """Open the deployment in this process."""
        with Deployment.open(self.config, clock=clock_from(self.as_of)) as deployment:
            yield deployment

    def first_run(self) -> None:
        """Do what the first run after a payroll close does, up to the mails."""
        with self.deployment() as d:
            for source in d.settings.sources:
                pull_leavers(d, source, close=CLOSE, run_id="R-1")
            judge_leavers(d, run_id="R-1")
            sync_queue(d, run_id="R-1")
            plan_requests(d, run_id="R-1")
            deliver_mail(d, run_id="R-1")

    def sync(self) -> None:
        """Do what Dagster does within a minute after a yes."""
        with self.deployment() as d:
            sync_members(d, new_id("R"))

    def letters(self, path: str) -> list[Letter]:
        """Return the mails that carry a link of a kind (`/c/`, `/p/`)."""
        return [x for x in read_letters(self.folder / "var" / "outbox") if x.link(path)]

    def shown(self) -> list[tuple[str, str]]:
        """Return (name, card) of everybody whom the directory shows, by its own means."""
        with closing(sqlite3.connect(self.folder / "var" / "community.db")) as directory:
            query = "SELECT name, card FROM member WHERE visible = 1"
            return [(str(name), str(card)) for name, card in directory.execute(query)]

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Run `alumni-sync serve` beside the test."""
        ports = [
            "--port",
            self.site.rpartition(":")[2],
            "--desk-port",
            self.desk.rpartition(":")[2],
        ]
        command = [str(Path(sys.executable).with_name("alumni-sync")), "serve", *ports]
        process = subprocess.Popen(
            [*command, "--config", str(self.config)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=child_environment(ALUMNI_SYNC_AS_OF=self.as_of),
        )
        try:
            assert process.stdout is not None
            assert "on http" in process.stdout.readline(), "serve did not start"
            assert "on http" in process.stdout.readline(), "the desk did not start"
            yield
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE)


def new_company(folder: Path) -> Company:
    """Write the sample company, with sites on free ports."""
    write_deployment(folder, from_sample=True)
    site, desk = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    config = folder / "alumni_sync.yaml"
    text = config.read_text(encoding="utf-8")
    text = text.replace("http://127.0.0.1:8400", site).replace("http://127.0.0.1:8401", desk)
    config.write_text(text, encoding="utf-8")
    return Company(folder, f"{START.isoformat()}@{time.time()}", site, desk)


def free_port() -> int:
    """Return a port that nothing listens on just now."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(check: Callable[[], bool], what: str) -> None:
    """Wait until another process has done something; fail when it has not in good time."""
    end = time.monotonic() + PATIENCE
    while not check():
        assert time.monotonic() < end, what
        time.sleep(0.2)
