"""`run --json`: the object that others' scripts read, whatever ran and whatever did not."""

from typing import Any

import pytest

from alumni_sync.cli.summary import blocked_requests, lines_of, newly_rejected, summarise

Flow = dict[str, dict[str, Any]]

INTAKE: Flow = {
    "leavers": {
        "read": 120,
        "new": 100,
        "changed": 0,
        "unchanged": 4,
        "not_leavers": 6,
        "rejected": 10,
        "newly_rejected": 3,
    },
    "eligibility": {"verdicts": {"eligible": 90, "excluded": 10}, "flags": {"retiree": 4}},
    "exclusion_queue": {"open": 10, "overdue": 0},
    "consent_requests": {"due": 80, "no_contact": 10, "sent": 79, "failed": 1, "blocked": {}},
}
COMMUNITY: Flow = {
    "consent_requests": {"due": 0, "sent": 1},
    "community_members": {"created": 2, "dead_letters": 1},
}


def summary(*flows: Flow, stops: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the summary of some flows."""
    return summarise(
        flows,
        run_id="R-1",
        closes=["acme-pl|2026-10-29", "acme-de|2026-10-29"],
        queue={"open": 20, "overdue": 1},
        stops=stops,
        duration_seconds=1.94,
    )


def test_the_object_is_the_contract() -> None:
    """A script that finds a key missing fails at night."""
    assert {
        "run_id": "R-1",
        "closes": ["acme-de|2026-10-29", "acme-pl|2026-10-29"],
        "read": 240,
        "leavers": {
            "new": 200,
            "changed": 0,
            "unchanged": 8,
            "not_leavers": 12,
            "rejected": 20,
        },
        "verdicts": {
            "eligible": 180,
            "out_of_scope": 0,
            "held": 0,
            "review": 0,
            "excluded": 20,
            "never_contact": 0,
        },
        "flags": {"expert": 0, "retiree": 8},
        "rules": {"rules_waiting": 0, "rules_broken": 0},
        "queue": {"open": 20, "overdue": 1},
        "invitations": {"due": 160, "sent": 159, "no_contact": 20, "failed": 2, "unknown": 0},
        "members": {
            "created": 2,
            "updated": 0,
            "hidden": 0,
            "removed": 0,
            "unchanged": 0,
            "failed": 0,
            "dead_letters": 1,
        },
        "brakes": [],
        "guards": [],
        "duration_seconds": 1.9,
    } == summary(INTAKE, INTAKE, COMMUNITY)


def test_what_did_not_run_counts_nothing() -> None:
    """A guard stops the first stage; the object has the same shape all the same."""
    stopped = summary({"leavers": {}}, stops=("GU-1", "BR-2"))

    assert set(summary(INTAKE)) == set(stopped)
    assert (0, ["GU-1"], ["BR-2"]) == (stopped["read"], stopped["guards"], stopped["brakes"])


def test_what_was_read_adds_up() -> None:
    """I4: the five are disjoint, or somebody is counted twice or lost."""
    said = summary(INTAKE, COMMUNITY)

    assert said["read"] == sum(said["leavers"].values())


@pytest.mark.parametrize(
    ("flows", "number"), [((INTAKE, COMMUNITY), 4), ((COMMUNITY,), 1), ((), 0)]
)
def test_only_what_is_new_ends_with_one(flows: tuple[dict[str, Any], ...], number: int) -> None:
    """A row that was rejected last month must not ring every night."""
    assert number == newly_rejected(flows)


def test_people_read_it_in_one_screen() -> None:
    """What stopped is named with the command that shows it."""
    lines = lines_of(summary(INTAKE, stops=("GU-1",)), {"pack_is_draft": 2})

    assert "Verdicts        90 eligible, 10 excluded" in lines
    assert "Members         nothing" in lines
    assert "Stopped         GU-1: alumni-sync guards list" in lines
    assert "Blocked         2 wait: pack is draft; see alumni-sync doctor" in lines


def test_what_keeps_everybody_from_being_asked_is_said() -> None:
    """A first run that mails nobody must say which switch is still off."""
    flow = {"consent_requests": {"due": 0, "blocked": {"pack_is_draft": 2}}}

    assert {"pack_is_draft": 2} == blocked_requests([flow, {}])


def test_rules_of_before_are_said() -> None:
    """Who changed a rule must not believe that it judged."""
    waiting = {"eligibility": {"verdicts": {}, "flags": {}, "rules_waiting": 1, "rules_broken": 2}}
    said = summary(waiting)

    assert {"rules_waiting": 1, "rules_broken": 2} == said["rules"]
    told = [line for line in lines_of(said, {}) if line.startswith("Rules")]
    assert ["a change waits for its release", "the files cannot be used"] == [
        line.partition(": ")[2].partition(";")[0] for line in told
    ]
    assert ["1", "2"] == [line.split()[1] for line in told]
