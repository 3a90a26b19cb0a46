"""House rules that no linter knows. A failure lists every offender."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from alumni_sync import errors

ROOT = Path(__file__).parents[1]
PACKAGES = ("alumni_sync", "connectors", "assets")
TREES = (*PACKAGES, "tests", "benchmarks", "examples")
LONGEST_FILE = 500
LONGEST_FLOW_MODULE = 150
FLOW = ("leavers", "eligibility", "consent", "community", "reporting")
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "manager", "process", "data", "common", "misc"}


def python_files(*trees: str) -> list[Path]:
    """Return the Python files of folders of the repository."""
    return sorted(path for tree in trees for path in (ROOT / tree).rglob("*.py"))


def named(path: Path) -> str:
    """Return a path as it stands in the repository."""
    return str(path.relative_to(ROOT))


def length(path: Path) -> int:
    """Return the number of lines."""
    return len(path.read_text(encoding="utf-8").splitlines())


def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), named(path))


def dotted(node: ast.AST) -> str:
    """Return `a.b.c` for an attribute chain, "" for anything else."""
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return f"{dotted(node.value)}.{node.attr}"
        case _:
            return ""


def uses(path: Path, *names: str) -> Iterator[str]:
    """Yield each place in a file that says one of `names`, as a dotted chain or an import."""
    for line, found in said(path):
        if any(found == name or found.endswith(f".{name}") for name in names):
            yield f"{named(path)}:{line} {found}"


@cache
def said(path: Path) -> tuple[tuple[int, str], ...]:
    """Return each dotted chain and first imported name of a file, with its line."""
    found = []
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Attribute):
            found.append((node.lineno, dotted(node)))
        elif isinstance(node, ast.ImportFrom):
            found.append((node.lineno, next((f"{node.module}.{a.name}" for a in node.names), "")))
    return tuple(found)


def test_the_time_is_read_in_one_place() -> None:
    """A second clock would let the sample depend on the visitor's day, and tests on the hour."""
    readers = ("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time_ns")
    allowed = {"alumni_sync/clock.py"}

    assert [] == [
        use
        for path in python_files(*PACKAGES)
        if named(path) not in allowed
        for use in uses(path, *readers)
    ]


def test_the_environment_is_read_in_one_place() -> None:
    """A setting that is read elsewhere is in no documentation and no `doctor`."""
    assert [] == [
        use
        for path in python_files(*PACKAGES)
        if named(path) != "alumni_sync/settings.py"
        for use in uses(path, "os.environ", "os.getenv", "os.environb")
    ]


def test_roles_are_asked_for_in_one_place() -> None:
    """`Authority.of` knows nobody who has left; an act that asks it is still theirs."""
    allowed = {
        "alumni_sync/review/people/interests.py",
        "alumni_sync/cli/keys.py",  # where a rotation was cut short, no ledger can be opened
    }

    assert [] == [
        use
        for path in python_files(*PACKAGES)
        if named(path) not in allowed
        for use in uses(path, "Authority.of")
    ]


def sleeping(path: Path) -> tuple[str, ...]:
    """Return what waits; what starts a real server for tests may poll until it answers."""
    return ("time.sleep",) if path.name.startswith("test_") else ()


def test_no_test_patches_or_sleeps() -> None:
    """A patched import tests the patch; a sleep is either too short or too long."""
    assert [] == [
        use
        for path in python_files("tests")
        for use in uses(path, "mock.patch", "unittest.mock", *sleeping(path))
    ]


def test_only_assets_and_tests_import_dagster() -> None:
    """Dagster owns nothing; the day it is replaced, one folder changes."""
    offenders = []
    for path in python_files("alumni_sync", "connectors"):
        for node in ast.walk(parsed(path)):
            modules = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            offenders += [named(path) for name in modules if name.split(".")[0] == "dagster"]

    assert [] == offenders


def test_dagster_is_imported_in_one_way() -> None:
    """`dg.` tells the reader at every use that this is the framework speaking."""
    assert [] == [
        named(path)
        for path in python_files("assets")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.match(r"\s*(import|from) dagster\b", line) and line != "import dagster as dg"
    ]


def test_the_flow_can_be_read_from_top_to_bottom() -> None:
    """Five modules, each short enough to be read in one go, in the order of the flow."""
    lengths = {
        name: len((ROOT / "assets" / f"{name}.py").read_text().splitlines()) for name in FLOW
    }

    assert {} == {name: n for name, n in lengths.items() if n > LONGEST_FLOW_MODULE}


def test_no_file_is_too_long() -> None:
    """A file that nobody reads to its end hides things at its end."""
    lengths = {named(path): length(path) for path in python_files(*TREES)}

    assert {} == {name: n for name, n in lengths.items() if n > LONGEST_FILE}


def test_most_files_are_short() -> None:
    """The median tells whether the next file will be."""
    files = [path for path in python_files(*PACKAGES) if path.name != "__init__.py"]
    lengths = sorted(map(length, files))

    assert lengths[len(lengths) // 2] <= 120


def test_no_name_is_vague() -> None:
    """`utils` is where things go that nobody can find again."""
    assert [] == [
        named(path)
        for path in python_files(*TREES)
        if VAGUE_NAMES & set(path.with_suffix("").relative_to(ROOT).parts)
    ]


def test_every_package_says_what_belongs_in_it_and_what_does_not() -> None:
    """Else the next module lands wherever its author happened to be."""
    # The engine's head draws it; a vendor's package is ruled by its parent's words.
    spoken_for = re.compile(r"alumni_sync/__init__\.py|connectors/\w+/\w+/.*|.*/migrations/.*")
    silent = []
    for path in python_files(*PACKAGES):
        words = " ".join((ast.get_docstring(parsed(path)) or "").lower().split())
        said = re.search(r"belongs? (in )?here", words) and " not" in words
        if path.name == "__init__.py" and not said and not spoken_for.fullmatch(named(path)):
            silent.append(named(path))

    assert [] == silent


def test_every_test_says_what_would_hurt() -> None:
    """A test whose loss would hurt nobody is only in the way."""
    assert [] == [
        f"{named(path)}::{node.name}"
        for path in python_files("tests")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]


def test_every_exemption_has_a_code_and_a_reason() -> None:
    """`# noqa` alone says: something was wrong here once, and somebody was in a hurry."""
    reasoned = re.compile(
        r"# noqa: [A-Z]+\d+(, ?[A-Z]+\d+)* \S+|# type: ignore\[[\w, -]+\] +#? *\S+"
    )

    assert [] == [
        f"{named(path)}:{number}"
        for path in python_files(*TREES)
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if re.search(r"# (noqa|type: ignore)", line) and not reasoned.search(line)
    ]


def test_the_exception_tree_is_the_one_that_is_drawn() -> None:
    """The drawing at the head of errors.py is what a connector's author reads."""
    drawn: dict[str, str] = {}
    parents: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.fullmatch(r"( *)([A-Z]\w+(?:Error|[a-z]))( {2,}.*)?", line)
        if not match:
            continue
        depth, name = len(match[1]), match[2]
        parents = [(d, n) for d, n in parents if d < depth]
        drawn[name] = parents[-1][1] if parents else "Exception"
        parents.append((depth, name))

    assert drawn == {
        name: value.__mro__[1].__name__
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    }


def test_nothing_tells_where_it_was_made() -> None:
    """A path of one machine or the address of one registry is of no use to anybody else."""
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if tracked.returncode:
        pytest.skip("this is no git checkout")
    telltale = re.compile(r"/work/(main|shared)|/tmp/w\b|files\.pythonhosted|/opt/(wheels|pypi)")
    found = []
    for name in tracked.stdout.split("\0"):
        path = ROOT / name
        if path == Path(__file__) or not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8", errors="ignore")
        found += [name] if telltale.search(text) else []

    assert [] == found
