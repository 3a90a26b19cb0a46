"""`serve` as a process: started, asked, told to stop."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import pytest

START = 60  # seconds: imports on a busy machine


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployment as `init` writes it."""
    folder = tmp_path_factory.mktemp("serve") / "company"
    run("init", str(folder), "--from-sample")
    return folder


def command(*arguments: str) -> list[str]:
    """Return the command line of `alumni-sync` in this environment."""
    return [str(Path(sys.executable).with_name("alumni-sync")), *arguments]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(command(*arguments), capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", ["serve", "up"])
def test_a_port_that_does_not_exist_is_a_typing_error(command: str, company: Path) -> None:
    """“A fault of alumni_sync, please report it” sends people to us for a digit too many."""
    done = run("--config", str(company / "alumni_sync.yaml"), command, "--port", "84000")

    assert (2, "") == (done.returncode, done.stdout)
    assert "84000 is not in the range" in done.stderr


@contextmanager
def serving(company: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Run `serve` on free ports; yield the process and the addresses that it names."""
    config = str(company / "alumni_sync.yaml")
    process = subprocess.Popen(
        command("serve", "--config", config, "--port", "0", "--desk-port", "0", *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process, [process.stdout.readline().split()[-1] for _ in range(2)]
    finally:
        process.kill()
        process.communicate(timeout=START)


def status(url: str) -> int:
    """Open a page without the proxy that the environment may name."""
    with build_opener(ProxyHandler({})).open(url, timeout=START) as answer:
        return int(answer.status)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_both_sites_until_it_is_told_to_stop(company: Path, number: int) -> None:
    """A service that must be killed loses what it was doing; one that says nothing is not found."""
    with serving(company) as (process, addresses):
        assert [200, 200] == [status(f"{address}/healthz") for address in addresses]
        process.send_signal(number)
        out, err = process.communicate(timeout=START)

    assert 0 == process.returncode
    assert "Stopped." in out
    assert "Traceback" not in err


def test_a_token_is_neither_in_its_output_nor_in_its_log(company: Path) -> None:
    """What a process prints ends in journals that many people read."""
    secret = "s" * 43
    with serving(company, "--json-log") as (process, addresses):
        opener = build_opener(ProxyHandler({}))
        with pytest.raises(OSError, match="404"):
            opener.open(f"{addresses[0]}/x/{secret}?t={secret}", timeout=START)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=START)

    assert secret not in out + err


def test_a_taken_port_ends_with_a_sentence(company: Path) -> None:
    """Somebody who starts it twice must be told so."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        config = str(company / "alumni_sync.yaml")
        ended = run("serve", "--config", config, "--port", port, "--desk-port", "0")

    assert 2 == ended.returncode
    assert re.search(rf"127\.0\.0\.1:{port}.*choose another", ended.stderr)


def test_it_does_not_open_the_sample_to_the_network(company: Path) -> None:
    """Plain http and no login: on the network that is everybody's."""
    ended = run("serve", "--config", str(company / "alumni_sync.yaml"), "--host", "0.0.0.0")  # noqa: S104 refused here

    assert 2 == ended.returncode
    assert "open to the network" in ended.stderr
