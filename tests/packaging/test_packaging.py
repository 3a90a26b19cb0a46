"""What the distribution claims: its import names, its versions, its entry points."""

import re
import tomllib
from importlib.metadata import entry_points, version
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import alumni_sync
from alumni_sync.cli.packages import NAMES, foreign_packages
from alumni_sync.shipped import shipped

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_each_import_name_is_ours() -> None:
    """`rules` and `connectors` exist on the package index: theirs would be imported silently."""
    assert [] == list(foreign_packages())


def test_a_stranger_with_one_of_our_names_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pip overwrites files of the same name without a word; `pip check` says nothing."""
    described = tmp_path / "website_assets-2.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: website-assets\nVersion: 2.0\n"
    )
    (described / "top_level.txt").write_text("assets\n")
    package = tmp_path / "assets"
    package.mkdir()
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)

    found = [str(problem) for problem in foreign_packages()]

    assert any("website-assets has the same import name" in problem for problem in found)


def test_only_our_names_are_packages() -> None:
    """`tests` or `rules` as a top-level package would collide with other people's."""
    found = PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]

    assert [f"{name}*" for name in NAMES] == found


def test_every_pin_is_a_name_and_a_version() -> None:
    """An address in a pin would tie the build to one machine's registry."""
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]

    assert [] == [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[\w.!+-]+", line)]


def test_every_dependency_is_pinned_within_its_range() -> None:
    """A dependency without a pin makes two fresh clones differ."""
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pairs = [line.split("==") for line in text.splitlines() if line and not line.startswith("#")]
    pins = {canonicalize_name(name): pinned for name, pinned in pairs}
    extras = PROJECT["project"]["optional-dependencies"].values()
    lines = chain(PROJECT["project"]["dependencies"], *extras)
    wanted = [Requirement(line) for line in lines]

    assert [] == [
        str(requirement)
        for requirement in wanted
        if canonicalize_name(requirement.name) != "alumni-sync"
        and not requirement.specifier.contains(pins.get(canonicalize_name(requirement.name), "0"))
    ]


def test_every_dependency_has_its_reason() -> None:
    """A dependency nobody can explain is a risk nobody took on purpose."""
    text = (ROOT / "docs" / "adr" / "0001-dependencies.md").read_text(encoding="utf-8").lower()
    groups = PROJECT["project"]["optional-dependencies"]
    names = {
        Requirement(line).name.lower()
        for line in (*PROJECT["project"]["dependencies"], *groups["postgres"], *groups["dev"])
    } - {"alumni-sync"}

    assert names == {name for name in names if f"`{name}`" in text}


@pytest.mark.parametrize("folder", ["rules", "examples"])
def test_shipped_files_are_found_in_a_checkout(folder: str) -> None:
    """`init` copies them; an editable installation has them in the repository."""
    assert ROOT / folder == shipped(folder)


def test_shipped_files_are_found_in_an_installation(tmp_path: Path) -> None:
    """In a wheel they lie below the package, and a folder beside it is somebody else's."""
    package = tmp_path / "site" / "alumni_sync"
    (package / "_shipped" / "rules").mkdir(parents=True)
    (tmp_path / "site" / "rules").mkdir()

    assert package / "_shipped" / "rules" == shipped("rules", package=package)


def test_the_version_is_one() -> None:
    """Bug reports quote it; changelog, package and code have to mean the same."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    latest = re.findall(r"(?m)^## \[([^\]]+)\]", changelog)

    assert alumni_sync.__version__ == version("alumni-sync")
    assert "Unreleased" == latest[0] or alumni_sync.__version__ == latest[0]


def test_every_entry_point_leads_to_a_class() -> None:
    """A plugin that cannot be loaded is found by the first customer who configures it."""
    groups = PROJECT["project"]["entry-points"]

    assert {
        (group, name): value.partition(":")[2]
        for group, points in groups.items()
        for name, value in points.items()
    } == {
        (group, point.name): point.load().__name__
        for group in groups
        for point in entry_points(group=group)
        if point.dist is not None and point.dist.name == "alumni-sync"
    }


def test_templates_are_those_of_the_checkout() -> None:
    """What `make up` runs with here is what `init` gives to others."""
    templates = ROOT / "alumni_sync" / "cli" / "templates"

    for name in ("dagster.yaml", "workspace.yaml"):
        assert (ROOT / name).read_text() == (templates / name).read_text()
