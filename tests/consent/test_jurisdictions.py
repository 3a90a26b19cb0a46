"""Jurisdiction packs: they may tighten what the product promises, and are drafts until accepted."""

from datetime import date
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import yaml

from alumni_sync.consent.calendars import is_working_day, known_country, next_working_day
from alumni_sync.consent.jurisdictions import Timers, load_pack
from alumni_sync.domain import ContactBasis
from alumni_sync.errors import ConfigError
from alumni_sync.shipped import shipped

PACKS = sorted(path.stem for path in (shipped("rules") / "jurisdictions").glob("*.yaml"))


def edited(root: Path, **changed: Any) -> Path:  # noqa: ANN401 any key
    """Return a rules folder whose pack `pl` was edited; a dotted key reaches inside."""
    rules = Path(copytree(shipped("rules"), root / "rules"))
    path = rules / "jurisdictions" / "pl.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    for key, value in changed.items():
        *sections, last = key.split("__")
        place = content
        for section in sections:
            place = place[section]
        place[last] = value
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return rules


@pytest.mark.parametrize("name", PACKS)
def test_shipped_packs_are_drafts_with_the_products_timers(name: str) -> None:
    """Nobody may be invited because of a pack that no lawyer has read."""
    pack = load_pack(shipped("rules"), name)

    assert not pack.accepted
    assert Timers() == pack.timers
    assert known_country(pack.holidays)


def test_the_packs_that_issue_contracts_need_are_there() -> None:
    """Poland, Germany, the rest of the union, the United Kingdom and Russia."""
    assert {"pl", "de", "eu", "uk", "ru"} <= set(PACKS)


@pytest.mark.parametrize(
    ("name", "proof", "claims", "regions", "alone"),
    [
        ("eu", 3, 3, ("eu", "eea"), False),
        ("de", 3, 3, ("eu", "eea"), False),
        ("pl", 6, 6, ("eu", "eea"), False),
        ("uk", 6, 6, ("uk", "eu", "eea"), False),
        ("ru", 3, 3, ("ru",), True),
    ],
)
def test_each_place_has_its_own_terms(
    name: str, proof: int, claims: int, regions: tuple[str, ...], *, alone: bool
) -> None:
    """A proof that is destroyed before its claims lapse proves nothing."""
    pack = load_pack(shipped("rules"), name)

    assert (proof, claims, regions) == (pack.proof_years, pack.claim_years, pack.regions)
    assert (alone, alone) == (pack.own_deployment, pack.one_purpose)
    assert pack.allows(ContactBasis.EXIT_FORM)
    assert pack.allows(ContactBasis.LEGITIMATE_INTEREST) == (name in {"eu", "de"})


@pytest.mark.parametrize(("day", "country"), [(date(2026, 8, 31), "GB"), (date(2026, 6, 12), "RU")])
def test_mail_rests_on_the_holidays_of_the_new_packs(day: date, country: str) -> None:
    """Scotland works on the August bank holiday; England and Russia Day are the countries' own."""
    assert (country == "GB") == is_working_day(day, country)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("timers__asking_mails", 4),
        ("timers__close_days", 45),
        ("timers__validity_months", 60),
        ("timers__reminder_days", [3, 21]),
        ("timers__reminder_days", [21, 7]),
        ("timers__reminder_days", [7, 14, 21]),
        ("timers__hours_between_mails", 1),
        ("timers__defer_days", 1),
        ("adult_age", 16),
        ("holidays", "Poland"),
        ("authority__url", "http://uodo.gov.pl"),
    ],
)
def test_a_pack_cannot_loosen_the_promise(tmp_path: Path, key: str, value: object) -> None:
    """What mails and notices promise must hold whoever edits a file."""
    with pytest.raises(ConfigError, match=r"pl\.yaml"):
        load_pack(edited(tmp_path, **{key: value}), "pl")


def test_all_problems_of_a_pack_come_at_once(tmp_path: Path) -> None:
    """Counsel should not have to run it ten times."""
    rules = edited(tmp_path, timers__asking_mails=9, holidays="x", proof_years=0)

    with pytest.raises(ConfigError) as failure:
        load_pack(rules, "pl")
    assert 3 == len(failure.value.problems)


def test_a_missing_unreadable_or_misnamed_pack_says_so(tmp_path: Path) -> None:
    """A wrong jurisdiction in the settings must be found before anybody is asked."""
    rules = edited(tmp_path, jurisdiction="de")

    with pytest.raises(ConfigError, match="no such jurisdiction pack"):
        load_pack(rules, "xx")
    with pytest.raises(ConfigError, match="says jurisdiction: de"):
        load_pack(rules, "pl")
    (rules / "jurisdictions" / "pl.yaml").write_text("a: [", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_pack(rules, "pl")


def test_acceptance_needs_a_name(tmp_path: Path) -> None:
    """A blank is nobody."""
    assert not load_pack(edited(tmp_path / "a", accepted_by="  "), "pl").accepted
    assert load_pack(edited(tmp_path / "b", accepted_by="C. Counsel"), "pl").accepted


@pytest.mark.parametrize(
    ("day", "country", "expected"),
    [
        (date(2026, 11, 11), "PL", False),  # Independence Day, a Wednesday
        (date(2026, 11, 11), "DE", True),
        (date(2026, 11, 7), "DE", False),  # a Saturday
        (date(2026, 11, 6), "IL", False),  # a Friday
        (date(2026, 11, 8), "IL", True),  # a Sunday
    ],
)
def test_working_days_are_those_of_the_country(day: date, country: str, *, expected: bool) -> None:
    """Nobody should find our question in their mailbox on a day off."""
    assert expected == is_working_day(day, country)


def test_the_next_working_day_skips_a_whole_holiday_season() -> None:
    """Christmas Eve 2026 is a Thursday and a holiday in Poland."""
    assert date(2026, 12, 28) == next_working_day(date(2026, 12, 23), "PL")
