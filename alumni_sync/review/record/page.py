"""The record of a decision as a page to print: inline style, no script, nothing from elsewhere."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from alumni_sync.review.record.record import DecisionRecordPage


def render_record(record: DecisionRecordPage, company: str) -> str:
    """Return the page; whatever stands in the record is shown as text."""
    return _templates().get_template("record.html").render(record=record, company=company)


def in_words(value: object) -> str:
    """Return a code or a value as people read it."""
    if value is None:
        return "unknown"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value).replace("_", " ")


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("alumni_sync.review"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["in_words"] = in_words
    return environment
