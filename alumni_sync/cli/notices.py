"""`notices`: read a notice as a leaver would, and check every edition and pack."""

from pathlib import Path

import click

from alumni_sync.cli.app import App, pass_app
from alumni_sync.cli.exits import Exit, finish
from alumni_sync.errors import ConfigError


@click.group()
def notices() -> None:
    """What people are shown: show, lint."""


@notices.command("show")
@click.option("--language", help="Default: the company's first.")
@click.option("--version", help="Default: the newest edition.")
@click.option("--source", help="Whose controller and law; default: the first source.")
@pass_app
def show_notice(app: App, language: str | None, version: str | None, source: str | None) -> None:
    """Print the notice as a leaver would read it, with its fingerprint."""
    from alumni_sync.cli.consent import source_named
    from alumni_sync.consent.notices import render_notice
    from alumni_sync.consent.terms import edition_of, language_for, terms_for

    d = app.plugins()
    edition = edition_of(d, version)
    manifest = edition.manifest
    if language is not None and language not in manifest.languages:
        known = ", ".join(manifest.languages)
        raise ConfigError.of("--language", "the notice has no such language", known)
    code = language_for(d, edition, language)
    notice = render_notice(edition, code, terms_for(d, source_named(d, source)))
    click.echo(notice.text)
    click.echo(f"{manifest.id} {manifest.version} ({code}), SHA-256 {notice.sha256}")


@notices.command()
@pass_app
def lint(app: App) -> None:
    """Check every edition of every notice and every jurisdiction pack; all problems at once.

    What is wrong with the configuration itself is told by `doctor`; it hides nothing here.
    """
    problems, checked = _problems(app.config.resolve().parent / "rules")
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        finish(Exit.USAGE)
    click.echo(f"{checked} editions and packs are in order.")


def _problems(rules: Path) -> tuple[list[str], int]:
    from alumni_sync.consent.editions import editions, load_edition
    from alumni_sync.consent.jurisdictions import load_pack

    problems: list[str] = []
    checked = 0
    for folder in sorted(path for path in (rules / "notices").glob("*") if path.is_dir()):
        for version in editions(rules, folder.name):
            checked += 1
            try:
                load_edition(rules, folder.name, version)
            except ConfigError as error:
                problems += map(str, error.problems)
    for pack in sorted((rules / "jurisdictions").glob("*.yaml")):
        checked += 1
        try:
            load_pack(rules, pack.stem)
        except ConfigError as error:
            problems += map(str, error.problems)
    return problems, checked
