"""`report`: the programme in figures, on the screen, as JSON, or as a page."""

from pathlib import Path

import click

from alumni_sync.cli.app import App, json_option, pass_app, show


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the report as one self-contained page to this file.",
)
@json_option
@pass_app
def report(app: App, out: Path | None, as_json: bool) -> None:
    """Show who left, who may be asked, who was asked, who said yes, and who is a member.

    Counts under five are left out, and so are others that would give them away.
    """
    from alumni_sync.reporting.figures import read_figures
    from alumni_sync.reporting.page import render
    from alumni_sync.reporting.screen import screen

    with app.open(create=False) as d:
        figures = read_figures(d)
        page = render(d, figures) if out else ""
    if out is not None:
        write_page(out, page)
    lines = screen(figures) if out is None else [f"{out}: the report, one page."]
    show(figures.numbers(), lines, as_json=as_json)


def write_page(out: Path, page: str) -> None:
    """Write the page, making its folder; readable by the owner's group, as any document."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page, encoding="utf-8")
