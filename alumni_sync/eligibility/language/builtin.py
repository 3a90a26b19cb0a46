"""The rules that always apply, whatever a pack says.

They are rules like all others and say themselves in the same way; only nobody can edit them away.
"""

from typing import Final

from alumni_sync.domain import ExitKind, Flag, RecordStatus, Verdict
from alumni_sync.eligibility.language.clauses import Not, OneOf
from alumni_sync.eligibility.language.fields import (
    ADDRESS_SHARED,
    EMPLOYED_STILL,
    HAS_LEFT,
    NO,
    NOMINATED,
    OTHER_EXIT_ADVERSE,
    RETURNING,
    YES,
)
from alumni_sync.eligibility.language.pack import Rule, SetFlag

# Where only one value is harmless, the condition is "not that one": what a mapping failed to
# translate must not pass for harmless.
BUILT_IN: Final = (
    Rule("do-not-consider", Not(OneOf("do_not_consider", (NO,))), Verdict.NEVER_CONTACT),
    Rule("deceased", OneOf("exit_kind", (ExitKind.DEATH.value,)), Verdict.NEVER_CONTACT),
    Rule("not-left-yet", OneOf(HAS_LEFT, (NO,)), Verdict.HELD, suspends=True),
    Rule("employed-still", OneOf(EMPLOYED_STILL, (YES,)), Verdict.HELD, suspends=True),
    Rule("returning", OneOf(RETURNING, (YES,)), Verdict.HELD, suspends=True),
    Rule(
        "exit-taken-back",
        Not(OneOf("record_status", (RecordStatus.LEFT.value,))),
        Verdict.HELD,
        suspends=True,
    ),
    Rule("shared-address", OneOf(ADDRESS_SHARED, (YES,)), Verdict.REVIEW),
    Rule("other-exit-adverse", OneOf(OTHER_EXIT_ADVERSE, (YES,)), Verdict.HELD),
    Rule("expert-nominated", OneOf(NOMINATED, (YES,)), SetFlag(Flag.EXPERT.value)),
)

NEVER_IN_GOOD_STANDING: Final = frozenset(
    {
        ExitKind.MISCONDUCT,
        ExitKind.DISPUTE,
        ExitKind.DEATH,
        ExitKind.INTERNAL_TRANSFER,
        ExitKind.NO_SHOW,
        ExitKind.UNKNOWN,
    }
)
"""Exit kinds that a pack cannot declare harmless."""
