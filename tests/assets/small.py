"""The sample company made small: one leaver of each kind, two sources, everything real."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from alumni_sync.cli.init import write_deployment

NOW_ISO = "2026-11-03T09:00:00+00:00"
"""A Tuesday morning after the October payroll."""

A_FEW = {"resignation": 4, "misconduct": 2}
"""Scenario → how many of a source; one of each other."""


def write_small_sample(
    folder: Path, few: Mapping[str, int] = A_FEW, *, of_each_other: int = 1
) -> Path:
    """Write the sample's deployment with few rows into `folder`; return its configuration.

    Args:
        folder: where.
        few: scenario → how many of a source.
        of_each_other: how many of a source of every scenario that `few` does not name.
    """
    write_deployment(folder, from_sample=True)
    expected = Path(__file__).parents[2] / "examples" / "acme" / "expected.csv"
    with expected.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for source, name in (("acme-pl", "leavers-pl.csv"), ("acme-de", "leavers-de.csv")):
        left = dict(few)
        lines = []
        for row in rows:
            if row["source"] == source and left.setdefault(row["scenario"], of_each_other) > 0:
                left[row["scenario"]] -= 1
                lines.append(int(row["line"]))
        _keep_lines(folder / name, lines)
    return folder / "alumni_sync.yaml"


def _keep_lines(path: Path, lines: list[int]) -> None:
    """Keep the heading and these lines of a file, bytes as they are."""
    content = path.read_bytes().splitlines(keepends=True)
    kept = io.BytesIO(content[0])
    kept.seek(0, io.SEEK_END)
    kept.writelines(content[line - 1] for line in sorted(lines))
    path.write_bytes(kept.getvalue())


def use_ports(config: Path, *, dagster: int, site: int, desk: int) -> None:
    """Let a deployment's addresses name other ports."""
    text = config.read_text(encoding="utf-8")
    for usual, port in ((3000, dagster), (8400, site), (8401, desk)):
        text = text.replace(f"http://127.0.0.1:{usual}", f"http://127.0.0.1:{port}")
    config.write_text(text, encoding="utf-8")


def mails_in(folder: Path) -> list[str]:
    """Return the names of the mails that were sent."""
    return sorted(path.name for path in (folder / "var" / "outbox").glob("*.eml"))
