"""The command line itself: quick, lazy, and with its global options in either place."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from alumni_sync.cli.app import App, table
from alumni_sync.cli.main import COMMANDS, alumni_sync, run_command_line, with_global_options

HEAVY = ("pandas", "dagster", "sqlalchemy", "cryptography", "starlette")


def test_help_loads_nothing_heavy() -> None:
    """Nobody waits two seconds for a list of commands twice."""
    program = (
        "import sys\n"
        "from alumni_sync.cli.main import run_command_line\n"
        "run_command_line(['--help'])\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert "[]" == done.stderr.strip()
    assert all(f"  {name} " in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_exists(name: str) -> None:
    """A line in `--help` that leads nowhere."""
    command = alumni_sync.get_command(click.Context(alumni_sync), name)

    assert isinstance(command, click.Command)
    assert command.help


def _probe(seen: list[App]) -> click.Command:
    @click.command()
    @click.argument("word", default="")
    def probe(word: str) -> None:
        del word
        app = click.get_current_context().find_object(App)
        assert app is not None
        seen.append(app)

    return with_global_options(probe)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--config", "x.yaml", "--debug", "probe"],
        ["probe", "--config", "x.yaml", "--debug"],
        ["--config", "y.yaml", "probe", "--config", "x.yaml", "--debug"],
    ],
)
def test_global_options_may_stand_on_either_side(arguments: list[str]) -> None:
    """People write them where they think of them; a cron job must not fail over it."""
    seen: list[App] = []
    group = click.Group(params=alumni_sync.params, commands={"probe": _probe(seen)})
    app = App(Path("default.yaml"))

    group.main(args=arguments, standalone_mode=False, obj=app)

    assert [App(Path("x.yaml"), debug=True)] == seen


@pytest.mark.parametrize(
    "arguments", [["frobnicate"], ["--nonsense"], ["--as-of", "noon", "doctor"], ["init"]]
)
def test_wrong_usage_ends_with_two(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Scripts tell a typing error from a vendor that is down."""
    assert 2 == run_command_line(arguments)
    assert "alumni-sync: " in capsys.readouterr().err


def test_no_configuration_ends_with_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first run of a newcomer: one line, what is wrong and what to do."""
    assert 2 == run_command_line(["--config", str(tmp_path / "no.yaml"), "connectors", "check"])

    what = "there is no such file (make one: alumni-sync init DIR, or use --config)"
    assert f"alumni-sync: {tmp_path}/no.yaml: {what}\n" == capsys.readouterr().err


def test_the_script_is_installed() -> None:
    """`alumni-sync` is what every page of the documentation calls."""
    script = Path(sys.executable).with_name("alumni-sync")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)

    assert done.stdout.startswith("alumni-sync, version ")


def test_a_table_is_aligned() -> None:
    """What people read in a terminal."""
    assert ["name  n", "a     1", "bbbb  22"] == table([("a", 1), ("bbbb", 22)], ("name", "n"))


def test_the_identity_cannot_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rulings are signed with it; LOGNAME is a variable that anybody sets."""
    from alumni_sync.cli.app import os_identity

    before = os_identity()
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setitem(os.environ, name, "somebody.else")

    assert before == os_identity()
    assert before.verified
