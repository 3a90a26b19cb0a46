"""Working days of the source: weekends, holidays, and the clock changes."""

from datetime import UTC, datetime
from typing import Any

import pytest

from alumni_sync.review.queue.deadlines import due_at
from alumni_sync.sections import Source


def _source(jurisdiction: str, zone: str, payroll: dict[str, Any] | None = None) -> Source:
    return Source.model_validate(
        {
            "connector": "csv",
            "controller": {"name": "Acme", "contact": "privacy@acme.example"},
            "jurisdiction": jurisdiction,
            "timezone": zone,
            "contact": {"basis": "none"},
            "payroll": payroll,
        }
    )


BY_PAYROLL = {"close": {"business_day": -2}, "holidays": "DE-SN"}


@pytest.mark.parametrize(
    ("source", "opened", "due"),
    [
        (_source("pl", "Europe/Warsaw"), "2026-11-02T12:00+00:00", "2026-11-09T23:00+00:00"),
        (_source("pl", "Europe/Warsaw"), "2026-11-06T12:00+00:00", "2026-11-16T23:00+00:00"),
        (_source("de", "Europe/Berlin"), "2026-11-06T12:00+00:00", "2026-11-13T23:00+00:00"),
        (
            _source("de", "Europe/Berlin", BY_PAYROLL),
            "2026-11-13T12:00+00:00",
            "2026-11-23T23:00+00:00",
        ),
        (_source("uk", "Europe/London"), "2026-12-22T12:00+00:00", "2027-01-01T00:00+00:00"),
        (_source("eu", "UTC"), "2026-12-22T12:00+00:00", "2026-12-30T00:00+00:00"),
        (_source("pl", "Europe/Warsaw"), "2026-11-07T23:30+00:00", "2026-11-16T23:00+00:00"),
        (_source("pl", "Europe/Warsaw"), "2026-10-22T12:00+00:00", "2026-10-29T23:00+00:00"),
    ],
    ids=[
        "a plain week",
        "independence day in Poland",
        "none in Germany",
        "penance day in Saxony, by the payroll's region",
        "christmas and boxing day in Britain",
        "no country: weekends only",
        "opened on a Sunday by the site's clock",
        "clocks go back in between",
    ],
)
def test_due(source: Source, opened: str, due: str) -> None:
    """A deadline on somebody's holiday is one that is always missed."""
    assert datetime.fromisoformat(due) == due_at(datetime.fromisoformat(opened), source)
    assert UTC == due_at(datetime.fromisoformat(opened), source).tzinfo
