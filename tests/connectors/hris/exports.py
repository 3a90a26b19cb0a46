"""What the tests of the file connector share: a connector over files that a test writes."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from alumni_sync.domain import Fact
from alumni_sync.ledger.hashing import KeyedHashes
from alumni_sync.ports import Page, PluginContext, SourceRecord, Window
from connectors.hris.csv import CsvConnector, CsvSettings

CASES: Final = Path(__file__).parents[2] / "cases" / "csv"
MAPPING: Final = CASES / "mapping.yaml"
WINDOW: Final = Window(since=None, until=datetime(2026, 11, 3, 9, 0, tzinfo=UTC))
HEADER: Final = "Id,First,Last,Mail,Hired,Last day,Exit,Status,Code"
ROW: Final = "{0},Ada,Brandt,ada{0}@post.example,01.02.2020,30.09.2026,30.09.2026,out,R"


def sleepless(seconds: float) -> None:
    """Wait for nothing."""
    del seconds


def connector(
    root: Path,
    path: str = "input.csv",
    mapping: Path | str = MAPPING,
    *,
    pause: Callable[[float], None] = sleepless,
    **settings: object,
) -> CsvConnector:
    """Return a connector whose relative paths start at `root`."""
    context = PluginContext(
        "acme-pl", str(root), ZoneInfo("Europe/Warsaw"), KeyedHashes(bytes(32)).digest_bytes
    )
    checked = CsvSettings.model_validate({"path": path, "mapping": str(mapping), **settings})
    return CsvConnector(checked, context, pause=pause)


def write(path: Path, rows: Sequence[str], header: str = HEADER) -> Path:
    """Write a file with a header, each line ended."""
    path.write_text("".join(f"{line}\n" for line in (header, *rows)), encoding="utf-8")
    return path


def rows(*numbers: int) -> list[str]:
    """Return plain leaver rows of people with these ids."""
    return [ROW.format(number) for number in numbers]


def pages_of(source: CsvConnector) -> list[Page]:
    """Read everything."""
    return list(source.pull(WINDOW, None))


def records_of(source: CsvConnector) -> list[SourceRecord]:
    """Read everything, as one list."""
    return [record for page in pages_of(source) for record in page.records]


def plain(fact: Fact) -> object:
    """Return a fact as JSON has it."""
    if isinstance(fact, date):
        return fact.isoformat()
    return list(fact) if isinstance(fact, tuple) else fact
