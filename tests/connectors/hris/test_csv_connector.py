"""What the connector says of itself and of people, and how a wrong mapping is told."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alumni_sync.domain import ExitKind
from alumni_sync.errors import ConfigError
from alumni_sync.ledger.hashing import KeyedHashes
from alumni_sync.ports import PluginContext
from connectors.hris.csv import CsvConnector, CsvSettings
from connectors.mapping import FieldSource, load_mapping
from tests.connectors.hris.exports import (
    HEADER,
    MAPPING,
    connector,
    pages_of,
    records_of,
    rows,
    write,
)


def test_check_names_fields_that_were_asked_for_and_not_there(tmp_path: Path) -> None:
    """A column that was renamed in the export must be seen before the payroll close."""
    header = HEADER.replace("Mail", "E-mail")
    write(tmp_path / "input.csv", rows(1), header)

    health = connector(tmp_path).check()

    assert not health.ok
    assert {"personal_email"} == set(health.asked) - set(health.returned)
    assert ("input.csv: column `Mail` is missing (personal_email)",) == health.problems
    assert health.ours


def test_check_of_a_good_file_is_ok_and_says_how_it_was_read(tmp_path: Path) -> None:
    """A guessed delimiter should be seen by somebody."""
    write(tmp_path / "input.csv", rows(1))

    health = connector(tmp_path).check()

    assert (True, ()) == (health.ok, health.problems)
    assert health.asked == health.returned
    assert ("input.csv: 9 columns, ',', UTF-8",) == health.notes


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "there is no such file"), (b"", "is empty"), ("ś".encode("cp1250"), "not UTF-8")],
)
def test_check_reports_a_file_that_cannot_be_used(
    tmp_path: Path, content: bytes | None, says: str
) -> None:
    """`doctor` shows every problem; it does not stop at the first with a traceback."""
    if content is not None:
        (tmp_path / "input.csv").write_bytes(content)

    health = connector(tmp_path).check()

    assert (False, True) == (health.ok, health.ours)
    assert [True] == [says in problem for problem in health.problems]


def test_a_drop_folder_without_a_delivery_is_waited_for(tmp_path: Path) -> None:
    """Nothing in the configuration is to be mended when payroll is late."""
    (tmp_path / "drop").mkdir()

    health = connector(tmp_path, path="drop").check()

    assert (False, False) == (health.ok, health.ours)


def test_current_gives_the_people_asked_for_as_the_file_has_them_now(tmp_path: Path) -> None:
    """Who is asked about and not in the file is left out, never invented."""
    write(tmp_path / "input.csv", [*rows(1, 2, 3), rows(1)[0].replace("30.09", "31.12")])

    records = list(connector(tmp_path).current(["1", "3", "77"]))

    assert ["input.csv:2", "input.csv:4", "input.csv:5"] == [record.where for record in records]


def test_the_profile_page_is_made_of_the_person_and_nothing_else(tmp_path: Path) -> None:
    """An id with a slash or a question mark must not lead to another page."""
    mapping = tmp_path / "mapping.yaml"
    url = 'profile_url: "https://hris.example/p/{person_id}/card"\n'
    mapping.write_text(MAPPING.read_text(encoding="utf-8") + url, encoding="utf-8")

    with_url, without = connector(tmp_path, mapping=mapping), connector(tmp_path)

    assert "https://hris.example/p/A%2F1%3Fx/card" == with_url.profile_url("A/1?x")
    assert None is without.profile_url("1")


PLACED = "fields: {person_id: A, hire_date: B, exit_date: C"
BROKEN = """\
dates: [dmy, mdy]
pivott: 50
fields:
  person_id: {constant: "1"}
  first_name: First
  exit_kind: Kind
  birth_date: {column: Born, values: {a: b}}
  department: {column: Team, columns: [Team, Unit]}
  location: {column: Site, dates: iso}
  given_name: No
  record_status: {column: Status, values: {left: gone, Left: left}}
exit_codes:
  exact: {01: resignation, R: retired}
  patterns: {"(": misconduct}
total: {trailer: "Total"}
profile_url: "https://hris.example/{employee}"
"""


def test_everything_that_is_wrong_with_a_mapping_is_said_at_once_with_its_line(
    tmp_path: Path,
) -> None:
    """One problem a run would take HR a dozen runs."""
    path = tmp_path / "broken.yaml"
    path.write_text(BROKEN, encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        load_mapping(path)

    lines = {problem.where.split()[0].partition(":")[2] for problem in caught.value.problems}
    assert {str(line) for line in range(1, 17) if line != 12} == lines
    whats = "\n".join(map(str, caught.value.problems))
    for text in (
        "allows both dmy and mdy",
        "did you mean `pivot`",
        "hire_date is missing",
        "neither last_working_day nor exit_date",
        "exit_code is missing",
        "cannot be the same for everybody",
        "is no field of a leaver",
        "use `exit_codes:`",
        "means nothing for birth_date",
        "must name one of `column`, `columns` and `constant`",
        "means nothing for location",
        "put the column's name in quotes",
        "is no value of record_status",
        "stands there twice but for its case",
        "is not text",
        "must be one of",
        "no regular expression",
        "one pair of parentheses",
        "with {person_id} in it",
    ):
        assert text in whats


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "fields"),
        ("- a\n", "must be a mapping"),
        (f"{PLACED}}}\nexit_codes: {{}}\n", "says nothing"),
        (f"{PLACED}, exit_code: D}}\nexit_codes: {{everybody: death}}", "mapped although"),
        (f"{PLACED}}}\nexit_codes: {{everybody: death, exact: {{a: death}}}}", "stands alone"),
    ],
)
def test_a_mapping_that_says_too_little_or_too_much_is_refused(
    tmp_path: Path, text: str, says: str
) -> None:
    """What is accepted and ignored is a defect."""
    path = tmp_path / "mapping.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match=says):
        load_mapping(path)


def test_a_mapping_that_is_not_there_is_a_problem_of_the_configuration(tmp_path: Path) -> None:
    """It names the file, so that a typo in `mapping:` is found."""
    write(tmp_path / "input.csv", rows(1))
    source = connector(tmp_path, mapping="rules/none.yaml")

    with pytest.raises(
        ConfigError, match=r"none\.yaml: cannot be read.*\(write it: docs/connectors-csv.md\)"
    ):
        pages_of(source)
    assert not source.check().ok


def test_the_connector_does_nothing_before_it_is_asked(tmp_path: Path) -> None:
    """`connectors list` builds every plugin, on machines that have none of the files."""
    source = connector(tmp_path / "nowhere", mapping="none.yaml")

    assert "csv" == source.info.name
    assert CsvConnector.Settings is type(source).Settings


def test_a_row_in_quarantine_shows_only_what_the_mapping_reads(tmp_path: Path) -> None:
    """A payroll export has salaries and addresses beside what we need."""
    write(
        tmp_path / "input.csv",
        [rows(1)[0].replace("01.02.2020", "32.02.2020") + ",9999"],
        HEADER + ",Pay",
    )

    (record,) = records_of(connector(tmp_path))

    assert (("hire_date", "bad-date"),) == record.problems
    assert "Hired: 32.02.2020" in record.raw
    assert "9999" not in record.raw


def _labelled(root: Path, code: str = "R") -> CsvConnector:
    """Return a connector of a file with a column that says the code in words."""
    mapping = root / "labelled.yaml"
    text = MAPPING.read_text("utf-8")
    mapping.write_text(text.replace("exit_codes:\n", "exit_codes:\n  label: Words\n"), "utf-8")
    told = [f"{rows(1)[0][:-1]}{code},Some  Words", f"{rows(2)[0]},b"]
    write(root / "input.csv", told, f"{HEADER},Words")
    return connector(root, mapping=mapping)


def test_the_words_for_a_code_are_told(tmp_path: Path) -> None:
    """By them a code is known that was recycled; blanks and capitals are nobody's intention."""
    assert ["some words", "b"] == [one.code_label for one in records_of(_labelled(tmp_path))]


def test_the_words_for_some_codes_are_not_even_held_in_memory(tmp_path: Path) -> None:
    """What the export says of an illness is none of our business, in quarantine neither."""
    source = _labelled(tmp_path, "sick-3")
    first, _ = records_of(source)
    sheet = tmp_path / "input.csv"
    sheet.write_text(sheet.read_text("utf-8").replace("01.02.2020", "99.99.2020"), "utf-8")

    broken, _ = records_of(source)

    assert ("undisclosed", "") == (first.facts["exit_code"], first.code_label)
    assert ((("hire_date", "bad-date"),), "") == (broken.problems, broken.code_label)
    assert "Words" not in broken.raw


def test_a_released_mapping_counts_whatever_the_folder_says(tmp_path: Path) -> None:
    """An edit of the file would otherwise be a release by one person."""
    write(tmp_path / "input.csv", rows(1))
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("fields: {}\n", "utf-8")
    context = PluginContext(
        "acme-pl",
        str(tmp_path),
        ZoneInfo("Europe/Warsaw"),
        KeyedHashes(bytes(32)).digest_bytes,
        {"mapping": MAPPING.read_bytes()},
    )
    settings = CsvSettings(path="input.csv", mapping="mapping.yaml")

    said = CsvConnector(settings, context).mapping_said()

    assert ExitKind.RESIGNATION == said.kind("R")
    assert ["R"] == [code for code in said.codes if code == "R"]
    assert 1 == len(records_of(CsvConnector(settings, context)))


@pytest.mark.parametrize(
    ("keys", "only"),
    [
        ({"constant": "PL"}, {"PL"}),
        ({"column": "c", "values": {"1": "PL", "2": "DE"}, "otherwise": "reject"}, {"PL", "DE"}),
        ({"column": "c", "values": {"1": "PL"}, "otherwise": "empty"}, {"PL"}),
        ({"column": "c", "values": {"1": "PL"}}, set()),
        ({"column": "c", "otherwise": "empty"}, set()),
    ],
)
def test_the_only_values_that_a_field_can_have(keys: dict[str, Any], only: set[str]) -> None:
    """An audience may be told that a value is nobody's only where that is certain."""
    assert only == FieldSource(**keys).only
