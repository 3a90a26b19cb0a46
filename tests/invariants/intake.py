"""What was read ends in one state; counts add up; failed reads change nothing (I3, I4, I7, I8)."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.invariants.consent import why_not_welcome
from tests.invariants.violation import Violation
from tests.invariants.world import Row, World, instant

VERDICTS: Final = {"never_contact", "excluded", "review", "held", "out_of_scope", "eligible"}
ENDED: Final = {"rescinded", "hire_cancelled", "deleted"}
REMOVALS: Final = {"hide", "deactivate", "erase"}
FAILED: Final = {"failed", "stopped"}

COMPARED: Final = (
    "person",
    "spell",
    "decision",
    "exclusion_case",
    "case_event",
    "case_rule",
    "queue_mail",
    "approval",
    "invitation",
    "token",
    "form_nonce",
    "consent_event",
    "notice_blob",
    "tombstone",
    "suppression",
    "membership",
    "platform_write",
    "outbox",
    "dead_letter",
    "quarantine",
    "watermark",
    "close_done",
    "brake",
    "brake_item",
    "pause",
    "erasure",
    "subject_request",
    "subject_request_event",
    "one_time_code",
    "link_request",
    "join_request",
    "recorded_answer",
    "access_log",
    "legal_hold",
    "returned_mail",
    "checkpoint_copy",
    "rules_blob",
    "rules_revision",
    "active_rules",
    "code_seen",
)
"""Tables that a run without changes leaves as they are (I7)."""

MAY_CHANGE: Final = ("run", "lease", "checkpoint", "alembic_version")
"""Tables that it may write: its own record, leases and checkpoint."""


def every_spell_is_in_one_state(world: World) -> Iterator[Violation]:
    """I3: a spell that is effective has a verdict, and what the verdict asks for."""
    cases = world.by("exclusion_case", "spell_id")
    invitations = world.by("invitation", "spell_id")
    for spell in world.rows("spell"):
        yield from _spell_problems(world, spell, cases.get(spell["id"]), invitations)


def _spell_problems(
    world: World, spell: Row, case: Row | None, invitations: Mapping[str, Row]
) -> Iterator[Violation]:
    name, verdict = spell["id"], spell["verdict"]
    if spell["record_status"] in ENDED or spell["sealed"] is None:
        return  # its way is over; I1 and I9 see to what is left of it
    if verdict not in VERDICTS:
        yield Violation("I3", f"{name} has no verdict")
        return
    effective = instant(spell["effective_at"])
    if effective is None or effective > world.now:
        if verdict not in {"held", "never_contact", "out_of_scope"}:
            yield Violation("I3", f"{name} is judged {verdict} before the exit")
        return
    if verdict in {"excluded", "review"} and case is None:
        yield Violation("I3", f"{name} is {verdict} and nobody is asked to rule")
    if not why_not_welcome(world, spell) and name not in invitations:
        yield Violation("I3", f"{name} may be asked and is neither asked nor refused")


def counts_add_up(world: World) -> Iterator[Violation]:
    """I4: read = new + changed + unchanged + not_leavers + rejected, by input row."""
    for run in world.rows("run"):
        for counts in _intake_counts(run["counts"]):
            parts = ("new", "changed", "unchanged", "not_leavers", "rejected")
            total = sum(int(counts.get(part, 0)) for part in parts)
            if counts["read"] != total:
                yield Violation("I4", f"run {run['id']} read {counts['read']}, which is {total}")


def _intake_counts(counts: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 JSON of two databases
    """Yield every record of an intake in a run's counts, however deep it stands."""
    content = json.loads(counts) if isinstance(counts, str) else counts
    if isinstance(content, Mapping):
        if "read" in content:
            yield {**content, **content.get("leavers", {})}
        for value in content.values():
            yield from _intake_counts(value) if isinstance(value, Mapping) else ()


def failed_read_changed_nothing(world: World) -> Iterator[Violation]:
    """I8: a failed or short read removes nobody and moves no watermark."""
    # A later stage may fail after the read went well; such a run has counts of its read.
    failed = {
        run["id"]
        for run in world.rows("run")
        if run["status"] in FAILED and not any(_intake_counts(run["counts"]))
    }
    for watermark in world.rows("watermark"):
        if watermark["run_id"] in failed:
            yield Violation("I8", f"the watermark of {watermark['source']} moved in a failed run")
    for close in world.rows("close_done"):
        if close["run_id"] in failed:
            yield Violation("I8", f"a close of {close['source']} is done by a failed run")
    for write in world.rows("platform_write"):
        if write["verb"] in REMOVALS and write["cause"] in {"", "missing", "absent"}:
            yield Violation("I8", f"write {write['id']} removes somebody for not being read")


def tables_digest(world: World) -> dict[str, str]:
    """Return table → hash of its rows, for the tables that I7 compares, mails and members."""
    digests = {table: _digest(world.rows(table)) for table in COMPARED}
    digests["platform"] = _digest([{"member": member} for member in world.platform])
    digests["mails"] = _digest([{"mail": mail.path, "id": mail.message_id} for mail in world.mails])
    return digests


def _digest(rows: Any) -> str:  # noqa: ANN401 rows of any table
    lines = sorted(repr(sorted((key, _plain(value)) for key, value in row.items())) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _plain(value: Any) -> str:  # noqa: ANN401 whatever a database gives
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else str(value)


def wrote_something(before: World, after: World) -> list[Violation]:
    """I7: return the tables that differ between two moments with an unchanged run in between."""
    old, new = tables_digest(before), tables_digest(after)
    return [
        Violation("I7", f"a run without changes wrote to {table}")
        for table in old
        if old[table] != new[table]
    ]


def moved(before: World, after: World) -> list[Violation]:
    """I8: return what a read that failed changed: watermarks, spells, members."""
    violations = [
        Violation("I8", f"a failed read changed {table}")
        for table in ("watermark", "spell", "person", "close_done")
        if _digest(before.rows(table)) != _digest(after.rows(table))
    ]
    gone = Counter(before.platform) - Counter(after.platform)
    if gone:
        violations.append(Violation("I8", f"a failed read took {len(gone)} members away"))
    return violations
