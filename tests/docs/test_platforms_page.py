"""docs/platforms.md and docs/membership.md say what the code does, and only that."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest
from pydantic import BaseModel

from alumni_sync.membership.plan import MemberState
from alumni_sync.membership.read_backs import LOOKS
from alumni_sync.membership.reconcile import Drift
from alumni_sync.membership.retries import wait_after, wait_to_remove
from alumni_sync.ports import ProfileField
from connectors.platforms.directory.platform import DirectorySettings
from connectors.platforms.scim.extension import SCHEMA
from connectors.platforms.scim.platform import ScimSettings

DOCS = Path(__file__).parents[2] / "docs"
PLATFORMS = (DOCS / "platforms.md").read_text(encoding="utf-8")
MEMBERSHIP = (DOCS / "membership.md").read_text(encoding="utf-8")


def section(page: str, title: str) -> str:
    """Return the text below a heading."""
    return page.partition(f"\n## {title}")[2].partition("\n## ")[0]


@pytest.mark.parametrize(
    ("title", "model"), [("`directory`", DirectorySettings), ("`scim`", ScimSettings)]
)
def test_every_setting_of_a_platform_is_on_the_page(title: str, model: type[BaseModel]) -> None:
    """A setting that is only in the code is found by nobody; one only on the page is an error."""
    table = section(PLATFORMS, title).partition("| setting |")[2].partition("\n\n")[0]
    written = set(re.findall(r"(?m)^\| `([a-z_]+)` \|", table))
    assert set(model.model_fields) == written


def test_the_extension_to_copy_is_the_one_we_write() -> None:
    """Administrators paste it into their server; an attribute missing there is lost."""
    (block,) = re.findall(r"```json\n(.*?)```", PLATFORMS, re.DOTALL)
    assert json.loads(block) == SCHEMA


def test_every_field_of_a_profile_has_its_place_in_scim() -> None:
    """A DPO reads from this table what leaves the house."""
    table = section(PLATFORMS, "`scim`").partition("| profile | SCIM |")[2].partition("\n\n")[0]
    named = {name for row in re.findall(r"(?m)^\| ([^|]+) \|", table) for name in codes(row)}
    assert {name.value for name in ProfileField} <= named


def codes(text: str) -> list[str]:
    """Return what stands in backticks."""
    return re.findall(r"`([^`]+)`", text)


def test_every_state_of_a_membership_is_explained() -> None:
    """`trace` and the ledger speak these words."""
    table = section(MEMBERSHIP, "One sync").partition("| state of")[2].partition("\n\n")[0]
    written = {name for row in re.findall(r"(?m)^\| ([^|]+) \|", table) for name in codes(row)}
    assert {state.value for state in MemberState} == written


def test_every_kind_of_drift_is_explained() -> None:
    """A number in Dagster that nobody can look up is noise."""
    table = section(MEMBERSHIP, "Reconcile")
    written = set(re.findall(r"(?m)^\| `([a-z]+)` \|", table))
    assert {field.name for field in fields(Drift)} - {"members"} == written


def test_the_waits_on_the_page_are_the_real_ones() -> None:
    """People plan by them: when will it be tried again, when is somebody proven gone."""
    hours = [round(wait.total_seconds() / 3600, 1) for n in (1, 2, 3, 4) if (wait := wait_after(n))]
    assert hours == [0.5, 6.0, 12.0, 24.0]
    assert "30 minutes, 6 hours, 12 hours, then daily; after 28 days" in MEMBERSHIP
    assert [wait_to_remove(n).total_seconds() for n in range(1, 10)] == [
        30,
        60,
        120,
        180,
        240,
        240,
        900,
        1800,
        3600,
    ]
    assert "30 seconds,\n1, 2, 3, 4, 4, 15 and 30 minutes, then hourly" in MEMBERSHIP
    assert [look.total_seconds() / 3600 for look in LOOKS] == [1, 24, 168]
    assert "**1 hour, 24 hours and 7 days**" in MEMBERSHIP
