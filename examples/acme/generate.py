"""Writes the sample company's two exports, what is expected of each row, and HR's expert list.

`python -m examples.acme.generate` writes beside this file. The output is committed: the sample
must not depend on a Python version's random numbers, and a change of it must be seen in review.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random
from typing import Final

from examples.acme.cast import play
from examples.acme.company import GERMANY, POLAND, Record, Staff, Value

SEED: Final = 20_261_029
EXPECTED: Final = (
    "source",
    "line",
    "employee",
    "scenario",
    "intake",
    "verdict",
    "flags",
    "contact",
    "why",
)
TOPICS: Final = ("industrial automation", "payroll law", "surface chemistry")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one of the two HR systems writes its export.

    Attributes:
        columns: heading → canonical field, in the order of the file.
        dates: strftime format of a date.
        words: canonical field → value → how this system writes it.
    """

    path: str
    delimiter: str
    encoding: str
    line_end: str
    dates: str
    columns: Mapping[str, str]
    words: Mapping[str, Mapping[str, str]]


DIALECTS: Final[Mapping[str, Dialect]] = {
    POLAND: Dialect(
        path="leavers-pl.csv",
        delimiter=";",
        encoding="utf-8-sig",  # as Excel writes it
        line_end="\r\n",
        dates="%d.%m.%Y",
        columns={
            "Nr ewid.": "employee_number",
            "Osoba": "person_id",
            "Nazwisko": "family_name",
            "Imię": "given_name",
            "E-mail prywatny": "personal_email",
            "Adres podano dnia": "contact_given_at",
            "Klauzula": "contact_text",
            "E-mail służbowy": "work_email",
            "Telefon": "phone",
            "Język": "language",
            "Data urodzenia": "birth_date",
            "Zatrudniony od": "hire_date",
            "Ostatni dzień pracy": "last_working_day",
            "Rozwiązanie umowy": "exit_date",
            "Status": "record_status",
            "Podstawa": "exit_code",
            "Ponowne zatrudnienie": "rehire_date",
            "Rodzaj umowy": "worker_type",
            "Spółka": "legal_entity",
            "Dział": "department",
            "Miejsce pracy": "location",
            "Stanowisko": "job_title",
            "Szczebel": "job_level",
            "Przełożony": "manager_id",
            "Znaczniki": "tags",
            "Nie kontaktować": "do_not_consider",
        },
        words={
            "record_status": {
                "left": "zwolniony",
                "active": "zatrudniony",
                "rescinded": "wypowiedzenie cofnięte",
                "hire_cancelled": "zatrudnienie anulowane",
            },
            "worker_type": {
                "employee": "umowa o pracę",
                "intern": "staż",
                "apprentice": "nauka zawodu",
            },
            "tags": {"expert": "ekspert"},
            "do_not_consider": {"yes": "tak", "no": "nie"},
        },
    ),
    GERMANY: Dialect(
        path="leavers-de.csv",
        delimiter="\t",
        encoding="utf-8",
        line_end="\n",
        dates="%Y-%m-%d",
        columns={
            "Personalnummer": "employee_number",
            "Personen-ID": "person_id",
            "Vorname": "given_name",
            "Nachname": "family_name",
            "Private E-Mail": "personal_email",
            "Angabe vom": "contact_given_at",
            "Hinweistext": "contact_text",
            "Dienstliche E-Mail": "work_email",
            "Mobil": "phone",
            "Sprache": "language",
            "Geburtsdatum": "birth_date",
            "Eintritt": "hire_date",
            "Letzter Arbeitstag": "last_working_day",
            "Austritt": "exit_date",
            "Satzstatus": "record_status",
            "Austrittsgrund": "exit_code",
            "Wiedereintritt": "rehire_date",
            "Mitarbeiterkreis": "worker_type",
            "Buchungskreis": "legal_entity",
            "Abteilung": "department",
            "Standort": "location",
            "Funktion": "job_title",
            "Ebene": "job_level",
            "Vorgesetzte": "manager_id",
            "Merkmale": "tags",
            "Kein Kontakt": "do_not_consider",
        },
        words={
            "record_status": {
                "left": "ausgetreten",
                "active": "aktiv",
                "rescinded": "Austritt storniert",
                "hire_cancelled": "Eintritt storniert",
            },
            "worker_type": {
                "employee": "Angestellte",
                "intern": "Praktikum",
                "apprentice": "Ausbildung",
            },
            "tags": {"expert": "Experte"},
            "do_not_consider": {"yes": "ja", "no": "nein"},
        },
    ),
}


def records() -> Mapping[str, Sequence[Record]]:
    """Return source → its rows before they are written, with what is expected of each."""
    return play(Staff(Random(SEED)))


def generate() -> Mapping[str, bytes]:
    """Return the content of every generated file by its name."""
    rows = records()
    files = {dialect.path: _export(dialect, rows[source]) for source, dialect in DIALECTS.items()}
    files["expected.csv"] = _table(EXPECTED, _expectations(rows))
    files["rules/experts.csv"] = _table(("source/employee", "topic"), _experts(rows))
    return files


def _export(dialect: Dialect, records: Sequence[Record]) -> bytes:
    lines = [_line(dialect, list(dialect.columns))]
    lines += [_row(dialect, record) for record in records]
    return "".join(line + dialect.line_end for line in lines).encode(dialect.encoding)


def _row(dialect: Dialect, record: Record) -> str:
    cells = [_cell(dialect, name, record.facts[name]) for name in dialect.columns.values()]
    if record.broken == "stray_delimiter":
        cells.insert(2, "z domu")  # written by hand into the cell before, without quotes
    return _line(dialect, cells)


def _cell(dialect: Dialect, name: str, value: Value) -> str:
    if isinstance(value, date):
        return value.strftime(dialect.dates)
    text = "" if value is None else str(value)
    return dialect.words.get(name, {}).get(text, text)


def _line(dialect: Dialect, cells: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=dialect.delimiter, lineterminator="").writerow(cells)
    return buffer.getvalue()


def _expectations(rows: Mapping[str, Sequence[Record]]) -> Sequence[Sequence[str]]:
    return [
        (
            source,
            str(line),
            str(record.facts["employee_number"]),
            record.scenario,
            record.intake,
            record.verdict if record.intake == "new" else "",
            " ".join(record.flags) if record.intake == "new" else "",
            record.contact if record.verdict == "eligible" and record.intake == "new" else "",
            record.why,
        )
        for source, records in rows.items()
        for line, record in enumerate(records, start=2)
    ]


def _experts(rows: Mapping[str, Sequence[Record]]) -> Sequence[Sequence[str]]:
    nominated = sorted(
        f"{source}/{record.facts['employee_number']}"
        for source, records in rows.items()
        for record in records
        if record.scenario == "nominated"
    )
    return list(zip(nominated, TOPICS, strict=False))


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return buffer.getvalue().encode()


def main(folder: Path = Path(__file__).parent, say: Callable[[str], object] = print) -> None:
    """Write every file into `folder` and say how long each is."""
    for name, content in generate().items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        say(f"{name}: {len(content.splitlines()) - 1} rows")


if __name__ == "__main__":
    main()
