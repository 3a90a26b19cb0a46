"""The record of processing as values, and as a page for whoever files it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Activity:
    """One processing activity, as Art. 30(1)(b) to (f) ask for it."""

    name: str
    purposes: tuple[str, ...]
    bases: tuple[str, ...]
    people: tuple[str, ...]
    data: tuple[str, ...]
    recipients: tuple[str, ...]
    transfers: tuple[str, ...]
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Controller:
    """Who is responsible, for which sources, under which law (Art. 30(1)(a))."""

    name: str
    contact: str
    sources: tuple[str, ...]
    jurisdictions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProcessingRecord:
    """The whole record.

    Attributes:
        arrangement: of joint controllers (Art. 26); "" where there is none.
        notice: id and version of the notice in force.
    """

    controllers: tuple[Controller, ...]
    arrangement: str
    notice: str
    activities: tuple[Activity, ...]
    measures: tuple[str, ...]


def as_page(record: ProcessingRecord) -> str:
    """Return the record as Markdown, for whoever files it."""
    lines = ["# Record of processing (GDPR Art. 30)", "", f"Notice in force: {record.notice}", ""]
    lines += ["## Controllers", ""]
    lines += [
        f"- {each.name}, {each.contact} (sources {', '.join(each.sources)}; "
        f"law: {', '.join(each.jurisdictions)})"
        for each in record.controllers
    ]
    if record.arrangement:
        lines += ["", f"Jointly (Art. 26): {record.arrangement}"]
    for activity in record.activities:
        lines += ["", f"## {activity.name}"]
        lines += _part("Purposes", activity.purposes)
        lines += _part("Legal bases", activity.bases)
        lines += _part("People", activity.people)
        lines += _part("Data", activity.data)
        lines += _part("Recipients", activity.recipients)
        lines += _part("Transfers", activity.transfers or ("none",))
        lines += _part("Kept", activity.kept)
    lines += ["", "## Measures (Art. 32)", "", *(f"- {measure}" for measure in record.measures)]
    return "\n".join(lines) + "\n"


def _part(title: str, entries: Sequence[str]) -> list[str]:
    return ["", f"**{title}**", "", *(f"- {entry}" for entry in entries)]
