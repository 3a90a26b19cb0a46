"""`rules lint|test`: look for mistakes in a rule pack, and try it out on the cases beside it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from alumni_sync.cli.app import App, json_option, pass_app, show
from alumni_sync.cli.exits import Exit, finish
from alumni_sync.errors import ConfigError

if TYPE_CHECKING:
    from alumni_sync.deployment import Plugins
    from alumni_sync.eligibility.lint.finding import Finding
    from alumni_sync.eligibility.proving.casework import CaseResult, CasesReport
    from alumni_sync.eligibility.proving.coverage import Hits

_SCOPE: Final = (("outside-audience",), ("outside-pilot",))
"""What `language.scope` calls the rules of the configuration; it is not imported for `--help`."""

_PACK: Final = click.argument(
    "pack",
    required=False,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
)


@click.command()
@_PACK
@click.option("--overlaps", is_flag=True, help="Also show rules that meet, and which is heard.")
@json_option
@pass_app
def lint(app: App, pack: Path | None, *, overlaps: bool, as_json: bool) -> None:
    """Look for mistakes in PACK (default: that of the configuration), with a leaver for each.

    Rules that say the same, contradict each other, or never decide; codes and fields that no source
    has; leavers about whom nothing is said. Nothing is tried out: it is decided.
    """
    from alumni_sync.eligibility.proving.pack_check import check_pack

    path, plugins = _asked(app, pack)
    config = None if plugins is None else app.config
    report = check_pack(path, plugins, config=config, meetings=overlaps or as_json)
    found = report.findings
    value = {
        "pack": path.name,
        "findings": [_plain(one) for one in found],
        "settled": [_plain(one) for one in report.settled],
    }
    lines = [*_findings(path, found), *(_settled(report.settled) if overlaps else ())]
    show(value, lines, as_json=as_json)
    finish(Exit.REJECTED if found else Exit.DONE)


def _asked(app: App, pack: Path | None) -> "tuple[Path, Plugins | None]":
    """Return which pack is meant, and the deployment; a pack can be looked at without one."""
    if pack is not None and not app.config.exists():
        return pack, None
    plugins = app.plugins()
    return pack or plugins.settings.rules, plugins


def _plain(found: "Finding") -> Mapping[str, Any]:
    source, jurisdiction = found.place
    return {
        "kind": found.kind,
        "rules": found.rules,
        "where": found.where,
        "sentence": found.sentence,
        "example": found.example,
        "today": found.today,
        "source": source,
        "jurisdiction": jurisdiction,
    }


def _findings(path: Path, found: "Sequence[Finding]") -> Iterator[str]:
    for one in found:
        where = next(filter(None, one.where), path.name)
        yield f"{where}: {one.kind.replace('_', ' ')}: {one.sentence}"
        if one.looked_at:
            yield f"    For example: {_leaver(one)}"
    names = ", ".join(dict.fromkeys(_file(one, path) for one in found))
    yield f"{len(found)} finding(s) in {names}." if found else f"{path.name}: nothing found."


def _file(found: "Finding", path: Path) -> str:
    """Return where something is to be mended: in the configuration, or in the pack."""
    return "audience and pilot" if found.rules[:1] in _SCOPE else path.name


def _settled(found: "Sequence[Finding]") -> Iterator[str]:
    """Yield which rules meet and which of them is heard; no mistakes."""
    yield f"Settled by precedence, no mistakes: {len(found)} pair(s) of rules."
    for one in found:
        yield f"    {one.sentence}"
        if one.looked_at:
            yield f"        For example: {_leaver(one)}"


def _leaver(found: "Finding") -> str:
    """Return the example as far as the rules look at it, as words."""
    place = f", in {' '.join(filter(None, found.place))}" if any(found.place) else ""
    return f"{leaver_words(found.example, found.looked_at)}; judged on {found.today}{place}"


def leaver_words(facts: Mapping[str, Any], looked_at: Iterable[str]) -> str:
    """Return some facts of an invented leaver as words."""
    return ", ".join(
        f"{name} {_fact(facts[name])}" if name in facts else f"no {name} at all"
        for name in looked_at
    )


def _fact(value: object) -> str:
    match value:
        case None:
            return "not known"
        case []:
            return "none"
        case list():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def lint_notes(plugins: "Plugins") -> Iterator[str]:
    """Yield in one sentence, for `doctor`, that there are findings; a broken pack has none."""
    from alumni_sync.eligibility.proving.pack_check import check_pack

    path = plugins.settings.rules
    try:
        found = check_pack(path, plugins).findings
    except ConfigError:
        return
    if found:
        kinds = ", ".join(dict.fromkeys(one.kind.replace("_", " ") for one in found))
        yield f"{path.name}: {len(found)} finding(s) ({kinds}): alumni-sync rules lint"


@click.command()
@_PACK
@json_option
@pass_app
def test(app: App, pack: Path | None, *, as_json: bool) -> None:
    """Try PACK (default: that of the configuration) out on the cases beside it.

    It fails where a case comes out otherwise, and where no case shows a rule, or one clause of it,
    both true and false.
    """
    from alumni_sync.eligibility.proving.casework import run_cases

    path = pack or app.plugins().settings.rules
    report = run_cases(path)
    value = {
        "pack": path.name,
        "passed": report.passed,
        "cases": report.results,
        "coverage": report.coverage,
    }
    show(value, _report(report), as_json=as_json)
    finish(Exit.DONE if report.passed else Exit.REJECTED)


def _report(report: "CasesReport") -> Iterator[str]:
    for result in report.failed:
        yield from _failed(result)
    for hits in report.missing:
        yield _missing(hits)
    cases, failed = len(report.results), len(report.failed)
    yield f"{cases} case(s): {cases - failed} as expected, {failed} not."
    parts, missing = len(report.coverage), len(report.missing)
    yield f"{parts} rule(s) and clause(s): {parts - missing} seen true and false, {missing} not."
    unknown = sum(not hits.unknown for hits in report.coverage)
    yield f"{unknown} of them in no case unknown."


def _failed(result: "CaseResult") -> Iterator[str]:
    yield f"{result.where}: “{result.name}” came out otherwise:"
    for one in result.differences:
        yield f"    {one.what}: expected {one.expected}; it is {one.actual}"


def _missing(hits: "Hits") -> str:
    what = f"whether {hits.words}" if hits.words else "the rule"
    return f"{hits.where}: {hits.rule}: {what} is {' and '.join(hits.missing)} in no case."


COMMANDS: Iterable[click.Command] = (lint, test)
"""What is added to the group `rules`."""
