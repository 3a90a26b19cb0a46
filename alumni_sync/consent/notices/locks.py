"""The lock of a notice: which bytes each edition had when legal released it.

`rules/notices/<id>/lock.yaml` holds a SHA-256 for every file of every locked edition. What people
agreed to stands in a version number, so a locked edition never changes again: one other letter, a
file more or a file less is an error, and the way on is a folder with a higher version. An edition
that is not locked yet is a draft that may still be written.

Line ends, trailing spaces and the composition of letters do not count: they are not shown either.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import yaml
from pydantic import TypeAdapter, ValidationError

from alumni_sync.consent.notices.exact import exact_text, sha256
from alumni_sync.errors import ConfigError, Problem
from alumni_sync.yaml_lines import plain_yaml

LOCK_NAME: Final = "lock.yaml"
NEW_VERSION: Final = "undo it, or copy the folder, raise the version and change the copy"
_HEAD: Final = """\
# Written by `alumni-sync notices lock`: the SHA-256 of every file of every released edition.
# Commit it with the edition. Nothing here is edited by hand.
"""
_Lock = TypeAdapter(dict[str, dict[str, str]])

Lock = Mapping[str, Mapping[str, str]]
"""Version → file below the edition's folder → SHA-256."""


def lock_path(notice: Path) -> Path:
    """Return where the lock of the notice in the folder `notice` stands."""
    return notice / LOCK_NAME


def read_lock(notice: Path) -> Lock:
    """Return the lock of a notice; empty where nothing was locked yet.

    Raises:
        ConfigError: the file is there and is no lock.
    """
    path = lock_path(notice)
    try:
        return _Lock.validate_python(plain_yaml(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError):
        raise ConfigError.of(
            str(path), "is no lock", "bring it back from version control; it is not edited by hand"
        ) from None


def fingerprints(edition: Path) -> dict[str, str]:
    """Return file → SHA-256 for every file below the folder of an edition."""
    found = sorted(path for path in edition.rglob("*") if path.is_file())
    return {path.relative_to(edition).as_posix(): _fingerprint(path) for path in found}


def _fingerprint(path: Path) -> str:
    content = path.read_bytes()
    try:
        return sha256(exact_text(content.decode()).encode())
    except UnicodeDecodeError:
        return sha256(content)


def changes(edition: Path) -> Iterator[Problem]:
    """Yield what is not as it was when the edition in this folder was locked.

    Raises:
        ConfigError: the lock cannot be read.
    """
    locked = read_lock(edition.parent).get(edition.name)
    if locked is None:
        return
    found = fingerprints(edition)
    for name in sorted(locked.keys() | found.keys()):
        where = str(edition / name)
        if name not in found:
            yield Problem(where, "is gone since the edition was locked", NEW_VERSION)
        elif name not in locked:
            yield Problem(where, "was added after the edition was locked", NEW_VERSION)
        elif found[name] != locked[name]:
            yield Problem(where, "was changed after the edition was locked", NEW_VERSION)


def gone(notice: Path) -> Iterator[Problem]:
    """Yield editions that were locked and are not there any more."""
    for version in read_lock(notice):
        if not (notice / version).is_dir():
            what = "was locked and is gone"
            yield Problem(str(notice / version), what, "bring it back: people were shown it")


def unlocked(notice: Path, versions: list[str]) -> list[str]:
    """Return which of `versions` are not locked yet."""
    locked = read_lock(notice)
    return [version for version in versions if version not in locked]


def lock(notice: Path, versions: list[str]) -> list[str]:
    """Lock those of `versions` that are not locked yet, and return them.

    What was locked before stays as it is: this never makes a changed edition right.
    """
    added = unlocked(notice, versions)
    if added:
        entries = {**read_lock(notice), **{name: fingerprints(notice / name) for name in added}}
        text = yaml.safe_dump(entries, sort_keys=True, width=120)
        lock_path(notice).write_text(_HEAD + text, encoding="utf-8")
    return added
