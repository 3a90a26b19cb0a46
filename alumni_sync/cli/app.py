"""What every command shares: the global options, the open deployment, and how results are shown."""

import json
import pwd
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date, datetime
from enum import Enum
from os import getuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from alumni_sync.domain import Identity
from alumni_sync.errors import ConfigError

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment, Plugins
    from alumni_sync.ports import Clock


@dataclass(slots=True)
class App:
    """The global options. A command takes it with `@pass_app`.

    Attributes:
        config: path of `alumni_sync.yaml`.
        as_of: instant of the fixed clock; None for the real one (or that of the environment).
        debug: show where errors were raised.
    """

    config: Path
    as_of: datetime | None = None
    debug: bool = False

    def clock(self) -> "Clock":
        """Return the clock that the options and the environment ask for."""
        from alumni_sync.clock import FixedClock, clock_from
        from alumni_sync.settings import Runtime

        if self.as_of is not None:
            return FixedClock(self.as_of)
        return clock_from(Runtime.from_environment().as_of)

    def open(self, *, create: bool = True) -> "Deployment":
        """Open the deployment; use it as a context manager."""
        from alumni_sync.deployment import Deployment

        return Deployment.open(self.config, clock=self.clock(), create=create)

    @contextmanager
    def at_work(self) -> "Iterator[Deployment]":
        """Open the deployment for what reaches people; the ledger may be a copy that was put back.

        Where a second place says so it is refused; else whoever was erased since is erased again.
        """
        from alumni_sync.privacy.journal import before_work

        with self.open() as deployment:
            before_work(deployment)
            yield deployment

    def plugins(self) -> "Plugins":
        """Return the plugins of the configuration, without opening (or making) a ledger."""
        from alumni_sync.deployment import load_configuration, without_ledger

        return without_ledger(load_configuration(self.config))


pass_app = click.make_pass_decorator(App)


def os_identity() -> Identity:
    """Return who runs this command: the OS login, which the caller cannot choose (LOGNAME can)."""
    try:
        return Identity(pwd.getpwuid(getuid()).pw_name, verified=True)
    except KeyError:
        raise ConfigError.of(
            "the command line", "the user id has no name on this machine", "add it to passwd"
        ) from None


Command = TypeVar("Command", bound=Callable[..., Any])


def json_option(command: Command) -> Command:
    """Add `--json`, passed on as `as_json`."""
    option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")
    return option(command)


def show(value: object, lines: Iterable[str], *, as_json: bool) -> None:
    """Print a result: `value` as one JSON document, or `lines` for people."""
    if as_json:
        click.echo(json.dumps(value, default=_plain, ensure_ascii=False, indent=2))
        return
    for line in lines:
        click.echo(line)


def table(rows: Sequence[Sequence[object]], head: Sequence[str]) -> list[str]:
    """Return aligned lines for `rows` under `head`; only the heading where there are none."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def _plain(value: object) -> object:
    """Return what JSON can hold for the types of our records."""
    match value:
        case datetime() | date():
            return value.isoformat()
        case Enum():
            return value.value
        case Mapping():
            return dict(value)
        case set() | frozenset():
            return sorted(value)
        case Path():
            return str(value)
        case _:
            pass
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(type(value).__name__)
