"""A PostgreSQL of the tests' own: a temporary cluster on a Unix socket, or one that is named.

`ALUMNI_SYNC_TEST_POSTGRES` names a server (a SQLAlchemy URL of a superuser); without it the
binaries of Debian's `postgresql` package are used (not on PATH, and initdb refuses root).
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.engine import URL, make_url

_NUMBERS = count(1)
_SPEED = "fsync=off synchronous_commit=off full_page_writes=off max_connections=200"


class Missing(Exception):
    """There is no PostgreSQL here; the message says what to install or to set."""


class Server:
    """A running server on which databases are made from a template and dropped."""

    def __init__(self, url: URL) -> None:
        """Use the server at `url`."""
        self.url = url

    def create(self, template: str = "template0") -> str:
        """Make an empty database (or a copy of `template`); return its URL."""
        name = f"alumni_sync_{os.getpid()}_{next(_NUMBERS)}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url.set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        """Drop a database, whoever is connected."""
        self._run(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        engine = create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()


@contextmanager
def server() -> Iterator[Server]:
    """Yield a server; raises `Missing`."""
    named = os.environ.get("ALUMNI_SYNC_TEST_POSTGRES")
    if named:
        yield Server(make_url(named))
        return
    with _temporary_cluster() as url:
        yield Server(url)


@contextmanager
def _temporary_cluster() -> Iterator[URL]:
    """Initialise and start a cluster in a temporary folder; stop and remove it at the end."""
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="alumni-pg-"))
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(folder, "postgres", "postgres")
    folder.chmod(0o755)
    data = folder / "data"

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [*as_user, str(binaries / program), "-D", str(data), *arguments],
            check=True,
            cwd=folder,
            stdout=subprocess.DEVNULL,
        )

    try:
        run("initdb", "-U", "tester", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        options = " ".join(f"-c {option}" for option in _SPEED.split())
        listen = f"-c listen_addresses= -c unix_socket_directories={folder}"
        run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", f"{options} {listen}", "start")
        try:
            yield make_url(f"postgresql+psycopg://tester@/postgres?host={folder}")
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    """Return the folder that has initdb, of the newest version that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    msg = "no PostgreSQL: install Debian's postgresql, or set ALUMNI_SYNC_TEST_POSTGRES"
    raise Missing(msg)
