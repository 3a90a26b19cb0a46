"""`letters export`: a list for HR's mail merge and finished letters, for whom no mail may ask.

Whoever holds a letter can answer in its reader's name until it is posted. So the folder is private,
only a named role may fill it, and every letter stands in the consent chain with who made it.
"""

import csv
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from alumni_sync.cli.app import App, json_option, os_identity, pass_app, show
from alumni_sync.cli.private_folder import new_file, private_folder
from alumni_sync.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alumni_sync.consent.paper.letters import Letter
    from alumni_sync.consent.paper.wording import PaperFile
    from alumni_sync.deployment import Deployment

LIST: Final = "letters.csv"
COLUMNS: Final = (
    "source",
    "employee_number",
    "name",
    "language",
    "closes",
    "link",
    "letter",
    "code",
)
STARTS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@click.group()
def letters() -> None:
    """Ask by post whom nothing allows us to write a mail to."""


@letters.command()
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder that is not there yet, or an empty one that nobody else can read.",
)
@click.option("--source", help="One source; default: all whose contact basis is none.")
@click.option("--again", is_flag=True, help="Also whom a letter asked before without an answer.")
@json_option
@pass_app
def export(app: App, out: Path, source: str | None, *, again: bool, as_json: bool) -> None:
    """Make a letter for everybody who can be asked by letter only, and count it as asking.

    The links stand in this folder and nowhere else: post the letters, then delete it. What got lost
    is made anew by --again after a week; the earlier link ends then.
    """
    from alumni_sync.consent.paper.letters import who_gets_letters

    left_out: Counter[str] = Counter()
    written = 0
    with app.open(create=False) as d:
        names = _sources(d, source)
        papers = _papers(d)
        found = [each for name in names for each in who_gets_letters(d, name, again=again)]
        private_folder(out)
        with new_file(out / LIST) as listed:
            rows = csv.writer(listed)
            rows.writerow(COLUMNS)
            for made in _made(d, found, left_out):
                rows.writerow(_put(d, papers, out, made))
                listed.flush()  # what is claimed is on the disk before the next one is
                written += 1
    said = [f"{out}: {written} letters, and {LIST} for the mail merge."]
    said += [
        f"Left out: {number} {reason.replace('_', ' ')}" for reason, number in left_out.items()
    ]
    show({"letters": written, "left_out": dict(left_out)}, said, as_json=as_json)


def _sources(d: "Deployment", source: str | None) -> list[str]:
    """Return the sources that get letters; raises `Refused` where somebody may not make them."""
    from alumni_sync.cli.consent import source_named
    from alumni_sync.domain import ContactBasis
    from alumni_sync.review.people.authority import Act
    from alumni_sync.review.people.interests import authority_now

    names = [source_named(d, source)] if source else list(d.settings.sources)
    names = [name for name in names if d.settings.sources[name].contact.basis == ContactBasis.NONE]
    if not names:
        msg = "no source has the contact basis none: the others are asked by mail"
        raise Refused(msg)
    for name in names:
        authority_now(d).require(os_identity(), Act.EXPORT_LETTERS, name)
    return names


def _papers(d: "Deployment") -> "dict[str, PaperFile]":
    """Read the texts of every language before anybody is asked."""
    from alumni_sync.consent.paper.wording import load_paper
    from alumni_sync.consent.terms import edition_of, rules_folder

    manifest = edition_of(d).manifest
    folder = rules_folder(d) / "notices" / manifest.id / manifest.version
    return {code: load_paper(folder, code) for code in manifest.languages}


def _made(d: "Deployment", found: "Sequence[str]", left_out: Counter[str]) -> "Iterator[Letter]":
    from alumni_sync.consent.paper.letters import write_letter

    for invitation_id in found:
        made = write_letter(d, invitation_id, os_identity().user)
        if isinstance(made, str):
            left_out[made] += 1
        else:
            yield made


def _put(d: "Deployment", papers: "dict[str, PaperFile]", out: Path, made: "Letter") -> list[str]:
    """Write one letter and its code; return its row of the list."""
    from alumni_sync.consent.mail.composing import day_in_words
    from alumni_sync.consent.paper.codes import code_png
    from alumni_sync.consent.paper.pages import letter_page
    from alumni_sync.consent.paper.wording import LetterValues
    from alumni_sync.consent.terms import edition_of, terms_for

    values = LetterValues(
        language=made.language,
        employee_number=made.employee_number,
        name=made.name,
        first_name=made.first_name,
        link=made.link,
        closes=day_in_words(edition_of(d).mails[made.language], made.closes),
    )
    page = letter_page(papers[made.language], terms_for(d, made.source), values)
    letter, picture = f"{made.invitation_id}.html", f"{made.invitation_id}.png"
    with new_file(out / letter) as file:
        file.write(page)
    with new_file(out / picture) as file:
        file.buffer.write(code_png(made.link))
    known = (made.source, made.employee_number, made.name, made.language)
    told = (made.closes.isoformat(), made.link, letter, picture)
    return [_cell(text) for text in (*known, *told)]


def _cell(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: a name comes from an HRIS."""
    return f"'{text}" if text.startswith(STARTS_A_FORMULA) else text
