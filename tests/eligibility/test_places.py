"""Rules of one source or jurisdiction: whom they speak about, and what a typo in a name does."""

from pathlib import Path
from typing import Any

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.eligibility.evaluation.columns import build_frame
from alumni_sync.eligibility.evaluation.evaluate import evaluate
from alumni_sync.eligibility.language.places import check_places
from alumni_sync.eligibility.language.reading import parse_pack
from alumni_sync.eligibility.revisions.ruleset import candidate_ruleset
from alumni_sync.eligibility.revisions.trying import try_rules
from alumni_sync.errors import ConfigError
from alumni_sync.ledger.store import Ledger
from tests.conftest import NOW
from tests.roster import Roster, company

PACK = """
pack: one
good_standing: [resignation]
rules:
  - id: here
    when: {exit_kind: {equals: redundancy}}
    then: excluded
    {where}
"""


def _verdict(where: str, source: str, jurisdiction: str, **facts: Any) -> str:  # noqa: ANN401 facts
    pack = parse_pack(PACK.replace("{where}", where)).for_source(source, jurisdiction)
    frame = build_frame([{"exit_kind": "redundancy", **facts}], sorted(pack.fields))
    return str(evaluate(frame, pack, NOW.date())["verdict"].iloc[0])


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("sources: [acme-pl]", ["excluded", "review"]),
        ("jurisdictions: [de]", ["review", "excluded"]),
        ("jurisdictions: [de, pl]", ["excluded", "excluded"]),
        ("sources: [acme-pl]\n    jurisdictions: [de]", ["review", "review"]),
        ("valid: {from: 2020-01-01, by: run_date}", ["excluded", "excluded"]),
        ("valid: {to: 2020-01-01, by: run_date}", ["review", "review"]),
        ("valid: {to: 2026-10-01, by: exit_date}", ["excluded", "excluded"]),
    ],
)
def test_an_exit_kind_is_placed_only_where_and_while_a_rule_names_it(
    where: str, expected: list[str]
) -> None:
    """Elsewhere, or once the rule has run out, nobody may become eligible by its absence."""
    places = (("acme-pl", "pl"), ("acme-de", "de"))

    assert expected == [_verdict(where, *place, exit_date="2026-09-30") for place in places]


def test_a_rule_within_dates_asks_for_the_exit_date() -> None:
    """Who left on no known day may have left within them."""
    where = "valid: {from: 2026-01-01, by: exit_date}"

    assert "review" == _verdict(where, "acme-pl", "pl", exit_date=None)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("sources: [acme-p1]", r"pack\.yaml:5 here: there is no source acme-p1 .*`acme-pl`"),
        ("jurisdictions: [dee]", r"pack\.yaml:5 here: there is no jurisdiction dee .*`de`"),
    ],
)
def test_a_place_that_nobody_has_is_refused(where: str, said: str, tmp_path: Path) -> None:
    """The rule would speak about nobody, for ever, and nobody would notice."""
    with pytest.raises(ConfigError, match=said):
        check_places(parse_pack(PACK.replace("{where}", where)), company(tmp_path))


def test_a_jurisdiction_without_a_source_may_be_named(tmp_path: Path) -> None:
    """One pack serves many sites; not every site is in every configuration."""
    settings = company(tmp_path)
    folder = settings.root / "rules" / "jurisdictions"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ru.yaml").touch()

    check_places(parse_pack(PACK.replace("{where}", "jurisdictions: [ru]")), settings)


def test_a_run_does_not_judge_by_a_place_that_nobody_has(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """A renamed source would switch its rules off; the run must not pass over it."""
    path = tmp_path / "pack.yaml"
    path.write_text(PACK.replace("{where}", "sources: [acme-p1]"), encoding="utf-8")
    roster = Roster.of(tmp_path, sqlite_ledger, clock, rules=path)

    with pytest.raises(ConfigError, match=r"pack\.yaml:5 here: there is no source acme-p1"):
        candidate_ruleset(roster.deployment, "acme-pl")
    with pytest.raises(ConfigError, match="there is no source acme-p1"):
        try_rules(roster.deployment, path)
