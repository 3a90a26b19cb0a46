"""A PostgreSQL of the tests' own: a temporary cluster on a Unix socket, or one that is named.

`ALUMNI_SYNC_TEST_POSTGRES` names a server (a SQLAlchemy URL of a superuser); without it the
binaries of Debian's `postgresql` package are used (not on PATH, and initdb refuses root).
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.engine import URL, make_url

TEMPORARY = "PYTEST_DEBUG_TEMPROOT"
"""In the environment: where pytest, and we, put what is temporary."""

_NUMBERS = count(1)
_SPEED = "fsync=off synchronous_commit=off full_page_writes=off max_connections=200"


class Missing(Exception):
    """There is no PostgreSQL here; the message says what to install or to set."""


class Server:
    """A running server on which databases are made from a template and dropped."""

    def __init__(self, url: URL) -> None:
        """Use the server at `url`, over one connection that stays open."""
        self.url = url
        self._engine = create_engine(url, isolation_level="AUTOCOMMIT", pool_size=1)
        with self._engine.connect() as connection:
            version = connection.dialect.server_version_info or (0,)
        # Copying the files of a template takes half the time of writing each page to the log.
        self._copying = " STRATEGY file_copy" if version >= (15,) else ""

    def create(self, template: str = "template0") -> str:
        """Make an empty database (or a copy of `template`); return its URL."""
        name = f"alumni_sync_{os.getpid()}_{next(_NUMBERS)}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"{self._copying}')
        return self.url.set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        """Drop a database, whoever is connected."""
        self._run(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')

    def close(self) -> None:
        """Let go of the server."""
        self._engine.dispose()

    def _run(self, statement: str) -> None:
        with self._engine.connect() as connection:
            connection.exec_driver_sql(statement)


@contextmanager
def server() -> Iterator[Server]:
    """Yield a server; raises `Missing`."""
    named = os.environ.get("ALUMNI_SYNC_TEST_POSTGRES")
    with _named(named) if named else _temporary_cluster() as url, closing(Server(url)) as running:
        yield running


@contextmanager
def _named(url: str) -> Iterator[URL]:
    yield make_url(url)


@contextmanager
def _temporary_cluster() -> Iterator[URL]:
    """Initialise and start a cluster in a temporary folder; stop and remove it at the end."""
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="alumni-pg-", dir=os.environ.get(TEMPORARY)))
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
