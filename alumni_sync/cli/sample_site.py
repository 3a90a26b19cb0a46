"""The consent site of the sample as a separate process: `alumni-sync serve` on free ports."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from alumni_sync.cli.sample_visitor import SampleFailed
from alumni_sync.cli.up import executable
from alumni_sync.settings import child_environment

_ADDRESS: Final = re.compile(r"^(.+) on http://[\d.]+:(\d+)$")
STOP_WITHIN: Final = 20  # seconds
SITE: Final = "consent site"


@contextmanager
def serving(config: Path, clock: str) -> Iterator[int]:
    """Run `serve` for a deployment; yield the port of the consent site, stop it afterwards.

    Args:
        config: of the deployment.
        clock: as ALUMNI_SYNC_AS_OF takes it; shared with this process.

    Raises:
        SampleFailed: it did not start.
    """
    command = [executable("alumni-sync"), "serve", "--port", "0", "--desk-port", "0"]
    environment = child_environment(
        ALUMNI_SYNC_CONFIG=str(config.resolve()), ALUMNI_SYNC_AS_OF=clock
    )
    log = config.parent / "var" / "serve.log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(  # noqa: S603 our own command
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            stdin=subprocess.DEVNULL,
            text=True,
        ) as process,
    ):
        try:
            yield _port(process.stdout, log)
        finally:
            process.terminate()
            try:
                process.wait(STOP_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()


def _port(output: "IO[str] | None", log: Path) -> int:
    """Return the port that the consent site says it listens on."""
    for line in output or ():
        found = _ADDRESS.match(line.strip())
        if found and found[1].lower() == SITE:
            return int(found[2])
    msg = f"the consent site did not start: see {log}"
    raise SampleFailed(msg)
