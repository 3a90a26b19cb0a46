"""`rules simulate|revisions|release`: see what a change would do, and let it judge."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alumni_sync.cli.acting import act_on_each, acting
from alumni_sync.cli.app import App, json_option, pass_app, show, table
from alumni_sync.cli.rule_checks import leaver_words

if TYPE_CHECKING:
    from alumni_sync.eligibility.lint.loosening import Moved
    from alumni_sync.eligibility.revisions.simulation import Flip

RULES_REASONS = ("intended", "corrected", "wider_audience", "other")
"""As in `review.releases.rules`; repeated so that `--help` imports nothing heavy."""


@click.command()
@click.option(
    "--rules",
    "pack",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="NEW",
    help="A rule pack. Default: what the configuration says now.",
)
@click.option("--revision", metavar="REVISION", help="A revision that was kept, or waits.")
@click.option("--source", help="Only this source.")
@click.option("--only", type=click.Choice(["towards", "away"]), help="Only one direction.")
@json_option
@pass_app
def simulate(
    app: App,
    pack: Path | None,
    revision: str | None,
    source: str | None,
    only: str | None,
    *,
    as_json: bool,
) -> None:
    """Show who would change sides under other rules, by case number or spell id.

    Both the rules that are active and the new ones judge what the ledger knows today; nothing is
    written. Mapping, audience and pilot are those of the configuration; with --revision all is
    what the ledger kept under that name.
    """
    from alumni_sync.eligibility.revisions.trying import try_revision, try_rules

    if revision and (pack or source):
        raise click.UsageError("--revision names rules and source: leave --rules and --source out")
    with app.open(create=False) as deployment:
        trial = (
            try_revision(deployment, revision) if revision else try_rules(deployment, pack, source)
        )
        flips = (flip for flip in trial.flips() if only is None or flip.direction.startswith(only))
        if as_json:
            _stream(flips, lambda: trial.summary)
        else:
            _print(flips, lambda: trial.summary)


def _print(flips: "Iterator[Flip]", summary: "Callable[[], Mapping[str, Any]]") -> None:
    tally: Counter[tuple[str, str, str]] = Counter()
    for flip in flips:
        rules = " ".join(flip.rules)
        tally[flip.before, flip.after, rules] += 1
        click.echo(f"{_name(flip)}  {flip.before} -> {flip.after}  {rules}")
    rows = [
        (number, before, after, rules) for (before, after, rules), number in tally.most_common()
    ]
    if rows:
        click.echo()
        show(None, table(rows, ("people", "now", "then", "because of")), as_json=False)
    for line in _told(summary()):
        click.echo(line)


def _name(flip: "Flip") -> str:
    from alumni_sync.review.queue.numbering import case_number

    return case_number(flip.case) if flip.case is not None else flip.spell


def _told(summary: "Mapping[str, Any]") -> list[str]:
    from alumni_sync.eligibility.revisions.publishing import counts_words

    to_come = [line for source, who in summary["to_come"].items() for line in _shown(source, who)]
    waits = "would wait for its release" if summary["needs_release"] else "would be active at once"
    return [
        *(f"{source}: {counts_words(counts)}." for source, counts in summary["sources"].items()),
        *to_come,
        f"The change {waits}. Nothing was written.",
    ]


def _shown(source: str, who: "Moved | None") -> Iterator[str]:
    """Yield an invented leaver who would move towards eligible, in words."""
    if who is not None:
        facts = leaver_words(who.facts, who.looked_at)
        rules = " ".join(who.rules)
        yield (
            f"{source}: an invented leaver who would move: {facts}; judged on {who.today}: "
            f"{who.before} -> {who.after}  {rules}"
        )


def _stream(flips: "Iterator[Flip]", summary: "Callable[[], Mapping[str, Any]]") -> None:
    """Print one JSON document flip by flip: many of them are never in memory as a whole."""
    click.echo('{"flips": [', nl=False)
    start = "\n "
    for flip in flips:
        value = {
            "case": _name(flip) if flip.case is not None else None,
            "spell": flip.spell,
            "source": flip.source,
            "before": flip.before,
            "after": flip.after,
            "direction": flip.direction.value,
            "rules": list(flip.rules),
        }
        click.echo(f"{start}{json.dumps(value)}", nl=False)
        start = ",\n "
    found = summary()
    to_come = {source: _plain(who) for source, who in found["to_come"].items()}
    rest = json.dumps({**found, "to_come": to_come}, ensure_ascii=False)
    click.echo(f"],\n {rest[1:]}")


def _plain(who: "Moved | None") -> Mapping[str, Any] | None:
    if who is None:
        return None
    return {
        "facts": who.facts,
        "today": who.today.isoformat(),
        "before": who.before.value,
        "after": who.after.value,
        "rules": list(who.rules),
    }


@click.command()
@click.option("--source", help="Only this source.")
@json_option
@pass_app
def revisions(app: App, source: str | None, *, as_json: bool) -> None:
    """List the revisions of the rules: which is active, which waits, which were before."""
    from alumni_sync.eligibility.revisions.publishing import counts_words
    from alumni_sync.review.releases.rules import list_revisions

    with app.open(create=False) as deployment:
        found = list(list_revisions(deployment, source))
    head = ("revision", "source", "state", "kept", "released by", "it would move")
    rows = [
        (
            row["revision"],
            row["source"],
            row["state"],
            f"{row['kept_at']:%Y-%m-%d %H:%M} UTC",
            row["released_by"] or "",
            counts_words(row["counts"]) if row["counts"] else "",
        )
        for row in found
    ]
    show(found, table(rows, head), as_json=as_json)


@click.command()
@click.argument("names", metavar="REVISION...", nargs=-1, required=True)
@click.option("--by", metavar="USER", help="Who releases. Default: the login.")
@click.option("--reason", default="", metavar="CODE", help=f"One of {', '.join(RULES_REASONS)}.")
@json_option
@pass_app
def release(
    app: App, names: tuple[str, ...], by: str | None, reason: str, *, as_json: bool
) -> None:
    """Release changed rules: one person proposes, a second one confirms with the same command."""
    from alumni_sync.review.releases.rules import release_rules

    with app.open(create=False) as deployment:
        identity = acting(deployment.settings.people, by)

        def one(revision: str) -> str:
            result = release_rules(deployment, revision, reason=reason, identity=identity)
            return result.sentence

        act_on_each(names, one, as_json=as_json)


COMMANDS: Iterable[click.Command] = (simulate, revisions, release)
"""What is added to the group `rules`."""
