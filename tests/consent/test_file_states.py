"""File states: what was read stands only as long as nothing that it was read from has changed."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from alumni_sync.consent.notices.editions import load_edition
from alumni_sync.consent.notices.states import FileStates, below, seen_for
from alumni_sync.errors import ConfigError
from tests.sites.standin import RULES

NOTICE = "alumni-community"


def _later(path: Path) -> None:
    """Let a file look changed a second later, as it does to whoever looks between two seconds."""
    found = path.stat()
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 1_000_000_000))


def _edit(folder: Path) -> None:
    (folder / "deep" / "one.yaml").write_text("changed: true\n", encoding="utf-8")


CHANGES: dict[str, Callable[[Path], object]] = {
    "edited": _edit,
    "touched": lambda folder: _later(folder / "deep" / "one.yaml"),
    "added": lambda folder: (folder / "deep" / "two.yaml").touch(),
    "removed": lambda folder: (folder / "deep" / "one.yaml").unlink(),
    "renamed": lambda folder: (folder / "deep" / "one.yaml").rename(folder / "deep" / "1.yaml"),
    "folder added": lambda folder: (folder / "other").mkdir(),
    "folder removed": lambda folder: shutil.rmtree(folder / "deep"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_below_a_folder_is_seen(tmp_path: Path, change: str) -> None:
    """A notice that legal has just corrected would go on being shown as it was."""
    folder = tmp_path / "notice"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "one.yaml").write_text("changed: no\n", encoding="utf-8")
    states = FileStates.of(below(folder))
    assert states.stand()

    CHANGES[change](folder)

    assert not states.stand()


def test_what_was_just_seen_stands_where_that_is_asked_for(tmp_path: Path) -> None:
    """Every visit to a busy site would ask for two dozen files; nobody else may see an old one."""
    states = FileStates.of(below(tmp_path))

    with seen_for(3600):
        looked = states.stand()
        (tmp_path / "new").touch()
        within = states.stand()
    with seen_for(0):
        after = states.stand()

    assert (True, True, False) == (looked, within, after)


def test_a_change_is_never_overlooked_for_good(tmp_path: Path) -> None:
    """A notice found changed once would be shown again for a moment as if it were not."""
    states = FileStates.of(below(tmp_path))
    (tmp_path / "new").touch()

    with seen_for(3600):
        seen = [states.stand(), states.stand()]

    assert [False, False] == seen


def test_a_newer_edition_is_shown_at_once(tmp_path: Path) -> None:
    """People would agree to a notice that is not in force any more."""
    rules = tmp_path / "rules"
    shutil.copytree(RULES / "notices", rules / "notices")
    folder = rules / "notices" / NOTICE
    before = load_edition(rules, NOTICE)
    assert before is load_edition(rules, NOTICE)
    text = folder / before.manifest.version / "form" / "en.yaml"

    text.write_text("labels: {}\n", encoding="utf-8")
    with pytest.raises(ConfigError):
        load_edition(rules, NOTICE)
    shutil.rmtree(folder / before.manifest.version)
    with pytest.raises(ConfigError):
        load_edition(rules, NOTICE, before.manifest.version)
