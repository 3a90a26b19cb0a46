"""Trying a pack out on the cases beside it: what differs, and what no case has ever tried.

A rule that is true in no case could say anything; one that is false in none, too. So every rule of
the pack, rows of tables included, and every clause of it has to be seen both ways. Unknown is
reported and not asked for: the rules themselves see to it that it leads to review.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alumni_sync.eligibility.evaluation.columns import Columns, build_frame
from alumni_sync.eligibility.evaluation.evaluate import evaluate
from alumni_sync.eligibility.evaluation.operators import Evaluation
from alumni_sync.eligibility.language.pack import RulePack
from alumni_sync.eligibility.language.reading import load_pack
from alumni_sync.eligibility.proving.cases import Case, Expected, load_cases
from alumni_sync.eligibility.proving.coverage import Coverage, Hits

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that came out otherwise than a case says."""

    what: str
    expected: str
    actual: str


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case, tried; all is as it should be where there are no differences."""

    name: str
    where: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class CasesReport:
    """All cases of a pack, tried.

    Attributes:
        coverage: every rule of the pack, each followed by its clauses.
    """

    results: tuple[CaseResult, ...]
    coverage: tuple[Hits, ...]

    @property
    def failed(self) -> tuple[CaseResult, ...]:
        """Return the cases in which something came out otherwise."""
        return tuple(result for result in self.results if result.differences)

    @property
    def missing(self) -> tuple[Hits, ...]:
        """Return rules and clauses that no case shows both ways."""
        return tuple(hits for hits in self.coverage if hits.missing)

    @property
    def passed(self) -> bool:
        """Say whether every case holds, and no rule or clause is left out."""
        return not self.failed and not self.missing


def run_cases(path: Path) -> CasesReport:
    """Try a rule pack out on the cases beside it.

    Raises:
        ConfigError: the pack or its cases cannot be used; every problem with its line.
    """
    return try_cases(load_pack(path), load_cases(path))


def try_cases(pack: RulePack, cases: Sequence[Case]) -> CasesReport:
    """Return what a pack, as it was read, says of some cases."""
    coverage = Coverage(pack)
    results: dict[int, CaseResult] = {}
    groups: dict[tuple[date, tuple[str, str]], list[int]] = defaultdict(list)
    for number, case in enumerate(cases):
        groups[case.today, case.place].append(number)
    for (today, place), numbers in groups.items():
        here = pack.for_source(*place)
        frame = build_frame([cases[number].facts for number in numbers], sorted(here.fields))
        coverage.add(here, Evaluation(Columns(frame), here.harmless, today))
        said = evaluate(frame, here, today).to_dict("records")
        for number, row in zip(numbers, said, strict=True):
            differences = tuple(_differences(cases[number].expected, row))
            results[number] = CaseResult(cases[number].name, cases[number].where, differences)
    return CasesReport(
        tuple(results[number] for number in range(len(cases))), tuple(coverage.hits())
    )


def _differences(expected: Expected, said: Mapping[Any, Any]) -> Iterator[Difference]:
    actual = Expected(
        said["verdict"],
        said["rules"],
        said["unknown"],
        said["flags"],
        {hold.purpose: hold.until for hold in said["holds"]},
    )
    for what in ("verdict", "rules", "unknown", "flags", "holds"):
        wanted, found = getattr(expected, what), getattr(actual, what)
        if wanted != found:
            yield Difference(what, _spoken(wanted), _spoken(found))


def _spoken(value: object) -> str:
    """Return an expectation as words."""
    match value:
        case str():
            return value
        case Mapping():
            ends = (f"{k} until {v or 'further notice'}" for k, v in sorted(value.items()))
            return ", ".join(ends) or "none"
        case frozenset():
            return ", ".join(sorted(value)) or "none"
        case tuple():
            return ", ".join(value) or "none"
        case _:
            return str(value)
