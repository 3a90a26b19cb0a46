"""`init`: writes a deployment into a folder, from commented templates or from the sample."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from alumni_sync.errors import ConfigError, Problem
from alumni_sync.shipped import shipped

TEMPLATES: Final = Path(__file__).resolve().parent / "templates"
PLAIN: Final = {
    "alumni_sync.yaml": "alumni_sync.yaml",
    "env.example": ".env.example",
    "dagster.yaml": "dagster.yaml",
    "workspace.yaml": "workspace.yaml",
}
"""Template → file in the deployment."""

NOT_COPIED: Final = ("*.py", "*.pyc", "__pycache__", "expected.csv")
"""What the sample's folder has beside its deployment: the generator and what tests expect."""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--from-sample", is_flag=True, help="With the sample company's leavers and packs.")
def init(folder: Path, from_sample: bool) -> None:
    """Write alumni_sync.yaml, rules/ and what belongs to them into FOLDER.

    Nothing that is there already is overwritten.
    """
    write_deployment(folder, from_sample=from_sample)
    config = folder / "alumni_sync.yaml"
    click.echo(f"{folder} is a deployment now.")
    if from_sample:
        click.echo(f"Next: alumni-sync --config {config} run")
    else:
        click.echo(f"Next: fill in {config}, then: alumni-sync --config {config} doctor")


def write_deployment(folder: Path, *, from_sample: bool) -> None:
    """Write a deployment into `folder`, which is made where it is missing.

    Raises:
        ConfigError: files of that name are there already; nothing was written.
    """
    copies = dict(_copies(folder, from_sample=from_sample))
    taken = [target for target in copies if target.exists()]
    if taken:
        raise ConfigError(
            [
                Problem(str(target), "is there already", "choose another folder, or remove it")
                for target in sorted(taken)
            ]
        )
    for target, origin in copies.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(origin, target)
    if from_sample:
        for pack in sorted((folder / "rules" / "jurisdictions").glob("*.yaml")):
            accept_for_sample(pack)


def _copies(folder: Path, *, from_sample: bool) -> Iterator[tuple[Path, Path]]:
    """Yield target and origin of every file; the sample's own files win over templates."""
    for template, name in PLAIN.items():
        yield folder / name, TEMPLATES / template
    rules = shipped("rules")
    for origin in _files(rules):
        yield folder / "rules" / origin.relative_to(rules), origin
    if from_sample:
        sample = shipped("examples") / "acme"
        for origin in _files(sample):
            yield folder / origin.relative_to(sample), origin


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        within = path.relative_to(folder)
        unwanted = any(
            part.match(pattern) for part in (within, *within.parents) for pattern in NOT_COPIED
        )
        if path.is_file() and not unwanted:
            yield path


def accept_for_sample(pack: Path) -> None:
    """Let the sample use a jurisdiction pack: for invented people, the sample may accept it."""
    text = pack.read_text(encoding="utf-8")
    text = re.sub(r"(?m)^status: draft\b", "status: accepted", text)
    text = re.sub(r'(?m)^accepted_by: ""', 'accepted_by: "the sample, for invented people"', text)
    pack.write_text(text, encoding="utf-8")
