"""What is kept of a spell when its source says something else. Pure.

HR systems empty the fields of former employees: the private address first, then the department. A
fact that turns null after the exit is no news, and the value that was seen first is kept. Before
the exit somebody may have taken an address back, so there an empty field counts.
"""

from typing import Final

from alumni_sync.domain import NOT_VISIBLE, ExitKind, Fact, Facts, RecordStatus
from alumni_sync.intake.drift import KEPT_KINDS

_STATUS_ONLY: Final = frozenset(
    status.value
    for status in (RecordStatus.ACTIVE, RecordStatus.HIRE_CANCELLED, RecordStatus.DELETED)
)
_NOTHING: Final = (None, (), NOT_VISIBLE)


def merged(old: Facts, new: Facts, *, after_exit: bool) -> dict[str, Fact]:
    """Return the facts to keep.

    Args:
        old: as the ledger has them.
        new: as the source gives them now; a field that it does not have at all was unmapped by a
            person, and goes.
        after_exit: whether the last working day was over when `new` was read.
    """
    kept = dict(new)
    if not after_exit:
        return kept
    if old.get("exit_code") is not None and "exit_code" in new and new["exit_code"] is None:
        kept["exit_kind"] = old.get("exit_kind")  # `unknown` only says that the code is gone
    for name, fact in new.items():
        if fact in _NOTHING and old.get(name) not in _NOTHING:
            kept[name] = old[name]
    return kept


def distrusted(old: Facts, new: Facts, doubted: frozenset[str]) -> Facts:
    """Return facts whose exit code may mean something else by now: with an unknown exit kind.

    What was said of an exit before the code was doubted stays. A kind that keeps people out stays
    too: a doubt helps nobody.

    Args:
        old: as the ledger has them; empty for a new exit.
        new: as they are to be kept, `new` itself where the code is trusted.
        doubted: exit codes that are not trusted.
    """
    code, kind = new.get("exit_code"), new.get("exit_kind")
    if code not in doubted or kind in KEPT_KINDS:
        return new
    if old.get("exit_code") == code and old.get("exit_kind") is not None:
        return {**new, "exit_kind": old["exit_kind"]}
    return {**new, "exit_kind": ExitKind.UNKNOWN.value}


def with_status(old: Facts, new: Facts) -> dict[str, Fact]:
    """Return the facts of a spell of which the source now only tells the status.

    Somebody who is listed as working under the very contract that had ended has not left.
    """
    status = new["record_status"]
    if status == RecordStatus.ACTIVE.value:
        status = RecordStatus.RESCINDED.value
    return {**new, **old, "record_status": status}


def tells_status_only(facts: Facts) -> bool:
    """Say whether a record is about somebody without an exit: nothing else of it is kept."""
    return facts["record_status"] in _STATUS_ONLY
