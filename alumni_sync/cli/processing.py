"""`privacy records`: the record of processing, from what is in force."""

from dataclasses import asdict

import click

from alumni_sync.cli.app import App, json_option, pass_app, show


@click.command()
@click.option("--language", help="Of the notice's own words; default: the company's first.")
@json_option
@pass_app
def records(app: App, language: str | None, *, as_json: bool) -> None:
    """Write the record of processing (GDPR Art. 30) from settings, packs and notice.

    Nobody is named in it. What your HRIS and your mail provider do for you stands in your records
    of them; agreements with processors are kept where you keep contracts.
    """
    from alumni_sync.privacy.processing import record_of_processing
    from alumni_sync.privacy.processing_page import as_page

    record = record_of_processing(app.plugins(), language)
    show(asdict(record), as_page(record).splitlines(), as_json=as_json)
