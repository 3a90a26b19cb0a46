"""Pages that are pointed at exist, whoever points at them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TREES = ("alumni_sync", "connectors", "assets", "rules", "examples", "docs", "benchmarks", "tests")
TOPS = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "pyproject.toml", "Makefile")
READ = {".py", ".md", ".yaml", ".html", ".tmpl", ".toml", ""}
POINTER = re.compile(r"\bdocs/[A-Za-z0-9_/.-]+\.md\b")
LINK = re.compile(r"\]\(([^)#:]+\.md)(?:#[^)]*)?\)")


def texts() -> list[Path]:
    """Return the files in which something may be pointed at."""
    found = [ROOT / name for name in TOPS]
    for tree in TREES:
        found += [path for path in (ROOT / tree).rglob("*") if path.suffix in READ]
    return [path for path in found if path.is_file() and path != Path(__file__)]


def test_every_page_that_is_named_exists() -> None:
    """A message that says where to read on, and there is nothing, is worse than silence."""
    assert set() == {
        f"{path.relative_to(ROOT)} -> {pointer}"
        for path in texts()
        for pointer in POINTER.findall(path.read_text(encoding="utf-8"))
        if not (ROOT / pointer).is_file()
    }


def test_every_link_between_pages_leads_somewhere() -> None:
    """Readers give up at the second dead link."""
    pages = [path for path in texts() if path.suffix == ".md"]

    assert set() == {
        f"{page.relative_to(ROOT)} -> {link}"
        for page in pages
        for link in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / link).is_file()
    }
