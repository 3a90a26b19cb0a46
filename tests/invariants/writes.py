"""Every write outside is in the audit with its reason, and every mail went out once (I6)."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tests.invariants.consent import LIVE, events_of, round_of
from tests.invariants.violation import Violation
from tests.invariants.world import Row, World

ADDS: Final = {"create", "update"}
REMOVALS: Final = {"hide", "deactivate", "erase"}
TOOK_PLACE: Final = {"done", "unchanged"}
HANDED_OVER: Final = {"accepted", "unknown", "claimed"}


def every_write_names_its_reason(world: World) -> Iterator[Violation]:
    """I6: rule revision and consent event for an addition, the requiring event for a removal."""
    events = {int(event["seq"]): event for mine in events_of(world).values() for event in mine}
    writes: dict[str, list[Row]] = defaultdict(list)
    for write in sorted(world.rows("platform_write"), key=lambda row: row["id"]):
        writes[write["alumni_id"]].append(write)
        if write["verb"] in ADDS:
            yield from _addition_problems(write, events)
        elif write["verb"] not in REMOVALS:
            yield Violation("I6", f"write {write['id']} does something unknown")
        elif not write["cause"]:
            yield Violation("I6", f"write {write['id']} removes somebody without a cause")
    yield from _unaudited(world, writes)


def _addition_problems(write: Row, events: Mapping[int, Mapping[str, Any]]) -> Iterator[Violation]:
    event = events.get(int(write["consent_seq"] or 0))
    if not write["revision"]:
        yield Violation("I6", f"write {write['id']} names no rule revision")
    if event is None:
        yield Violation("I6", f"write {write['id']} names no consent event")
    elif event["person_id"] != write["person_id"]:
        yield Violation("I6", f"write {write['id']} names somebody else's consent")
    elif event["state_after"] not in LIVE:
        yield Violation("I6", f"write {write['id']} names an event that allows nothing")


def _unaudited(world: World, writes: Mapping[str, Sequence[Row]]) -> Iterator[Violation]:
    """Yield members that are on the platform by no write, or against the last one."""
    for member in world.platform:
        done = [w for w in writes.get(member.alumni_id, ()) if w["outcome"] in TOOK_PLACE]
        open_ended = [w for w in writes.get(member.alumni_id, ()) if w["confirmed_at"] is None]
        if not any(write["verb"] in ADDS for write in (*done, *open_ended)):
            yield Violation("I6", f"{member.alumni_id} is on the platform by no audited write")
        elif member.visible and done and done[-1]["verb"] in REMOVALS and not open_ended:
            yield Violation("I6", f"{member.alumni_id} is visible after its last write hid it")


def every_mail_is_sent_once(world: World) -> Iterator[Violation]:
    """I6 for mails: one row, one mail; what was not handed over is in nobody's mailbox."""
    rows = {row["message_id"].strip("<>"): row for row in world.rows("outbox")}
    delivered = Counter(mail.message_id.strip("<>") for mail in world.mails)
    for message_id, times in delivered.items():
        row = rows.get(message_id)
        if row is None:
            continue  # consent.nobody_is_asked_who_must_not_be says so
        if times > 1:
            yield Violation("I6", f"outbox {row['id']} was sent {times} times")
        if row["state"] not in HANDED_OVER:
            yield Violation("I6", f"outbox {row['id']} is {row['state']} and was sent")
    first = Counter(
        round_of(row)
        for row in rows.values()
        if row["kind"] == "invitation" and row["message_id"].strip("<>") in delivered
    )
    for invitation, times in first.items():
        if times > 1:
            yield Violation("I6", f"{invitation} has {times} first invitations")
