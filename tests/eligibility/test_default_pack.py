"""The pack that we ship says of invented leavers what the cases beside it say."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from alumni_sync.domain import ExitKind, Verdict
from alumni_sync.eligibility.evaluation.columns import build_frame
from alumni_sync.eligibility.evaluation.evaluate import evaluate
from alumni_sync.eligibility.language.pack import RulePack
from alumni_sync.eligibility.language.reading import load_pack
from alumni_sync.eligibility.proving.casework import CasesReport, run_cases
from alumni_sync.eligibility.wording.sentences import rule_sentence
from alumni_sync.shipped import shipped

RULES = shipped("rules") / "eligibility"
CASES = yaml.safe_load((RULES / "default.cases.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pack() -> RulePack:
    """Return the pack as it judges a source."""
    return load_pack(RULES / CASES["pack"]).for_source("acme-pl", "pl")


def _records() -> Iterator[tuple[Mapping[str, Any], dict[str, Any]]]:
    for case in CASES["cases"]:
        facts = {**CASES["usual"], **case.get("leaver", {})}
        yield case, {k: v for k, v in facts.items() if k not in case.get("not_mapped", ())}


@pytest.fixture(scope="module")
def report() -> CasesReport:
    """Return what `rules test` says of the pack."""
    return run_cases(RULES / CASES["pack"])


def test_every_case_comes_out_as_it_says(report: CasesReport) -> None:
    """A change of the pack that changes what happens to somebody must be seen."""
    assert () == report.failed
    assert len(CASES["cases"]) == len(report.results) > 50


def test_every_clause_is_seen_true_and_false(report: CasesReport) -> None:
    """A clause that no case reaches could say anything."""
    assert () == report.missing
    assert len(report.coverage) > 15


@pytest.mark.parametrize(("case", "facts"), [pytest.param(*r, id=r[0]["case"]) for r in _records()])
def test_verdict_of_case(pack: RulePack, case: Mapping[str, Any], facts: dict[str, Any]) -> None:
    """Read and judged without the code that `rules test` runs, it must be the same verdict."""
    ((_, said),) = _judged(pack, [facts]).iterrows()

    assert case["verdict"] == said["verdict"]


def test_people_do_not_influence_each_other(pack: RulePack) -> None:
    """Judged in a page of many, everybody must get what they get alone."""
    cases, records = zip(*_records(), strict=True)

    together = _judged(pack, records)

    assert [case["verdict"] for case in cases] == list(together["verdict"])
    assert [case.get("rules", []) for case in cases] == [list(r) for r in together["rules"]]


def test_every_rule_speaks_in_some_case(pack: RulePack) -> None:
    """A rule that no case reaches could say anything."""
    verdicts = [r.id for r in pack.rules if isinstance(r.then, Verdict)]
    decided = {rule for case in CASES["cases"] for rule in case.get("rules", ())}

    assert sorted(verdicts) == sorted(decided)


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        *((kind, Verdict.EXCLUDED) for kind in (ExitKind.MISCONDUCT, ExitKind.DISPUTE)),
        *((kind, Verdict.REVIEW) for kind in (ExitKind.PERFORMANCE, ExitKind.UNKNOWN)),
        *((kind, Verdict.REVIEW) for kind in (ExitKind.INTERNAL_TRANSFER, ExitKind.NO_SHOW)),
        (ExitKind.DEATH, Verdict.NEVER_CONTACT),
        (ExitKind.RESIGNATION, Verdict.ELIGIBLE),
        (ExitKind.RETIREMENT, Verdict.ELIGIBLE),
        (ExitKind.END_OF_CONTRACT, Verdict.ELIGIBLE),
        (ExitKind.REDUNDANCY, Verdict.ELIGIBLE),
        (ExitKind.MUTUAL_AGREEMENT, Verdict.ELIGIBLE),
        (ExitKind.UNDISCLOSED, Verdict.ELIGIBLE),
    ],
)
def test_default_verdict_of_each_exit_kind(pack: RulePack, kind: str, verdict: str) -> None:
    """The product's table of default verdicts is what people were told."""
    facts = {**CASES["usual"], "exit_kind": str(kind)}

    assert [verdict] == list(_judged(pack, [facts])["verdict"])


def test_the_rules_say_themselves(pack: RulePack) -> None:
    """What HR and leavers read is made from the rules, so it cannot say something else."""
    said = {rule.id: rule_sentence(rule) for rule in pack.rules}

    assert "Excluded when the exit kind is misconduct or dispute." == said["conduct-exit"]
    assert "Held when the birth date is less than 18 years ago." == said["under-18"]
    assert (
        "To be reviewed when the worker type is apprentice, trainee, intern or pupil"
        " and the birth date is not known."
    ) == said["trainee-of-unknown-age"]
    assert (
        "Not addressed for job offers until 6 months after the exit date"
        " when the exit kind is redundancy."
    ) == said["made-redundant"]
    assert "Never contacted when the leaver said “do not consider me”." == said["do-not-consider"]


def test_the_pack_reads_from_where_it_is_shipped(tmp_path: Path) -> None:
    """`init` copies the file; a copy must be the same pack."""
    copy = tmp_path / "pack.yaml"
    copy.write_bytes((RULES / CASES["pack"]).read_bytes())

    assert load_pack(RULES / CASES["pack"]).revision == load_pack(copy).revision


def _judged(pack: RulePack, records: Any) -> Any:  # noqa: ANN401 pandas
    plain = [
        {k: v.isoformat() if isinstance(v, date) else v for k, v in r.items()} for r in records
    ]
    return evaluate(build_frame(plain, sorted(pack.fields)), pack, CASES["today"])
