"""The command `alumni-sync`: a table of all commands, each loaded only when it is called."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Final

import click

from alumni_sync import __version__
from alumni_sync.cli.app import App
from alumni_sync.cli.exits import Exit, leave, report_error
from alumni_sync.clock import parse_instant
from alumni_sync.errors import AlumniSyncError


@dataclass(frozen=True, slots=True)
class Entry:
    """One command: where it is, and its line in `--help` (which must not load it)."""

    target: str
    help: str


COMMANDS: Final[dict[str, Entry]] = {
    "init": Entry("alumni_sync.cli.init:init", "Write a new deployment into a folder."),
    "doctor": Entry("alumni_sync.cli.doctor:doctor", "Check everything and name every problem."),
    "run": Entry("alumni_sync.cli.run:run", "Take in leavers and bring the community up to date."),
    "plan": Entry("alumni_sync.cli.plan:plan", "Show what the community flow would write now."),
    "sync": Entry("alumni_sync.cli.run:sync", "Bring the community up to date."),
    "up": Entry("alumni_sync.cli.up:up", "Run everything: Dagster, both sites, withdrawal worker."),
    "serve": Entry("alumni_sync.cli.serve:serve", "Run the two sites and the withdrawal worker."),
    "pause": Entry("alumni_sync.cli.pause:pause", "Stop mails, platform writes, or both."),
    "resume": Entry("alumni_sync.cli.pause:resume", "Go on after a pause."),
    "queue": Entry("alumni_sync.cli.queue:queue", "Rule on cases: excluded, or to be reviewed."),
    "rules": Entry("alumni_sync.cli.rules:rules", "Explain, try and release rules."),
    "brakes": Entry("alumni_sync.cli.brakes:brakes", "Plans that were stopped; release them."),
    "guards": Entry("alumni_sync.cli.brakes:guards", "Reads that were stopped; release them."),
    "quarantine": Entry("alumni_sync.cli.quarantine:quarantine", "Rows that could not be used."),
    "consent": Entry("alumni_sync.cli.consent:consent", "One person's consent; previews."),
    "notices": Entry("alumni_sync.cli.notices:notices", "Read and check what people are shown."),
    "join": Entry("alumni_sync.cli.join:join", "Former employees who asked to be asked."),
    "letters": Entry("alumni_sync.cli.letters:letters", "Ask by post whom no mail may ask."),
    "exit-pack": Entry(
        "alumni_sync.cli.exit_pack:exit_pack", "What HR hands out before the exit: text and code."
    ),
    "privacy": Entry(
        "alumni_sync.cli.privacy:privacy", "Answer requests; erase; let go what is due."
    ),
    "suppressions": Entry(
        "alumni_sync.cli.suppressions:suppressions", "Addresses that are never written to."
    ),
    "keys": Entry("alumni_sync.cli.keys:keys", "The deployment key: rotate it, keep it safe."),
    "dead-letters": Entry(
        "alumni_sync.cli.dead_letters:dead_letters", "What could not be written; retry or drop it."
    ),
    "connectors": Entry("alumni_sync.cli.connectors:connectors", "HRIS connectors."),
    "platforms": Entry("alumni_sync.cli.connectors:platforms", "Community platforms."),
    "trace": Entry("alumni_sync.cli.trace:trace", "Tell the whole way of one person."),
    "report": Entry("alumni_sync.cli.report:report", "Show the programme in figures."),
    "sample": Entry("alumni_sync.cli.sample:sample", "Walk through the sample company."),
    "ledger": Entry("alumni_sync.cli.ledger:ledger", "Migrate, verify, back up, restore, count."),
}
"""Every command, in the order of `--help`; a new one is a line here and a line in docs/cli.md."""


class Lazy(click.Group):
    """A group that lists its commands from the table and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the table's order."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command, with the global options added; None if there is none."""
        del ctx
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module, _, name = entry.target.partition(":")
        command: click.Command = getattr(import_module(module), name)
        return with_global_options(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table as it stands, without importing any command."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


class Instant(click.ParamType[datetime]):
    """A date and time with offset."""

    name = "datetime"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> datetime:
        """Return the aware instant."""
        if isinstance(value, datetime):
            return value
        try:
            return parse_instant(str(value), "--as-of")
        except AlumniSyncError as error:
            self.fail(str(error), param, ctx)


def _remember(ctx: click.Context, param: click.Parameter, value: object) -> None:
    """Keep a global option, wherever on the line it stood; the last one wins."""
    source = ctx.get_parameter_source(param.name or "")
    app = ctx.find_object(App)
    if app is not None and param.name and source is click.core.ParameterSource.COMMANDLINE:
        setattr(app, param.name, value)


def _global_options() -> list[click.Option]:
    return [
        click.Option(
            ["--config"],
            type=click.Path(path_type=Path, dir_okay=False),
            help="The configuration. Default: ./alumni_sync.yaml",
            expose_value=False,
            callback=_remember,
        ),
        click.Option(
            ["--as-of"],
            type=Instant(),
            help="Work as if it were this instant: 2026-11-03T09:00:00+01:00",
            expose_value=False,
            callback=_remember,
        ),
        click.Option(
            ["--debug"],
            is_flag=True,
            help="Show where an error was raised.",
            expose_value=False,
            callback=_remember,
        ),
    ]


def with_global_options(command: click.Command) -> click.Command:
    """Let `--config`, `--as-of` and `--debug` stand after the command's name as well."""
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            with_global_options(inner)
        return command
    taken = {option for param in command.params for option in param.opts}
    for option in _global_options():
        if not taken & set(option.opts):
            command.params.append(option)
    return command


@click.command(cls=Lazy, params=list(_global_options()))
@click.version_option(__version__, prog_name="alumni-sync")
@click.pass_context
def alumni_sync(ctx: click.Context) -> None:
    """Turn people who leave a company into a consented alumni community."""
    del ctx


def run_command_line(arguments: Sequence[str] | None = None) -> Exit:
    """Run one command line and return its exit code; errors are printed as one line each."""
    from alumni_sync.settings import Runtime

    app = App(config=Runtime.from_environment().config)
    try:
        result = alumni_sync.main(
            args=None if arguments is None else list(arguments),
            prog_name="alumni-sync",
            standalone_mode=False,
            obj=app,
        )
    except click.exceptions.Abort:
        click.echo("alumni-sync: aborted", err=True)
        return Exit.USAGE
    except Exception as error:  # noqa: BLE001 the one place where every error becomes a line
        return report_error(error, debug=app.debug)
    return Exit(result) if isinstance(result, int) else Exit.DONE


def main() -> None:
    """Run the command line of this process (the entry point `alumni-sync`)."""
    leave(run_command_line())
