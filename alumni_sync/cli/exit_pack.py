"""`exit-pack`: what HR hands out before the exit, so that an address may be written to afterwards.

Everything in the folder can be made again and is the same then: nothing in it is about a person.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from alumni_sync.cli.app import App, json_option, pass_app, show, table
from alumni_sync.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alumni_sync.consent.paper.wording import Handout
    from alumni_sync.deployment import Deployment

TEXT: Final = "text/plain; charset=utf-8"


@click.command(name="exit-pack")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("exit-pack"),
    show_default=True,
    help="The folder; what it has of these files is written anew.",
)
@click.option("--source", help="One source; default: all of them.")
@click.option("--language", help="One language; default: all of the notice.")
@json_option
@pass_app
def exit_pack(
    app: App, out: Path, source: str | None, language: str | None, *, as_json: bool
) -> None:
    """Write the question for a private address as HR hands it out before the exit.

    For each source and language: the text, a page to print, and a code that opens the notice. The
    number is made from the exact words, which the ledger keeps: HR notes it beside the address.
    """
    with app.open() as d:
        given = _handouts(d, source, language)
        _keep(d, given)
    rows = [_write(out, each) for each in given]
    index = [
        {
            "source": each.source,
            "language": each.language,
            "evidence_id": each.evidence_id,
            "sha256": each.sha256,
            "files": files,
        }
        for each, files in zip(given, rows, strict=True)
    ]
    cells = [(each.source, each.language, each.evidence_id) for each in given]
    said = [*table(cells, ["source", "language", "number"]), f"{out}: {len(given)} handouts."]
    show(index, said, as_json=as_json)


def _handouts(d: "Deployment", source: str | None, language: str | None) -> "list[Handout]":
    """Return them in the order of the configuration; raises `ConfigError` before any is written."""
    from alumni_sync.cli.consent import source_named
    from alumni_sync.consent.paper.wording import handout, load_paper
    from alumni_sync.consent.terms import edition_of, rules_folder, terms_for

    manifest = edition_of(d).manifest
    if language is not None and language not in manifest.languages:
        known = ", ".join(manifest.languages)
        raise ConfigError.of("--language", "the notice has no such language", known)
    folder = rules_folder(d) / "notices" / manifest.id / manifest.version
    papers = {
        code: load_paper(folder, code) for code in ([language] if language else manifest.languages)
    }
    public = f"{d.settings.consent.public_url}/n/{manifest.id}/{manifest.version}"
    return [
        handout(
            texts,
            terms_for(d, name),
            source=name,
            language=code,
            version=manifest.version,
            link=f"{public}/{code}",
        )
        for name in ([source_named(d, source)] if source else d.settings.sources)
        for code, texts in papers.items()
    ]


def _keep(d: "Deployment", given: "Sequence[Handout]") -> None:
    """Keep the exact words: years later somebody asks what stood above the line."""
    from alumni_sync.ledger.chain import store_blob

    with d.ledger.write() as connection:
        for each in given:
            store_blob(connection, each.text.encode(), TEXT, d.clock.now())


def _write(out: Path, each: "Handout") -> list[str]:
    from alumni_sync.consent.paper.codes import code_png, code_svg
    from alumni_sync.consent.paper.pages import handout_page

    out.mkdir(parents=True, exist_ok=True)
    contents = {
        f"{each.evidence_id}.txt": f"{each.text}\n{each.said.desk}: {each.evidence_id}\n".encode(),
        f"{each.evidence_id}.html": handout_page(each).encode(),
        f"{each.evidence_id}.svg": code_svg(each.link).encode(),
        f"{each.evidence_id}.png": code_png(each.link),
    }
    for name, content in contents.items():
        (out / name).write_bytes(content)
    return sorted(contents)
