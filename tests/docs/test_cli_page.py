"""docs/cli.md names every command with its options, and only those."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import click

from alumni_sync.cli.exits import Exit
from alumni_sync.cli.main import COMMANDS, alumni_sync
from alumni_sync.cli.summary import summarise

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
GLOBAL = {"--config", "--as-of", "--debug", "--help"}
ROW = re.compile(r"(?m)^\| `([a-z][^`]*)` \|([^|]*)\|")


def leaves(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """Yield every command that does something, with its full name."""
    if isinstance(command, click.Group):
        for inner, nested in command.commands.items():
            yield from leaves(f"{name} {inner}", nested)
    else:
        yield name, command


def real() -> dict[str, set[str]]:
    """Return the options of every command."""
    context = click.Context(alumni_sync)
    found = {}
    for top in COMMANDS:
        loaded = alumni_sync.get_command(context, top)
        assert loaded is not None
        for name, command in leaves(top, loaded):
            options = (param for param in command.params if isinstance(param, click.Option))
            found[name] = {opt for option in options for opt in option.opts} - GLOBAL
    return found


def written() -> dict[str, set[str]]:
    """Return the options of every command as the page has them."""
    return {
        " ".join(word for word in name.split() if not re.search(r"[A-Z\[]", word)): set(
            re.findall(r"`(--?[a-z-]+)`", options)
        )
        for name, options in ROW.findall(PAGE.partition("## Commands")[2])
    }


def test_the_page_has_exactly_our_commands_and_options() -> None:
    """What is not on the page is not found; what is only there is tried in vain."""
    assert real() == written()


def test_the_page_has_every_global_option() -> None:
    """They stand in no table."""
    head = PAGE.partition("## Exit codes")[0]

    assert [] == [option for option in sorted(GLOBAL) if f"`{option}" not in head]


def test_the_page_has_every_exit_code() -> None:
    """Scripts are written from it."""
    codes = set(map(int, re.findall(r"(?m)^\| (\d) \|", PAGE)))

    assert {int(code) for code in Exit if code is not Exit.BUG} == codes


def test_the_example_of_run_has_the_shape_of_run() -> None:
    """The object is a contract; its example is what people copy."""
    example = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0])
    empty = summarise(
        [], run_id="", closes=[], queue={"open": 0, "overdue": 0}, stops=[], duration_seconds=0
    )

    def shape(value: object) -> object:
        if isinstance(value, dict):
            return {key: shape(inner) for key, inner in value.items()}
        return type(value).__name__.replace("int", "float")

    assert shape(empty) == shape(example)
    assert example["read"] == sum(example["leavers"].values())
