"""`notices`: read a notice as a leaver would, check every edition and pack, lock editions."""

from pathlib import Path

import click

from alumni_sync.cli.app import App, pass_app
from alumni_sync.cli.exits import Exit, finish
from alumni_sync.domain import ContactBasis
from alumni_sync.errors import ConfigError, Problem


@click.group()
def notices() -> None:
    """What people are shown: show, lint, lock."""


@notices.command("show")
@click.option("--language", help="Default: the company's first.")
@click.option("--version", help="Default: the newest edition.")
@click.option("--source", help="Whose controller and law; default: the first source.")
@click.option(
    "--basis",
    type=click.Choice([basis.value for basis in ContactBasis]),
    help="How its reader was asked; default: as the source asks.",
)
@pass_app
def show_notice(
    app: App, language: str | None, version: str | None, source: str | None, basis: str | None
) -> None:
    """Print the notice as a leaver would read it, with its fingerprint."""
    from alumni_sync.cli.consent import source_named
    from alumni_sync.consent.notices.rendering import render_notice
    from alumni_sync.consent.terms import edition_of, language_for, terms_for

    d = app.plugins()
    edition = edition_of(d, version)
    manifest = edition.manifest
    if language is not None and language not in manifest.languages:
        known = ", ".join(manifest.languages)
        raise ConfigError.of("--language", "the notice has no such language", known)
    code = language_for(d, edition, language)
    notice = render_notice(edition, code, terms_for(d, source_named(d, source), basis or ""))
    click.echo(notice.text)
    click.echo(f"{manifest.id} {manifest.version} ({code}), SHA-256 {notice.sha256}")


@notices.command()
@pass_app
def lint(app: App) -> None:
    """Check every edition of every notice and every jurisdiction pack; all problems at once.

    What is wrong with the configuration itself is told by `doctor`; it hides nothing here.
    """
    rules = app.config.resolve().parent / "rules"
    problems, checked = _problems(rules)
    if not checked:
        raise ConfigError.of(str(rules), "there are no notices", "start in the deployment's folder")
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        finish(Exit.USAGE)
    for draft in _drafts(rules):
        click.echo(f"{draft} is not locked yet; once it is final: alumni-sync notices lock")
    click.echo(f"{checked} editions and packs are in order.")


def _problems(rules: Path) -> tuple[list[Problem], int]:
    from alumni_sync.consent.jurisdictions import load_pack
    from alumni_sync.consent.notices.editions import editions

    problems = _edition_problems(rules)
    checked = sum(len(editions(rules, notice.name)) for notice in _notices(rules))
    for pack in sorted((rules / "jurisdictions").glob("*.yaml")):
        checked += 1
        try:
            load_pack(rules, pack.stem)
        except ConfigError as error:
            problems += error.problems
    return problems, checked


def _edition_problems(rules: Path) -> list[Problem]:
    from alumni_sync.consent.notices.editions import editions, load_edition
    from alumni_sync.consent.notices.locks import gone

    problems: list[Problem] = []
    for notice in _notices(rules):
        for version in editions(rules, notice.name):
            try:
                load_edition(rules, notice.name, version)
            except ConfigError as error:
                problems += error.problems
        try:
            problems += gone(notice)
        except ConfigError as error:
            problems += error.problems
    return list(dict.fromkeys(problems))  # a broken lock is told by each edition


def _notices(rules: Path) -> list[Path]:
    return sorted(path for path in (rules / "notices").glob("*") if path.is_dir())


def _drafts(rules: Path) -> list[str]:
    """Return the editions that may still be written, because nobody has locked them."""
    from alumni_sync.consent.notices.editions import editions
    from alumni_sync.consent.notices.locks import unlocked

    return [
        f"{notice.name} {version}"
        for notice in _notices(rules)
        for version in unlocked(notice, editions(rules, notice.name))
    ]


@notices.command("lock")
@pass_app
def lock_editions(app: App) -> None:
    """Lock every edition that is not locked yet: its files are final from then on.

    An edition with problems is not locked, and one that changed since is named, never locked anew.
    """
    from alumni_sync.consent.notices.editions import editions
    from alumni_sync.consent.notices.locks import lock

    rules = app.config.resolve().parent / "rules"
    problems = _edition_problems(rules)
    if problems:
        raise ConfigError(problems)
    for notice in _notices(rules):
        for version in lock(notice, editions(rules, notice.name)):
            click.echo(f"{notice.name} {version} is locked: from now on a change is a new version.")
    click.echo("Every edition is locked.")
