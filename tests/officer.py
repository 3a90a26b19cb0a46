"""A company on disk whose privacy officer runs the test, and the command line as they use it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from alumni_sync.cli.app import os_identity
from alumni_sync.cli.init import write_deployment
from alumni_sync.cli.main import run_command_line
from alumni_sync.ledger.store import Ledger
from tests.conftest import MASTER, NOW


def write_company(folder: Path, **contact: Mapping[str, Any]) -> Path:
    """Write the sample company with its officer; return its configuration.

    Args:
        folder: that does not exist yet.
        contact: `contact` of sources by name, dashes as underscores, where it is another one.
    """
    write_deployment(folder, from_sample=True)
    path = folder / "alumni_sync.yaml"
    content = yaml.safe_load(path.read_text("utf-8"))
    content["keys"]["master"] = MASTER.hex()
    for source, terms in contact.items():
        content["sources"][source.replace("_", "-")]["contact"] = dict(terms)
    me = {"user": os_identity().user, "mail": "me@acme.example", "roles": ["privacy"]}
    content["people"].append(me)
    path.write_text(yaml.safe_dump(content), "utf-8")
    return path


def open_ledger(config: Path) -> Ledger:
    """Open that company's ledger, to put people into it; the caller closes it."""
    var = config.parent / "var"
    var.mkdir(exist_ok=True)
    return Ledger.open(f"sqlite:///{var}/ledger.db", f"sqlite:///{var}/keys.db", MASTER)


def run(config: Path, *arguments: str, at: str = NOW.isoformat()) -> int:
    """Run a command line at the moment that all tests stand at; return its exit code."""
    return run_command_line([*arguments, "--config", str(config), "--as-of", at])
