"""`brakes` and `guards`, each `list|release`: what was stopped, and how it goes on.

A brake stops what we write, a guard what we read. Two people release each.
"""

from typing import Any

import click

from alumni_sync.cli.acting import act_on_each, acting
from alumni_sync.cli.app import App, json_option, pass_app, show, table

RELEASE_REASONS = ("expected", "corrected", "first_load", "other")
"""As in `review.releases.stops`, repeated so that `--help` imports nothing heavy (tested)."""


@click.group()
def brakes() -> None:
    """Brakes: plans that would write too much at once."""


@click.group()
def guards() -> None:
    """Source guards: reads that look incomplete."""


def _group(group: click.Group, kind: str) -> None:
    """Add `list` and `release` to a group."""

    @group.command("list")
    @json_option
    @pass_app
    def list_command(app: App, *, as_json: bool) -> None:
        """List what is stopped, or released and not used yet, oldest first."""
        from alumni_sync.intake.code_names import codes_of_guards
        from alumni_sync.review.releases.stops import list_stops

        with app.open(create=False) as deployment:
            stops = list(list_stops(deployment, kind))
            codes = codes_of_guards(deployment) if kind == "guard" else {}
        stops = [{**stop, "code": codes.get(stop[kind])} for stop in stops]
        head = (kind, "what", "of", "status", "since", "counts")
        show(stops, table([_row(stop, kind) for stop in stops], head), as_json=as_json)

    @group.command("release")
    @click.argument("ids", metavar="ID...", nargs=-1, required=True)
    @click.option("--by", metavar="USER", help="Who releases. Default: the login.")
    @click.option(
        "--reason", default="", metavar="CODE", help=f"One of {', '.join(RELEASE_REASONS)}."
    )
    @json_option
    @pass_app
    def release_command(
        app: App, ids: tuple[str, ...], by: str | None, reason: str, *, as_json: bool
    ) -> None:
        """Release each ID: one person proposes, a second one confirms with the same command."""
        from alumni_sync.review.releases.stops import release_stop

        with app.open(create=False) as deployment:
            identity = acting(deployment.settings.people, by)

            def one(stop: str) -> str:
                result = release_stop(deployment, stop=stop, reason=reason, identity=identity)
                return result.sentence

            act_on_each(ids, one, as_json=as_json)


def _row(stop: dict[str, Any], kind: str) -> tuple[object, ...]:
    counts = " ".join(f"{name}={count}" for name, count in stop["counts"].items())
    scope = stop["source" if kind == "guard" else "platform"]
    since = f"{stop['tripped_at']:%Y-%m-%d %H:%M} UTC"
    what = " ".join(filter(None, (stop["name"], stop["code"])))
    return stop[kind], what, scope, stop["status"], since, counts


_group(brakes, "brake")
_group(guards, "guard")
