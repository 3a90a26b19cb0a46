"""The wheel: built from a clean copy, installed elsewhere, it does what the checkout does."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = (
    "alumni_sync",
    "connectors",
    "assets",
    "rules",
    "examples",
    "pyproject.toml",
    "setup.py",
    "MANIFEST.in",
    "README.md",
    "LICENSE",
    "constraints.txt",
)
IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc")

pytestmark = pytest.mark.wheel


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a wheel built from a copy, so that nothing left in the checkout gets into it."""
    copy = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        origin = ROOT / name
        if origin.is_dir():
            shutil.copytree(origin, copy / name, ignore=IGNORED)
        else:
            shutil.copyfile(origin, copy / name)
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", copy / "out"],
        cwd=copy,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (built,) = (copy / "out").glob("*.whl")
    return built


@pytest.fixture(scope="session")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of scripts of an environment that has the wheel and no checkout.

    In CI everything is installed anew. Elsewhere the dependencies are those of this environment,
    reached by a path file, since a download must not be needed to run the tests.
    """
    home = tmp_path_factory.mktemp("elsewhere") / "env"
    venv.create(home, with_pip=True)
    options = ["--quiet", "--disable-pip-version-check"]
    if os.environ.get("ALUMNI_SYNC_CI"):
        options += ["--constraint", str(ROOT / "constraints.txt")]
    else:
        options += ["--no-deps", "--no-index"]
        (site,) = home.glob("lib/python*/site-packages")
        (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    subprocess.run(
        [home / "bin" / "python", "-m", "pip", "install", *options, wheel], check=True, cwd=home
    )
    return home / "bin"


def command(scripts: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `alumni-sync` of the installed wheel in a folder far from the checkout."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return subprocess.run(
        [scripts / "alumni-sync", *arguments],
        cwd=folder,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_has_what_init_copies(wheel: Path) -> None:
    """`plain find` ships neither rules nor examples: tried, and found missing."""
    names = zipfile.ZipFile(wheel).namelist()
    shipped = {name for name in names if name.startswith("alumni_sync/_shipped/")}

    for folder in ("rules", "examples"):
        expected = {
            f"alumni_sync/_shipped/{path.relative_to(ROOT)}"
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert expected == {name for name in shipped if name.split("/")[2] == folder}


def test_the_wheel_claims_our_names_only(wheel: Path) -> None:
    """A top-level `rules` or `tests` would overwrite somebody's package in silence."""
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}

    assert {"alumni_sync", "connectors", "assets"} == {
        top for top in tops if not top.endswith(".dist-info")
    }


def test_the_wheel_has_every_file_that_is_no_code(wheel: Path) -> None:
    """A template that is missing is found by the first person who opens the page."""
    names = set(zipfile.ZipFile(wheel).namelist())

    assert [] == [
        str(path.relative_to(ROOT))
        for package in ("alumni_sync", "connectors", "assets")
        for path in sorted((ROOT / package).rglob("*"))
        if path.is_file()
        and "__pycache__" not in path.parts
        and str(path.relative_to(ROOT)) not in names
    ]


@pytest.mark.slow
def test_the_installed_wheel_takes_the_sample_from_export_to_invitations(
    scripts: Path, tmp_path: Path
) -> None:
    """This is what a company does first; it must not need a checkout."""
    made = command(scripts, tmp_path, "init", "acme", "--from-sample")
    assert ("", 0) == (made.stderr, made.returncode)

    well = command(scripts, tmp_path, "--config", "acme/alumni_sync.yaml", "doctor", "--json")
    assert (True, 0) == (json.loads(well.stdout)["ok"], well.returncode)

    at = ("--as-of", "2026-11-03T10:00:00+01:00")
    done = command(scripts, tmp_path / "acme", *at, "run", "--json")

    assert done.returncode in {0, 1}, done.stderr
    counts = json.loads(done.stdout)
    assert counts["read"] == sum(counts["leavers"].values())
    assert counts["leavers"]["new"] > 0
    assert counts["invitations"]["sent"] > 0
    assert list((tmp_path / "acme" / "var" / "outbox").iterdir())
