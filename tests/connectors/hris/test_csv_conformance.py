"""The file connector passes the kit that every HRIS connector has to pass."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from alumni_sync.testing.hris import EXIT_CODES, HRIS_CHECKS, HrisStage, Sample, sample_record
from connectors.hris.csv import CsvConnector
from tests.connectors.hris.exports import connector

COLUMNS = list(sample_record(1))
MAPPING = f"fields: {{{', '.join(f'{name}: {name}' for name in COLUMNS)}}}\nexit_codes:\n  exact:\n"
MAPPING += "".join(f"    {code}: {kind}\n" for code, kind in EXIT_CODES.items())


class CsvStage:
    """Publishes records as a file whose columns are called like the fields."""

    def __init__(self, root: Path) -> None:
        """Use a folder."""
        self.root = root

    def publish(self, records: Sequence[Sample]) -> CsvConnector:
        """Write file and mapping."""
        (self.root / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
        with (self.root / "input.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, COLUMNS)
            writer.writeheader()
            writer.writerows(records)
        return connector(self.root, mapping="mapping.yaml")

    def unreachable(self) -> CsvConnector:
        """Name a file that is not there."""
        return connector(self.root, "gone.csv", "mapping.yaml")


@pytest.mark.parametrize("check", HRIS_CHECKS, ids=lambda check: check.__name__)
def test_conformance(check: Callable[[HrisStage], None], tmp_path: Path) -> None:
    """What intake relies on holds for files."""
    check(CsvStage(tmp_path))
