"""`init`: a deployment that can be filled in, and one that runs at once."""

from pathlib import Path

import pytest
import yaml

from alumni_sync.cli.init import write_deployment
from alumni_sync.cli.main import run_command_line
from alumni_sync.consent.jurisdictions import load_pack
from alumni_sync.errors import ConfigError
from alumni_sync.settings import read_settings


def test_the_template_is_a_configuration(tmp_path: Path) -> None:
    """A template with a mistake in it is the first thing that a newcomer repairs."""
    assert 0 == run_command_line(["init", str(tmp_path / "beta")])
    reading = read_settings(tmp_path / "beta" / "alumni_sync.yaml", {})

    assert () == reading.problems
    assert reading.settings is not None
    assert {"hr"} == set(reading.settings.sources)


def test_what_is_commented_out_in_the_template_works_too(tmp_path: Path) -> None:
    """People take away the hash mark and expect the line to be right."""
    write_deployment(tmp_path, from_sample=False)
    config = tmp_path / "alumni_sync.yaml"
    text = config.read_text(encoding="utf-8")
    for key in ("people:", "  - {user", "dagster:", "desk:", "proxy:", "brakes:", "audience:"):
        assert f"# {key}" in text
        text = text.replace(f"# {key}", key, 1)
    for key in ("master:", "payroll:", "experts:", "pilot:"):
        assert f"# {key}" in text
        text = text.replace(f"# {key}", key, 1)
    (tmp_path / "rules" / "experts.csv").write_text("source/employee,topic\n")
    config.write_text(text, encoding="utf-8")

    names = {"ALUMNI_SYNC_MASTER_KEY": "00" * 32, "ALUMNI_SYNC_PROXY_SECRET": "s"}
    assert () == read_settings(config, names).problems


def test_every_variable_of_the_template_is_in_the_example(tmp_path: Path) -> None:
    """A secret that is asked for and nowhere explained is put into the file in the end."""
    write_deployment(tmp_path, from_sample=False)
    example = (tmp_path / ".env.example").read_text(encoding="utf-8")

    for name in ("ALUMNI_SYNC_MASTER_KEY", "ALUMNI_SYNC_PROXY_SECRET"):
        assert f"{name}=\n" in example


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A second `init` must not take a company's rules away."""
    (tmp_path / "alumni_sync.yaml").write_text("ours")

    with pytest.raises(ConfigError, match="is there already"):
        write_deployment(tmp_path, from_sample=False)

    assert ["alumni_sync.yaml"] == [path.name for path in tmp_path.iterdir()]


def test_the_sample_accepts_its_packs_for_itself_only(tmp_path: Path) -> None:
    """Nobody is invited under a draft; a real company's counsel has to say so, not a template."""
    write_deployment(tmp_path / "sample", from_sample=True)
    write_deployment(tmp_path / "real", from_sample=False)

    for name in ("pl", "de"):
        assert load_pack(tmp_path / "sample" / "rules", name).accepted
        assert not load_pack(tmp_path / "real" / "rules", name).accepted


def test_the_sample_comes_without_its_generator(tmp_path: Path) -> None:
    """A deployment holds what a company has; the expected results are the tests'."""
    write_deployment(tmp_path, from_sample=True)
    names = {path.name for path in tmp_path.rglob("*")}

    assert {"leavers-pl.csv", "leavers-de.csv", "alumni_sync.yaml"} <= names
    assert set() == {name for name in names if name.endswith(".py") or name == "expected.csv"}
    assert yaml.safe_load((tmp_path / "alumni_sync.yaml").read_text())["company"]["name"] == "Acme"


def test_what_is_made_says_what_comes_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next command is what a reader looks for."""
    run_command_line(["init", str(tmp_path / "beta")])

    assert (
        f"alumni-sync --config {tmp_path}/beta/alumni_sync.yaml doctor" in capsys.readouterr().out
    )
