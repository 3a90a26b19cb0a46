"""`rules lint` and `rules test`: what HR sees of a pack before anybody is touched by it."""

import json
from pathlib import Path
from typing import Any

import pytest

from alumni_sync.cli.init import write_deployment
from alumni_sync.cli.main import run_command_line

RULE = """
  - id: twice
    when: {exit_kind: {equals: performance}}
    then: review
"""


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """Return the folder of the sample company."""
    write_deployment(tmp_path, from_sample=True)
    return tmp_path


def _run(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run_command_line([*arguments, "--config", str(folder / "alumni_sync.yaml")])
    captured = capsys.readouterr()
    return int(code), captured.out, captured.err


def _add(folder: Path, rule: str) -> Path:
    pack = folder / "rules" / "eligibility" / "default.yaml"
    pack.write_text(pack.read_text(encoding="utf-8") + rule, encoding="utf-8")
    return pack


def _json(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str) -> tuple[int, Any]:
    code, out, _ = _run(capsys, folder, *arguments, "--json")
    return code, json.loads(out)


def test_the_sample_is_clean(sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever starts with findings learns to overlook them."""
    assert (0, "default.yaml: nothing found.\n", "") == _run(capsys, sample, "rules", "lint")
    code, out, _ = _run(capsys, sample, "rules", "test")

    assert 0 == code
    assert "case(s): " in out
    assert "seen true and false, 0 not." in out


def test_a_finding_names_line_and_example(sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A mistake without a place and without a face is not mended."""
    lines = _add(sample, RULE).read_text(encoding="utf-8").splitlines()
    first = lines.index("  - id: performance-exit") + 1

    code, out, _ = _run(capsys, sample, "rules", "lint")

    says = "To be reviewed when the exit kind is performance."
    alike = f"performance-exit and twice say the same: {says} Take performance-exit out."
    example = "exit_kind performance; judged on 2026-11-03, in acme-pl pl"
    assert 1 == code
    assert [
        f"default.yaml:{first}: identical: {alike}",
        f"    For example: {example}",
        "1 finding(s) in default.yaml.",
    ] == out.splitlines()


def test_what_is_settled_is_shown_on_request(
    sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever writes a rule must see where it is not heard, and nobody has to mend that."""
    code, out, _ = _run(capsys, sample, "rules", "lint", "--overlaps")

    lines = out.splitlines()
    assert (0, "default.yaml: nothing found.") == (code, lines[0])
    assert "Settled by precedence, no mistakes: 4 pair(s) of rules." == lines[1]
    meeting = "conduct-exit decides where it meets under-18: excluded goes before held."
    example = "birth_date 2008-11-04, exit_kind misconduct; judged on 2026-11-03, in acme-pl pl"
    found = lines.index(f"    {meeting}")
    assert f"        For example: {example}" == lines[found + 1]
    said = _json(capsys, sample, "rules", "lint")[1]
    assert ([], 4) == (said["findings"], len(said["settled"]))
    assert ["conduct-exit", "under-18"] in [one["rules"] for one in said["settled"]]


def test_audience_and_pilot_are_looked_at(sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A site that is spelt otherwise in the configuration is a site where nobody is asked."""
    config = sample / "alumni_sync.yaml"
    text = config.read_text("utf-8")
    line = next(n for n, row in enumerate(text.splitlines(), 1) if row.startswith("audience:"))
    config.write_text(text.replace("Berlin, Leipzig]", '"Ber*", Leipzig]'), "utf-8")

    code, out, _ = _run(capsys, sample, "rules", "lint")

    assert 1 == code
    at = f"alumni_sync.yaml:{line} audience.location.2"
    assert [
        f"{at}: unknown code: audience names location “Ber*”, which would be taken literally.",
        "    For example: location Ber*; judged on 2026-11-03",
        "1 finding(s) in audience and pilot.",
    ] == out.splitlines()


def test_a_finding_for_machines(sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An editor, or a check before a change is taken in, reads this."""
    _add(sample, RULE)

    code, said = _json(capsys, sample, "rules", "lint")

    (found,) = said["findings"]
    assert (1, "default.yaml") == (code, said["pack"])
    assert ("identical", ["performance-exit", "twice"]) == (found["kind"], found["rules"])
    assert ("performance", "2026-11-03") == (found["example"]["exit_kind"], found["today"])
    assert ("acme-pl", "pl") == (found["source"], found["jurisdiction"])


@pytest.mark.parametrize(
    ("when", "kind", "words"),
    [
        ("{exit_code: {equals: art 99}}", "unknown_code", "the exit code art 99, which no mapping"),
        ("{exit_code: {equals: renta}}", "unknown_code", "the exit code renta, which no mapping"),
        ("{original_hire_date: {before: 2000-01-01}}", "unknown_field", "no source has"),
    ],
)
def test_fields_and_codes_are_those_of_the_sources(
    sample: Path, capsys: pytest.CaptureFixture[str], when: str, kind: str, words: str
) -> None:
    """A rule that waits for a code that is never handed on keeps nobody out."""
    _add(sample, f"\n  - {{id: odd, when: {when}, then: excluded, sources: [acme-pl]}}\n")

    code, said = _json(capsys, sample, "rules", "lint")

    (found,) = said["findings"]
    assert (1, kind, ["odd"]) == (code, found["kind"], found["rules"])
    assert words in found["sentence"]


@pytest.mark.parametrize("code", ["art. 30 § 1 pkt 1 KP", "ART. 52 § 1 PKT 2 KP"])
def test_a_code_that_the_mapping_knows_is_fine(
    sample: Path, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    """Exact codes in any case, and whatever a pattern of the mapping fits."""
    rule = f"\n  - {{id: ok, when: {{exit_code: {{equals: {code}}}}}, then: held}}\n"
    _add(sample, rule)

    assert 0 == _run(capsys, sample, "rules", "lint")[0]


def test_a_pack_can_be_looked_at_without_a_deployment(
    tmp_path: Path, sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A colleague may have sent nothing but the file."""
    pack = _add(sample, RULE)

    code, out, _ = _run(capsys, tmp_path / "nowhere", "rules", "lint", str(pack))

    assert 1 == code
    assert "1 finding(s) in default.yaml." in out


def test_cases_that_fail_are_said(sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each case with what differs; each clause that nobody has tried, in words."""
    pack = _add(sample, RULE.replace("performance", "retirement").replace("review", "held"))
    _add(sample, "\n  - {id: far, when: {location: {equals: Radom}}, then: {flag: far}}\n")

    code, out, err = _run(capsys, sample, "rules", "test", str(pack))

    assert (1, "") == (code, err)
    assert "“retired” came out otherwise:" in out
    assert "    verdict: expected eligible; it is held" in out
    assert "    rules: expected none; it is twice" in out
    assert ": far: the rule is true and false in no case." in out
    assert "not." in out.splitlines()[-2]


def test_cases_for_machines(sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever runs it in a check before a release reads this."""
    _add(sample, "\n  - {id: far, when: {location: {equals: Radom}}, then: {flag: far}}\n")

    code, said = _json(capsys, sample, "rules", "test")

    assert (1, False) == (code, said["passed"])
    assert all(not case["differences"] for case in said["cases"])
    (far,) = (hits for hits in said["coverage"] if hits["rule"] == "far")
    assert (0, 0) == (far["true"], far["false"])


@pytest.mark.parametrize("command", ["lint", "test"])
def test_a_pack_that_cannot_be_read_ends_with_two(
    sample: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """File, line and what was expected; never a finding, for it would never judge anybody."""
    _add(sample, "\n  - {id: typo, when: {exit_kind: {equals: fired}}, then: held}\n")

    code, out, err = _run(capsys, sample, "rules", command)

    assert (2, "") == (code, out)
    assert "default.yaml:" in err
    assert "fired is no exit_kind" in err


def test_doctor_mentions_what_lint_finds(sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever only ever asks doctor must hear of it; it keeps nothing from working."""
    clean = [note for note in _json(capsys, sample, "doctor")[1]["notes"] if "finding(s)" in note]
    _add(sample, RULE)

    code, said = _json(capsys, sample, "doctor")

    assert [] == clean
    assert (0, True) == (code, said["ok"])
    assert "default.yaml: 1 finding(s) (identical): alumni-sync rules lint" in said["notes"]
