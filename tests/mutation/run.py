"""`make mutants`: alters the gates and the lifecycle, and says which alterations no test sees.

mutmut (its settings are in pyproject.toml) makes the mutants and runs the tests that reach each of
them. A mutant that survives is a decision that could be wrong unseen: it fails this script, unless
`survivors.yaml` names it with a reason. An entry there that no mutant needs any more fails as well.
This is T48 of docs/tests-of-consent.md.
"""

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

ROOT: Final = Path(__file__).parents[2]
ALLOWED: Final = Path(__file__).with_name("survivors.yaml")
_KILLED: Final = frozenset({"killed", "timeout"})
_MARK: Final = "__mutmut_"

Mutant = tuple[str, str]
"""(function, the altered lines as they read then)."""


class Survivor(BaseModel):
    """A mutant that is allowed to live."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    function: str
    altered: str
    because: str


def main() -> int:
    """Run mutmut and compare; return the exit code."""
    shutil.rmtree(ROOT / "mutants", ignore_errors=True)
    if code := subprocess.run([*_mutmut(), "run"], cwd=ROOT, check=False).returncode:
        return code
    results = [line.strip().partition(": ") for line in _say("results", "--all", "true")]
    verdicts = {name: verdict for name, _, verdict in results if _MARK in name}
    lives = Counter(_mutant(name) for name, verdict in verdicts.items() if verdict not in _KILLED)
    listed = TypeAdapter(list[Survivor]).validate_python(yaml.safe_load(ALLOWED.read_text("utf-8")))
    allowed = Counter((one.function, one.altered) for one in listed)
    for what, mutants in (("survived", lives - allowed), ("not needed", allowed - lives)):
        for function, altered in mutants.elements():
            print(f"{what}: {function}\n    {altered}")
    print(f"{len(verdicts)} mutants, {lives.total()} survivors, {allowed.total()} of them allowed")
    return int(not verdicts or lives != allowed)


def _mutmut() -> list[str]:
    return [sys.executable, "-m", "mutmut"]


def _say(*arguments: str) -> list[str]:
    done = subprocess.run(
        [*_mutmut(), *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return done.stdout.splitlines()


def _mutant(name: str) -> Mutant:
    """Return a mutant without its number, which changes with every line before it."""
    function = name.partition(_MARK)[0]
    lines = [line for line in _say("show", name) if line[:1] == "+" and line[:3] != "+++"]
    return function, " ".join(line[1:].strip() for line in lines)


if __name__ == "__main__":
    raise SystemExit(main())
