"""`plan`: what the community flow would write now."""

from time import perf_counter

import click

from alumni_sync.cli.app import App, json_option, pass_app, show


@click.command()
@json_option
@pass_app
def plan(app: App, *, as_json: bool) -> None:
    """Show what `sync` would write now; nothing is written, no platform is called."""
    from dataclasses import asdict

    from alumni_sync.cli.run import open_brakes
    from alumni_sync.membership.sync import plan_members

    started = perf_counter()
    with app.open() as deployment:
        members = asdict(plan_members(deployment))
        brakes = open_brakes(deployment)
    seconds = round(perf_counter() - started, 1)
    lines = [f"{name:<10} {number}" for name, number in members.items()]
    lines += [f"held by    {brake}: alumni-sync brakes list" for brake in brakes]
    show(
        {"members": members, "brakes": brakes, "duration_seconds": seconds},
        lines,
        as_json=as_json,
    )
