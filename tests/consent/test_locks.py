"""Locks: what people said yes to under a version number is what that number stands for."""

import re
from collections.abc import Callable
from pathlib import Path
from shutil import copytree, rmtree

import pytest

from alumni_sync.cli.main import run_command_line
from alumni_sync.consent.notices.editions import editions, load_edition
from alumni_sync.consent.notices.locks import LOCK_NAME, changes, lock, read_lock, unlocked
from alumni_sync.errors import ConfigError
from alumni_sync.shipped import shipped

NOTICE = "alumni-community"


@pytest.fixture
def notice(tmp_path: Path) -> Path:
    """Return the folder of a notice whose one edition is locked."""
    copytree(shipped("rules"), tmp_path / "rules")
    found = tmp_path / "rules" / "notices" / NOTICE
    (found / LOCK_NAME).unlink(missing_ok=True)
    lock(found, ["1.0.0"])
    return found


def command(notice: Path, *words: str) -> int:
    """Run `notices …` for the deployment that the notice belongs to."""
    return run_command_line(
        ["--config", str(notice.parents[2] / "alumni_sync.yaml"), "notices", *words]
    )


def one_letter(notice: Path, name: str) -> None:
    """Change the first lower-case e of a file's last lines."""
    path = notice / "1.0.0" / name
    head, _, tail = path.read_text("utf-8").rpartition("\n\n" if name.endswith("md") else "\n  ")
    changed = re.sub("[eaiеаи]", "o", tail, count=1)
    assert changed != tail
    path.write_text(head + ("\n\n" if name.endswith("md") else "\n  ") + changed, "utf-8")


@pytest.mark.parametrize(
    "name", ["en.md", "pl.md", "de.md", "ru.md", "form/en.yaml", "mail/de.yaml", "manifest.yaml"]
)
def test_one_changed_letter_without_a_new_version_stops_everything(notice: Path, name: str) -> None:
    """Two people who agreed to 1.0.0 must have agreed to the same words (T14)."""
    before = load_edition(notice.parents[1], NOTICE)

    one_letter(notice, name)

    assert "1.0.0" == before.manifest.version
    with pytest.raises(
        ConfigError, match=r"changed after the edition was locked.*raise the version"
    ):
        load_edition(notice.parents[1], NOTICE)


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda edition: (edition / "fr.md").write_text("Bonjour."), "fr.md: was added after"),
        (lambda edition: (edition / "mail/ru.yaml").unlink(), "mail/ru.yaml: is gone since"),
    ],
)
def test_a_file_more_or_less_is_a_change_too(
    notice: Path, spoil: Callable[[Path], None], what: str
) -> None:
    """A language that is slipped in later was never approved with the rest."""
    spoil(notice / "1.0.0")

    with pytest.raises(ConfigError, match=what):
        load_edition(notice.parents[1], NOTICE)


def test_how_a_file_was_saved_is_no_change(notice: Path) -> None:
    """A checkout with other line ends must not stop a company's mails."""
    path = notice / "1.0.0" / "pl.md"
    path.write_bytes(path.read_text("utf-8").replace("\n", "  \r\n").encode())

    assert "1.0.0" == load_edition(notice.parents[1], NOTICE).manifest.version


def test_locking_again_never_makes_a_change_right(
    notice: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever changed a released text would otherwise only have to press the button again (T14)."""
    before = (notice / LOCK_NAME).read_text("utf-8")
    one_letter(notice, "en.md")

    code = command(notice, "lock")

    assert (2, before) == (code, (notice / LOCK_NAME).read_text("utf-8"))
    assert "changed after the edition was locked" in capsys.readouterr().err
    assert 2 == command(notice, "lint")


def test_a_changed_copy_with_a_higher_version_is_the_way_on(
    notice: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A typo must be repairable, with the old edition as it was."""
    manifest = Path(copytree(notice / "1.0.0", notice / "1.0.1")) / "manifest.yaml"
    manifest.write_text(manifest.read_text("utf-8").replace("version: 1.0.0", "version: 1.0.1"))
    old = dict(read_lock(notice)["1.0.0"])

    assert 0 == command(notice, "lint")
    assert "1.0.1 is not locked yet" in capsys.readouterr().out
    assert 0 == command(notice, "lock")
    assert "1.0.1 is locked" in capsys.readouterr().out
    assert ["1.0.0", "1.0.1"] == list(read_lock(notice))
    assert old == read_lock(notice)["1.0.0"]
    assert 0 == command(notice, "lock")
    assert "Every edition is locked.\n" == capsys.readouterr().out


def test_an_unfinished_edition_is_not_locked(
    notice: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Locked and incomplete could never be made right."""
    copytree(notice / "1.0.0", notice / "2.0.0")  # its manifest still says 1.0.0

    assert 2 == command(notice, "lock")
    assert "names another notice or version" in capsys.readouterr().err
    assert ["1.0.0"] == list(read_lock(notice))


def test_an_edition_that_was_locked_does_not_disappear(
    notice: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The address of its public page stands in mails and receipts."""
    manifest = Path(copytree(notice / "1.0.0", notice / "1.1.0")) / "manifest.yaml"
    manifest.write_text(manifest.read_text("utf-8").replace("version: 1.0.0", "version: 1.1.0"))
    rmtree(notice / "1.0.0")

    assert 2 == command(notice, "lint")
    assert "was locked and is gone" in capsys.readouterr().err


def test_a_broken_lock_says_so_once(notice: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A merge conflict in it must not read as "nothing is locked"."""
    (notice / LOCK_NAME).write_text("<<<<<<< HEAD\n", "utf-8")

    assert 2 == command(notice, "lint")
    assert 1 == capsys.readouterr().err.count("is no lock")
    with pytest.raises(ConfigError, match="is no lock"):
        load_edition(notice.parents[1], NOTICE)


def test_what_we_ship_is_locked() -> None:
    """Two companies that installed 1.0.0 must have asked with the same words."""
    notice = shipped("rules") / "notices" / NOTICE

    assert [] == unlocked(notice, editions(shipped("rules"), NOTICE))
    assert [] == [str(problem) for name in read_lock(notice) for problem in changes(notice / name)]


def test_a_file_that_is_no_text_has_a_fingerprint_too(notice: Path) -> None:
    """A picture beside an edition is part of it."""
    (notice / "1.0.0" / "seal.png").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ConfigError, match=r"seal\.png: was added"):
        load_edition(notice.parents[1], NOTICE)
