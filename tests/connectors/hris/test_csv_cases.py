"""Every odd input has one outcome. A case is a folder under tests/cases/csv: add one, no code."""

import json
from pathlib import Path
from typing import Any

import pytest

from alumni_sync import errors
from connectors.hris.csv import CsvConnector
from tests.connectors.hris.exports import CASES, MAPPING, connector, pages_of, plain

NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir())


def read_case(name: str) -> tuple[Path, Path, dict[str, Any]]:
    """Return folder, mapping and expectation of a case."""
    folder = CASES / name
    own = folder / "mapping.yaml"
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    return folder, own if own.exists() else MAPPING, expected


@pytest.mark.parametrize("name", NAMES)
def test_a_file_gives_the_records_and_reasons_of_its_case(name: str) -> None:
    """A row that is read wrong invites the wrong person, or loses one without a word."""
    folder, mapping, expected = read_case(name)
    source = connector(folder, mapping=mapping, **expected.get("settings", {}))
    if "error" in expected:
        expect_error(source, expected)
        return

    pages = pages_of(source)

    records = [record for page in pages for record in page.records]
    assert expected.get("declared_total") == (
        pages[-1].declared_total if "declared_total" in expected else None
    )
    assert [f"input.csv:{one['line']}" for one in expected["records"]] == [
        record.where for record in records
    ]
    for one, record in zip(expected["records"], records, strict=True):
        assert one.get("problems", []) == [list(problem) for problem in record.problems]
        wanted = one.get("facts", {})
        assert wanted == {key: plain(record.facts.get(key)) for key in wanted}, record.where
        assert [] == [key for key in one.get("absent", []) if key in record.facts]
    told = repr(records)
    assert [] == [text for text in expected.get("nowhere", []) if text in told]


def expect_error(source: CsvConnector, expected: dict[str, Any]) -> None:
    """Check the family of an error, and what it says and does not say."""
    with pytest.raises(errors.AlumniSyncError) as caught:
        pages_of(source)

    assert expected["error"] == type(caught.value).__name__
    assert [] == [text for text in expected["says"] if text not in str(caught.value)]
    assert [] == [text for text in expected.get("nowhere", []) if text in str(caught.value)]
    assert caught.value.__context__ is None, "the original error holds bytes of people"
