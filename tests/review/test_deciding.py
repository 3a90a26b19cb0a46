"""Whether there is anybody who can decide: by the configuration, and at this moment."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.ledger.store import Ledger
from alumni_sync.review.people.deciding import who_is_missing, who_is_missing_now
from alumni_sync.sections import PersonSection
from tests.review.queue_of import Desk
from tests.roster import Roster

ALONE = "acme-pl: `people:` has nobody else who could be the second of two"
NOBODY = "acme-pl: `people:` has no reviewer, so its cases wait for ever"


def person(user: str, *roles: str, **more: object) -> dict[str, Any]:
    """Return an entry of `people:` for the Polish source."""
    return {
        "user": user,
        "mail": f"{user}@acme.example",
        "roles": list(roles),
        "sources": ["acme-pl"],
        **more,
    }


@pytest.mark.parametrize(
    ("people", "said"),
    [
        ([], [NOBODY]),
        ([person("a", "second")], [NOBODY]),
        ([person("a", "reviewer")], [ALONE]),
        ([person("a", "reviewer", "second")], [ALONE]),
        ([person("a", "reviewer", "second"), person("b", "reviewer")], []),
        ([person("a", "reviewer"), person("b", "second")], []),
        ([person("a", "reviewer"), person("b", "second", sources=["acme-de"])], [ALONE]),
    ],
)
def test_a_source_takes_two_people(people: list[dict[str, Any]], said: list[str]) -> None:
    """Misconduct waits for ever where one person holds both roles."""
    known = [PersonSection.model_validate(one) for one in people]

    assert said == list(who_is_missing(known, ["acme-pl"]))


def test_whoever_has_left_is_nobody(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """The configuration still has two; the company has one."""
    people = [person("a", "reviewer"), person("b", "second", employee="acme-pl/10001")]
    people += [person("c", "reviewer", "second", sources=["acme-de"])]
    desk = Desk(Roster.of(tmp_path, sqlite_ledger, clock, people=people))
    desk.roster.add(last_working_day=date(2026, 11, 5))
    in_germany = "acme-de: `people:` has nobody else who could be the second of two"
    assert [in_germany] == list(who_is_missing_now(desk.d))

    clock.set(datetime(2026, 11, 6, 9, tzinfo=UTC))

    gone = "people: b has left and has no role any more; take the entry out"
    assert [gone, ALONE, in_germany] == list(who_is_missing_now(desk.d))
