"""The sample company's files: reproducible, complete, and nobody real in them."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from alumni_sync.domain import ExitKind, Verdict
from connectors.mapping import load_mapping
from examples.acme import generate
from examples.acme.company import POLAND, SITES, Record
from examples.acme.generate import DIALECTS

ACME = Path(__file__).parents[2] / "examples" / "acme"
RULES = Path(__file__).parents[2] / "rules"


@pytest.fixture(scope="module")
def records() -> list[Record]:
    """Return every row before it is written."""
    return [record for rows in generate.records().values() for record in rows]


def test_committed_files_are_what_the_generator_writes() -> None:
    """A sample that nobody can make again cannot be changed by anybody."""
    made = generate.generate()
    assert made == {name: (ACME / name).read_bytes() for name in made}


def test_main_writes_the_files_and_says_so(tmp_path: Path) -> None:
    """A generator that ends in silence leaves its caller to guess."""
    said: list[str] = []
    generate.main(tmp_path, said.append)
    assert generate.generate()["expected.csv"] == (tmp_path / "expected.csv").read_bytes()
    assert [
        "leavers-pl.csv: 140 rows",
        "leavers-de.csv: 100 rows",
        "expected.csv: 240 rows",
        "rules/experts.csv: 2 rows",
    ] == said


def test_every_exit_kind_and_verdict_occurs(records: list[Record]) -> None:
    """A kind that the sample lacks is one that nobody sees working."""
    assert set(ExitKind) == {str(r.facts["exit_kind"]) for r in records if r.facts["exit_kind"]}
    assert set(Verdict) == {record.verdict for record in records if record.intake == "new"}


def test_every_code_of_a_site_means_what_its_mapping_says(records: list[Record]) -> None:
    """A code that drifts from its mapping would turn a dismissal into a review, or worse."""
    for source, site in SITES.items():
        codes = load_mapping(RULES / "mappings" / f"{source}.yaml").mapping.codes()
        meant = {code: kind for kind, some in site.codes.items() for code in some}
        assert meant == {code: codes.kind(code).value for code in meant}
    assert {""} == {str(r.facts["exit_code"] or "") for r in records if r.scenario == "no_code"}


def test_mappings_read_exactly_the_columns_of_the_exports() -> None:
    """A renamed heading would stop the sample's first run."""
    for source, dialect in DIALECTS.items():
        mapping = load_mapping(RULES / "mappings" / f"{source}.yaml").mapping
        assert set(dialect.columns) == set(mapping.columns)
        constants = {name for name, where in mapping.fields.items() if where.constant}
        assert set(dialect.columns.values()) == set(mapping.fields) - constants


def test_nobody_real_can_be_reached() -> None:
    """The sample's mails and numbers must lead nowhere, whatever somebody does with them."""
    for dialect in DIALECTS.values():
        text = (ACME / dialect.path).read_text(dialect.encoding)
        hosts = re.findall(r"@([\w.-]+)", text)
        assert hosts
        assert [] == [host for host in hosts if not host.endswith(".example")]
        phones = re.findall(r"\+\d[\d ]+", text)
        assert [] == [phone for phone in phones if not phone.startswith("+44 7700 900")]


def test_addresses_are_shared_by_exactly_those_who_are_meant_to(records: list[Record]) -> None:
    """A chance collision would send two ordinary people to review, and hide the real case."""
    owners: dict[str, set[str]] = {}
    for record in records:
        address = record.facts["personal_email"]
        if isinstance(address, str):
            owners.setdefault(address, set()).add(str(record.facts["employee_number"]))
    shared = {who for people in owners.values() if len(people) > 1 for who in people}
    meant = {str(r.facts["employee_number"]) for r in records if r.scenario == "shared_mailbox"}
    assert meant == shared


def test_expectation_names_the_line_of_each_row() -> None:
    """An expectation on the wrong line proves something about somebody else."""
    lines = (ACME / "leavers-pl.csv").read_text("utf-8-sig").splitlines()
    with (ACME / "expected.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["source"] == POLAND]
    assert len(lines) - 1 == len(rows)
    assert [] == [row for row in rows if row["employee"] not in lines[int(row["line"]) - 1]]


def test_numbers_are_unique_to_a_person_across_sources(records: list[Record]) -> None:
    """The walkthrough names people by a bare number."""
    people = {(str(r.facts["employee_number"]), r.source) for r in records}
    assert [] == [
        who for who, times in Counter(number for number, _ in people).items() if times > 1
    ]
