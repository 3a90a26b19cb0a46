"""docs/dagster.md names every asset, check, job, schedule and sensor, and only those."""

import re
from pathlib import Path

from assets.definitions import defs

PAGE = (Path(__file__).parents[2] / "docs" / "dagster.md").read_text(encoding="utf-8")


def _first_column(heading: str) -> set[str]:
    """Return the names in the first column of the table below a heading."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"(?m)^\| `(\w+)` \|", section))


def test_the_page_has_exactly_the_assets() -> None:
    """What is not on the page is met in the UI without a word about it."""
    graph = defs.resolve_asset_graph()

    assert {key.to_user_string() for key in graph.get_all_asset_keys()} == _first_column("Assets")


def test_the_page_has_exactly_the_checks() -> None:
    """A red check that nobody explains is soon ignored."""
    graph = defs.resolve_asset_graph()

    assert {key.name for key in graph.asset_check_keys} == _first_column("Checks")


def test_the_page_has_exactly_the_jobs() -> None:
    """Whoever launches one must know what it does."""
    jobs = defs.get_repository_def().get_all_jobs()
    names = {job.name for job in jobs if not job.name.startswith("__")}

    assert names == _first_column("Jobs")


def test_the_page_says_what_starts_by_itself() -> None:
    """Else a run at night looks like a break-in."""
    repository = defs.get_repository_def()
    names = {one.name for one in repository.schedule_defs}
    names |= {one.name for one in repository.sensor_defs}

    assert set() == {name for name in names if f"`{name}`" not in PAGE}
