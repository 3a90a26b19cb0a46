"""`up`: where things listen, by which clock, and what it refuses before it starts anything."""

import re
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alumni_sync.cli.app import App
from alumni_sync.cli.init import write_deployment
from alumni_sync.cli.up import (
    Ports,
    announce,
    check_free,
    executable,
    only_one,
    port_of,
    programs,
    shared_clock,
)
from alumni_sync.clock import TickingClock, clock_from
from alumni_sync.errors import ConfigError
from alumni_sync.settings import load_settings

PROXY = "\nproxy: {user_header: X-Forwarded-User, secret: known-to-the-proxy}\n"


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("http://127.0.0.1:3100", 3100),
        ("http://localhost:3100/dagster", 3100),
        ("http://127.0.0.1", 3000),
        ("https://hr.acme.example/dagster", 3000),
        ("https://hr.acme.example:8443", 3000),
    ],
)
def test_the_port_is_that_of_a_loopback_address(url: str, port: int) -> None:
    """Links name the configured address: listening elsewhere, none of them would open."""
    assert port == port_of(url, 3000)


def test_every_taken_port_is_named_before_anything_starts() -> None:
    """One at a time, each start would show the next problem only."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("", 0)) as two:
        taken = [server.getsockname()[1] for server in (one, two)]
        with pytest.raises(ConfigError) as caught:
            check_free(Ports(dagster=taken[0], site=1, desk=taken[1]))

    problems = [str(problem) for problem in caught.value.problems]
    assert 2 == len(problems)
    assert f"port {taken[0]}" in problems[0]
    assert "use --desk-port" in problems[1]


def test_a_second_one_is_refused(tmp_path: Path) -> None:
    """Two daemons on one home would launch everything twice."""
    with (
        only_one(tmp_path),
        pytest.raises(ConfigError, match="already running"),
        only_one(tmp_path),
    ):
        pass

    with only_one(tmp_path):
        pass


def test_all_processes_share_one_ticking_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each run is a new process: its clock must not begin again at the start."""
    app = App(tmp_path / "alumni_sync.yaml", as_of=datetime(2026, 11, 3, 9, tzinfo=UTC))
    first = clock_from(shared_clock(app))
    again = clock_from(shared_clock(app))
    assert isinstance(first, TickingClock)
    assert isinstance(again, TickingClock)

    monkeypatch.setenv("ALUMNI_SYNC_AS_OF", "2026-11-03T09:00:00+00:00")
    assert shared_clock(App(app.config)).startswith("2026-11-03T09:00:00+00:00@1")
    monkeypatch.setenv("ALUMNI_SYNC_AS_OF", "2026-11-03T09:00:00+00:00@123.0")
    assert "2026-11-03T09:00:00+00:00@123.0" == shared_clock(App(app.config))
    monkeypatch.delenv("ALUMNI_SYNC_AS_OF")
    assert "" == shared_clock(App(app.config))


def test_a_program_that_is_not_installed_is_named() -> None:
    """`up` in half an installation must not end in a traceback."""
    with pytest.raises(ConfigError, match="no-such-program: is not installed"):
        executable("no-such-program")


def test_everything_listens_on_this_machine_only(tmp_path: Path) -> None:
    """Dagster's webserver has no login."""
    write_deployment(tmp_path / "acme", from_sample=True)
    config = tmp_path / "acme" / "alumni_sync.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("http://127.0.0.1:3000", "https://hr.acme.example/dagster"))

    sites, daemon, web = programs(
        App(config), load_settings(config), tmp_path / "home", Ports(3000, 8400, 8401)
    )

    assert "-h 127.0.0.1 -p 3000 --path-prefix /dagster" in " ".join(web.command)
    assert "serve --host 127.0.0.1 --port 8400 --desk-port 8401" in " ".join(sites.command)
    for program in (sites, daemon, web):
        assert str(config) == program.environment["ALUMNI_SYNC_CONFIG"]
        assert str(tmp_path / "home") == program.environment["DAGSTER_HOME"]
        assert "ALUMNI_SYNC_CONFIG" not in repr(program)


@pytest.mark.parametrize("proxied", [False, True])
def test_what_is_printed_can_be_opened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, proxied: bool
) -> None:
    """Behind a proxy an address around it opens nothing, nor one without its path prefix."""
    config = _under_prefixes(tmp_path, proxied=proxied)

    announce(load_settings(config), Ports(13000, 18400, 18401))

    base = ("http://127.0.0.1:13000", "http://127.0.0.1:18401", "http://127.0.0.1:18400")
    if proxied:
        base = ("https://hr.acme.example", "https://hr.acme.example", "https://alumni.acme.example")
    assert [
        f"{base[0]}/dagster",
        f"{base[0]}/dagster/assets/exclusion_queue",
        f"{base[1]}/desk",
        base[2],
    ] == re.findall(r"https?://\S+", capsys.readouterr().out)


def _under_prefixes(folder: Path, *, proxied: bool) -> Path:
    """Write a company whose desk and UI are under path prefixes."""
    write_deployment(folder, from_sample=True)
    config = folder / "alumni_sync.yaml"
    text = config.read_text("utf-8")
    for port, host, path in ((3000, "hr", "/dagster"), (8401, "hr", "/desk"), (8400, "alumni", "")):
        here = f"http://127.0.0.1:{port}"
        there = f"https://{host}.acme.example{path}" if proxied else here + path
        text = text.replace(f'"{here}"', f'"{there}"')
    config.write_text(text + (PROXY if proxied else ""), "utf-8")
    return config
